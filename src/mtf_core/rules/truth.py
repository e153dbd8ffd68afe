"""Three-valued truth over arrays: int8, −1 false, 0 unknown, +1 true.

With this coding `all_of` is a minimum, `any_of` a maximum and `not` a change of sign (Kleene's strong logic).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mtf_core.market.candles import Floats

Truth = NDArray[np.int8]

TRUE = np.int8(1)
UNKNOWN = np.int8(0)
FALSE = np.int8(-1)

NAMES = {1: "true", 0: "unknown", -1: "false"}


def greater(left: Floats, right: Floats | float) -> Truth:
    """left > right; unknown where either is NaN (both comparisons with NaN are false, so they cancel to 0)."""
    truth: Truth = np.subtract(np.greater(left, right).view(np.int8), np.less_equal(left, right).view(np.int8))
    return truth


def at_least(left: Floats, right: Floats | float) -> Truth:
    """left ≥ right; unknown where either is NaN."""
    truth: Truth = np.subtract(np.greater_equal(left, right).view(np.int8), np.less(left, right).view(np.int8))
    return truth
