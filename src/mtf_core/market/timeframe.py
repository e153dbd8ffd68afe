"""Timeframes: the length of a candle, and the arithmetic of candle boundaries in UTC milliseconds."""

from __future__ import annotations

from enum import StrEnum

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 86_400_000


class UnknownTimeframeError(ValueError):
    """The text names no timeframe; the message lists the allowed ones."""


class Timeframe(StrEnum):
    """Length of a candle. Members are ordered from the lowest (1m) to the highest (1d)."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """The timeframe of that name; raises `UnknownTimeframeError` naming the allowed ones."""
        try:
            return cls(text)
        except ValueError:
            allowed = ", ".join(member.value for member in cls)
            raise UnknownTimeframeError(f"unknown timeframe {text!r}; allowed: {allowed}") from None

    @property
    def minutes(self) -> int:
        return _MINUTES[self]

    @property
    def ms(self) -> int:
        return _MS[self]

    def open_at_or_before(self, instant_ms: int) -> int:
        """Open time of the candle that contains `instant_ms`, aligned to UTC."""
        return instant_ms - instant_ms % self.ms

    def last_closed_open(self, now_ms: int) -> int:
        """Open time of the last candle whose end lies at or before `now_ms`."""
        return self.open_at_or_before(now_ms) - self.ms


_MINUTES = {
    Timeframe.M1: 1,
    Timeframe.M5: 5,
    Timeframe.M15: 15,
    Timeframe.H1: 60,
    Timeframe.H4: 240,
    Timeframe.D1: 1440,
}
_MS = {timeframe: minutes * MINUTE_MS for timeframe, minutes in _MINUTES.items()}


def highest_first(timeframes: frozenset[Timeframe] | tuple[Timeframe, ...]) -> tuple[Timeframe, ...]:
    """Distinct timeframes, from the longest candle to the shortest."""
    return tuple(sorted(set(timeframes), key=lambda timeframe: -timeframe.minutes))
