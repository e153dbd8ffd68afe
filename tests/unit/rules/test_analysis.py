"""Static analysis: what can never hold, always holds or never decides, and that it never claims too much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.config_nodes import Severity
from mtf_core.market import Side
from mtf_core.rules import CONDITIONS, BuildContext, names_used, never_or_always, side_warnings
from mtf_core.rules.expressions import (
    Absolute,
    AllOf,
    AnyOf,
    Arithmetic,
    Compare,
    Comparison,
    Computed,
    Feature,
    Known,
    Metric,
    Not,
    Number,
    Operand,
    Test,
    WithinBars,
)
from mtf_core.rules.regions import region
from tests.unit.rules.reference import truth
from tests.unit.rules.trees import parsed


def errors(text: str, rules: str = "{}", *, metrics: bool = False) -> list[str]:
    return _found(text, rules, Severity.ERROR, metrics)


def warnings(text: str, rules: str = "{}", *, metrics: bool = False) -> list[str]:
    return _found(text, rules, Severity.WARNING, metrics)


def notes(text: str) -> list[str]:
    return _found(text, "{}", Severity.NOTE, metrics=False)


def _found(text: str, rules: str, severity: Severity, metrics: bool) -> list[str]:
    findings = never_or_always(parsed(text, rules, metrics=metrics))
    return [str(finding) for finding in findings if finding.severity is severity]


# --- never true, never false ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{gt: 101, field: rsi}",
        "{gt: 100, field: rsi}",
        "{lt: 0, field: adx}",
        "{gte: 101, field: 1h.stoch_rsi_k}",
        "{lte: 0, field: close}",
        "{lt: 0, field: volume_ratio}",
        "{lt: -0.5, field: atr_pct}",
        "{op: '>', left: 101, right: rsi, eps: 0}",
        "{op: '<', left: rsi, right: 150}",
        "{gt_fields: [close, close]}",
        "{gt_fields: [ma_20, ema_20]}",
        "all_of: [{gt: 70, field: rsi}, {lt: 60, field: rsi_14}]",
        "all_of: [{gt: 70, field: rsi}, {lt: 70, field: rsi}]",
        "all_of: [{gte: 70, field: rsi}, {lt: 70, field: rsi}]",
        "all_of: [close_above_ema_200, close_below_ema_200]",
        "all_of: [close_above_ema_200, close_minus_ema_200_lt: 0]",
        "all_of: [close_minus_ema_200_gt: 0.01, close_minus_ema_200_lt: -0.01]",
        "all_of: [near_vwap: 0.001, {op: '>', left: close, right: vwap}, {not: {gt_fields: [close, vwap]}}]",
        "all_of: [macd_line_above_signal, macd_hist_lt_0]",
        "all_of: [ema_20_gt_50, ema_50_gt_200, {lt_fields: [ema_20, ema_200]}]",
        "all_of: [macd_hist_increasing_n, macd_hist_decreasing_n]",
        "all_of: [rsi_gt_85, {any_of: [{lt: 60, field: rsi}, {lt: 50, field: rsi}]}]",
        "{within_bars: 3, rule: {gt: 100, field: rsi}}",
        "{within_bars: 300, rule: {gt: 100, field: rsi}}",
        "all_of: [spread_bps_gt: 9, {lt: 3, field: spread_bps}]",
    ],
)
def test_what_can_never_be_true_or_never_be_false_is_an_error(text: str) -> None:
    (error,) = errors(text, metrics=True)
    assert "can never be" in error


@pytest.mark.parametrize(
    "text",
    [
        "{gte: 0, field: rsi}",
        "{gt: 0, field: close}",
        "{lte: 100, field: adx}",
        "{op: '>=', left: vwap, right: vwap}",
        "close_minus_ema_200_gt: -1",
        "any_of: [{gt: 50, field: rsi}, {lt: 60, field: rsi}]",
        "any_of: [close_above_vwap, {not: close_above_vwap}]",
        "volume_ratio_ok: 0",
        "not: {gt: 100, field: rsi}",
    ],
)
def test_what_can_never_be_false_is_an_error(text: str) -> None:
    (error,) = errors(text)
    assert "can never be" in error


def test_the_innermost_part_is_named_and_not_everything_around_it() -> None:
    text = "all_of: [near_vwap, {any_of: [rsi_bullish, {gt: 101, field: rsi}]}]"
    assert errors(text) == ["rsi > 101 can never be true"]


@pytest.mark.parametrize(
    "text",
    [
        "{gt: 99, field: rsi}",
        "{gt: 0, field: volume_ratio}",
        "{lt: -5, field: macd}",
        "{lt: 0, field: pivot_s6}",
        "{min: 0, max: 70, field: rsi}",
        "{min: 50, max: 50, field: rsi}",
        "all_of: [{gte: 70, field: rsi}, {lte: 70, field: rsi}]",
        "all_of: [{gt: 70, field: rsi}, {lt: 60, field: 1h.rsi}]",
        "all_of: [{gt: 70, field: rsi}, {lt: 60, field: rsi_7}]",
        "all_of: [ma9_cross_up_ma21, close_below_vwap]",
        "all_of: [rsi_lt_70, {within_bars: 3, rule: {gt: 80, field: rsi}}]",
        "all_of: [ema_20_gt_50, ema_50_gt_200, close_below_ema_200]",
        "any_of: [{gt: 60, field: rsi}, {lt: 60, field: rsi}]",
        "all_of: [near_vwap, pullback_confirmed_vwap]",
        "{lt: 0, field: price_vs_ma21_k_atr}",
    ],
)
def test_what_can_go_either_way_is_left_alone(text: str) -> None:
    assert errors(text, metrics=True) == []


@pytest.mark.parametrize("name", CONDITIONS)
def test_no_condition_is_decided_by_its_defaults(name: str) -> None:
    assert never_or_always(CONDITIONS[name].named({}, BuildContext())) == []


@pytest.mark.parametrize(
    "text", ["get_false", "get_true", "all_of: [get_false, near_vwap]", "any_of: [get_true, near_vwap]"]
)
def test_a_constant_is_written_on_purpose(text: str) -> None:
    assert never_or_always(parsed(text)) == []


def test_a_rule_examined_where_it_is_defined_is_not_blamed_again() -> None:
    test = parsed("all_of: [a, near_vwap]", "a: {gt: 101, field: rsi}")
    assert len(never_or_always(test)) == 1
    assert [str(finding) for finding in never_or_always(test, {"a"})] == [
        "all_of(a, near_vwap (tolerance 0.0015)) can never be true"
    ]


# --- never decides ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "any_of: [{lt_fields: [close, vwap]}, {all_of: [{lt_fields: [close, vwap]}, rsi_lt_70]}]",
            "all_of(close < vwap",
        ),
        ("any_of: [close_below_ema_200, close_minus_ema_200_lt: -0.003, ema200_slope_neg]", "close_minus_ema_200_lt"),
        ("any_of: [{gt: 60, field: rsi}, {gt: 70, field: rsi}]", "rsi > 70"),
        ("any_of: [near_vwap: 0.001, near_vwap: 0.002]", "near_vwap (tolerance 0.001)"),
        ("all_of: [{gt: 60, field: rsi}, {gt: 70, field: rsi}]", "rsi > 60"),
        ("all_of: [near_vwap, near_vwap]", "near_vwap"),
        ("all_of: [ema_20_gt_50, ema_50_gt_200, {gt_fields: [ema_20, ema_200]}]", "ema_20 > ema_200"),
        ("all_of: [price_lte_ma21_plus_k_atr: 2, {gt_fields: [ma_21_plus_2atr, close]}]", "price_lte_ma21_plus_k_atr"),
    ],
)
def test_an_entry_that_never_decides_is_a_note(text: str, part: str) -> None:
    assert errors(text) == warnings(text) == []
    (note,) = notes(text)
    assert note.startswith(part)
    assert "never decides" in note


def test_a_true_tolerance_makes_the_exact_entry_superfluous_and_not_the_other_way_round() -> None:
    (note,) = notes("any_of: [close_below_ema_200, close_minus_ema_200_lt: 0.003]")
    assert note.startswith("close_below_ema_200 never decides")


def test_an_alternative_that_contradicts_its_surroundings_is_a_warning() -> None:
    (warning,) = warnings("all_of: [close_above_vwap, {any_of: [close_below_vwap, rsi_lt_70]}]")
    assert warning == "close_below_vwap can never be true beside what it stands with"


@pytest.mark.parametrize(
    "text",
    [
        "all_of: [close_above_vwap, rsi_lt_70]",
        "any_of: [all_of: [ema_50_gt_200, close_above_ema_200], all_of: [rsi_lt_70, ema_50_gt_200]]",
        "any_of: [macd_hist_decreasing_n, macd_hist_slope_neg: 1]",
        "all_of: [{within_bars: 3, rule: rsi_lt_70}, {gt: 75, field: rsi}]",
    ],
)
def test_entries_that_can_decide_are_left_alone(text: str) -> None:
    found = [*warnings(text), *notes(text)]
    assert found == [] or "macd_hist_decreasing_n" in found[0]  # two falling steps imply one


# --- reporting, names, sides ------------------------------------------------------------------------------------


def test_names_used_are_the_profiles_rules_at_any_depth() -> None:
    rules = "a: {all_of: [near_vwap, {not: b}]}\nb: {within_bars: 2, rule: c}\nc: rsi_lt_70\nd: near_vwap"
    assert names_used(parsed("any_of: [a, builtin.rsi_gt_30]", rules)) == {"a", "b", "c"}


def test_a_rule_that_is_the_built_in_with_other_numbers_counts_as_used() -> None:
    assert names_used(parsed("rsi_lt_70", "rsi_lt_70: {builtin.rsi_lt_70: 72}")) == {"rsi_lt_70"}
    assert names_used(parsed("builtin.rsi_lt_70", "rsi_lt_70: {builtin.rsi_lt_70: 72}")) == frozenset()


def test_a_condition_for_the_other_side_is_a_warning() -> None:
    test = parsed("all_of: [close_above_vwap, rsi_bearish, near_vwap]")
    assert [finding.part for finding in side_warnings(test, Side.SHORT)] == ["close_above_vwap"]
    assert [finding.part for finding in side_warnings(test, Side.LONG)] == ["rsi_bearish"]
    assert [finding.part for finding in side_warnings(test, None)] == ["close_above_vwap", "rsi_bearish"]
    assert all(finding.severity is Severity.WARNING for finding in side_warnings(test, None))


def test_under_not_a_condition_speaks_for_the_other_side() -> None:
    assert side_warnings(parsed("not: close_above_vwap"), Side.SHORT) == []


def test_the_side_of_a_rule_of_the_same_name_is_its_own_business() -> None:
    test = parsed("close_above_vwap", "close_above_vwap: {lt_fields: [close, vwap]}")
    assert side_warnings(test, Side.SHORT) == []


def test_the_side_of_a_renumbered_built_in_still_counts() -> None:
    test = parsed("rsi_lt_70", "rsi_lt_70: {builtin.rsi_lt_70: 72}")
    assert [finding.part for finding in side_warnings(test, Side.SHORT)] == ["rsi_lt_70"]


# --- ratios and absolute values, written as trees because rules have no division ---------------------------------

CLOSE, VWAP, EMA_20, EMA_50, MACD = (Feature(name) for name in ("close", "vwap", "ema_20", "ema_50", "macd"))


def over(left: Operand, right: Operand) -> Computed:
    return Computed(Arithmetic.OVER, left, right)


def compare(left: Operand, op: str, right: float) -> Compare:
    return Compare(Comparison(op), left, Number(right))


def test_a_ratio_and_its_inverse_are_the_same_quantity() -> None:
    twice = compare(over(EMA_50, EMA_20), ">", 2.0)
    assert not region(AllOf((twice, compare(over(EMA_20, EMA_50), ">", 0.6))))
    assert region(AllOf((twice, compare(over(EMA_20, EMA_50), ">", 0.4))))


def test_a_ratio_of_prices_is_always_above_a_negative_number() -> None:
    assert not region(compare(over(EMA_50, EMA_20), ">", -1.0), False)


def test_a_quantity_of_either_sign_is_not_inverted() -> None:
    # macd −1 and close 1: macd/close −1 < 2, and close/macd −1 < 0.25.
    assert region(AllOf((compare(over(MACD, CLOSE), "<", 2.0), compare(over(CLOSE, MACD), "<", 0.25))))


def test_a_constant_over_a_feature_is_not_lost() -> None:
    assert region(compare(over(Computed(Arithmetic.PLUS, CLOSE, Number(1.0)), CLOSE), ">", 1.0))


def test_near_contradicts_far() -> None:
    distance = Computed(Arithmetic.MINUS, over(CLOSE, VWAP), Number(1.0))
    near, far = compare(Absolute(distance), "<=", 0.001), compare(distance, "<", -0.002)
    assert not region(AllOf((near, far)))
    assert not region(AllOf((Not(near), compare(distance, "<", 0.001), compare(distance, ">", -0.001))))
    assert region(AllOf((Not(near), far)))


# --- never more than is true ------------------------------------------------------------------------------------

FEATURES = ("rsi", "adx_14", "close", "ema_20", "ema_50", "macd", "macd_signal", "atr_14")
VALUES = {
    "rsi": st.sampled_from([0.0, 10.0, 50.0, 100.0]),
    "adx_14": st.sampled_from([0.0, 20.0, 100.0]),
    "macd": st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]),
    "macd_signal": st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]),
    "atr_14": st.sampled_from([0.0, 0.5, 1.0, 2.0]),
}
PRICE = st.sampled_from([0.5, 1.0, 2.0, 4.0])


def operands() -> st.SearchStrategy[Operand]:
    """Operands whose values are exact in floats, so that reals and floats agree."""
    features = st.builds(Feature, st.sampled_from([*FEATURES, "macd_hist", "atr_pct"]), st.integers(0, 1))
    numbers = st.builds(Number, st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 10.0, 50.0, 100.0]))
    leaves = st.one_of(features, numbers, st.just(Metric("spread_bps")))
    signs = st.sampled_from(list(Arithmetic))
    return st.recursive(
        leaves, lambda inner: st.one_of(st.builds(Computed, signs, inner, inner), st.builds(Absolute, inner)),
        max_leaves=3,
    )  # fmt: skip


def any_test() -> st.SearchStrategy[Test]:
    compares = st.builds(Compare, st.sampled_from(list(Comparison)), operands(), operands())
    return st.recursive(
        compares,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(AllOf),
            st.lists(inner, min_size=1, max_size=3).map(AnyOf),
            st.builds(Not, inner),
            st.builds(Known, inner, st.booleans()),
            st.builds(WithinBars, st.integers(1, 2), inner),
        ),
        max_leaves=5,
    )


@st.composite
def series(draw: st.DrawFn) -> dict[str, list[float | None]]:
    drawn = {name: list(draw(st.lists(VALUES.get(name, PRICE), min_size=4, max_size=4))) for name in FEATURES}
    drawn["macd_hist"] = [line - signal for line, signal in zip(drawn["macd"], drawn["macd_signal"], strict=True)]
    drawn["atr_pct"] = [atr / close for atr, close in zip(drawn["atr_14"], drawn["close"], strict=True)]
    return {name: list(values) for name, values in drawn.items()}


@given(any_test(), series(), st.sampled_from([0.0, 1.0, 10.0]))
def test_a_region_that_is_empty_is_never_entered(
    test: Test, values: dict[str, list[float | None]], spread: float
) -> None:
    result = truth(test, values, {"spread_bps": spread})
    if result is not None:
        assert region(test, result)
