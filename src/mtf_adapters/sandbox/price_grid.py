"""The grid of prices that candles show."""

from __future__ import annotations

from decimal import Decimal
from math import gcd

import numpy as np

from mtf_core.market import Candles

_LOOKED_AT = 1000
"""Candles, the last ones: a grid may have been another years ago."""
_FEWEST_PRICES = 30
"""Fewer different prices lie on too many grids."""
_FINEST, _COARSEST = 1e-8, 1e-2
"""Shares of the price between which a grid may lie; finer are numbers that were computed, not traded."""
_STEPS = (25, 5, 2, 1)


def price_grid(candles: Candles) -> Decimal | None:
    """The coarsest grid of 1, 2, 2.5 or 5 times a power of ten on which the last candles' prices lie.

    None where they do not tell: too few different prices, or none that an exchange could have traded at.
    """
    last = candles[-_LOOKED_AT:]
    prices = np.unique(np.concatenate([last.open, last.high, last.low, last.close]))
    if len(prices) < _FEWEST_PRICES:
        return None
    written = [Decimal(repr(price)) for price in prices.tolist()]
    decimals = max(0, *(-int(price.normalize().as_tuple().exponent) for price in written))
    common = gcd(*(int(price.scaleb(decimals)) for price in written))
    grid = _round_step(common) * Decimal(1).scaleb(-decimals)
    share = float(grid) / float(last.close[-1])
    return Decimal(f"{grid.normalize():f}") if _FINEST <= share <= _COARSEST else None


def _round_step(common: int) -> int:
    """The largest 1, 2, 5 or 25 times a power of ten that divides a whole number."""
    tens = 1
    while common % (tens * 10) == 0:
        tens *= 10
    return next(tens * step for step in _STEPS if common % (tens * step) == 0)
