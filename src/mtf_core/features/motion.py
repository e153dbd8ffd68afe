"""How much a market moves from candle to candle: what the averages are made of by which RSI, ±DI and ADX divide.

Movements are bare differences of prices, for all symbols at once. Few of them prove that an average cannot have
vanished, so that it need not be computed to know that. Each function takes float64 of shape (n_rows, n) and returns
(n_rows, n − 1), from the second candle on; what is not negative.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.features.history import fading
from mtf_core.market.candles import Floats

MOST_COLUMNS = 256
"""For more columns than these, computing the average itself is the quicker way."""

MARGIN = 1e-9
"""By how much sums of positive numbers may differ for all that rounding does, with much to spare."""


def of_closes(close: Floats) -> Floats:
    """How far the close is from the close before it."""
    moves: Floats = close[:, 1:] - close[:, :-1]
    return np.abs(moves, out=moves)


def true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    """The range of the candle and the close before it (Wilder, 1978)."""
    ranges: Floats = np.maximum(high[:, 1:], close[:, :-1])
    ranges -= np.minimum(low[:, 1:], close[:, :-1])
    return ranges


def directional(high: Floats, low: Floats) -> Floats:
    """How far the candle reaches beyond the one before, on the side where it does so more; 0 where neither side does,
    or both do alike."""
    up: Floats = high[:, 1:] - high[:, :-1]
    down: Floats = low[:, :-1] - low[:, 1:]
    alike = up == down
    moves: Floats = np.maximum(up, down, out=up)
    np.maximum(moves, 0.0, out=moves)
    moves[alike] = 0.0
    return moves


@frozen
class Motion:
    """The movements of which an average is made, from the candle columns `inputs`; the newest has the weight `gain`."""

    of: Callable[..., Floats]
    inputs: tuple[str, ...]
    gain: float


@frozen
class Bounds:
    """What an average is at least, and the part of its seed at most, at a few columns in place of all.

    The average forgets: each candle keeps the fraction `keep`. Its last `reach` movements are nearly all of it, and
    some `step` candles later much of it is still there, whatever happened in between.
    """

    keep: float

    @property
    def reach(self) -> int:
        return _steps(self.keep, 0.05)

    @property
    def step(self) -> int:
        return _steps(self.keep, 0.6)

    def least(self, moves: Floats) -> Floats:
        """What the average is at least, in units of its gain; shape (n_rows, n_anchors).

        `moves` are those of the columns in question and of the `reach` − 1 before them. Each anchor speaks for its own
        column and the `step` − 1 after it.
        """
        count = moves.shape[1] - self.reach + 1
        least: Floats = moves @ _weights(self.keep, self.reach, self.step, count)
        return least

    def seed_weights(self, since_seed: int, anchors: int) -> Floats:
        """What is left of the seed at each anchor; the first stands so many candles after it."""
        weights: Floats = self.keep ** (since_seed + self.step * np.arange(anchors, dtype=np.float64))
        return weights


def _steps(keep: float, rest: float) -> int:
    return max(1, fading(keep, rest))


@lru_cache(maxsize=256)
def _weights(keep: float, reach: int, step: int, count: int) -> NDArray[np.float64]:
    """(reach − 1 + count, n_anchors): how much of a movement is left at the last column that an anchor speaks for."""
    anchors = reach - 1 + np.arange(0, count, step)
    age = anchors - np.arange(reach - 1 + count)[:, np.newaxis]
    left = keep ** (np.maximum(age, 0) + float(step - 1))
    return np.where((age >= 0) & (age < reach), left, 0.0)
