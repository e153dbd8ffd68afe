"""How far the true value may lie from what was seen: intervals of 95 %, the same each time they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np
from attrs import frozen

LEVEL = 0.95
RESAMPLES = 5_000
SEED = 20_140_509
"""Of the generator (numpy's PCG64): any number would do, as long as it never changes."""
_AT_ONCE = 2_000_000
"""Draws that are in memory together."""


@frozen
class Interval:
    """95 of 100 such intervals hold the true value, if what was seen is a fair sample of it."""

    low: float
    high: float


def bootstrap_mean(values: Sequence[float]) -> Interval | None:
    """Percentile bootstrap of the mean (Efron, 1979): as many values are drawn again, 5000 times.

    The order of the values changes nothing. None below two values. It takes the values for independent; trades of one
    hour are not, so the true interval is rather wider.
    """
    if len(values) < 2:
        return None
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    generator = np.random.default_rng(SEED)
    rows = max(1, _AT_ONCE // len(ordered))
    means = []
    for start in range(0, RESAMPLES, rows):
        shape = (min(rows, RESAMPLES - start), len(ordered))
        means.append(ordered[generator.integers(0, len(ordered), size=shape, dtype=np.int32)].mean(axis=1))
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def wilson(won: int, of: int) -> Interval | None:
    """The score interval of a share (Wilson, 1927), which stays within 0..1 also for few; None of none."""
    if not of:
        return None
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share, weight = won / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * sqrt(share * (1 - share) / of + weight / (4 * of))
    return Interval(0.0 if won == 0 else max(0.0, middle - half), 1.0 if won == of else min(1.0, middle + half))
