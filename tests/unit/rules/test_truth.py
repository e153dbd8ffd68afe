"""Three-valued truth as −1, 0 and 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mtf_core.rules.truth import NAMES, at_least, greater

NUMBERS = [-math.inf, -1.0, -0.0, 0.0, 1e-300, 1.0, math.inf, math.nan]


def three_valued(holds: bool, left: float, right: float) -> int:
    return 0 if math.isnan(left) or math.isnan(right) else 1 if holds else -1


@pytest.mark.parametrize("right", NUMBERS)
def test_comparisons_are_exact_and_unknown_only_where_a_side_is_missing(right: float) -> None:
    lefts = np.array(NUMBERS)
    for rights in (right, np.full(len(NUMBERS), right)):
        above, reaching = greater(lefts, rights), at_least(lefts, rights)
        assert above.tolist() == [three_valued(left > right, left, right) for left in NUMBERS]
        assert reaching.tolist() == [three_valued(left >= right, left, right) for left in NUMBERS]
        assert above.dtype == reaching.dtype == np.int8


def test_the_names_of_truths_are_those_of_the_trace() -> None:
    assert NAMES == {1: "true", 0: "unknown", -1: "false"}
