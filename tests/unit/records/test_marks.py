"""Marks of a run: sets of symbols that come back as they were, and that say what the traces say."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import Timeframe
from mtf_core.records import RunCounts, RunMarks, UnreadableRecordError
from mtf_core.records.codec import to_bytes
from mtf_core.records.marks import ConditionKey, FeatureKey, named, set_of

_SETS = st.integers(0, 2**300 - 1)
_TIMEFRAMES = st.sampled_from(Timeframe)
_MARKS = st.builds(
    RunMarks,
    st.lists(st.text(), max_size=4).map(tuple),
    st.dictionaries(st.builds(ConditionKey, _TIMEFRAMES, st.text(), st.text()), _SETS, max_size=4),
    st.dictionaries(st.builds(FeatureKey, _TIMEFRAMES, st.text()), _SETS, max_size=4),
)


@given(st.none() | _MARKS)
def test_marks_come_back_as_they_were_stored(marks: RunMarks | None) -> None:
    counts = RunCounts({}, (), (), marks)
    assert RunCounts.from_bytes(counts.to_bytes()) == counts


@given(st.lists(st.booleans(), max_size=40))
def test_a_set_names_the_symbols_whose_column_is_true(column: list[bool]) -> None:
    symbols = tuple(f"S{place}USDT" for place in range(len(column)))
    found = set_of(np.array(column, np.bool_))
    assert list(named(symbols, found)) == [name for name, chosen in zip(symbols, column, strict=True) if chosen]


def test_some_symbols_are_chosen_among_those_that_there_are() -> None:
    marks = RunMarks(("A", "B", "C"), {}, {})
    assert (marks.chosen(None), marks.chosen(("C", "A", "Z", "A")), marks.chosen(())) == (0b111, 0b101, 0)


def test_broken_marks_are_unreadable() -> None:
    content = {"version": 1, "reasons": {}, "conditions": [], "short": [], "marks": {"symbols": "no list"}}
    with pytest.raises(UnreadableRecordError):
        RunCounts.from_bytes(zlib.compress(to_bytes(content)))
