"""The candles that a value rests on, so that two readings of one value can be told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from mtf_core.market import Timeframe, format_instant


@frozen
class ValueHistory:
    """How many candles stand without a gap behind a value, and how many it needs; with fewer it is missing."""

    timeframe: Timeframe
    """Whose candles: those of the pivot timeframe for pivots."""
    first_open_ms: int | None
    """When the first of them opened; None where the candle of the value is missing."""
    candles: int
    needed: int

    def to_json(self) -> dict[str, Any]:
        return {
            "timeframe": str(self.timeframe),
            "first_open": None if self.first_open_ms is None else format_instant(self.first_open_ms),
            "candles": self.candles,
            "needed": self.needed,
        }

    @property
    def counted(self) -> str:
        """`246`, or `239 of 661` where there are too few."""
        return str(self.candles) if self.candles >= self.needed else f"{self.candles} of {self.needed}"


def history_lines(histories: Mapping[str, ValueHistory]) -> Iterator[str]:
    """`5m, 246 candles since 2026-01-31T16:30:00Z: rsi, macd_hist`: the names of the values that rest on the same.

    Values of a single candle are left out, for that is the evaluated one, and those of earlier candles that rest on the
    same first candle as the value of the evaluated one.
    """
    names: dict[tuple[Timeframe, str, int | None], list[str]] = {}
    for name, one in histories.items():
        now = histories.get(name.partition("[")[0], one)
        earlier = now is not one and now.first_open_ms == one.first_open_ms
        if (one.candles, one.needed) != (1, 1) and not earlier:
            names.setdefault((one.timeframe, one.counted, one.first_open_ms), []).append(name)
    for (timeframe, counted, first_open_ms), same in names.items():
        since = "" if first_open_ms is None else f" since {format_instant(first_open_ms)}"
        yield f"{timeframe}, {counted} candles{since}: {', '.join(same)}"
