"""Numbers that were decimals once, as whole numbers: a price of 46319.5 is 92639 steps of 0.5.

Nothing is rounded. A column is put on the coarsest grid on which all but a few of its values are found again bit for
bit; those few (a sum that carries noise in its last digits) are kept beside it as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_DECIMALS = 15
"""10 to that power is exact in a double, and so is every whole number below 2 to the power of 53: their quotient is the
double that is nearest to the decimal, which is what reading the decimal's digits gives."""
_LARGEST = 2.0**53
_ONE_ODD_IN = 200
"""A value off the grid costs some ten bytes, a finer grid some bits of every value."""


@frozen
class Grid:
    """Values are whole numbers times `step`, divided by 10 to the power of `decimals`."""

    decimals: int
    step: int


@frozen(eq=False)
class OnGrid:
    """A column on its grid: `ticks` (int64) of every value, and the values that are not on it where `is_odd`."""

    grid: Grid
    ticks: NDArray[np.int64]
    is_odd: NDArray[np.bool_]


def on_grid(values: Floats) -> OnGrid | None:
    """The column on the coarsest grid that fits; None where none does."""
    for decimals in range(_MOST_DECIMALS + 1):
        power = 10.0**decimals
        with np.errstate(all="ignore"):
            whole = np.rint(values * power) + 0.0  # minus zero becomes zero: as a whole number it has no sign
            is_odd = (np.abs(whole) < _LARGEST) & (_bits(whole / power) == _bits(values))
        np.logical_not(is_odd, out=is_odd)
        if np.count_nonzero(is_odd) * _ONE_ODD_IN <= len(values):
            return _in_steps(whole, is_odd, decimals)
    return None


def off_grid(ticks: NDArray[Any], grid: Grid) -> Floats:
    """The values of whole numbers of any width, as a new array."""
    values: Floats = ticks.astype(np.float64)
    if grid.step != 1:
        values *= grid.step
    if grid.decimals:
        values /= 10.0**grid.decimals
    return values


def _in_steps(whole: Floats, is_odd: NDArray[np.bool_], decimals: int) -> OnGrid:
    if is_odd.any():
        # Where a value is not on the grid stands the one before it: the next difference is as small as it can be.
        before = np.maximum.accumulate(np.where(is_odd, 0, np.arange(len(whole))))
        whole = np.where(is_odd[before], 0.0, whole[before])
    ticks = whole.astype(np.int64)
    step = int(np.gcd.reduce(ticks)) or 1 if len(ticks) else 1
    return OnGrid(Grid(decimals, step), ticks // step, is_odd)


def _bits(values: Floats) -> NDArray[np.int64]:
    return values.view(np.int64)
