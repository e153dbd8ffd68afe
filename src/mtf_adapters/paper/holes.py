"""Minutes in which a market was not watched closely enough, to be judged by their candle once that has closed."""

from __future__ import annotations

from mtf_core.market import MINUTE_MS

HOLE_MS = 5_000
"""Between two quotes: more is a hole."""


class Holes:
    """Of the symbols that are watched: when each was seen last, and which minutes have a hole."""

    def __init__(self) -> None:
        self._seen_ms: dict[str, int] = {}
        self._minutes: dict[str, set[int]] = {}

    def seen(self, symbol: str, at_ms: int) -> None:
        """A quote was seen; every minute that a hole before it touches has one."""
        before_ms = self._seen_ms.get(symbol)
        self._seen_ms[symbol] = at_ms
        if before_ms is not None and at_ms - before_ms > HOLE_MS:
            first = before_ms // MINUTE_MS * MINUTE_MS
            self._minutes.setdefault(symbol, set()).update(range(first, at_ms + 1, MINUTE_MS))

    def forget_all_but(self, symbols: frozenset[str]) -> None:
        """What is not watched any more has no holes."""
        for known in (self._seen_ms, self._minutes):
            for symbol in [one for one in known if one not in symbols]:
                del known[symbol]

    def closed(self, now_ms: int) -> dict[str, list[int]]:
        """Minutes with a hole that are over, by symbol, the oldest first."""
        over = {
            symbol: sorted(open_ms for open_ms in minutes if open_ms + MINUTE_MS <= now_ms)
            for symbol, minutes in self._minutes.items()
        }
        return {symbol: minutes for symbol, minutes in over.items() if minutes}

    def done(self, symbol: str, minutes: list[int]) -> None:
        self._minutes.get(symbol, set()).difference_update(minutes)
