"""How the time of a search is cut."""

from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import DAY_MS, HOUR_MS, MINUTE_MS
from mtf_core.search.settings import WindowSettings
from mtf_core.search.windows import Stretch, TooShortError, windows_of

FIRST_MS = 1_767_571_200_000 + MINUTE_MS
SETTINGS = WindowSettings(train_days=4, test_days=2, holdout_days=3, embargo_hours=6)


def after(days: float) -> int:
    return FIRST_MS - MINUTE_MS + round(days * DAY_MS)


def test_windows_follow_each_other_and_the_last_days_are_held_out() -> None:
    """12.5 days: 4 of train, 6 hours, 2 of test, once more from the second test on, 6 hours, 3 of hold-out."""
    windows = windows_of(SETTINGS, FIRST_MS, after(12.5))
    assert windows.final.test == Stretch(after(9.5) + MINUTE_MS, after(12.5))
    assert windows.search == Stretch(FIRST_MS, after(9.25))
    assert [one.train for one in windows.folds] == [
        Stretch(FIRST_MS, after(4)),
        Stretch(FIRST_MS, after(6)),
    ]
    assert [one.test for one in windows.folds] == [
        Stretch(after(4.25) + MINUTE_MS, after(6.25)),
        Stretch(after(6.25) + MINUTE_MS, after(8.25)),
    ]
    assert windows.final.train == windows.search


def test_windows_that_are_not_anchored_are_all_as_long() -> None:
    windows = windows_of(evolve(SETTINGS, anchored=False), FIRST_MS, after(12.5))
    assert [one.train for one in windows.folds] == [
        Stretch(FIRST_MS, after(4)),
        Stretch(after(2) + MINUTE_MS, after(6)),
    ]
    assert windows.final.train == Stretch(after(5.25) + MINUTE_MS, after(9.25))


def test_too_few_days_are_told_with_how_many_are_needed() -> None:
    with pytest.raises(TooShortError, match=r"need 9\.5 days .* the data has 9\.4"):
        windows_of(SETTINGS, FIRST_MS, after(9.4))


@given(
    train=st.integers(1, 20),
    test=st.integers(1, 10),
    hold=st.integers(1, 10),
    gap=st.integers(0, 100),
    anchored=st.booleans(),
    minutes=st.integers(1, 80 * 1440),
)
def test_no_window_sees_its_own_test_days_nor_any_the_hold_out(
    train: int, test: int, hold: int, gap: int, anchored: bool, minutes: int
) -> None:
    settings = WindowSettings(train_days=train, test_days=test, holdout_days=hold, embargo_hours=gap, anchored=anchored)
    last_ms = FIRST_MS + minutes * MINUTE_MS
    try:
        windows = windows_of(settings, FIRST_MS, last_ms)
    except TooShortError:
        return
    for one in windows.all:
        assert FIRST_MS <= one.train.first_ms <= one.train.last_ms
        assert one.test.first_ms - one.train.last_ms == gap * HOUR_MS + MINUTE_MS
    assert all(one.test.last_ms <= windows.search.last_ms for one in windows.folds)
    assert windows.search.last_ms < windows.final.test.first_ms
    assert windows.final.test.last_ms == last_ms
    tests = [one.test for one in windows.folds]
    assert all(one.last_ms < other.first_ms for one, other in pairwise(tests))
