"""How probable it is that choosing the best of many variants was no better than choosing any of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import log

import numpy as np
from attrs import frozen

from mtf_core.market.candles import Floats

_SMALLEST_SPREAD = 1e-12


@frozen
class Overfitting:
    """The probability of backtest overfitting (PBO), and what it was counted over."""

    probability: float
    """The share of halves whose best variant was not above the median in the other half."""
    halves: int
    """Ways to cut the blocks in two halves."""
    blocks: int
    days: int
    variants: int
    loss_probability: float
    """The share of halves whose best variant lost, or won nothing, in the other half."""
    mean_logit: float
    """Below 0 where the best of a half is rather among the worse of the other."""


def overfitting_of(returns: Floats, blocks: int) -> Overfitting | None:
    """Combinatorially symmetric cross-validation (Bailey, Borwein, López de Prado and Zhu, "The probability of backtest
    overfitting", Journal of Computational Finance 20 (4), 2017; SSRN 2326253).

    `returns`: a row for each day, a column for each variant. The days are cut in `blocks`; each half of the blocks
    chooses its best variant by Sharpe ratio, whose rank ω among all in the other half is looked at:

        λ = ln(ω / (1 - ω)),  PBO = share of λ ≤ 0

    Variants that are equal share their ranks, so that among variants which are all the same PBO is 1. None below two
    variants, or below two days in a block.
    """
    days, variants = returns.shape
    if variants < 2 or days < 2 * blocks:
        return None
    parts = np.array_split(returns, blocks)
    sums = np.array([part.sum(axis=0) for part in parts])
    squares = np.array([(part**2).sum(axis=0) for part in parts])
    counts = np.array([len(part) for part in parts])
    logits, lost = [], 0
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.zeros(blocks, dtype=bool)
        inside[list(chosen)] = True
        best = int(np.argmax(_sharpes(sums, squares, counts, inside)))
        outside = _sharpes(sums, squares, counts, ~inside)
        own = outside[best]
        rank = float((outside < own).sum() + ((outside == own).sum() + 1) / 2)
        share = rank / (variants + 1)
        logits.append(log(share / (1 - share)))
        lost += bool(own <= 0)
    return Overfitting(
        probability=_share(logits),
        halves=len(logits),
        blocks=blocks,
        days=days,
        variants=variants,
        loss_probability=lost / len(logits),
        mean_logit=float(np.mean(logits)),
    )


def _share(logits: Sequence[float]) -> float:
    return sum(one <= 1e-12 for one in logits) / len(logits)


def _sharpes(sums: Floats, squares: Floats, counts: Floats, rows: np.ndarray) -> Floats:
    """Of each variant over the days of some blocks; 0 where all days returned the same."""
    count = counts[rows].sum()
    mean = sums[rows].sum(axis=0) / count
    spread = np.sqrt(np.maximum(0.0, squares[rows].sum(axis=0) / count - mean**2))
    found: Floats = np.divide(mean, spread, out=np.zeros_like(mean), where=spread > _SMALLEST_SPREAD)
    return found
