"""The catalogue: its names, parameters, aliases and bounds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mtf_core.config_nodes import Problems
from mtf_core.market import Side, Timeframe
from mtf_core.rules import CONDITIONS, METRICS, BuildContext, Condition, Scope, parse_test
from mtf_core.rules.expressions import Metric, Named, used
from tests.unit.rules.facts import FACTS
from tests.unit.rules.trees import node, parsed, refused

_TEXT = """
close_above_ema_200 close_below_ema_200 close_minus_ema_200_gt close_minus_ema_200_lt close_above_ma_9
close_below_ma_9 close_above_vwap close_below_vwap close_above_vwap_or_ma9 near_vwap price_below_ma21_plus_2atr
price_lte_ma21_plus_k_atr pullback_confirmed pullback_confirmed_ma9_21 pullback_confirmed_vwap price_regime_ok
price_regime_ok_long price_regime_ok_short ema_20_gt_50 ema_20_lt_50 ema_50_gt_200 ema_50_lt_200
ema_20_minus_ema_50_gt ema20_over_50_with_tolerance ema20_over_50_with_tolerance_moderate
ema_above_200_with_tolerance ema_above_200_with_tolerance_moderate ema_below_200_with_tolerance ema_20_slope_pos
ema200_slope_pos ema200_slope_neg ma9_cross_up_ma21 macd_hist_gt_0 macd_hist_lt_0 macd_hist_gt_eps macd_hist_lt_eps
macd_hist_increasing_n macd_hist_decreasing_n macd_hist_slope_pos macd_hist_slope_neg macd_line_above_signal
macd_line_below_signal macd_signal_cross_up macd_signal_cross_down macd_line_cross_up_with_hysteresis
macd_line_cross_down_with_hysteresis rsi_bullish rsi_bearish rsi_cross_up rsi_cross_down rsi_gt_15 rsi_gt_20
rsi_gt_30 rsi_gt_85 rsi_lt_15 rsi_lt_70 rsi_lt_80 rsi_lt_85 rsi_gt_softfloor rsi_lt_softcap atr_volatility_ok
atr_rel_in_range_5m atr_rel_in_range_15m atr_rel_in_range_micro atr_stop_valid adx_min_for_trend adx_5m_lt adx_1m_lt
volume_ratio_ok expected_r_multiple_gte expected_r_multiple_lt entry_zone_width_pct_gt entry_zone_width_pct_lte
atr_pct_15m_gt_bps atr_pct_15m_lte_bps spread_bps_gt lev_bounds scalping trailing_after_tp1 end_of_zone_fallback
get_true get_false
"""
NAMES = _TEXT.split()
MAIN = {
    **dict.fromkeys(("near_vwap", "pullback_confirmed_ma9_21"), "tolerance"),
    **{name: "tolerance" for name in NAMES if "_with_tolerance" in name},
    **dict.fromkeys(("price_lte_ma21_plus_k_atr", "atr_stop_valid"), "k"),
    "pullback_confirmed_vwap": "max_distance",
    **{name: "adx_min" for name in NAMES if name.startswith("price_regime_ok")},
    **{name: "lookback" for name in NAMES if "_slope_" in name and name.startswith("ema")},
    **dict.fromkeys(("macd_hist_gt_eps", "macd_hist_lt_eps"), "eps_pct"),
    **dict.fromkeys(("macd_hist_increasing_n", "macd_hist_decreasing_n"), "n"),
    **dict.fromkeys(("macd_hist_slope_pos", "macd_hist_slope_neg"), "persist_n"),
    **{name: "min_gap_pct" for name in NAMES if "hysteresis" in name},
    **dict.fromkeys(("rsi_cross_up", "rsi_cross_down"), "level"),
    **dict.fromkeys(("scalping", "trailing_after_tp1", "end_of_zone_fallback"), "expected"),
}


def test_the_catalogue_has_exactly_these_82_conditions() -> None:
    assert len(NAMES) == 82
    assert sorted(CONDITIONS) == sorted(NAMES)


@pytest.mark.parametrize("name", FACTS)
def test_sides_defaults_and_aliases_are_as_stated(name: str) -> None:
    fact, condition = FACTS[name], CONDITIONS[name]
    assert condition.side == {"long": Side.LONG, "short": Side.SHORT, "both": None}[fact.side]
    assert dict(condition.named({}, BuildContext()).parameters) == fact.params
    aliases = {alias: item.name for item in condition.parameters for alias in item.aliases}
    assert aliases == fact.aliases
    assert {item.name for item in condition.parameters} == {*fact.params, *fact.optional}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_a_bare_number_sets_the_main_parameter(condition: Condition) -> None:
    main = condition.main
    expected = MAIN.get(condition.name) or ("threshold" if condition.parameter("threshold") else None)
    assert (main.name if main else None) == expected


def test_every_metric_in_a_condition_is_a_known_selector_metric() -> None:
    tests = [condition.named({}, BuildContext()) for condition in CONDITIONS.values()]
    read = {leaf.name for test in tests for leaf, _ in used(test) if isinstance(leaf, Metric)}
    assert read <= set(METRICS)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [(name, key, fact.params.get(target, 0.0)) for name, fact in FACTS.items() for key, target in fact.aliases.items()],
)
def test_an_alias_sets_the_parameter_and_the_tree_records_its_canonical_name(name: str, key: str, value: float) -> None:
    sound = Decimal(1) if isinstance(value, int) else Decimal(str(value)) * Decimal("0.5")
    test = parse_test(node({name: {key: sound}}), Scope(metrics=True), Problems())
    assert isinstance(test, Named)
    assert dict(test.parameters)[FACTS[name].aliases[key]] == float(sound)
    assert key not in dict(test.parameters) or key == FACTS[name].aliases[key]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("near_vwap: -0.001", "0 to 1"),
        ("near_vwap: 1.5", "a ratio: 0.01 means 1 %"),
        ("ema20_over_50_with_tolerance: -0.001", "0 to 1"),
        ("close_minus_ema_200_gt: -3", "-1 to 1"),
        ("rsi_lt_70: 101", "0 to 100"),
        ("rsi_cross_up: -1", "0 to 100"),
        ("adx_min_for_trend: {threshold: 120}", "0 to 100"),
        ("macd_hist_increasing_n: 0", "1 to 50"),
        ("macd_hist_increasing_n: 51", "1 to 50"),
        ("macd_hist_increasing_n: 1.5", "a whole number"),
        ("ema200_slope_pos: 0", "1 to 500"),
        ("macd_hist_gt_eps: {eps: -1}", "≥ 0"),
        ("macd_hist_gt_eps: 2", "a ratio: 0.01 means 1 %"),
        ("macd_line_cross_up_with_hysteresis: {cool_down_bars: -1}", "0 to 50"),
        ("macd_line_cross_up_with_hysteresis: {require_prev_below: 1}", "true or false"),
        ("volume_ratio_ok: -1", "≥ 0"),
        ("atr_rel_in_range_5m: {min: 0.02, max: 0.01}", "min 0.02 is above max 0.01"),
        ("atr_volatility_ok: {min: 0}", "0 < min < max"),
        ("atr_volatility_ok: {min: 0.02, max: 0.02}", "0 < min < max"),
        ("lev_bounds: {min: 30}", "min 30 is above max 20"),
        ("atr_stop_valid: 0", "> 0"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_with_what_is_allowed(text: str, allowed: str) -> None:
    (problem,) = refused(text, metrics=True)
    assert allowed in problem


def test_an_absolute_and_a_relative_gap_exclude_each_other() -> None:
    for text in (
        "macd_hist_lt_eps: {eps: 1, eps_pct: 0.1}",
        "macd_hist_decreasing_n: {macd_hist_decreasing_eps: 1, eps_pct: 0.1}",
        "macd_line_cross_up_with_hysteresis: {min_gap: 1, min_gap_pct: 0.1}",
    ):
        (problem,) = refused(text)
        assert "both" in problem


def test_an_absolute_gap_replaces_the_relative_default() -> None:
    test = parsed("macd_hist_lt_eps: {eps: 0.0001}")
    assert isinstance(test, Named)
    assert test.parameters == (("eps", 0.0001),)


def test_there_is_no_hidden_special_case_for_a_timeframe() -> None:
    """`rsi_bullish` has one default on every timeframe."""
    condition = CONDITIONS["rsi_bullish"]
    built = {condition.named({}, BuildContext(timeframe)) for timeframe in Timeframe}
    assert [dict(test.parameters) for test in built] == [{"threshold": 52.0}]
