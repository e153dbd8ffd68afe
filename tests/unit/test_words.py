"""How numbers are said."""

from __future__ import annotations

import pytest

from mtf_core.words import counted, lasting


@pytest.mark.parametrize(("count", "said"), [(0, "0 holes"), (1, "1 hole"), (2, "2 holes")])
def test_only_one_is_singular(count: int, said: str) -> None:
    assert counted(count, "hole") == said


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (40.4, "40 s"), (3_600, "1 h"), (7_530, "2 h 5 min"), (270_000, "3 d 3 h"), (86_401, "1 d 1 s")],
)
def test_a_time_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert lasting(seconds) == told
