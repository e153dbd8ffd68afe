"""In a window, the value at a candle depends on nothing but the candle, the feature and the tolerance."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.features.history import BLOCK
from mtf_core.features.names import history
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, Timeframe
from mtf_core.rules.needs import Need
from mtf_core.validation.window import window_at
from tests.market_strategies import same_bits, walk, without

M1 = Timeframe.M1
CANDLES = walk(M1, 2200, 8)
NAMES = ("rsi", "ema_9", "ema_200", "adx", "atr_pct", "macd_hist", "sma_50", "stoch_rsi_d", "ma_21_plus_2atr", "vwap")


def table(name: str, at: int, ago: int, more: int = 0, candles: Candles = CANDLES) -> FeatureTable:
    """What a decision at candle `at` loads for a feature some candles back, and for something else that needs more."""
    need = history(name, 0.01).plus(ago).joined(history("rsi_2", 0.01).plus(more))
    window = window_at(M1, Need(need, ago + 1, need.candles), int(candles.open_ms[0]) + (at + 1) * M1.ms, "UTC")
    return FeatureTable(window.stack({"T": candles}), ago + 1)


@given(st.sampled_from(NAMES), st.integers(1500, 2199), st.integers(0, 150), st.integers(0, 900))
def test_a_value_is_the_same_bits_whenever_it_is_asked_for_and_whatever_is_asked_for_beside_it(
    name: str, at: int, ago: int, more: int
) -> None:
    expected = table(name, at, 0).feature(name)[0, -1]
    assert not np.isnan(expected)
    later = min(at + ago, 2199)
    for asked in (table(name, at, 0, more), table(name, later, later - at), table(name, later, later - at, more)):
        since = (asked.stack.end_ms - int(CANDLES.open_ms[at])) // M1.ms
        assert asked.feature(name)[0, -since] == expected


@given(st.sampled_from(NAMES), st.integers(1500, 2199))
def test_a_value_rests_on_its_history_and_on_less_than_a_block_more(name: str, at: int) -> None:
    beside = table(name, at, 0, 900)
    first = beside.first_candle(name, 0, beside.stack.count - 1)
    assert first is not None
    need, resting = history(name, 0.01), (int(CANDLES.open_ms[at]) - first) // M1.ms + 1
    assert need.candles <= resting < need.candles + (1440 if need.session else BLOCK)
    before = (first - int(CANDLES.open_ms[0])) // M1.ms
    value = table(name, at, 0).feature(name)
    assert same_bits(table(name, at, 0, candles=without(CANDLES, [before - 1])).feature(name), value)
    if name in ("ema_200", "vwap"):  # others may have forgotten their first candle to the last bit
        assert not same_bits(table(name, at, 0, candles=without(CANDLES, [before])).feature(name), value)
