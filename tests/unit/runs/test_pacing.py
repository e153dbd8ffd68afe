"""A process that stays runs at the borders of its period, and says what it had to leave out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtf_core.runs.pacing import Pace

PACE = Pace(period_ms=60_000, offset_ms=2_000)


def test_the_next_run_begins_behind_the_next_close() -> None:
    assert [PACE.next_start(now) for now in (0, 1_999, 2_000, 2_001, 59_999, 61_999, 62_000)] == [
        2_000,
        2_000,
        62_000,
        62_000,
        62_000,
        62_000,
        122_000,
    ]


def test_starts_that_pass_during_a_long_run_are_skipped_and_counted() -> None:
    assert [PACE.skipped(2_000, now) for now in (2_000, 61_999, 62_000, 125_000)] == [0, 0, 1, 2]


@given(period=st.integers(1, 10**8), offset=st.integers(0, 10**5), now=st.integers(0, 10**13))
def test_a_start_lies_on_the_pace_and_at_most_one_period_ahead(period: int, offset: int, now: int) -> None:
    start = Pace(period, offset).next_start(now)
    assert (start - offset) % period == 0
    assert 0 < start - now <= period
