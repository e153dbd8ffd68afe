"""The matching engine, with a memory that outlives the process: every step that had an effect is in the account's file.

The engine is a function of its steps (ADR 0013). A tick from which nothing followed changes nothing but the book, and
the next one replaces that: so of those only the latest is written, before a step that may look at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mtf_adapters.paper.account_file import AccountFile
from mtf_adapters.paper.lines import Line, sum_of
from mtf_adapters.sandbox.matching.commands import Command, MarketEvent, Tick, TimePasses
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import Result
from mtf_core.ports import ExchangeError


class KeptEngine(MatchingEngine):
    """`file` None: a copy to look at, which writes nothing."""

    def __init__(self, lines: Iterable[Line], file: AccountFile | None) -> None:
        super().__init__(())
        for number, line in enumerate(lines, 2):
            if sum_of(super().apply(line.what, line.at_ms)) != line.answered:
                raise ExchangeError(
                    f"line {number} of the paper account comes to something else than when it was written: it was kept "
                    "by another version of mtf. Move its file away to begin with a new account"
                )
        self._file = file
        self._written_ms = self.now_ms
        self._latest: dict[str, Line] = {}
        """Ticks of which nothing is written yet."""
        self._waiting: list[Line] | None = None
        """Steps that are written together; None: each at once."""

    @property
    def written_ms(self) -> int:
        """The time of the last step in the file."""
        return self._written_ms

    def apply(self, what: Command | MarketEvent, now_ms: int) -> Result:
        """Raises `ExchangeError` where the step cannot be kept: nobody is told of it then."""
        result = super().apply(what, now_ms)
        line = Line(now_ms, what, sum_of(result))
        if isinstance(what, Tick) and not result.events:
            self._latest.pop(what.symbol, None)
            self._latest[what.symbol] = line
        elif not isinstance(what, TimePasses) or result.events:
            self._keep([*self._taken(getattr(what, "symbol", None)), line])
        return result

    def keep_latest(self) -> None:
        """Writes the latest ticks of symbols in use, as a sign that they were watched until now."""
        if lines := self._taken(None):
            self._keep(lines)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Steps within the block are on the disk at its end, and not one by one."""
        self._waiting = []
        try:
            yield
            lines, self._waiting = self._waiting, None
            if lines and self._file is not None:
                self._file.add(lines)
        finally:
            self._waiting = None

    def _taken(self, symbol: str | None) -> list[Line]:
        """The latest ticks of what is in use, and of the symbol; they count from now on as written."""
        wanted = self.symbols_in_use() | {symbol}
        taken = [self._latest.pop(name) for name in tuple(self._latest) if name in wanted]
        # One that waited while another symbol's was written comes after that: it had no effect in between.
        return [Line(max(line.at_ms, self._written_ms), line.what, line.answered) for line in taken]

    def _keep(self, lines: list[Line]) -> None:
        if self._waiting is not None:
            self._waiting.extend(lines)
        elif self._file is not None:
            self._file.add(lines)
        self._written_ms = max(self._written_ms, lines[-1].at_ms)
