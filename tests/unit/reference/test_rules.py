"""Named rules and entries: each form of the reference becomes what the language has for it, or is left out aloud."""

from pathlib import Path
from typing import Any

import pytest

from mtf_adapters.reference import FindingKind, Imported
from tests.unit.reference.samples import about, convert_text, of_kind, plain, with_rules


def rules(outcome: Imported) -> dict[str, Any]:
    document: Any = plain(outcome)
    found: dict[str, Any] = document.get("rules", {})
    return found


def long_5m(outcome: Imported) -> list[Any]:
    document: Any = plain(outcome)
    found: list[Any] = document["validation"]["timeframe"]["5m"]["long"]
    return found


FORMS = {
    "rsi_lt_70: {lt: 72}": {"builtin.rsi_lt_70": 72},
    "rsi_lt_80: {lt: 75}": {"builtin.rsi_lt_80": 75},
    "rsi_gt_softfloor: {gt: 20}": {"builtin.rsi_gt_softfloor": 20},
    "my_rsi: {lt: 10}": {"lt": 10, "field": "rsi"},
    "lev_bounds: {field: leverage, min: 2, max: 25}": {"builtin.lev_bounds": {"min": 2, "max": 25}},
    "atr_rel_in_range_5m: {use_atr_tf: ['1m'], min: 0.0005, max: 0.06, adapt_with_vol_bucket: true}": {
        "builtin.atr_rel_in_range_5m": {"min": 0.0005, "max": 0.06}
    },
    "macd_hist_slope_pos: {derivative_gt: 0.5, persist_n: 2}": {
        "builtin.macd_hist_slope_pos": {"threshold": 0.5, "persist_n": 2}
    },
    "macd_line_cross_up_with_hysteresis: {min_gap: 0.5, cool_down_bars: 3, require_prev_below: false}": {
        "builtin.macd_line_cross_up_with_hysteresis": {
            "min_gap": 0.5,
            "cool_down_bars": 3,
            "require_prev_below": False,
        }
    },
    "pullback: {any_of: [ma9_cross_up_ma21, {near_vwap: true}], validity_bars: 3}": {
        "within_bars": 3,
        "rule": {"any_of": ["ma9_cross_up_ma21", "near_vwap"]},
    },
    "band: {lt_fields: [close, ma_21_plus_2atr], allow_touch: true}": {
        "op": "<=",
        "left": "close",
        "right": "ma_21_plus_2atr",
    },
    "adx_1h_ok: {op: '>=', left: adx_1h, period: 14, right: 20}": {"op": ">=", "left": "1h.adx_14", "right": 20},
    "fast: {gt_fields: [ma9, ma21]}": {"gt_fields": ["ma_9", "ma_21"]},
    "one: {all_of: [near_vwap]}": "near_vwap",
    "slope: {slope_left: ema_200, slope_lookback: 13, op: '>', right: 0}": {
        "slope_left": "ema_200",
        "slope_lookback": 13,
        "op": ">",
        "right": 0,
    },
    "falling: {decreasing: {field: macd_hist, n: 2}}": {"decreasing": {"field": "macd_hist", "n": 2}},
    "moving: {derivative_gt: 0.1, persist_n: 2}": {"derivative_gt": 0.1, "persist_n": 2, "field": "macd_hist"},
    "near_vwap: {near_vwap: {near_vwap_tolerance: 0.002}}": {"builtin.near_vwap": 0.002},
    "macd_hist_gt_eps: {any_of: [macd_hist_gt_eps, macd_hist_slope_pos]}": {
        "any_of": ["builtin.macd_hist_gt_eps", "macd_hist_slope_pos"]
    },
}


@pytest.mark.parametrize("source", FORMS)
def test_a_rule_becomes_the_form_that_says_it_here(tmp_path: Path, source: str):
    name = source.partition(":")[0]
    outcome = convert_text(tmp_path, with_rules(source, "rsi_bullish"))
    assert outcome.problems == ()
    assert as_floats(rules(outcome)[name]) == FORMS[source]


@pytest.mark.parametrize("body", ["{near_vwap: true}", "near_vwap", "true", "", "{near_vwap: {}}", "{}"])
def test_a_rule_that_only_repeats_its_built_in_is_left_out(tmp_path: Path, body: str):
    outcome = convert_text(tmp_path, with_rules(f"near_vwap: {body}\nother: {{gt: 1, field: rsi}}", "near_vwap"))
    assert outcome.ok
    assert list(rules(outcome)) == ["other"]
    assert [finding.kind for finding in about(outcome, "rules.near_vwap")] == [FindingKind.DROPPED]


ENTRIES = {
    "{near_vwap: true}": "near_vwap",
    "{rsi_lt_70: {rsi_lt_70_threshold: 73}}": {"rsi_lt_70": 73},
    "{rsi_lt_70: 73}": {"rsi_lt_70": 73},
    "{rsi_lt_70: false}": "rsi_lt_70",
    "{rsi_lt_70: 'high'}": "rsi_lt_70",
    "{close_above_vwap: 3}": "close_above_vwap",
    "{adx_min_for_trend: {threshold: 18, period: 15}}": {"adx_min_for_trend": 18},
    "{atr_volatility_ok: {min_atr_pct: 0.001, max_atr_pct: 0.02}}": {"atr_volatility_ok": {"min": 0.001, "max": 0.02}},
    "{macd_hist_increasing_n: {macd_hist_increasing_n: 1}}": {"macd_hist_increasing_n": 1},
    "{any_of: [rsi_bullish]}": {"rsi_bullish": 49},
    "{rsi_bullish: 52}": {"rsi_bullish": 52},
    "{near_vwap: true, rsi_lt_70: true}": {"all_of": ["near_vwap", "rsi_lt_70"]},
    "{any_of: [near_vwap, rsi_lt_70], note: x}": {"any_of": ["near_vwap", "rsi_lt_70"]},
    "{any_of: [near_vwap, rsi_lt_70], all_of: [rsi_lt_80, rsi_lt_85]}": {
        "all_of": [{"all_of": ["rsi_lt_80", "rsi_lt_85"]}, {"any_of": ["near_vwap", "rsi_lt_70"]}]
    },
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_becomes_what_it_meant(tmp_path: Path, entry: str):
    outcome = convert_text(tmp_path, with_rules("unused: {gt: 1, field: rsi}", "macd_line_above_signal", entry))
    assert outcome.problems == ()
    expected = ENTRIES[entry]
    assert as_floats(long_5m(outcome)) == ["macd_line_above_signal", *opened(expected)]


def opened(expected: Any) -> list[Any]:
    """Groups that all must hold are opened in a side, where all must hold anyway."""
    if isinstance(expected, dict) and "all_of" in expected:
        return [inner for item in expected["all_of"] for inner in opened(item)]
    return [expected]


def test_parameters_at_the_use_override_those_of_the_rule_as_they_did(tmp_path: Path):
    text = with_rules("rsi_lt_70: {lt: 72}", "{rsi_lt_70: {rsi_lt_70_threshold: 68}}")
    outcome = convert_text(tmp_path, text)
    assert outcome.ok
    assert long_5m(outcome) == [{"rsi_lt_70": 68}]


def test_parameters_beside_a_definition_of_the_profile_are_left_out_for_a_decision(tmp_path: Path):
    text = with_rules("near_vwap: {gt_fields: [close, vwap]}", "{near_vwap: {near_vwap_tolerance: 0.002}}")
    outcome = convert_text(tmp_path, text)
    assert outcome.ok
    assert long_5m(outcome) == ["near_vwap"]
    assert any(item.reference == "D26, D31" for item in of_kind(outcome, FindingKind.DECISION))


def test_a_hidden_rule_is_told_from_one_that_says_the_same(tmp_path: Path):
    text = with_rules(
        "close_above_vwap: {gt_fields: [close, vwap]}\nnear_vwap: {gt_fields: [close, vwap]}", "near_vwap"
    )
    outcome = convert_text(tmp_path, text)
    kinds = {name: about(outcome, f"rules.{name}")[0].kind for name in ("close_above_vwap", "near_vwap")}
    assert kinds == {"close_above_vwap": FindingKind.NO_EFFECT, "near_vwap": FindingKind.CORRECTED}


def test_the_hidden_49_of_5m_is_not_written_for_a_rule_of_that_name(tmp_path: Path):
    outcome = convert_text(tmp_path, with_rules("rsi_bullish: {gt: 55}", "rsi_bullish"))
    assert long_5m(outcome) == ["rsi_bullish"]
    assert as_floats(rules(outcome)) == {"rsi_bullish": {"builtin.rsi_bullish": 55}}


def test_empty_sides_are_left_out_because_they_held_always_or_never(tmp_path: Path):
    text = with_rules("unused: {gt: 1, field: rsi}", "near_vwap") + "                short: []\n"
    outcome = convert_text(tmp_path, text)
    assert outcome.ok
    (finding,) = about(outcome, "5m.short")
    assert (finding.kind, finding.reference) == (FindingKind.CORRECTED, "D28")


def test_an_unknown_name_is_refused_with_its_place_in_the_source(tmp_path: Path):
    outcome = convert_text(tmp_path, with_rules("unused: {gt: 1, field: rsi}", "near_vwapp"))
    (problem,) = outcome.problems
    assert problem.found == "unknown rule 'near_vwapp'"
    assert problem.nearest == "near_vwap"
    assert problem.place.path == "mtf_validation.validation.timeframe.5m.long[0]"
    assert outcome.text is not None  # a person may mend it


@pytest.mark.parametrize("name", ["builtin.near_vwap", "builtin.", "min", "''"])
def test_a_rule_that_may_not_be_called_so_is_refused_by_its_name(tmp_path: Path, name: str):
    outcome = convert_text(tmp_path, with_rules(f"{name}: {{lt: 3}}", "rsi_lt_70"))
    assert any(problem.found.startswith("a rule may not be called") for problem in outcome.problems)


def test_filters_that_read_selector_metrics_are_left_out_for_a_decision(tmp_path: Path):
    text = with_rules("lev_bounds: {field: leverage, min: 2, max: 25}", "near_vwap")
    text += "    filters_mandatory:\n        - lev_bounds\n        - rsi_lt_70: {rsi_lt_70_threshold: 73}\n"
    outcome = convert_text(tmp_path, text)
    assert outcome.ok
    document: Any = plain(outcome)
    assert document["filters_mandatory"] == [{"rsi_lt_70": 73}]
    (finding,) = about(outcome, "filters_mandatory[0]")
    assert "leverage.accept: {min: 2, max: 25}" in finding.done
    assert any(item.reference == "D32" for item in of_kind(outcome, FindingKind.CORRECTED))


def test_filters_as_a_map_are_a_list(tmp_path: Path):
    text = with_rules("unused: {gt: 1, field: rsi}", "near_vwap") + "    filters_mandatory: {rsi_gt_30: true}\n"
    document: Any = plain(convert_text(tmp_path, text))
    assert document["filters_mandatory"] == ["rsi_gt_30"]


def test_a_mode_of_another_spelling_is_the_one_that_it_was_an_alias_of(tmp_path: Path):
    text = with_rules("unused: {gt: 1, field: rsi}", "near_vwap").replace("mode: strict", "mode: ultra-pragmatig")
    document: Any = plain(convert_text(tmp_path, text))
    assert document["mode"] == "pragmatic"


def test_rules_of_timeframes_that_are_never_evaluated_are_left_out(tmp_path: Path):
    text = with_rules("unused: {gt: 1, field: rsi}", "near_vwap") + "            '4h': {long: [near_vwap]}\n"
    outcome = convert_text(tmp_path, text)
    assert outcome.ok
    assert [item.kind for item in about(outcome, "timeframe.4h")] == [FindingKind.NO_EFFECT]


def test_trade_entry_keys_of_the_oldest_validations_are_sent_where_they_belong(tmp_path: Path):
    text = with_rules("unused: {gt: 1, field: rsi}", "near_vwap") + "    defaults: {risk_pct_percent: 2.0}\n"
    outcome = convert_text(tmp_path, text)
    assert outcome.ok
    assert about(outcome, "defaults.risk_pct_percent")[0].done == "left out: it belongs in trade_entry"


def as_floats(value: Any) -> Any:
    """Numbers as floats or ints, so that they compare with plain ones."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    return value if isinstance(value, (str, bool)) or value is None else float(value)
