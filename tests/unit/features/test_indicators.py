"""Every indicator against TA-Lib's public functions and against a definition in plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from mtf_core.features.names import feature_problem, feature_spec, history, known_feature_names
from mtf_core.features.table import WARMUP_TOLERANCE, FeatureTable
from mtf_core.market import COLUMNS, Candles, CandleStack, Timeframe
from tests.market_strategies import altered, same_bits, walk, without

CANDLES = walk(Timeframe.H1, 900, 21, volatility=0.01)
NAN = math.nan

Floats = NDArray[np.float64]


def table_of(candles: Candles) -> FeatureTable:
    stack = CandleStack.of_series(candles, "T")
    return FeatureTable(stack, stack.count)


def feature(name: str, candles: Candles = CANDLES) -> Floats:
    return table_of(candles).feature(name)[0]


def assert_close(found: Floats, expected: Floats | Sequence[float], scale: float = 0.0) -> None:
    """To 1e-9 relative (to `scale` where that is larger), and missing in the same places."""
    wanted = np.asarray(expected, dtype=np.float64)
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    assert np.allclose(found, wanted, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


def from_talib(name: str) -> Floats:
    """What the public functions of TA-Lib say."""
    c = CANDLES
    hlc = (c.high, c.low, c.close)
    spec = feature_spec(name)
    rsi = talib.RSI(c.close, 14)
    match name.split("_", maxsplit=1)[0]:
        case "ema" | "ma":
            return talib.EMA(c.close, spec.period)
        case "sma":
            return talib.SMA(c.close, spec.period)
        case "rsi":
            return talib.RSI(c.close, spec.period)
        case "atr":
            return talib.ATR(*hlc, spec.period or 14) / (c.close if name == "atr_pct" else 1.0)
        case "adx":
            return talib.ADX(*hlc, spec.period)
        case "plus":
            return talib.PLUS_DI(*hlc, spec.period)
        case "minus":
            return talib.MINUS_DI(*hlc, spec.period)
        case "macd":
            return talib.MACD(c.close, 12, 26, 9)[("macd", "macd_signal", "macd_hist").index(name)]
        case "bb":
            upper, middle, lower = talib.BBANDS(c.close, 20, 2.0, 2.0, talib.MA_Type.SMA)
            bands = {"bb_upper": upper, "bb_middle": middle, "bb_lower": lower, "bb_width": (upper - lower) / middle}
            return bands[name]
        case _:
            k, d = talib.STOCH(rsi, rsi, rsi, fastk_period=14, slowk_period=3, slowd_period=3)
            return k if name == "stoch_rsi_k" else d


TALIB_NAMES = [
    *("ema_9", "ema_200", "ma_21", "sma_20", "sma_50", "rsi", "rsi_7", "atr", "atr_21", "atr_pct", "adx", "adx_5"),
    *("plus_di", "minus_di", "plus_di_30", "macd", "macd_signal", "macd_hist", "bb_upper", "bb_middle", "bb_lower"),
    *("bb_width", "stoch_rsi_k", "stoch_rsi_d"),
]


QUOTIENTS = ("rsi", "adx", "plus_di", "minus_di", "stoch_rsi")
"""Missing while their seed weighs too much, where TA-Lib has a value at once."""


@pytest.mark.parametrize("name", TALIB_NAMES)
def test_a_feature_is_what_talib_says(name: str) -> None:
    if name.startswith(QUOTIENTS):
        assert_close_when_warm(name, from_talib(name))
    else:
        assert_close(feature(name), from_talib(name))


def assert_close_when_warm(name: str, expected: Floats | Sequence[float]) -> None:
    """There from the warm-up on, and right wherever it is there."""
    values, wanted = feature(name), np.asarray(expected, dtype=np.float64)
    warm = history(name, WARMUP_TOLERANCE).candles - 1
    assert np.isnan(values[: warm // 3]).all()
    assert not np.isnan(values[warm:]).any()
    assert_close(values, np.where(np.isnan(values), np.nan, wanted), scale=100)


# --- the same in plain numbers --------------------------------------------------------------------------------
def smoothed(values: Sequence[float], n: int, weight: float) -> list[float]:
    """Seeded by the simple average of the first n, then moved by `weight` of the distance to each new value."""
    found = [NAN] * len(values)
    first = next((place for place, value in enumerate(values) if not math.isnan(value)), len(values))
    if len(values) - first < n:
        return found
    current = sum(values[first : first + n]) / n
    found[first + n - 1] = current
    for place in range(first + n, len(values)):
        current += weight * (values[place] - current)
        found[place] = current
    return found


def ema(values: Sequence[float], n: int) -> list[float]:
    return smoothed(values, n, 2 / (n + 1))


def rolling(values: Sequence[float], n: int, of: Callable[[Sequence[float]], float]) -> list[float]:
    windows = [values[max(0, place - n + 1) : place + 1] for place in range(len(values))]
    return [of(w) if len(w) == n and not any(map(math.isnan, w)) else NAN for w in windows]


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def plain_rsi(close: Sequence[float], n: int = 14) -> list[float]:
    moves = [NAN, *(b - a for a, b in pairwise(close))]
    gains = smoothed([NAN, *(max(move, 0.0) for move in moves[1:])], n, 1 / n)
    losses = smoothed([NAN, *(max(-move, 0.0) for move in moves[1:])], n, 1 / n)
    return [100 * gain / (gain + loss) for gain, loss in zip(gains, losses, strict=True)]


def plain_atr(candles: Candles, n: int = 14) -> list[float]:
    high, low, close = (getattr(candles, name).tolist() for name in ("high", "low", "close"))
    ranges = [
        max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1])) for i in range(1, len(close))
    ]
    return smoothed([NAN, *ranges], n, 1 / n)


def plain_directions(candles: Candles, n: int = 14) -> tuple[list[float], list[float], list[float]]:
    """(+DI, −DI, ADX). Sums of the first n − 1 ranges and moves, each later one smoothed in: so TA-Lib seeds them."""
    high, low, close = (getattr(candles, name).tolist() for name in ("high", "low", "close"))
    sums = [0.0, 0.0, 0.0]
    plus, minus, dx = ([NAN] * len(close) for _ in range(3))
    for i in range(1, len(close)):
        up, down = high[i] - high[i - 1], low[i - 1] - low[i]
        moves = (up if up > max(down, 0) else 0.0, down if down > max(up, 0) else 0.0)
        true_range = max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))
        keep = 1.0 if i < n else 1 - 1 / n
        sums = [total * keep + new for total, new in zip(sums, (*moves, true_range), strict=True)]
        if i >= n:
            plus[i], minus[i] = (100 * total / sums[2] for total in sums[:2])
            dx[i] = 100 * abs(plus[i] - minus[i]) / (plus[i] + minus[i])
    return plus, minus, smoothed(dx, n, 1 / n)


def test_exponential_averages_are_seeded_by_the_simple_average_of_the_first_candles() -> None:
    for name, n in (("ema_20", 20), ("ma_9", 9), ("ema_200", 200), ("ema_1", 1)):
        assert_close(feature(name), ema(CANDLES.close.tolist(), n))


def test_rsi_is_wilders() -> None:
    assert_close_when_warm("rsi", plain_rsi(CANDLES.close.tolist()))


def test_atr_is_wilders_and_its_percentage_is_relative_to_close() -> None:
    assert_close(feature("atr_14"), plain_atr(CANDLES))
    assert_close(feature("atr_pct"), np.array(plain_atr(CANDLES)) / CANDLES.close)


def test_directional_movement_is_wilders() -> None:
    plus, minus, adx = plain_directions(CANDLES)
    assert_close_when_warm("plus_di", plus)
    assert_close_when_warm("minus_di", minus)
    assert_close_when_warm("adx", adx)


def test_macd_is_the_distance_of_two_averages_and_its_own_average() -> None:
    """TA-Lib begins the fast average where both end their seed, and shows the line once there is a signal."""
    close = CANDLES.close.tolist()
    fast = ema([NAN] * 14 + close[14:], 12)
    line = [one - other for one, other in zip(fast, ema(close, 26), strict=True)]
    signal = ema(line, 9)
    shown = [value if not math.isnan(other) else NAN for value, other in zip(line, signal, strict=True)]
    assert_close(feature("macd"), shown, scale=1.0)
    assert_close(feature("macd_signal"), signal, scale=1.0)
    assert_close(feature("macd_hist"), np.array(shown) - np.array(signal), scale=1.0)


def test_bollinger_bands_are_two_population_deviations_wide() -> None:
    close = CANDLES.close.tolist()
    middle = np.array(rolling(close, 20, mean))
    deviation = np.array(rolling(close, 20, lambda w: math.sqrt(mean([(x - mean(w)) ** 2 for x in w]))))
    assert_close(feature("bb_middle"), middle)
    assert_close(feature("bb_upper"), middle + 2 * deviation)
    assert_close(feature("bb_lower"), middle - 2 * deviation)
    assert_close(feature("bb_width"), 4 * deviation / middle, scale=1.0)


def test_stochastic_rsi_is_smoothed_twice() -> None:
    """K of 14 over RSI(14), averages of 3; TA-Lib shows K once there is a D."""
    raw = rolling(plain_rsi(CANDLES.close.tolist()), 14, lambda w: 100 * (w[-1] - min(w)) / (max(w) - min(w)))
    smooth = rolling(raw, 3, mean)
    signal = rolling(smooth, 3, mean)
    shown = [value if not math.isnan(other) else NAN for value, other in zip(smooth, signal, strict=True)]
    assert_close_when_warm("stoch_rsi_k", shown)
    assert_close_when_warm("stoch_rsi_d", signal)


def test_volume_is_compared_with_the_twenty_candles_before_it() -> None:
    volume = CANDLES.volume.tolist()
    expected = [volume[i] / mean(volume[i - 20 : i]) if i >= 20 else NAN for i in range(len(volume))]
    assert_close(feature("volume_ratio"), expected)


@pytest.mark.parametrize(("name", "k"), [("ma_21_plus_1.3atr", 1.3), ("ma_21_minus_2atr", -2.0), ("ma_9_plus_0atr", 0)])
def test_a_band_lies_a_number_of_atrs_beside_the_average(name: str, k: float) -> None:
    average = feature(name.rsplit("_", 2)[0])
    assert_close(feature(name), average + k * np.array(plain_atr(CANDLES)))


def test_an_alias_and_a_missing_period_name_the_same_feature() -> None:
    table = table_of(CANDLES)
    assert table.feature("ma_21") is table.feature("ema_21")
    assert table.feature("rsi") is table.feature("rsi_14")
    assert table.feature("adx") is table.feature("adx_14")


def test_every_customary_name_is_a_feature_of_the_right_shape() -> None:
    table = table_of(CANDLES)
    for name in known_feature_names():
        assert feature_problem(name) is None
        assert table.feature(name).shape == (1, len(CANDLES))
        assert not np.isinf(table.feature(name)).any()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ema_0", "period must lie within 1..5000"),
        ("rsi_1", "period must lie within 2..5000"),
        ("sma_5001", "period must lie within 1..5000"),
        ("adx_1", "period must lie within 2..5000"),
        ("ema", "unknown feature 'ema'"),
        ("EMA_20", "unknown feature"),
        ("ma_21_plus_atr", "unknown feature"),
        ("pivot_r7", "unknown feature"),
        ("", "unknown feature"),
    ],
)
def test_what_is_no_feature_is_said_to_be_none(name: str, said: str) -> None:
    assert said in str(feature_problem(name))


# --- pivots ---------------------------------------------------------------------------------------------------
def test_pivots_are_the_classic_ones_up_to_the_sixth_level() -> None:
    """H 110, L 90, C 106: PP 102, range 20; R1 = 204 − 90, R2 = 122, R3 = 110 + 2·12, then 20 more each."""
    candle = Candles.checked(Timeframe.D1, [0], [100.0], [110.0], [90.0], [106.0], [1.0])
    found = {
        level: feature(f"pivot_{level}", candle)[0]
        for level in ("pp", *(s + str(k) for s in "rs" for k in range(1, 7)))
    }
    assert found == {
        "pp": 102.0,
        **{"r1": 114.0, "r2": 122.0, "r3": 134.0, "r4": 154.0, "r5": 174.0, "r6": 194.0},
        **{"s1": 94.0, "s2": 82.0, "s3": 74.0, "s4": 54.0, "s5": 34.0, "s6": 14.0},
    }


# --- odd markets ----------------------------------------------------------------------------------------------
def flat(count: int, volume: float = 5.0) -> Candles:
    candles = walk(Timeframe.M5, count, 1)
    price = np.full(count, 100.0)
    return Candles.checked(Timeframe.M5, candles.open_ms, price, price, price, price, np.full(count, volume))


def test_constant_prices_have_no_quotient_of_movements_and_no_range() -> None:
    """No gain and no loss: TA-Lib calls RSI, ADX, ±DI and the stochastic 0, which is what 0/0 is not."""
    candles = flat(300)
    for name in ("rsi", "rsi_2", "adx", "plus_di", "minus_di", "stoch_rsi_k", "stoch_rsi_d"):
        assert np.isnan(feature(name, candles)).all(), name
    for name in ("atr", "atr_pct", "macd_hist", "bb_width"):
        assert feature(name, candles)[-1] == pytest.approx(0.0, abs=1e-12)
    assert feature("ema_20", candles)[-1] == 100.0
    assert feature("volume_ratio", candles)[-1] == 1.0


def test_prices_that_only_rise_have_an_rsi_of_a_hundred() -> None:
    close = np.arange(1.0, 200.0)
    opens = walk(Timeframe.M5, len(close), 1).open_ms
    rising = Candles.checked(Timeframe.M5, opens, close, close + 0.5, close - 0.5, close, np.ones(len(close)))
    assert feature("rsi", rising)[-1] == 100.0
    assert feature("minus_di", rising)[-1] == 0.0
    assert np.isnan(feature("stoch_rsi_k", rising)).all()  # an RSI that stands still has no range to have a place in


def test_without_any_volume_what_divides_by_volume_is_missing() -> None:
    candles = flat(60, volume=0.0)
    assert np.isnan(feature("volume_ratio", candles)).all()
    assert np.isnan(feature("vwap", candles)).all()


def test_a_volume_ratio_is_missing_exactly_while_the_twenty_before_are_all_zero() -> None:
    candles = walk(Timeframe.M5, 90, 3)
    volume = candles.volume.copy()
    volume[30:55] = 0.0
    candles = Candles.checked(Timeframe.M5, candles.open_ms, *(getattr(candles, n) for n in COLUMNS[:4]), volume)
    ratio = feature("volume_ratio", candles)
    assert np.flatnonzero(np.isnan(ratio)).tolist() == [*range(20), *range(50, 56)]
    assert (ratio[30:50] == 0).all()


@pytest.mark.parametrize("count", [1, 2, 5, 14, 15, 20, 21, 27, 28, 33, 34])
def test_a_short_series_is_missing_where_talib_has_no_value_yet(count: int) -> None:
    short = feature_values(CANDLES[:count])
    for name, values in feature_values(CANDLES).items():
        assert same_bits(short[name], values[:count]), name


SERIES_NAMES = [*TALIB_NAMES, "volume_ratio", "ma_21_plus_1.3atr", "vwap", "close", "pivot_r2"]


def feature_values(candles: Candles) -> dict[str, Floats]:
    table = table_of(candles)
    return {name: table.feature(name)[0] for name in SERIES_NAMES}


# --- no look-ahead, holes and tails ---------------------------------------------------------------------------
@pytest.mark.parametrize("count", [40, 333, 899])
def test_a_value_is_the_same_bits_whatever_comes_after_it(count: int) -> None:
    whole = feature_values(CANDLES)
    for changed in (feature_values(altered(CANDLES, count)), feature_values(CANDLES[:count])):
        for name, values in whole.items():
            assert same_bits(changed[name][:count], values[:count]), name


def test_after_a_hole_features_begin_anew() -> None:
    broken = without(CANDLES, [400, 401, 700])
    table = table_of(broken)
    first, second, third = CANDLES[:400], CANDLES[402:700], CANDLES[701:]
    for name in SERIES_NAMES:
        if name == "vwap":
            continue  # begins anew with the session only
        values = table.feature(name)[0]
        assert same_bits(values[:400], feature(name, first)), name
        assert np.isnan(values[400:402]).all()
        assert same_bits(values[402:700], feature(name, second)), name
        assert same_bits(values[701:], feature(name, third)), name


def test_a_short_tail_and_other_rows_hold_the_same_bits() -> None:
    """Two symbols with different holes; features computed before and after rows are taken."""
    series = {"A": without(CANDLES, [500]), "B": without(CANDLES, [880, 881])}
    stack = CandleStack.of_window(Timeframe.H1, series, int(CANDLES.open_ms[0]), int(CANDLES.open_ms[-1]))
    whole, tail = FeatureTable(stack, stack.count), FeatureTable(stack, 30)
    tail.feature("rsi")
    taken = tail.rows(("B",))
    for name in SERIES_NAMES:
        assert same_bits(tail.feature(name), whole.feature(name)[:, -30:]), name
        assert same_bits(taken.feature(name)[0], whole.feature(name)[1, -30:]), name


def test_recursive_features_begin_at_the_lead() -> None:
    first, last = int(CANDLES.open_ms[0]), int(CANDLES.open_ms[-1])
    led = FeatureTable(CandleStack.of_window(Timeframe.H1, {"T": CANDLES}, first, last, lead=600), 50)
    for name in TALIB_NAMES:
        assert same_bits(led.feature(name)[0], feature(name, CANDLES[600:])[-50:]), name
