"""Candles of a timeframe built from those of a lower one, and the exchange's own compared with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from mtf_core.market import COLUMNS, Candles, Gap, Timeframe

_SAME = 1e-9
"""Relative difference up to which two numbers are the same."""


@frozen
class CandleDifference:
    """A candle of the exchange that its own shorter candles do not make up: `column` is the first that differs."""

    symbol: str
    timeframe: Timeframe
    open_ms: int
    column: str
    exchange: float
    built: float


def built_within(gaps: Sequence[Gap], timeframe: Timeframe, lower: Sequence[Candles]) -> Candles:
    """The candles of those gaps that shorter candles fill wholly; `lower` are their series, the nearest first.

    A candle is built only where every one of its parts is there: what lacks a part may have been traded in it. A gap
    that stays open in part is left as it is: the exchange fills it by one call.
    """
    built = Candles.empty(timeframe)
    for gap in gaps:
        for parts in lower:
            inside = parts.between(gap.first_open_ms, gap.last_open_ms + timeframe.ms - 1)
            filled = inside.aggregated(timeframe) if len(inside) else inside
            if len(filled) == gap.count:
                built = built.merged(filled)
                break
    return built


def difference_between(symbol: str, exchange: Candles, lower: Candles) -> CandleDifference | None:
    """The first candle of the exchange that differs from what its parts make up; None where none does."""
    if not len(exchange) or not len(lower):
        return None
    built = lower.between(int(exchange.open_ms[0]), exchange.end_ms - 1).aggregated(exchange.timeframe)
    _, own, other = np.intersect1d(exchange.open_ms, built.open_ms, assume_unique=True, return_indices=True)
    said = np.array([getattr(exchange, column)[own] for column in COLUMNS])
    made = np.array([getattr(built, column)[other] for column in COLUMNS])
    # Sums of volumes may be rounded in another order.
    differs = np.abs(said - made) > _SAME * np.abs(made)
    if not differs.any():
        return None
    row = int(np.argmax(differs.any(axis=0)))
    column = int(np.argmax(differs[:, row]))
    return CandleDifference(
        symbol,
        exchange.timeframe,
        int(exchange.open_ms[own[row]]),
        COLUMNS[column],
        float(said[column, row]),
        float(made[column, row]),
    )
