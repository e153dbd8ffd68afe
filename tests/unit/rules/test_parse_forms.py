"""Every form of the rule language: what it means, and what is refused."""

from __future__ import annotations

import pytest

from mtf_core.market import Timeframe
from mtf_core.rules.expressions import AllOf, AnyOf, Compare, Comparison, Feature, Metric, Not, Number, WithinBars
from tests.unit.rules.reference import truth
from tests.unit.rules.test_conditions import read
from tests.unit.rules.trees import parsed, refused, side


def holds(text: str, example: str) -> bool | None:
    return truth(parsed(text), read(example))


# --- logic ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "rsi", "adx", "expected"),
    [
        ("all_of", "60", "30", True),
        ("all_of", "60", "10", False),
        ("all_of", "60", "nan", None),
        ("all_of", "40", "nan", False),
        ("any_of", "40", "10", False),
        ("any_of", "40", "30", True),
        ("any_of", "60", "nan", True),
        ("any_of", "40", "nan", None),
    ],
)
def test_logic_has_three_values(form: str, rsi: str, adx: str, expected: bool | None) -> None:
    text = f"{form}: [{{gt: 50, field: rsi}}, {{gt: 20, field: adx}}]"
    assert holds(text, f"rsi={rsi} adx={adx}") is expected


def test_not_turns_a_test_round_and_leaves_unknown_unknown() -> None:
    text = "not: {gt: 50, field: rsi}"
    assert holds(text, "rsi=50") is True
    assert holds(text, "rsi=51") is False
    assert holds(text, "rsi=nan") is None


@pytest.mark.parametrize("form", ["all_of", "any_of"])
def test_empty_logic_is_refused(form: str) -> None:
    (problem,) = refused(f"{form}: []")
    assert "rules.yaml:1: " + form in problem
    assert "empty list" in problem


@pytest.mark.parametrize("text", ["all_of: rsi_lt_70", "any_of: {rsi_lt_70: 3}", "all_of:"])
def test_logic_wants_a_list(text: str) -> None:
    (problem,) = refused(text)
    assert "allowed is a list of rules" in problem


def test_within_bars_looks_back_with_the_evaluated_candle_included() -> None:
    text = "{within_bars: 3, rule: {gt: 50, field: rsi}}"
    assert holds(text, "rsi=1,1,60") is True
    assert holds(text, "rsi=1,1,1,60") is False
    assert holds(text, "rsi=1,1") is None
    assert isinstance(parsed(text), WithinBars)


@pytest.mark.parametrize("bars", ["0", "501", "1.5", "'3'"])
def test_within_bars_wants_a_sensible_count(bars: str) -> None:
    (problem,) = refused(f"{{within_bars: {bars}, rule: rsi_lt_70}}")
    assert "within_bars" in problem


def test_a_metric_has_no_earlier_values() -> None:
    (problem,) = refused("{within_bars: 2, rule: spread_bps_gt}", metrics=True)
    assert "spread_bps" in problem


# --- comparisons ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "at_left", "expected"),
    [
        (">", 101, True), (">", 100, False), (">", 99, False),
        (">=", 101, True), (">=", 100, True), (">=", 99, False),
        ("<", 101, False), ("<", 100, False), ("<", 99, True),
        ("<=", 101, False), ("<=", 100, True), ("<=", 99, True),
    ],
)  # fmt: skip
def test_op_compares_exactly_without_eps(op: str, at_left: int, expected: bool) -> None:
    assert holds(f"{{op: '{op}', left: close, right: ema_20}}", f"close={at_left} ema_20=100") is expected
    assert holds(f"{{op: '{op}', left: close, right: 100}}", f"close={at_left}") is expected
    assert holds(f"{{op: '{op}', left: close, right: 100, eps: 0}}", f"close={at_left}") is expected


@pytest.mark.parametrize(
    ("op", "at_left", "expected"),
    [
        (">", 98, True), (">", 97.5, False), (">=", 98, True), (">=", 97.5, False),
        ("<", 102, True), ("<", 102.5, False), ("<=", 102, True), ("<=", 102.5, False),
    ],
)  # fmt: skip
def test_eps_is_a_tolerance_in_favour_of_the_test(op: str, at_left: float, expected: bool) -> None:
    assert holds(f"{{op: '{op}', left: close, right: 100, eps: 2}}", f"close={at_left}") is expected
    assert holds(f"{{op: '{op}', left: close, right: ema_20, eps: 2}}", f"close={at_left} ema_20=100") is expected


def test_a_relative_eps_is_a_share_of_the_close() -> None:
    text = "{op: '>', left: macd_hist, right: 0, eps_pct: 0.01}"
    assert holds(text, "macd_hist=-1 close=100") is True
    assert holds(text, "macd_hist=-1.5 close=100") is False


def test_a_number_may_stand_on_the_left() -> None:
    assert holds("{op: '<', left: 20, right: adx}", "adx=21") is True


def test_two_numbers_are_no_test() -> None:
    (problem,) = refused("{op: '<', left: 20, right: 30}")
    assert "at least one of left and right" in problem


@pytest.mark.parametrize("op", ["'='", "==", "'!='", "gt", "1", "[]"])
def test_an_unknown_operator_is_refused(op: str) -> None:
    (problem,) = refused(f"{{op: {op}, left: close, right: ema_20}}")
    assert "allowed: > >= < <=" in problem


@pytest.mark.parametrize("eps", ["-1", "'1'", ".inf", ".nan", "true"])
def test_eps_is_a_number_that_is_not_negative(eps: str) -> None:
    (problem,) = refused(f"{{op: '>', left: close, right: ema_20, eps: {eps}}}")
    assert "rules.yaml:1: eps" in problem


@pytest.mark.parametrize(
    ("key", "below", "at", "above"),
    [("gt", False, False, True), ("gte", False, True, True), ("lt", True, False, False), ("lte", True, True, False)],
)
def test_a_bound_compares_a_field_with_a_number(key: str, below: bool, at: bool, above: bool) -> None:
    text = f"{{{key}: 30, field: rsi}}"
    assert [holds(text, f"rsi={rsi}") for rsi in (29, 30, 31)] == [below, at, above]


@pytest.mark.parametrize("key", ["gt", "gte", "lt", "lte"])
def test_a_bound_needs_its_field(key: str) -> None:
    (problem,) = refused(f"{{{key}: 30}}")
    assert "the key 'field' is missing" in problem
    assert "builtin." in problem


def test_fields_compare_two_features() -> None:
    assert parsed("gt_fields: [close, ma_9]") == Compare(Comparison.GT, Feature("close"), Feature("ma_9"))
    assert parsed("lt_fields: [close, ma_9]") == Compare(Comparison.LT, Feature("close"), Feature("ma_9"))


@pytest.mark.parametrize("value", ["[close]", "[close, ma_9, vwap]", "close", "{close: vwap}", "[close, 3]"])
def test_fields_want_two_names(value: str) -> None:
    (problem,) = refused(f"gt_fields: {value}")
    assert "gt_fields" in problem


def test_a_range_includes_both_ends() -> None:
    text = "{min: 20, max: 80, field: rsi}"
    assert [holds(text, f"rsi={rsi}") for rsi in (19, 20, 50, 80, 81, "nan")] == [False, True, True, True, False, None]


def test_a_range_that_nothing_lies_in_is_refused() -> None:
    (problem,) = refused("{min: 80, max: 20, field: rsi}")
    assert "can never be true" in problem


@pytest.mark.parametrize("text", ["{min: 1, field: rsi}", "{max: 1, field: rsi}", "{min: 1, max: 2}"])
def test_a_range_needs_both_ends_and_a_field(text: str) -> None:
    (problem,) = refused(text)
    assert "is missing" in problem


# --- movement ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "example", "expected"),
    [
        ("increasing: {field: rsi, n: 2}", "rsi=3,2,1", True),
        ("increasing: {field: rsi, n: 2}", "rsi=3,2,2", False),
        ("increasing: {field: rsi, n: 2}", "rsi=3,2", None),
        ("increasing: {field: rsi, n: 2}", "rsi=1,2", False),
        ("increasing: {field: rsi, n: 1, eps: 1}", "rsi=3,2", False),
        ("increasing: {field: rsi, n: 1, eps: 1}", "rsi=3.5,2", True),
        ("decreasing: {field: rsi, n: 2}", "rsi=1,2,3", True),
        ("decreasing: {field: rsi, n: 2}", "rsi=1,2,2", False),
        ("decreasing: {field: rsi, n: 1, eps: 1}", "rsi=2,3", False),
        ("decreasing: {field: rsi, n: 1, eps: 1}", "rsi=2,3.5", True),
        ("{slope_left: rsi, slope_lookback: 2, op: '>', right: 0}", "rsi=3,9,2", True),
        ("{slope_left: rsi, slope_lookback: 2, op: '>', right: 0}", "rsi=3,1,3", False),
        ("{slope_left: rsi, slope_lookback: 2, op: '>', right: 1}", "rsi=3,1,2", False),
        ("{slope_left: rsi, slope_lookback: 2, op: '>', right: 0, eps: 1}", "rsi=3,1,4", True),
        ("{slope_left: rsi, slope_lookback: 2, op: '<', right: adx}", "rsi=3,1,1 adx=3", True),
        ("{derivative_gt: 1, field: rsi, persist_n: 2}", "rsi=6,4,2", True),
        ("{derivative_gt: 1, field: rsi, persist_n: 2}", "rsi=6,4,3", False),
        ("{derivative_gt: 1, field: rsi}", "rsi=6,4,3", True),
        ("{derivative_lt: -1, field: rsi}", "rsi=2,4", True),
        ("{derivative_lt: -1, field: rsi}", "rsi=3,4", False),
    ],
)
def test_movement_is_read_in_the_order_of_time(text: str, example: str, expected: bool | None) -> None:
    assert holds(text, example) is expected


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("increasing: {field: rsi}", "'n'"),
        ("decreasing: {n: 2}", "'field'"),
        ("{slope_left: rsi, op: '>', right: 0}", "'slope_lookback'"),
        ("{slope_left: rsi, slope_lookback: 2, op: '>'}", "'right'"),
        ("{slope_left: rsi, slope_lookback: 2, right: 0}", "'op'"),
        ("{derivative_gt: 0, persist_n: 2}", "'field'"),
        ("{within_bars: 2}", "'rule'"),
        ("{op: '>', left: close}", "'right'"),
    ],
)
def test_a_required_key_that_is_missing_is_named(text: str, missing: str) -> None:
    (problem,) = refused(text)
    assert f"the key {missing} is missing" in problem


@pytest.mark.parametrize("text", ["increasing: 3", "increasing: [rsi]", "decreasing: rsi"])
def test_increasing_wants_a_map(text: str) -> None:
    (problem,) = refused(text)
    assert "allowed is a map with field, n" in problem


# --- operands ---------------------------------------------------------------------------------------------------


def test_a_timeframe_before_a_feature_names_that_timeframes_value() -> None:
    test = parsed("{op: '>=', left: 1h.adx_14, right: 20}")
    assert test == Compare(Comparison.GTE, Feature("adx_14", timeframe=Timeframe.H1), Number(20.0))


def test_a_band_with_a_decimal_in_its_name_is_a_feature_and_not_a_timeframe() -> None:
    assert parsed("lt_fields: [close, ma_21_plus_1.3atr]") == Compare(
        Comparison.LT, Feature("close"), Feature("ma_21_plus_1.3atr")
    )
    assert parsed("lt_fields: [close, 5m.ma_21_plus_1.3atr]") == Compare(
        Comparison.LT, Feature("close"), Feature("ma_21_plus_1.3atr", timeframe=Timeframe.M5)
    )


@pytest.mark.parametrize(
    ("field", "nearest"),
    [("rsj", "'rsi'"), ("ema20", "'ema_20'"), ("1h.adxx", "'adx'"), ("pivot_r9", "'pivot_r"), ("7m.rsi", "")],
)
def test_an_unknown_feature_is_refused_with_the_nearest_name(field: str, nearest: str) -> None:
    (problem,) = refused(f"{{gt: 1, field: {field}}}")
    assert "unknown" in problem
    assert nearest in problem


def test_a_number_in_quotes_is_refused() -> None:
    (problem,) = refused("{op: '>', left: rsi, right: '30'}")
    assert "without quotes" in problem


@pytest.mark.parametrize("field", ["leverage", "spread_bps", "adx_1h"])
def test_a_selector_metric_is_a_field_in_the_selector_only(field: str) -> None:
    text = f"{{min: 2, max: 25, field: {field}}}"
    (problem,) = refused(text)
    assert "selector metric" in problem
    test = parsed(text, metrics=True)
    assert isinstance(test, AllOf)
    assert test.tests[0] == Compare(Comparison.GTE, Metric(field), Number(2.0))


def test_the_slope_of_a_metric_is_refused() -> None:
    (problem,) = refused("increasing: {field: leverage, n: 2}", metrics=True)
    assert "without earlier values" in problem


# --- keys, and everything at once -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("{any_of: [near_vwap], validity_bars: 3}", "within_bars: k"),
        ("{lt_fields: [close, ma_9], allow_touch: true}", "op: '<='"),
        ("{op: '>', left: adx, right: 20, period: 14}", "adx_14"),
        ("{min: 0.1, max: 0.2, field: atr_pct, use_atr_tf: [1m]}", "evaluated timeframe"),
        ("{gt: 1, feild: rsi, field: rsi}", "did you mean 'field'"),
        ("{gt: 1, lt: 3, field: rsi}", "unknown key 'lt'"),
        ("{all_of: [near_vwap], any_of: [near_vwap]}", "unknown key 'any_of'"),
    ],
)
def test_a_key_that_the_form_does_not_know_is_refused_with_what_to_write(text: str, advice: str) -> None:
    (problem,) = refused(text)
    assert advice in problem


@pytest.mark.parametrize("text", ["3", "true", "null", "[near_vwap]", "{}", "{foo: 1, bar: 2}"])
def test_what_is_neither_a_name_nor_a_form_is_refused(text: str) -> None:
    (problem,) = refused(text)
    assert "name" in problem


def test_all_problems_are_reported_at_once_each_with_its_place() -> None:
    problems = refused(
        """
        all_of:
          - rsi_lt_7
          - {gt: 1, field: rsj}
          - any_of: []
          - not: {gt: '3', field: rsi}
        """
    )
    assert [problem.split(": ")[1] for problem in problems] == [
        "all_of[0]", "all_of[1].field", "all_of[2].any_of", "all_of[3].not.gt"
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["1e400", "-1e400", ".inf", ".nan", "1e999999999"])
def test_a_number_that_is_not_finite_is_refused(number: str) -> None:
    (problem,) = refused(f"{{gt: {number}, field: close}}")
    assert "a finite number" in problem


@pytest.mark.parametrize(("number", "value"), [("1e-12", 1e-12), ("1E5", 1e5), ("-0.0", 0.0), ("1e-400", 0.0)])
def test_numbers_may_be_written_with_an_exponent(number: str, value: float) -> None:
    test = parsed(f"{{gt: {number}, field: close}}")
    assert test == Compare(Comparison.GT, Feature("close"), Number(value))


def test_forms_nested_beyond_the_limit_are_refused_and_not_followed() -> None:
    (problem,) = refused("{not: " * 200 + "near_vwap" + "}" * 200)
    assert "nested too deeply" in problem


# --- a side's list ----------------------------------------------------------------------------------------------


def test_all_entries_of_a_side_must_hold() -> None:
    test, problems = side("[{gt: 50, field: rsi}, {gt: 20, field: adx}]")
    assert problems == []
    assert isinstance(test, AllOf)
    assert truth(test, read("rsi=60 adx=30")) is True
    assert truth(test, read("rsi=60 adx=10")) is False


def test_a_single_entry_of_a_side_stands_for_itself() -> None:
    test, _ = side("[any_of: [near_vwap, rsi_lt_70]]")
    assert isinstance(test, AnyOf)


def test_an_empty_side_is_refused_with_what_to_do_instead() -> None:
    test, (problem,) = side("[]")
    assert test is None
    assert "leave the side out" in problem


@pytest.mark.parametrize("text", ["near_vwap", "{all_of: [near_vwap]}", "null"])
def test_a_side_must_be_a_list(text: str) -> None:
    test, (problem,) = side(text)
    assert test is None
    assert "allowed is a list" in problem


def test_a_side_with_one_wrong_entry_is_no_side_at_all() -> None:
    test, problems = side("[near_vwap, rsi_lt_7, rsj]")
    assert test is None
    assert len(problems) == 2


def test_the_forms_build_the_tests_that_they_name() -> None:
    kinds: list[tuple[str, type]] = [("all_of: [near_vwap]", AllOf), ("any_of: [near_vwap]", AnyOf)]
    kinds.append(("not: near_vwap", Not))
    assert all(isinstance(parsed(text), kind) for text, kind in kinds)
