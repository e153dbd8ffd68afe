"""What a funnel needs of a run, counted when the run is stored: adding up a day must not read a day's traces."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Self

from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.reasons import Reason, StoredReason, stored_reason
from mtf_core.records.codec import UnreadableRecordError, from_compressed, from_plain, to_bytes
from mtf_core.records.marks import ConditionKey, FeatureKey, RunMarks, packed, unpacked
from mtf_core.records.runs import DecisionRecord
from mtf_core.validation.shortage import CandleShortage

VERSION = 1
PASSED = ""
"""Stands for the final reason of a symbol that has none: its order was simulated."""


@frozen
class Blocking:
    """How much one condition stands in the way. Counts are symbols.

    `blocks`: it is not true, and neither is anything between it and the verdict of its tree. `decides`: it alone
    turned that verdict. `admits`: READY if this condition alone were dropped, and not READY with it.
    """

    key: ConditionKey
    blocks: int
    decides: int
    admits: int

    def plus(self, other: Blocking) -> Blocking:
        """The counts of two runs together."""
        return Blocking(self.key, self.blocks + other.blocks, self.decides + other.decides, self.admits + other.admits)


def by_what_they_admit(counted: Iterable[Blocking]) -> tuple[Blocking, ...]:
    """Those that would admit most symbols first; then those that decide, then those that block most."""
    return tuple(sorted(counted, key=lambda one: (-one.admits, -one.decides, -one.blocks, one.key)))


@frozen
class ShortSeries:
    """How many symbols lacked candles of a timeframe, and the fewest that one of them had of those needed.

    `reason` tells too short a history from a hole in it.
    """

    timeframe: Timeframe
    reason: StoredReason
    symbols: int
    fewest: int
    needed: int

    @property
    def in_words(self) -> str:
        """`1h: 300 of 661 candles (not_enough_candles), 1 symbol`; of several, the fewest."""
        counted = "1 symbol" if self.symbols == 1 else f"the fewest of {self.symbols} symbols"
        return f"{self.timeframe}: {self.fewest} of {self.needed} candles ({self.reason}), {counted}"

    def plus(self, other: ShortSeries) -> ShortSeries:
        """The counts of two runs together."""
        fewest, needed = min((self.fewest, self.needed), (other.fewest, other.needed))
        return ShortSeries(self.timeframe, self.reason, self.symbols + other.symbols, fewest, needed)


@frozen
class RunCounts:
    """Symbols by their final reason (None: none stopped them), how much each condition stands in the way, and which
    timeframes lacked candles.

    `conditions` None: they could not be counted. `marks` None: older versions had none, or no tree could be read.
    """

    reasons: Mapping[StoredReason | None, int]
    conditions: tuple[Blocking, ...] | None
    short: tuple[ShortSeries, ...] = ()
    marks: RunMarks | None = None

    def to_bytes(self) -> bytes:
        rows = [
            (str(one.key.timeframe), one.key.tree, one.key.name, one.blocks, one.decides, one.admits)
            for one in self.conditions or ()
        ]
        reasons = {str(reason) if reason else PASSED: count for reason, count in self.reasons.items()}
        short = tuple((str(one.timeframe), str(one.reason), one.symbols, one.fewest, one.needed) for one in self.short)
        marks = None if self.marks is None else _StoredMarks.of(self.marks)
        return zlib.compress(to_bytes(_Stored(VERSION, reasons, tuple(rows), short, marks).plain()))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Raises `UnreadableRecordError`."""
        stored = from_plain(from_compressed(content), _Stored)
        try:
            return cls(
                {stored_reason(text) if text else None: count for text, count in stored.reasons.items()},
                tuple(
                    Blocking(ConditionKey(Timeframe(timeframe), tree, name), *counts)
                    for timeframe, tree, name, *counts in stored.conditions
                ),
                tuple(
                    ShortSeries(Timeframe(timeframe), stored_reason(reason), *counts)
                    for timeframe, reason, *counts in stored.short
                ),
                None if stored.marks is None else stored.marks.marks(),
            )
        except ValueError as error:
            raise UnreadableRecordError(f"counts: {error}") from error


@frozen
class RunTally:
    """A finished run and what was counted of it; None: nothing was, as in version 1, or it cannot be read."""

    run_id: str
    profile: str
    instant_ms: int
    started_ms: int
    counts: RunCounts | None


@frozen
class _Stored:
    version: int
    reasons: Mapping[str, int]
    conditions: tuple[tuple[str, str, str, int, int, int], ...]
    short: tuple[tuple[str, str, int, int, int], ...] = ()
    marks: _StoredMarks | None = None
    """Counts of older versions have neither."""

    def plain(self) -> object:
        return {
            "version": self.version,
            "reasons": dict(self.reasons),
            "conditions": self.conditions,
            "short": self.short,
            "marks": None if self.marks is None else self.marks.plain(),
        }


@frozen
class _StoredMarks:
    symbols: tuple[str, ...]
    blocked: tuple[tuple[str, str, str, bytes], ...]
    missing: tuple[tuple[str, str, bytes], ...]

    @classmethod
    def of(cls, marks: RunMarks) -> Self:
        blocked = tuple((str(key.timeframe), key.tree, key.name, packed(of)) for key, of in marks.blocked.items())
        missing = tuple((str(key.timeframe), key.name, packed(of)) for key, of in marks.missing.items())
        return cls(marks.symbols, blocked, missing)

    def marks(self) -> RunMarks:
        return RunMarks(
            self.symbols,
            {ConditionKey(Timeframe(tf), tree, name): unpacked(of) for tf, tree, name, of in self.blocked},
            {FeatureKey(Timeframe(tf), name): unpacked(of) for tf, name, of in self.missing},
        )

    def plain(self) -> object:
        return {"symbols": self.symbols, "blocked": self.blocked, "missing": self.missing}


def short_series(records: Iterable[DecisionRecord]) -> tuple[ShortSeries, ...]:
    """The timeframes whose candles were lacking, those of most symbols first; each symbol counts once."""
    lacking: dict[tuple[Timeframe, Reason], dict[str, CandleShortage]] = {}
    for record in records:
        for one in record.trace.timeframes.values() if record.trace is not None else ():
            if one.shortage is not None and one.reason is not None:
                key = (one.shortage.timeframe, one.reason)
                lacking.setdefault(key, {})[record.symbol] = one.shortage
    found = []
    for (timeframe, reason), by_symbol in lacking.items():
        worst = min(by_symbol.values(), key=lambda one: (one.had, one.needed))
        found.append(ShortSeries(timeframe, reason, len(by_symbol), worst.had, worst.needed))
    return by_symbols(found)


def by_symbols(short: Iterable[ShortSeries]) -> tuple[ShortSeries, ...]:
    """Those of most symbols first, then the highest timeframe."""
    return tuple(sorted(short, key=lambda one: (-one.symbols, -one.timeframe.ms, str(one.reason))))


def reasons_of(records: Iterable[DecisionRecord], left_out: Iterable[Reason] = ()) -> dict[StoredReason | None, int]:
    """How many symbols each final reason stopped, those that the universe left out included."""
    counts: Counter[StoredReason | None] = Counter(
        stored_reason(record.reason) if record.reason else None for record in records
    )
    counts.update(left_out)
    return dict(counts)
