"""The closed list of causes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtf_core.replay.comparing.causes import Cause, first_of, words_of


def test_every_cause_has_words_for_people() -> None:
    assert len({words_of(cause) for cause in Cause}) == len(Cause)
    assert all(" " in words_of(cause) for cause in Cause)


@given(st.sets(st.sampled_from(Cause), min_size=1))
def test_of_several_causes_the_first_of_the_list_counts(causes: set[Cause]) -> None:
    first = first_of(causes)
    assert first in causes
    assert all(list(Cause).index(first) <= list(Cause).index(other) for other in causes)


def test_where_none_holds_it_is_unexplained() -> None:
    assert first_of(set()) is Cause.UNEXPLAINED
    assert list(Cause)[-1] is Cause.UNEXPLAINED
