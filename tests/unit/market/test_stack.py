"""Stacks: candles of many symbols on one grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import COLUMNS, MINUTE_MS, Candles, CandleStack, Timeframe
from tests.market_strategies import START_MS, candle_series, same_bits, walk, without


def stack_of(series: dict[str, Candles], first: int, last: int, lead: int = 0) -> CandleStack:
    return CandleStack.of_window(Timeframe.M1, series, START_MS + first * MINUTE_MS, START_MS + last * MINUTE_MS, lead)


@given(
    st.lists(candle_series(most=30), min_size=1, max_size=3),
    st.integers(0, 3000),
    st.integers(0, 40),
    st.integers(0, 50),
)
def test_every_candle_stands_in_its_column_and_holes_are_nan(
    series: list[Candles], first: int, length: int, lead: int
) -> None:
    series = [
        Candles.checked(
            Timeframe.M1,
            candles.open_ms - candles.open_ms[0] + START_MS + (first + shift * 5) * MINUTE_MS,
            *(getattr(candles, name) for name in COLUMNS),
        )
        for shift, candles in enumerate(series)
    ]
    stack = stack_of({str(place): one for place, one in enumerate(series)}, first, first + length, lead)
    assert stack.count == length + 1
    assert stack.end_ms == START_MS + (first + length + 1) * MINUTE_MS
    for row, candles in enumerate(series):
        where = {int(open_ms): place for place, open_ms in enumerate(candles.open_ms)}
        places = [where.get(stack.first_open_ms + column * MINUTE_MS) for column in range(stack.count)]
        for name in COLUMNS:
            expected = [np.nan if place is None else getattr(candles, name)[place] for place in places]
            assert same_bits(getattr(stack, name)[row], np.array(expected))
        covered = [column for start, stop in stack.segments[row] for column in range(start, stop)]
        assert covered == [column for column, place in enumerate(places) if place is not None]
        assert all(one[1] < two[0] for one, two in zip(stack.segments[row], stack.segments[row][1:], strict=False))
        unbroken = 0
        for column, place in enumerate(places):
            unbroken = unbroken + 1 if place is not None and column >= lead else 0
            assert stack.unbroken(np.array([column]))[row, 0] == unbroken
        assert stack.unbroken(np.array([-1, stack.count]))[row].tolist() == [0, 0]


def test_rows_are_taken_in_the_order_asked_for() -> None:
    series = {symbol: without(walk(Timeframe.M1, 10, seed), [seed]) for seed, symbol in enumerate("ABC")}
    stack = stack_of(series, 0, 9, lead=2)
    taken = stack.rows(["C", "A"])
    assert taken.symbols == ("C", "A")
    assert same_bits(taken.close, stack.close[[2, 0]])
    assert taken.segments == (stack.segments[2], stack.segments[0])
    assert (taken.lead, taken.first_open_ms) == (2, stack.first_open_ms)
    assert stack.rows(["A", "B", "C"]) is stack
    with pytest.raises(KeyError):
        stack.rows(["D"])


def test_close_times_are_those_of_the_last_columns() -> None:
    stack = stack_of({"A": walk(Timeframe.M1, 10, 1)}, 0, 9)
    assert stack.close_times(3).tolist() == [START_MS + minute * MINUTE_MS for minute in (8, 9, 10)]


def test_a_series_without_candles_is_a_row_of_holes_and_no_stack_of_its_own() -> None:
    stack = stack_of({"A": Candles.empty(Timeframe.M1)}, 0, 4)
    assert np.isnan(stack.close).all()
    assert stack.segments == ((),)
    with pytest.raises(ValueError, match="A: no 1m candles"):
        CandleStack.of_series(Candles.empty(Timeframe.M1), "A")
