"""Intervals, beside those of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mtf_core.replay.intervals import bootstrap_mean, wilson

COUNTS = st.integers(1, 2000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(COUNTS)
def test_a_share_lies_within_its_interval_and_both_within_0_and_1(counts: tuple[int, int]) -> None:
    won, of = counts
    found = wilson(won, of)
    assert found is not None
    assert 0 <= found.low <= won / of <= found.high <= 1


@given(COUNTS)
def test_the_interval_of_a_share_is_scipys(counts: tuple[int, int]) -> None:
    won, of = counts
    found, theirs = wilson(won, of), stats.binomtest(won, of).proportion_ci(0.95, method="wilson")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_trade_has_no_share() -> None:
    assert wilson(0, 0) is None


def test_the_interval_of_a_mean_is_near_scipys_which_draws_by_other_numbers() -> None:
    values = np.random.default_rng(3).standard_t(4, 300)
    found = bootstrap_mean(values.tolist())
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert found is not None
    width = theirs.high - theirs.low
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=width / 20)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20), st.randoms(use_true_random=False))
def test_the_interval_of_a_mean_is_the_same_in_any_order_and_each_time(values: list[float], draw: object) -> None:
    shuffled = list(values)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    found = bootstrap_mean(values)
    assert found == bootstrap_mean(shuffled)
    assert found is not None
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_of_many_values_no_more_are_drawn_than_fit_in_memory() -> None:
    found = bootstrap_mean(np.random.default_rng(1).normal(1, 1, 3000).tolist())
    assert found is not None
    assert found.low < 1 < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 / 3000**0.5, rel=0.1)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_value_has_no_interval(values: list[float]) -> None:
    assert bootstrap_mean(values) is None
