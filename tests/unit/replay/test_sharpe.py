"""Sharpe ratios beside those of empyrical and scipy, and the deflated one beside the numbers of its paper."""

from __future__ import annotations

from math import sqrt

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mtf_core.replay.sharpe import DailySharpe, deflated, sharpe_of

RETURNS = st.lists(st.integers(-500, 500), min_size=3, max_size=60).filter(lambda rows: len(set(rows)) > 1)


@given(RETURNS)
def test_it_is_empyricals_and_its_moments_are_scipys(thousandths: list[int]) -> None:
    returns = np.array(thousandths) / 1000
    found = sharpe_of(returns)
    assert found is not None
    assert found.annual == pytest.approx(empyrical.sharpe_ratio(returns, annualization=365), abs=1e-9)
    assert found.skewness == pytest.approx(stats.skew(returns), abs=1e-9)
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False), abs=1e-9)


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [0.1] * 30, [0.0] * 30])
def test_few_days_or_days_that_are_all_the_same_tell_none(returns: list[float]) -> None:
    assert sharpe_of(np.array(returns)) is None


# The example of Bailey and López de Prado (2014): an annual ratio of 2.5 over five years of 250 days, skewness -3,
# kurtosis 10, the best of 100 trials whose annual ratios have a variance of 1/2.
EXAMPLE = DailySharpe(days=1250, ratio=2.5 / sqrt(250), skewness=-3, kurtosis=10)
VARIANCE = 1 / 2 / 250


def test_the_best_of_a_hundred_trials_is_deflated_as_in_the_paper() -> None:
    found = deflated(EXAMPLE, 100, VARIANCE)
    assert found is not None
    assert found.expected_best == pytest.approx(0.1132, abs=5e-5)
    assert found.probability == pytest.approx(0.9004, abs=5e-5)


def test_after_46_trials_luck_would_be_excluded_as_in_the_paper() -> None:
    found = deflated(EXAMPLE, 46, VARIANCE)
    assert found is not None
    assert found.probability == pytest.approx(0.9505, abs=5e-5)


def test_a_normal_distribution_would_allow_88_trials_as_in_the_paper() -> None:
    found = deflated(DailySharpe(days=1250, ratio=2.5 / sqrt(250), skewness=0, kurtosis=3), 88, VARIANCE)
    assert found is not None
    assert found.probability == pytest.approx(0.9505, abs=5e-5)


def test_a_single_trial_is_compared_with_nothing() -> None:
    found = deflated(DailySharpe(days=101, ratio=0.1, skewness=0, kurtosis=3), 1)
    assert found is not None
    assert found.expected_best == 0
    assert found.probability == pytest.approx(stats.norm.cdf(0.1 * 10 / sqrt(1 + 0.1**2 / 2)))


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_more_trials_never_make_it_more_likely(one: int, other: int) -> None:
    few, many = (deflated(EXAMPLE, trials) for trials in sorted((one, other)))
    assert few is not None
    assert many is not None
    assert many.probability <= few.probability


def test_where_the_spread_of_trials_is_not_known_it_is_that_of_worthless_ones() -> None:
    """As many samples of pure luck: their best is what was expected of it."""
    draw = np.random.default_rng(11)
    samples = draw.normal(0, 1, (2000, 50, 250))
    ratios = samples.mean(axis=2) / samples.std(axis=2, ddof=1)
    found = deflated(DailySharpe(days=250, ratio=0.1, skewness=0, kurtosis=3), 50)
    assert found is not None
    assert found.expected_best == pytest.approx(ratios.max(axis=1).mean(), rel=0.02)


def test_a_root_without_a_value_tells_nothing() -> None:
    assert deflated(DailySharpe(days=10, ratio=2, skewness=9, kurtosis=1), 3) is None
