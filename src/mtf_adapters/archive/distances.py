"""Prices as distances from each other, which are small whole numbers where the prices themselves are large.

Of a candle the close is kept as it is; the open as its distance from the close before it (mostly none), the high as its
distance above open and close, the low as that below them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ticks = NDArray[Any]
"""Whole numbers wide enough for the sum of any two of them."""
Four = tuple[Ticks, Ticks, Ticks, Ticks]

NAMES = ("open_from_close_before", "high_above", "low_below", "close")


def as_distances(open_: Ticks, high: Ticks, low: Ticks, close: Ticks) -> Four:
    """Open, high, low and close in ticks as the four columns of `NAMES`."""
    upper, lower = np.maximum(open_, close), np.minimum(open_, close)
    return open_ - _before(close), high - upper, lower - low, close


def as_prices(from_close: Ticks, above: Ticks, below: Ticks, close: Ticks) -> Four:
    """Open, high, low and close in ticks from the four columns of `NAMES`."""
    open_ = from_close + _before(close)
    return open_, np.maximum(open_, close) + above, np.minimum(open_, close) - below, close


def _before(close: Ticks) -> Ticks:
    return np.concatenate([close[:1], close[:-1]])
