"""How much history tests need on each timeframe."""

from __future__ import annotations

import numpy as np
import pytest

from mtf_core.features.history import History, averaged
from mtf_core.features.table import FeatureTable
from mtf_core.market import CandleStack, Timeframe
from mtf_core.rules.axis import CandleAxis, home_timeframe
from mtf_core.rules.expressions import AllOf, Compare, Comparison, Feature, Metric, Number, Test, WithinBars
from mtf_core.rules.needs import Need, feature_need, joined, needs_of
from tests.market_strategies import START_MS, walk

M1, M5, M15, H1, H4, D1 = Timeframe


def above_zero(*features: Feature | Metric) -> Test:
    return AllOf(tuple(Compare(Comparison.GT, feature, Number(0.0)) for feature in features))


def needs(test: Test, evaluated: Timeframe = M5, *, at_instants: bool = False) -> dict[Timeframe, Need]:
    return needs_of([test], evaluated, D1, 0.01, at_instants=at_instants)


def test_a_feature_some_candles_back_needs_as_many_more() -> None:
    assert needs(above_zero(Feature("sma_20", 3))) == {M5: Need(averaged(23), 4, 23)}


def test_within_bars_adds_its_reach() -> None:
    test = WithinBars(3, above_zero(Feature("sma_20", 1), Feature("rsi")))
    assert needs(test) == {M5: Need(averaged(120), 4, 120)}  # rsi: 118 + 2


def test_the_evaluated_timeframe_is_always_needed_and_metrics_are_not_candles() -> None:
    assert needs(above_zero(Metric("leverage"))) == {M5: Need(History(1), 1, 1)}
    assert set(needs(above_zero(Feature("close", timeframe=H1)))) == {M5, H1}


def test_a_step_back_to_another_timeframe_needs_the_candle_stepped_over() -> None:
    assert needs(above_zero(Feature("close", 3, H1)))[M5] == Need(History(4), 1, 4)
    assert needs(above_zero(Feature("close", 3, H1)), at_instants=True)[M5] == Need(History(1), 1, 1)


def test_pivots_are_needed_of_the_pivot_timeframe() -> None:
    assert home_timeframe(Feature("pivot_r1"), M5, D1) is D1
    assert home_timeframe(Feature("pivot_r1", timeframe=M15), M5, D1) is M15
    assert needs(above_zero(Feature("pivot_r1")))[D1] == Need(History(1), 1, 1)


def test_a_lower_timeframe_is_loaded_beyond_what_it_needs_because_it_closes_candles_meanwhile() -> None:
    """While a 1h candle forms, 11 candles of 5m close after the last 1h close."""
    assert feature_need("sma_20", M5, H1, 0, 0.01) == Need(averaged(31), 12, 20)
    assert feature_need("sma_20", M5, H1, 2, 0.01) == Need(averaged(55), 36, 44)


def test_a_higher_timeframe_is_shifted_by_whole_candles_of_its_own() -> None:
    assert feature_need("sma_20", H1, M5, 0, 0.01) == Need(averaged(20), 1, 20)
    assert feature_need("sma_20", H1, M5, 1, 0.01) == Need(averaged(21), 2, 21)
    assert feature_need("sma_20", H1, M5, 13, 0.01) == Need(averaged(22), 3, 22)


def test_at_instants_a_step_back_is_a_candle_of_the_features_own_timeframe() -> None:
    assert needs(above_zero(Feature("sma_20", 3, H1)), at_instants=True)[H1] == Need(averaged(23), 4, 23)
    assert needs(above_zero(Feature("sma_20", 0, M1)), at_instants=True)[M1] == Need(averaged(20), 1, 20)


def test_joined_needs_cover_each_of_them() -> None:
    left = {M5: Need(History(20), 5, 20), H1: Need(History(3), 1, 3)}
    right = {M5: Need(History(9, session=True), 9, 21)}
    assert joined(left, right) == {M5: Need(History(20, session=True), 9, 21), H1: Need(History(3), 1, 3)}


@pytest.mark.parametrize(("evaluated", "home"), [(H1, M5), (M5, H1), (M15, M1), (M5, M5), (H4, H1)])
@pytest.mark.parametrize("ago", [0, 1, 5, 13])
def test_what_is_needed_suffices_at_every_minute_and_one_value_less_does_not(
    evaluated: Timeframe, home: Timeframe, ago: int
) -> None:
    """A window of exactly the needed candles gives the value that all history gives, whatever the minute."""
    feature = Feature("sma_20", timeframe=home)
    need = feature_need("sma_20", home, evaluated, ago, 0.01)
    count = need.history.candles + 8 * max(1, evaluated.ms // home.ms)
    end_ms = START_MS + 40 * 86_400_000
    series = {tf: walk(tf, count + 60, 9, start_ms=end_ms - (count + 60) * tf.ms) for tf in {home, evaluated}}

    def value(candles: int, tail: int, at_ms: int) -> float:
        tables = {}
        for tf, candles_of in series.items():
            last = tf.last_closed_open(at_ms)
            wanted = candles if tf is home else 1
            stack = CandleStack.of_window(tf, {"T": candles_of}, last - (wanted - 1) * tf.ms, last)
            tables[tf] = FeatureTable(stack, min(tail if tf is home else 1, stack.count))
        return float(CandleAxis(tables, evaluated, 1, D1).value(feature, ago)[0, 0])

    lacking = 0
    for minute in range(0, max(evaluated.minutes, home.minutes) + 1, 1):
        at_ms = end_ms - minute * 60_000
        whole = value(count, count, at_ms)
        assert value(need.history.candles, need.tail, at_ms) == pytest.approx(whole, rel=1e-12)
        lacking += np.isnan(value(need.history.candles - 1, need.tail, at_ms))
    assert lacking > 0
