"""Where a quotient of two averages is undefined.

RSI, ±DI and ADX divide averages of movements by averages of movements. In a market that does not move both vanish,
and what is left of the quotient is the memory of its first candles, rounding noise, or 0 (which is what TA-Lib
answers). Such a value is missing: the movement that the average still remembers from its seed must weigh less in it
than the warm-up's tolerance, however long ago the seed was, and there must be some movement at all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.features.history import fading
from mtf_core.features.motion import MARGIN, Bounds, Motion
from mtf_core.market.candles import Floats

NO_MOVEMENT = 1e-12
"""An average movement below this share of the close is none: differences of prices that small are rounding."""

CALM = 20
"""How many times smaller than its seed an average may have become with the value still known after the warm-up.
Markets calm down: with a bare warm-up the value would be missing after every lively hour."""


@frozen
class Call:
    """A function over one series: the candle columns that it reads, float64 of shape (n,), and what follows them."""

    function: Callable[..., Any]
    inputs: tuple[str, ...]
    parameters: tuple[float, ...] = ()


@frozen
class Quotient:
    """The denominator of a quotient of averages, and how it forgets.

    The denominator is the sum of what `parts` compute, NaN before the column `seed` at which its seed is complete; each
    later candle keeps the fraction `keep` of what was and adds its own movement (`motion`). For an average of
    quotients, `lasting` is the number of candles in a row at which the quotient must have been defined.
    """

    parts: tuple[Call, ...]
    motion: Motion
    seed: int
    keep: float
    lasting: int = 1

    @property
    def reach(self) -> int:
        """How many candles after the seed `surely_defined` can say something."""
        return Bounds(self.keep).reach

    def seed_share(self, denominators: Floats, seeds: Floats, since_seed: int) -> Floats:
        """The seed's part of each denominator, 0..1; 1 where there is none yet, or nothing at all.

        `denominators` are (n_rows, n_columns), `seeds` (n_rows,); the first column stands `since_seed` candles after
        the seed (negative: before it).
        """
        share: Floats = np.zeros(denominators.shape)
        weights = _weights(self.keep)[max(since_seed, 0) :]
        early = slice(max(-since_seed, 0), max(-since_seed, 0) + len(weights))
        share[:, : early.start] = 1.0
        part, known = share[:, early], denominators[:, early]
        part[:] = 1.0
        np.divide(seeds[:, np.newaxis] * weights[: part.shape[1]], known, out=part, where=known > 0)
        return share

    def surely_defined(
        self, earliest: Floats, latest: Floats, close: Floats, since_seed: int, tolerance: float
    ) -> NDArray[np.bool_]:
        """Rows (n_rows,) whose quotient has a value at every column of `close`: `defined` would say so, too.

        Known from movements alone, without the denominator: `earliest` those of which the seed is made, `latest` those
        of the columns and of the `reach` − 1 before them, all after the seed. A row that is not named may be defined.
        """
        bounds, gain = Bounds(self.keep), self.motion.gain
        least = bounds.least(latest) * (gain * (1 - MARGIN))
        seeds = earliest.sum(axis=1, keepdims=True) * (gain * (1 + MARGIN))
        sure = least > NO_MOVEMENT * close.max(axis=1, keepdims=True)
        sure &= seeds * bounds.seed_weights(since_seed, least.shape[1]) < tolerance * least
        rows: NDArray[np.bool_] = sure.all(axis=1)
        return rows

    def defined(
        self, denominators: Floats, seeds: Floats, close: Floats, since_seed: int, tolerance: float
    ) -> NDArray[np.bool_]:
        """Where the quotient has a value; the first `lasting` − 1 columns only serve the others."""
        defined = denominators > NO_MOVEMENT * close
        defined &= self.seed_share(denominators, seeds, since_seed) < tolerance
        return defined if self.lasting == 1 else ~any_of_last(~defined, self.lasting)


def warm_up(keep: float, tolerance: float) -> int:
    """Candles after its seed from which on a quotient of averages is known, unless the market has gone very calm."""
    return fading(keep, tolerance / CALM)


def any_of_last(flags: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Whether any of the last `count` flags along the last axis is set, fewer at the beginning."""
    total = np.cumsum(flags, axis=-1, dtype=np.int64)
    total[..., count:] -= total[..., :-count].copy()
    return total > 0


@cache
def _weights(keep: float) -> Floats:
    """What is left of the seed, candle by candle, until it can no longer matter beside `NO_MOVEMENT`."""
    weights: Floats = keep ** np.arange(fading(keep, NO_MOVEMENT**2) + 1, dtype=np.float64)
    return weights
