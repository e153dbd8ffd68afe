"""How much history each feature needs, derived once more by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.features.history import BLOCK, History, averaged
from mtf_core.features.names import history
from mtf_core.features.table import FeatureTable
from mtf_core.market import COLUMNS, Candles, CandleStack, Timeframe
from tests.market_strategies import walk

TOLERANCES = [0.5, 0.1, 0.01, 0.001]


def faded(keep: float, tolerance: float) -> int:
    """Candles until what is multiplied by `keep` at each of them is below the tolerance."""
    count, weight = 0, 1.0
    while weight >= tolerance:
        weight *= keep
        count += 1
    return count


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_the_warm_up_is_the_smallest_history_whose_seed_weighs_less_than_the_tolerance(tolerance: float) -> None:
    """The seed is complete after n candles (n + 1 where it is made of changes), and fades from there."""
    for n in (2, 9, 20, 50, 200):
        assert history(f"ema_{n}", tolerance).candles == n + faded(1 - 2 / (n + 1), tolerance)
    for n in (2, 7, 14, 30):
        assert history(f"atr_{n}", tolerance).candles == n + 1 + faded(1 - 1 / n, tolerance)
        assert history(f"rsi_{n}", tolerance).candles == n + 1 + faded(1 - 1 / n, tolerance / 20)
    line = 26 + faded(25 / 27, tolerance)
    assert history("macd", tolerance).candles == line
    assert history("macd_hist", tolerance).candles == line + 8 + faded(0.8, tolerance)
    assert history("macd_signal", tolerance) == history("macd_hist", tolerance)


def test_the_weight_of_a_seed_is_measured_on_the_feature_itself() -> None:
    """Two series that share all candles but the first 200: their averages differ by the seeds' difference times
    its weight, which is below 0.01 from the 661st candle on and not before."""
    base = walk(Timeframe.H1, 700, 1)
    shifted = np.concatenate([base.close[:200] * 3, base.close[200:]])
    columns = {**{name: getattr(base, name) for name in COLUMNS}, "close": shifted}
    columns["high"] = np.maximum(base.high, shifted)
    other = Candles.checked(Timeframe.H1, base.open_ms, **columns)
    one, two = (
        FeatureTable(CandleStack.of_series(candles, "T"), 700).feature("ema_200")[0] for candles in (base, other)
    )
    weight = np.abs(two - one) / abs(two[199] - one[199])
    assert int(np.flatnonzero(weight < 0.01)[0]) + 1 == 661 == history("ema_200", 0.01).candles


@pytest.mark.parametrize(
    ("name", "candles"),
    [
        ("close", 1), ("pivot_r3", 1), ("sma_50", 50), ("bb_width", 20), ("volume_ratio", 21),
        ("ema_200", 661), ("ma_200", 661), ("ema_1", 1), ("rsi", 118), ("atr_pct", 78), ("atr_14", 78), ("adx", 194),
        ("plus_di", 118), ("macd", 86), ("macd_hist", 115), ("stoch_rsi_k", 164), ("stoch_rsi_d", 166),
        ("ma_21_plus_2atr", 78), ("ma_50_plus_2atr", 166),
    ],
)  # fmt: skip
def test_the_customary_features_need_this_many_candles(name: str, candles: int) -> None:
    """At 0.01. (13/14)^63 < 0.01 <= (13/14)^62, and (13/14)^103 < 0.01/20: atr 15 + 63; rsi 15 + 103;
    adx 28 + 103 + 63; stoch k 15 + 134 + 13 + 2, as (13/14)^134 < 0.001/20."""
    assert history(name, 0.01).candles == candles


def test_vwap_needs_its_session() -> None:
    assert history("vwap", 0.01) == History(1, session=True)


@pytest.mark.parametrize(
    "name",
    ["ema_20", "ema_200", "rsi", "atr", "adx", "plus_di", "macd", "macd_signal", "stoch_rsi_k", "bb_upper", "sma_20"],
)
@pytest.mark.parametrize("tolerance", [0.1, 0.01, 0.0001])
def test_histories_of_different_length_agree_within_the_tolerance(name: str, tolerance: float) -> None:
    """Both at least the warm-up long: the values differ by no more than the tolerance times their range."""
    candles = walk(Timeframe.H1, 3000, 7, volatility=0.01)
    whole = FeatureTable(CandleStack.of_series(candles, "T"), 3000, tolerance=tolerance).feature(name)[0]
    spread = float(np.nanmax(whole) - np.nanmin(whole))
    need = history(name, tolerance).candles
    for first in range(0, 3000 - need, 97):
        part = candles[first : first + need]
        value = FeatureTable(CandleStack.of_series(part, "T"), 1, tolerance=tolerance).feature(name)[0, 0]
        assert abs(value - whole[first + need - 1]) <= tolerance * spread + 1e-9 * abs(value)


@given(st.integers(0, 10**7), st.integers(1, 400), st.integers(1, 300))
def test_a_block_begins_where_it_leaves_the_history_and_not_a_block_earlier(last: int, candles: int, ago: int) -> None:
    need = averaged(candles)
    first = need.first(last)
    assert first % BLOCK == 0
    assert candles <= last - first + 1 < candles + BLOCK
    assert need.plus(ago).first(last) == need.first(last - ago)
    assert need.first(need.end(last) - 1) == first < need.first(need.end(last))
