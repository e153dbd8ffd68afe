"""Each built-in condition against a second, independent statement of what it means (`facts.py`)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import Timeframe
from mtf_core.rules import CONDITIONS, BuildContext
from mtf_core.rules.expressions import Feature, Metric, reach, used
from tests.unit.rules.facts import FACTS, Fact, Params
from tests.unit.rules.reference import truth

PRICES = (98.0, 99.0, 99.5, 99.875, 100.0, 100.125, 100.5, 101.0, 102.0)
GRIDS = {
    "macd": (-1.0, -0.5, 0.0, 0.5, 1.0),
    "rsi": (0.0, 14.0, 15.0, 20.0, 22.0, 30.0, 48.0, 50.0, 52.0, 70.0, 71.0, 78.0, 80.0, 85.0, 100.0),
    "adx": (0.0, 14.0, 15.0, 20.0, 25.0),
    "atr": (0.0625, 0.5, 1.0, 2.0, 4.0),
    "volume_ratio": (0.0, 1.0, 1.4, 2.0),
}
METRIC_GRID = (0.0, 0.5, 1.0, 1.2, 2.0, 8.0, 19.0, 20.0, 21.0, 97.0, 100.0, 103.0, 120.0, 121.0)
VARIANTS: dict[str, list[Params]] = {
    "close_minus_ema_200_gt": [{"threshold": -0.005}],
    "close_minus_ema_200_lt": [{"threshold": 0.005}],
    "ema_20_minus_ema_50_gt": [{"threshold": -0.005}],
    "near_vwap": [{"tolerance": 0.005}],
    "price_below_ma21_plus_2atr": [{"allow_touch": True}],
    "price_lte_ma21_plus_k_atr": [{"k": 1.0}],
    "pullback_confirmed_vwap": [{"max_distance": 0.01}],
    "ema_below_200_with_tolerance": [{"tolerance": 0.0}],
    "macd_hist_gt_eps": [{"eps": 0.5}],
    "macd_hist_lt_eps": [{"eps": 0.0}],
    "macd_hist_increasing_n": [{"n": 1, "eps": 0.5}, {"n": 4}],
    "macd_hist_decreasing_n": [{"n": 1, "eps": 0.5}, {"n": 4}],
    "macd_hist_slope_pos": [{"persist_n": 3}, {"threshold": 0.5}, {"threshold": -0.5}],
    "macd_hist_slope_neg": [{"persist_n": 3}, {"threshold": -0.5}, {"threshold": 0.5}],
    "macd_line_cross_up_with_hysteresis": [
        {"min_gap": 0.5, "cool_down_bars": 0},
        {"min_gap": 0.5, "cool_down_bars": 4, "require_prev_below": False},
    ],
    "macd_line_cross_down_with_hysteresis": [
        {"min_gap": 0.5, "cool_down_bars": 0},
        {"min_gap": 0.5, "cool_down_bars": 4, "require_prev_above": False},
    ],
    "atr_volatility_ok": [{"min": 0.0005, "max": 0.01}],
    "lev_bounds": [{"min": 20.0, "max": 100.0}],
    "scalping": [{"expected": False}],
}


def read(example: str) -> dict[str, list[float | None]]:
    """`close=101 macd_hist=3,2,1` as series, newest first."""
    pairs = (part.split("=") for part in example.split())
    return {name: [float(value) for value in values.split(",")] for name, values in pairs}


def outcome(name: str, series: dict[str, list[float | None]], given_params: Params | None = None) -> bool | None:
    metrics = {name: values[0] for name, values in series.items()}
    return truth(CONDITIONS[name].named(given_params or {}, BuildContext()), series, metrics)


def needs(fact: Fact) -> set[tuple[str, int]]:
    """Every value that a fact reads, as (name, candles ago)."""
    pairs = (part.lstrip("@").partition(":") for part in fact.features.split())
    return {(name, ago) for name, _, count in pairs for ago in range(int(count or 1))}


def test_the_facts_cover_every_condition_but_the_two_constants() -> None:
    assert set(FACTS) == set(CONDITIONS) - {"get_true", "get_false"}


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS.keys())
class TestEachCondition:
    def test_it_holds_where_it_should(self, fact: Fact) -> None:
        assert outcome(fact.name, read(fact.true)) is True

    def test_it_does_not_hold_where_it_should_not(self, fact: Fact) -> None:
        assert outcome(fact.name, read(fact.false)) is False

    def test_the_boundary_is_on_the_stated_side(self, fact: Fact) -> None:
        assert outcome(fact.name, read(fact.edge)) is fact.edge_holds

    @pytest.mark.parametrize("absent", [None, math.nan, math.inf])
    @pytest.mark.parametrize("example", ["true", "false"])
    def test_it_is_unknown_when_any_value_that_it_reads_is_missing(
        self, fact: Fact, absent: float | None, example: str
    ) -> None:
        for name, ago in needs(fact):
            series = read(getattr(fact, example))
            series[name][ago] = absent
            result = outcome(fact.name, series)
            if fact.decided_by_true and example == "true":
                assert result in (True, None)
            else:
                assert result is None

    def test_it_reads_exactly_the_stated_values(self, fact: Fact) -> None:
        test = CONDITIONS[fact.name].named({}, BuildContext())
        assert {(leaf.name, ago) for leaf, ago in used(test)} == needs(fact)
        assert reach(test) == max(ago for _, ago in needs(fact))

    def test_metrics_are_metrics_and_features_are_features(self, fact: Fact) -> None:
        test = CONDITIONS[fact.name].named({}, BuildContext())
        metrics = {part[1:] for part in fact.features.split() if part.startswith("@")}
        assert {leaf.name for leaf, _ in used(test) if isinstance(leaf, Metric)} == metrics
        assert CONDITIONS[fact.name].metrics_only == bool(metrics)
        assert all(leaf.timeframe is None for leaf, _ in used(test) if isinstance(leaf, Feature))


@pytest.mark.parametrize("name", FACTS)
@given(data=st.data())
def test_it_agrees_with_its_plain_statement_on_any_values(name: str, data: st.DataObject) -> None:
    fact = FACTS[name]
    variant = data.draw(st.sampled_from([{}, *VARIANTS.get(name, [])]), "parameters")
    params = CONDITIONS[name].merged(fact.params, variant)
    series: dict[str, list[float | None]] = {}

    def value(feature: str, ago: int = 0) -> float:
        number = series[feature][ago]
        assert number is not None
        return number

    for part in fact.features.split():
        feature = part.lstrip("@").partition(":")[0]
        grid = METRIC_GRID if part.startswith("@") else GRIDS.get(feature.partition("_")[0], PRICES)
        grid = GRIDS["volume_ratio"] if feature == "volume_ratio" else grid
        if feature in ("entry_price", "stop_loss"):
            grid = (97.0, 100.0, 103.0)
        # Bytes are one draw where a list of eight samples is nine: these draws were most of the time of this module.
        series[feature] = [grid[byte % len(grid)] for byte in data.draw(st.binary(min_size=8, max_size=8), feature)]

    assert outcome(name, series, variant) is fact.holds(value, params)


# --- missing data that may still decide ------------------------------------------------------------------------


def test_a_regime_that_one_branch_decides_is_true_although_the_adx_is_missing() -> None:
    assert outcome("price_regime_ok_long", read("close=111 ema_50=100 ema_200=110 adx=nan")) is True
    assert outcome("price_regime_ok_short", read("close=89 ema_50=100 ema_200=90 adx=nan")) is True


def test_a_regime_that_no_branch_decides_is_unknown_even_if_both_parts_there_are_false() -> None:
    assert outcome("price_regime_ok_long", read("close=90 ema_50=100 ema_200=110 adx=nan")) is None


def test_above_vwap_or_ma9_is_decided_true_by_the_one_that_is_there() -> None:
    assert outcome("close_above_vwap_or_ma9", read("close=101 vwap=nan ma_9=100")) is True
    assert outcome("close_above_vwap_or_ma9", read("close=101 vwap=nan ma_9=102")) is None


def test_a_crossing_is_true_although_candles_before_it_are_missing() -> None:
    assert outcome("macd_line_cross_up_with_hysteresis", read("macd_hist=1,-1,nan,nan close=9,9,9,9")) is True
    assert outcome("macd_line_cross_up_with_hysteresis", read("macd_hist=-1,-1,nan,nan close=9,9,9,9")) is None


@pytest.mark.parametrize("example", ["close=1 ema_200=0", "close=0 ema_200=0"])
def test_a_ratio_to_zero_is_unknown(example: str) -> None:
    assert outcome("close_minus_ema_200_gt", read(example)) is None
    assert outcome("ema_above_200_with_tolerance", read(example)) is None


@pytest.mark.parametrize(
    "example",
    [
        "atr=0 entry_price=100 stop_loss=97",
        "atr=-2 entry_price=100 stop_loss=97",
        "atr=2 entry_price=0 stop_loss=-3",
        "atr=2 entry_price=-1 stop_loss=2",
    ],
)
def test_a_stop_cannot_be_judged_without_a_positive_atr_and_entry(example: str) -> None:
    assert outcome("atr_stop_valid", read(example)) is None


# --- hysteresis -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("histogram", "expected"),
    [
        ("1,-1,-1,-1", True),  # crossed on this candle
        ("1,1,-1,-1", True),  # one candle ago
        ("1,1,1,-1", True),  # two candles ago, the longest allowed
        ("1,1,1,1", False),  # longer ago than the cool-down
        ("0,1,-1,-1", True),  # came down to zero since, not below
        ("-0.0001,1,-1,-1", False),  # on the other side of zero since, however little
        ("1,-0.0001,1,-1", False),  # undone, and the new crossing came from too close below
        ("0.0002,-1,-1,-1", False),  # crossed by less than the gap
        ("1,-0.0002,-1,-1", False),  # came from less than the gap below
    ],
)
def test_a_crossing_counts_until_the_cool_down_ends_or_it_is_undone(histogram: str, expected: bool) -> None:
    series = read(f"macd_hist={histogram}")
    assert outcome("macd_line_cross_up_with_hysteresis", series, {"min_gap": 0.0003}) is expected


def test_without_the_requirement_a_crossing_may_start_anywhere_not_above_zero() -> None:
    params: Params = {"min_gap": 0.0003, "require_prev_below": False}
    for histogram, expected in (("1,-0.0001,-1,-1", True), ("1,0.1,1,1", False)):
        assert outcome("macd_line_cross_up_with_hysteresis", read(f"macd_hist={histogram}"), params) is expected


# --- relative variants ------------------------------------------------------------------------------------------


def test_a_relative_eps_is_a_share_of_the_close() -> None:
    inside, outside = read("macd_hist=0.5 close=1000"), read("macd_hist=0.5 close=999")
    assert outcome("macd_hist_lt_eps", inside, {"eps_pct": 0.0005}) is True
    assert outcome("macd_hist_lt_eps", outside, {"eps_pct": 0.0005}) is False


def test_a_relative_eps_of_zero_does_not_need_the_close() -> None:
    assert outcome("macd_hist_gt_eps", read("macd_hist=0"), {"eps_pct": 0.0}) is True
    assert outcome("macd_hist_gt_eps", read("macd_hist=-1e-9"), {"eps_pct": 0.0}) is False


def test_a_relative_step_is_measured_by_the_close_of_its_own_candle() -> None:
    # Steps of 1 each; 1 % of the close is 0.9 on the newest candle and 1.1 on the one before.
    series = read("macd_hist=3,2,1 close=90,110,1")
    assert outcome("macd_hist_increasing_n", series, {"n": 1, "eps_pct": 0.01}) is True
    assert outcome("macd_hist_increasing_n", series, {"n": 2, "eps_pct": 0.01}) is False


def test_a_relative_gap_is_measured_by_the_close_of_its_own_candle() -> None:
    # Gap 1 %: 1.0 needed on the newest candle (close 100), −2.0 on the one before (close 200).
    params: Params = {"min_gap_pct": 0.01, "cool_down_bars": 0}
    up, down = "macd_line_cross_up_with_hysteresis", "macd_line_cross_down_with_hysteresis"
    assert outcome(up, read("macd_hist=1,-2 close=100,200"), params) is True
    assert outcome(up, read("macd_hist=1,-1.5 close=100,200"), params) is False
    assert outcome(down, read("macd_hist=-1,2 close=100,200"), params) is True
    assert outcome(down, read("macd_hist=-1,1.5 close=100,200"), params) is False


# --- what depends on the timeframe, and longer history ----------------------------------------------------------


def test_atr_bounds_come_from_the_settings_of_the_timeframe() -> None:
    context = BuildContext(Timeframe.M15, {Timeframe.M15: (0.0015, 0.02)})
    condition = CONDITIONS["atr_volatility_ok"]
    assert dict(condition.named({}, context).parameters) == {"min": 0.0015, "max": 0.02}
    assert dict(condition.named({"max": 0.05}, context).parameters) == {"min": 0.0015, "max": 0.05}


def test_atr_bounds_of_another_timeframe_are_not_used() -> None:
    context = BuildContext(Timeframe.M5, {Timeframe.M15: (0.0015, 0.02)})
    assert dict(CONDITIONS["atr_volatility_ok"].named({}, context).parameters) == {"min": 0.001, "max": 0.03}


@pytest.mark.parametrize(
    ("name", "params", "candles_back"),
    [
        ("ema_20_slope_pos", {"lookback": 8}, 8),
        ("ema200_slope_pos", {"lookback": 13}, 13),
        ("ema200_slope_neg", {"lookback": 21}, 21),
        ("macd_hist_increasing_n", {"n": 5}, 5),
        ("macd_hist_decreasing_n", {"n": 1}, 1),
        ("macd_hist_slope_pos", {"persist_n": 3}, 3),
        ("macd_line_cross_up_with_hysteresis", {"cool_down_bars": 4}, 5),
    ],
)
def test_history_grows_with_the_parameters(name: str, params: Params, candles_back: int) -> None:
    assert reach(CONDITIONS[name].named(params, BuildContext())) == candles_back


def test_the_slope_compares_with_the_candle_that_many_back_only() -> None:
    assert outcome("ema_20_slope_pos", read("ema_20=2,9,9,1"), {"lookback": 3}) is True
    assert outcome("ema_20_slope_pos", read("ema_20=2,1,1,3"), {"lookback": 3}) is False


def test_the_constants_need_no_data() -> None:
    assert outcome("get_true", {}) is True
    assert outcome("get_false", {}) is False


def test_a_flag_can_be_expected_to_be_down() -> None:
    assert outcome("scalping", read("scalping=0"), {"expected": False}) is True
    assert outcome("scalping", read("scalping=1"), {"expected": False}) is False
    assert outcome("scalping", {}, {"expected": False}) is None
