"""What is visible of one timeframe at the closes of another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mtf_core.features.carrying import carried, carried_codes, column_at
from mtf_core.features.table import FeatureTable
from mtf_core.market import MINUTE_MS, CandleStack, Timeframe
from mtf_core.rules.axis import CandleAxis, InstantAxis
from mtf_core.rules.expressions import Feature
from tests.market_strategies import START_MS, same_bits, walk

HOUR = Timeframe.H1


def visible(stack: CandleStack, instant_ms: int) -> int | None:
    """The column of the last candle whose end lies at or before the instant, found by looking at each."""
    found = None
    for column in range(stack.count):
        if stack.first_open_ms + (column + 1) * stack.timeframe.ms <= instant_ms:
            found = column
    if found is None or instant_ms >= stack.end_ms + stack.timeframe.ms:
        return None
    return found


def stack_of(timeframe: Timeframe, count: int, first: int = 0, seed: int = 1) -> CandleStack:
    candles = walk(timeframe, count, seed, start_ms=START_MS + first * timeframe.ms)
    return CandleStack.of_series(candles, "T")


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_a_candle_is_visible_from_the_minute_it_closes_until_the_next_one_does(timeframe: Timeframe) -> None:
    stack = stack_of(timeframe, 3)
    instants = np.arange(START_MS - timeframe.ms, START_MS + 5 * timeframe.ms, MINUTE_MS, dtype=np.int64)
    expected = [visible(stack, int(instant)) for instant in instants]
    assert column_at(stack, instants).tolist() == [-1 if column is None else column for column in expected]


@st.composite
def instants(draw: st.DrawFn) -> list[int]:
    """Ascending closes of 1m, 5m or 15m candles, some evenly spaced, some with holes."""
    finest = draw(st.sampled_from([Timeframe.M1, Timeframe.M5, Timeframe.M15, HOUR]))
    start = START_MS + draw(st.integers(-20, 40)) * finest.ms
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3]), max_size=12) | st.integers(1, 3).map(lambda n: [n] * 9))
    return [start + sum(steps[:place]) * finest.ms for place in range(len(steps) + 1)]


# 00:00, 00:30, 00:45, 01:30 span three times their first distance and are not evenly spaced all the same
@example([START_MS + quarters * Timeframe.M15.ms for quarters in (0, 2, 3, 6)], 0, 6)
@given(instants(), st.integers(0, 5), st.integers(1, 6))
def test_outcomes_are_carried_as_they_were_visible(moments: list[int], first: int, count: int) -> None:
    stack = stack_of(HOUR, count, first)
    codes = np.arange(1, count + 1, dtype=np.int8)[np.newaxis]
    expected = [visible(stack, moment) for moment in moments]
    seen = carried_codes(stack, codes, np.array(moments), np.int8(-7), np.int8(-8))
    absent = [-7 if moment < stack.first_open_ms + HOUR.ms else -8 for moment in moments]
    assert seen.tolist() == [
        [none if column is None else column + 1 for column, none in zip(expected, absent, strict=True)]
    ]


@given(instants(), st.integers(0, 5), st.integers(1, 6), st.integers(1, 6), st.integers(0, 4))
def test_features_are_carried_as_they_were_visible_and_never_beyond_the_tail(
    moments: list[int], first: int, count: int, tail: int, ago: int
) -> None:
    stack = stack_of(HOUR, count, first)
    tail = min(tail, count)
    table = FeatureTable(stack, tail)
    columns = column_at(stack, np.array(moments))
    expected = []
    for moment in moments:
        column = visible(stack, moment)
        there = column is not None and column - ago >= count - tail
        expected.append(stack.close[0, column - ago] if there else np.nan)
    assert same_bits(carried(table, table.feature("close"), columns, ago)[0], np.array(expected))


@pytest.mark.parametrize("ago", [0, 1, 2, 7])
@pytest.mark.parametrize(
    ("evaluated", "home"),
    [
        (Timeframe.M1, Timeframe.M15),
        (Timeframe.M5, HOUR),
        (HOUR, Timeframe.M5),
        (Timeframe.M15, Timeframe.M1),
        (Timeframe.M15, Timeframe.M15),
    ],
)
def test_another_timeframe_is_seen_at_the_close_of_the_shifted_candle(
    evaluated: Timeframe, home: Timeframe, ago: int
) -> None:
    """A step back is one candle of the evaluated timeframe; minutes before the first close there is nothing."""
    span = 8 * HOUR.ms
    tables = {
        tf: FeatureTable(stack, stack.count) for tf in {evaluated, home} for stack in [stack_of(tf, span // tf.ms)]
    }
    own, other = tables[evaluated].stack, tables[home].stack
    axis = CandleAxis(tables, evaluated, own.count, Timeframe.D1)
    expected = []
    for column in range(own.count):
        close_ms = START_MS + (column + 1 - ago) * evaluated.ms
        there = visible(other, close_ms) if close_ms >= START_MS else None
        expected.append(np.nan if there is None else other.close[0, there])
    assert same_bits(axis.value(Feature("close", timeframe=home), ago)[0], np.array(expected))
    assert same_bits(axis.value(Feature("close", ago, home), 0)[0], np.array(expected))


def test_at_an_instant_a_step_back_is_a_candle_of_the_features_own_timeframe() -> None:
    tables = {tf: FeatureTable(stack_of(tf, count), count) for tf, count in ((HOUR, 10), (Timeframe.M5, 120))}
    at = np.array([START_MS + 10 * HOUR.ms])
    axis = InstantAxis(tables, Timeframe.M5, at, Timeframe.D1, 0.01)
    for ago in range(4):
        assert axis.value(Feature("close", ago, HOUR), 0)[0, 0] == tables[HOUR].stack.close[0, 9 - ago]
        assert axis.value(Feature("close"), ago)[0, 0] == tables[Timeframe.M5].stack.close[0, 119 - ago]


@pytest.mark.parametrize(("candles", "known"), [(78, False), (79, True)])
def test_at_an_instant_a_feature_without_its_whole_warm_up_is_missing(candles: int, known: bool) -> None:
    """ATR(14): 15 candles to its seed, 64 more until (13/14)^64 = 0.0087 is below 0.009, hence 79."""
    tables = {HOUR: FeatureTable(stack_of(HOUR, candles), candles)}
    axis = InstantAxis(tables, HOUR, np.array([START_MS + candles * HOUR.ms]), Timeframe.D1, 0.009)
    value = axis.value(Feature("atr"), 0)[0, 0]
    assert (not np.isnan(value)) is known


def test_pivots_come_from_the_last_closed_candle_of_the_pivot_timeframe() -> None:
    """The day's levels change when its last minute has closed, not before."""
    minutes = walk(Timeframe.M1, 3 * 1440, 5)
    days = minutes.aggregated(Timeframe.D1)
    tables = {
        series.timeframe: FeatureTable(stack, stack.count)
        for series in (minutes, days)
        for stack in [CandleStack.of_series(series, "T")]
    }
    axis = CandleAxis(tables, Timeframe.M1, len(minutes), Timeframe.D1)
    pivot = axis.value(Feature("pivot_pp"), 0)[0]
    levels = (days.high + days.low + days.close) / 3
    assert np.isnan(pivot[:1439]).all()
    assert (pivot[1439:2879] == levels[0]).all()
    assert (pivot[2879:4319] == levels[1]).all()
    assert pivot[4319] == levels[2]
