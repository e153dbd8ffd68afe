"""How a price may have moved within a candle of which only open, high, low and close are known."""

from __future__ import annotations

from itertools import pairwise

from mtf_core.market import Candles

EXTREMES_AT = (0.25, 0.75)
"""Shares of the candle's time after which its first and its second extreme are reached."""


def price_within(candle: Candles, passed: float) -> tuple[float, bool]:
    """The price after a share (0–1) of the candle's time, and whether it falls there.

    Straight lines lead from the open to the nearer extreme, on to the other one, and to the close. `candle` is one
    candle. A corner belongs to the line that led to it. A line to the low falls also where it begins there, one to the
    high rises: so a candle that opens at its low, or does not move at all, is met from both sides.
    """
    start, high, low, end = (float(column[0]) for column in (candle.open, candle.high, candle.low, candle.close))
    high_first = high - start <= start - low
    first, second = (high, low) if high_first else (low, high)
    corners = ((0.0, start), (EXTREMES_AT[0], first), (EXTREMES_AT[1], second), (1.0, end))
    falling = (not high_first, high_first, end < second)
    for ((left, from_price), (right, to_price)), falls in zip(pairwise(corners), falling, strict=True):
        if passed <= right:
            share = (passed - left) / (right - left)
            return from_price + (to_price - from_price) * share, falls
    return end, end < second
