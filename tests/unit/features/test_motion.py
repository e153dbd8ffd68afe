"""What movements alone say of the averages by which RSI, ±DI and ADX divide."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.features import table as tables
from mtf_core.features.family import BySeries
from mtf_core.features.indicators import talib
from mtf_core.features.motion import Bounds, directional, of_closes, true_ranges
from mtf_core.features.names import feature_spec, history
from mtf_core.features.quotients import Quotient
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe
from tests.market_strategies import walk
from tests.unit.features.test_undefined import LENGTH, TOLERANCE, patchy

NAMES = ("rsi", "rsi_5", "rsi_2", "plus_di", "minus_di_3", "adx", "adx_5")


def quotient_of(name: str) -> Quotient:
    spec = feature_spec(name)
    assert isinstance(spec.family.computation, BySeries)
    assert spec.family.computation.quotient is not None
    return spec.family.computation.quotient(spec, TOLERANCE)


def window(rows: list[Candles], tail: int) -> FeatureTable:
    """A table over several series, cut out of longer ones, as a run looks at them."""
    first, last = int(rows[0].open_ms[0]), int(rows[0].open_ms[-1])
    series = {f"S{row}": candles for row, candles in enumerate(rows)}
    stack = CandleStack.of_window(Timeframe.M1, series, first, last, whole=False)
    return FeatureTable(stack, tail, tolerance=TOLERANCE)


def test_movements_are_those_that_the_library_averages() -> None:
    candles = walk(Timeframe.M1, 300, 7)
    high, low, close = (each[np.newaxis] for each in (candles.high, candles.low, candles.close))
    assert np.array_equal(of_closes(close)[0], talib("TRANGE")(close[0], close[0], close[0])[1:])
    assert np.array_equal(true_ranges(high, low, close)[0], talib("TRANGE")(high[0], low[0], close[0])[1:])
    both = talib("PLUS_DM")(high[0], low[0], 1) + talib("MINUS_DM")(high[0], low[0], 1)
    assert np.array_equal(directional(high, low)[0], both[1:])


def test_a_candle_that_reaches_as_far_on_both_sides_has_no_directional_movement() -> None:
    high, low = np.array([[10.0, 11.0, 12.0]]), np.array([[8.0, 7.0, 6.5]])
    assert directional(high, low).tolist() == [[0.0, 1.0]]


@given(st.sampled_from([1 / 2, 4 / 5, 13 / 14, 49 / 50]), st.integers(0, 100), st.integers(1, 90))
def test_the_least_that_an_average_is_holds_at_each_column_that_an_anchor_speaks_for(
    keep: float, seed: int, count: int
) -> None:
    bounds, random = Bounds(keep), np.random.default_rng(seed)
    moves = random.random((1, bounds.reach - 1 + count)) * (random.random(bounds.reach - 1 + count) < 0.3)
    average = [0.0]
    for move in moves[0]:
        average.append(average[-1] * keep + move)
    least = np.repeat(bounds.least(moves)[0], bounds.step)[:count]
    assert (least <= np.array(average[-count:]) * (1 + 1e-12)).all()


@given(
    rows=st.lists(st.tuples(st.integers(0, 40), st.sampled_from([1e-4, 1e-5]), st.sampled_from([0.0, 0.1, 0.9]))),
    tail=st.integers(1, 60),
)
def test_what_movements_tell_is_what_the_denominator_itself_tells(
    rows: list[tuple[int, float, float]], tail: int
) -> None:
    series = [patchy(*row) for row in rows] or [patchy(0, 1e-4, 0.0)]
    for name in NAMES:
        found = window(series, tail).feature(name)
        with patch.object(tables, "MOST_COLUMNS", 0):  # always by the denominator
            assert np.array_equal(found, window(series, tail).feature(name), equal_nan=True), name


@pytest.mark.parametrize("name", NAMES)
def test_in_a_lively_market_movements_tell_all_and_no_denominator_is_computed(name: str) -> None:
    for seed in range(5):
        table = window([walk(Timeframe.M1, LENGTH, seed)], 10)
        (stretch,) = table._stretches(feature_spec(name), table.stack.count - table.tail)
        assert stretch.stop - stretch.begin >= history(name, TOLERANCE).candles
        assert table._doubtful(quotient_of(name), stretch).rows == []
