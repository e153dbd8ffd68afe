"""The probability of backtest overfitting."""

import numpy as np
import pytest

from mtf_core.search.overfitting import overfitting_of


def test_a_variant_that_is_better_on_every_day_is_not_chosen_by_luck() -> None:
    draw = np.random.default_rng(1)
    returns = draw.normal(0, 0.01, (80, 20))
    returns[:, 7] += 0.02
    found = overfitting_of(returns, 8)
    assert found is not None
    assert (found.probability, found.loss_probability) == (0, 0)
    assert (found.halves, found.days, found.variants) == (70, 80, 20)


def test_variants_without_any_worth_are_chosen_by_luck() -> None:
    """Of variants whose whole returns are all the same, the best of a half is the worst of the other."""
    draw = np.random.default_rng(2)
    returns = draw.normal(0, 0.01, (80, 20))
    returns -= returns.mean(axis=0)
    found = overfitting_of(returns, 8)
    assert found is not None
    assert found.probability > 0.9
    assert found.loss_probability > 0.9
    assert found.mean_logit < -1


def test_over_many_noises_half_of_the_choices_are_below_the_median() -> None:
    """The statistic of Bailey and others is fair: on pure noise the mean of PBO is a half."""
    draw = np.random.default_rng(3)
    found = [overfitting_of(draw.normal(0, 1, (48, 15)), 6) for _ in range(200)]
    assert np.mean([one.probability for one in found if one is not None]) == pytest.approx(0.5, abs=0.05)


def test_variants_that_are_all_the_same_are_no_choice() -> None:
    column = np.random.default_rng(4).normal(0.001, 0.01, (40, 1))
    found = overfitting_of(np.repeat(column, 5, axis=1), 4)
    assert found is not None
    assert found.probability == 1


def test_by_hand_two_variants_over_four_days() -> None:
    """Blocks of 2 days. Variant 0 earns in blocks 1 and 2, variant 1 in 3 and 4, which is why each half that holds one
    pair whole takes the worse of the other half (2 of 6 ways); a half of one block of each sees equal variants, takes
    the first, and finds equal ones again: their rank is the middle, which counts as luck."""
    up, down = [0.01, 0.03], [-0.01, -0.03]
    returns = np.array([[*up, *up, *down, *down], [*down, *down, *up, *up]]).T
    found = overfitting_of(returns, 4)
    assert found is not None
    assert (found.halves, found.probability) == (6, 1)


@pytest.mark.parametrize(("days", "variants"), [(7, 5), (8, 1), (0, 0)])
def test_too_few_days_or_variants_tell_nothing(days: int, variants: int) -> None:
    assert overfitting_of(np.zeros((days, variants)), 4) is None
