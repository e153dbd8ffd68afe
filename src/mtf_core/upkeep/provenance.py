"""Whether candles from outside are a symbol's own: a series that is glued from two markets decides on neither."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from attrs import frozen

from mtf_core.market import COLUMNS, Candles, Timeframe
from mtf_core.ports import Environment, UnknownSymbolError

_SAMPLE = 200
"""Candles at the beginning, in the middle and at the end of a file that are compared with the exchange's."""


class Origin(StrEnum):
    """Whose candles of a symbol others were compared with."""

    EXCHANGE = "exchange"
    STORE = "store"


@frozen
class ForeignCandles:
    """Candles that are not those of the symbol: why an import stored nothing."""

    symbol: str
    timeframe: Timeframe
    """Of the series that they were compared with."""
    origin: Origin
    open_ms: int | None
    """Open time of the first candle that differs; None: the exchange lists the symbol but shows none of that time."""


async def unlike_exchange(environment: Environment, symbol: str, candles: Candles) -> ForeignCandles | None:
    """Compares the first, middle and last candles with what the exchange shows; None when they agree."""
    compared = 0
    for start in sorted({0, max(0, (len(candles) - _SAMPLE) // 2), max(0, len(candles) - _SAMPLE)}):
        sample = candles[start : start + _SAMPLE]
        first, last = int(sample.open_ms[0]), int(sample.open_ms[-1])
        try:
            shown = await environment.venue.market.candles(symbol, candles.timeframe, first, last)
        except UnknownSymbolError:
            return None
        instant, count = _first_difference(sample, shown)
        if instant is not None:
            return ForeignCandles(symbol, candles.timeframe, Origin.EXCHANGE, instant)
        compared += count
    return None if compared else ForeignCandles(symbol, candles.timeframe, Origin.EXCHANGE, None)


async def unlike_store(
    environment: Environment, symbol: str, candles: Candles, stored: Sequence[Timeframe]
) -> ForeignCandles | None:
    """Compares with the stored series of the symbol, each in the higher of both timeframes; None when they agree."""
    for timeframe in stored:
        read = await environment.stores.candles.read([symbol], timeframe, int(candles.open_ms[0]), candles.end_ms - 1)
        higher = max(timeframe, candles.timeframe, key=lambda each: each.ms)
        instant, _ = _first_difference(candles.aggregated(higher), read[symbol].aggregated(higher))
        if instant is not None:
            return ForeignCandles(symbol, timeframe, Origin.STORE, instant)
    return None


async def stored_timeframes(environment: Environment, symbol: str) -> tuple[Timeframe, ...]:
    return tuple(timeframe for name, timeframe, *_ in await environment.stores.candles.spans() if name == symbol)


def _first_difference(one: Candles, other: Candles) -> tuple[int | None, int]:
    """Open time of the first candle that both have and that differs, and how many both have.

    Sums of volume may differ in their last bits, by the order in which they were added.
    """
    _, left, right = np.intersect1d(one.open_ms, other.open_ms, assume_unique=True, return_indices=True)
    unlike = np.zeros(len(left), dtype=np.bool_)
    for name in COLUMNS:
        unlike |= ~np.isclose(getattr(one, name)[left], getattr(other, name)[right], rtol=1e-9, atol=0.0)
    return (int(one.open_ms[left][np.argmax(unlike)]) if unlike.any() else None), len(left)
