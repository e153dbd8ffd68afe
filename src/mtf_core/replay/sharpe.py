"""Return for the risk taken, and how much of it is left when one knows how many configurations were tried.

Sharpe ratios here are of daily returns, not annualised, without a risk-free rate, unless a name says annual: those are
multiplied by √365, for crypto trades on every day.
"""

from __future__ import annotations

from math import exp, isfinite, sqrt
from statistics import NormalDist

import numpy as np
from attrs import frozen

from mtf_core.market.candles import Floats

DAYS_OF_A_YEAR = 365
_EULER_MASCHERONI = 0.577_215_664_901_532_9
_NORMAL = NormalDist()
_SMALLEST_SPREAD = 1e-12
"""Of daily returns: below it they are all the same but for rounding."""


@frozen
class DailySharpe:
    """Of daily returns, as fractions."""

    days: int
    ratio: float
    """Mean over standard deviation (with n - 1)."""
    skewness: float
    kurtosis: float
    """3 for a normal distribution."""

    @property
    def annual(self) -> float:
        return self.ratio * sqrt(DAYS_OF_A_YEAR)


@frozen
class DeflatedSharpe:
    """How probable it is that the true Sharpe ratio is above what the best of so many worthless trials would show."""

    probability: float
    """0..1; below 0.95 luck is not excluded."""
    expected_best: float
    """The daily Sharpe ratio that the best of the trials would show by luck."""
    trials: int
    days: int


def sharpe_of(returns: Floats) -> DailySharpe | None:
    """None below three days, or where every day returned the same."""
    if len(returns) < 3:
        return None
    spread = float(np.std(returns, ddof=1))
    if not spread > _SMALLEST_SPREAD:
        return None
    away = returns - returns.mean()
    variance = float(np.mean(away**2))
    return DailySharpe(
        days=len(returns),
        ratio=float(returns.mean()) / spread,
        skewness=float(np.mean(away**3)) / variance**1.5,
        kurtosis=float(np.mean(away**4)) / variance**2,
    )


def deflated(sharpe: DailySharpe, trials: int, trial_variance: float | None = None) -> DeflatedSharpe | None:
    """The deflated Sharpe ratio (Bailey and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
    Management 40 (5), 2014, equations 1 and 2; SSRN 2460551).

        SR0 = √V · ((1 - γ) · Z⁻¹(1 - 1/N) + γ · Z⁻¹(1 - 1/(N · e)))
        DSR = Z((SR - SR0) · √(T - 1) / √(1 - γ3 · SR + (γ4 - 1)/4 · SR²))

    N trials, V the variance of their daily Sharpe ratios, T days, γ the Euler-Mascheroni constant, γ3 skewness, γ4
    kurtosis, nothing annualised. Where V is not known it is 1/(T - 1): what the ratios of trials without any worth
    differ by over T days. One trial has nothing to be deflated by: SR0 is 0. None where the root has no value.
    """
    expected = 0.0
    if trials > 1:
        variance = 1 / (sharpe.days - 1) if trial_variance is None else trial_variance
        best = (1 - _EULER_MASCHERONI) * _NORMAL.inv_cdf(1 - 1 / trials)
        best += _EULER_MASCHERONI * _NORMAL.inv_cdf(1 - exp(-1) / trials)
        expected = sqrt(max(0.0, variance)) * best
    spread = 1 - sharpe.skewness * sharpe.ratio + (sharpe.kurtosis - 1) / 4 * sharpe.ratio**2
    if not isfinite(spread) or spread <= 0:
        return None
    z = (sharpe.ratio - expected) * sqrt(sharpe.days - 1) / sqrt(spread)
    return DeflatedSharpe(_NORMAL.cdf(z), expected, trials, sharpe.days)
