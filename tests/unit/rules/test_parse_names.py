"""Names in rules: the profile's rules before built-ins, parameters at the use, circles."""

from __future__ import annotations

import pytest

from mtf_core.config_nodes import Problems
from mtf_core.market import Timeframe
from mtf_core.rules import CONDITIONS, BuildContext, names_used, parse_rules
from mtf_core.rules.expressions import AllOf, AnyOf, Compare, Comparison, Feature, Named, Number
from tests.unit.rules.trees import parsed, refused, scope


def built(name: str, **params: float | bool) -> Named:
    return CONDITIONS[name].named(params, BuildContext())


def rules_problems(rules: str, *, metrics: bool = False) -> list[str]:
    problems = Problems()
    parse_rules(scope(rules, metrics=metrics), problems)
    return [str(problem) for problem in problems.items]


# --- resolving --------------------------------------------------------------------------------------------------


def test_a_name_is_the_built_in_when_the_profile_has_no_such_rule() -> None:
    assert parsed("rsi_lt_70") == built("rsi_lt_70", threshold=70.0)


def test_a_rule_of_the_profile_replaces_the_built_in_of_its_name() -> None:
    test = parsed("rsi_lt_70", "rsi_lt_70: {lt: 60, field: rsi_7}")
    assert test == Named("rsi_lt_70", Compare(Comparison.LT, Feature("rsi_7"), Number(60.0)))


def test_builtin_before_a_name_always_means_the_built_in() -> None:
    test = parsed("builtin.rsi_lt_70", "rsi_lt_70: {lt: 60, field: rsi_7}")
    assert test == built("rsi_lt_70")


def test_rules_may_use_rules_defined_after_them() -> None:
    test = parsed("a", "a: {all_of: [b, near_vwap]}\nb: {any_of: [rsi_lt_70, c]}\nc: {gt: 1, field: close}")
    assert isinstance(test, Named)
    assert isinstance(test.test, AllOf)
    inner = test.test.tests[0]
    assert isinstance(inner, Named)
    assert isinstance(inner.test, AnyOf)
    assert names_used(test) == {"a", "b", "c"}


def test_an_unknown_rule_is_refused_with_the_nearest_rule_or_built_in() -> None:
    (problem,) = refused("rsi_lt_7")
    assert "unknown rule 'rsi_lt_7'" in problem
    assert "did you mean 'rsi_lt_70'" in problem
    (problem,) = refused("my_rule", "my_rules: near_vwap")
    assert "did you mean 'my_rules'" in problem


def test_an_unknown_built_in_is_refused_even_if_a_rule_bears_the_name() -> None:
    (problem,) = refused("builtin.mine", "mine: near_vwap")
    assert "unknown rule 'builtin.mine'" in problem


# --- parameters at the use --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("rsi_lt_70: 72", 72.0),
        ("rsi_lt_70: {threshold: 72.5}", 72.5),
        ("rsi_lt_70: {rsi_lt_70_threshold: 73}", 73.0),
        ("rsi_lt_70: {lt: 74}", 74.0),
        ("rsi_lt_70: true", 70.0),
        ("rsi_lt_70: {}", 70.0),
        ("builtin.rsi_lt_70: 71", 71.0),
    ],
)
def test_parameters_at_the_use_are_honoured(text: str, threshold: float) -> None:
    assert parsed(text) == built("rsi_lt_70", threshold=threshold)


def test_an_integer_in_a_map_counts_like_any_number() -> None:
    assert parsed("close_minus_ema_200_gt: {threshold: 0}") == built("close_minus_ema_200_gt", threshold=0.0)


def test_false_negates_a_flag_only() -> None:
    assert parsed("scalping: false", metrics=True) == built("scalping", expected=False)
    for text in ("rsi_lt_70: false", "get_false: false", "near_vwap: false"):
        (problem,) = refused(text)
        assert "false only negates a flag" in problem


def test_true_is_the_default_even_of_a_constant() -> None:
    assert parsed("get_false: true") == built("get_false")


@pytest.mark.parametrize("value", ["'72'", "high", "[72]", "null"])
def test_beside_a_name_only_numbers_flags_and_maps_are_allowed(value: str) -> None:
    (problem,) = refused(f"rsi_lt_70: {value}")
    assert "rules.yaml:1: rsi_lt_70" in problem
    assert "allowed is a number for threshold, or a map of its parameters: threshold" in problem


def test_a_condition_without_parameters_takes_none() -> None:
    (problem,) = refused("close_above_vwap: 3")
    assert "takes no parameters" in problem
    (problem,) = refused("close_above_vwap: {tolerance: 3}")
    assert "takes no parameters" in problem


def test_a_condition_with_two_thresholds_wants_their_names() -> None:
    (problem,) = refused("atr_volatility_ok: 0.01")
    assert "min, max" in problem


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("near_vwap: {tolerence: 0.1}", "did you mean 'tolerance'"),
        ("atr_rel_in_range_5m: {use_atr_tf: [1m]}", "evaluated timeframe"),
        ("atr_rel_in_range_5m: {adapt_with_vol_bucket: true}", "no defined meaning"),
        ("adx_min_for_trend: {adx_1h_min_threshold: 14}", "its parameters: threshold"),
    ],
)
def test_an_unknown_parameter_is_refused(text: str, hint: str) -> None:
    (problem,) = refused(text)
    assert hint in problem


def test_a_parameter_under_two_names_is_refused() -> None:
    (problem,) = refused("rsi_lt_70: {lt: 71, threshold: 72}")
    assert "the same parameter" in problem


# --- rules that are a built-in with other numbers ---------------------------------------------------------------


def test_a_rule_may_be_the_built_in_of_its_name_with_other_numbers() -> None:
    test = parsed("rsi_lt_70", "rsi_lt_70: {builtin.rsi_lt_70: 72}")
    assert isinstance(test, Named)
    assert (test.name, test.parameters, test.builtin) == ("rsi_lt_70", (("threshold", 72.0),), False)
    assert test.test == built("rsi_lt_70", threshold=72.0).test


def test_the_use_stands_above_the_rule_and_the_rule_above_the_default() -> None:
    rules = "macd_hist_decreasing_n: {builtin.macd_hist_decreasing_n: {n: 3, eps: 5}}"
    test = parsed("macd_hist_decreasing_n: {n: 1}", rules)
    assert isinstance(test, Named)
    assert test.parameters == (("n", 1.0), ("eps", 5.0))


def test_a_relative_gap_at_the_use_replaces_the_absolute_one_of_the_rule() -> None:
    rules = "falling: {macd_hist_decreasing_n: {n: 3, eps: 5}}"
    test = parsed("falling: {eps_pct: 0.01}", rules)
    assert isinstance(test, Named)
    assert test.test == built("macd_hist_decreasing_n", n=3.0, eps_pct=0.01)


def test_parameters_reach_the_built_in_through_rules_that_are_only_names() -> None:
    test = parsed("a: 75", "a: b\nb: {rsi_lt_70: 72}")
    assert names_used(test) == {"a", "b"}
    assert isinstance(test, Named)
    assert isinstance(test.test, Named)
    assert test.test.test == built("rsi_lt_70", threshold=75.0)


def test_the_outermost_parameters_win_over_those_in_between() -> None:
    test = parsed("a: 75", "a: {b: {threshold: 72}}\nb: {rsi_lt_70: 71}")
    assert isinstance(test, Named)
    assert isinstance(test.test, Named)
    assert test.test.test == built("rsi_lt_70", threshold=75.0)


@pytest.mark.parametrize("value", ["3", "{threshold: 3}", "false"])
def test_parameters_for_a_rule_that_is_no_built_in_are_refused(value: str) -> None:
    (problem,) = refused(f"a: {value}", "a: {all_of: [rsi_lt_70]}")
    assert "takes no parameters" in problem


def test_true_beside_a_rule_is_the_rule() -> None:
    assert parsed("a: true", "a: near_vwap") == parsed("a", "a: near_vwap")


def test_the_atr_bounds_of_the_timeframe_reach_a_condition_inside_a_rule() -> None:
    context = BuildContext(Timeframe.M15, {Timeframe.M15: (0.002, 0.004)})
    test = parsed("a", "a: atr_volatility_ok", context=context)
    assert isinstance(test, Named)
    assert isinstance(test.test, Named)
    assert test.test.parameters == (("min", 0.002), ("max", 0.004))


# --- selector metrics -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spread_bps_gt", "lev_bounds", "scalping", "adx_5m_lt", "atr_stop_valid"])
def test_a_condition_on_a_selector_metric_is_refused_outside_the_selector(name: str) -> None:
    (problem,) = refused(name)
    assert "reads a selector metric" in problem
    assert parsed(name, metrics=True) == built(name)


def test_a_rule_that_reads_a_metric_is_refused_where_it_is_used_outside_the_selector() -> None:
    rules = "tight: {lte: 5, field: spread_bps}"
    assert rules_problems(rules) == []
    (problem,) = refused("tight", rules)
    assert "spread_bps is a selector metric" in problem
    parsed("tight", rules, metrics=True)


# --- circles ----------------------------------------------------------------------------------------------------


def test_a_circle_of_rules_is_refused_with_its_path() -> None:
    (problem,) = refused("b", "a: b\nb: {any_of: [near_vwap, c]}\nc: {not: a}")
    assert "rules.yaml:1: rules.a: " in problem
    assert "a → b → c → a" in problem


def test_a_circle_is_reported_once_however_it_is_entered() -> None:
    problems = rules_problems("a: {all_of: [b, b]}\nb: {any_of: [a, c]}\nc: a")
    assert len(problems) == 2  # a → b → a and a → b → c → a
    assert len(set(problems)) == 2


def test_a_rule_that_refers_to_itself_is_told_of_the_built_in() -> None:
    (problem,) = refused("near_vwap", "near_vwap: {near_vwap: true}")
    assert "refers to itself" in problem
    assert "builtin.near_vwap" in problem
    assert "leave the rule out" in problem
    (problem,) = refused("mine", "mine: mine")
    assert "refers to itself" in problem


def test_parameters_for_a_rule_in_a_circle_do_not_hang() -> None:
    assert refused("a: 3", "a: b\nb: a")
    assert rules_problems("a: {b: 3}\nb: {a: 4}")


def test_a_long_chain_of_rules_is_refused_and_not_followed_to_its_end() -> None:
    rules = "\n".join(f"r{i}: {{not: r{i + 1}}}" for i in range(300)) + "\nr300: near_vwap"
    (problem,) = refused("r0", rules)
    assert "nested too deeply" in problem


def test_rules_that_double_at_every_level_are_read_once_each() -> None:
    rules = "\n".join(f"r{i}: {{all_of: [r{i + 1}, r{i + 1}]}}" for i in range(24)) + "\nr24: near_vwap"
    assert rules_problems(rules) == []


# --- all rules of a profile -------------------------------------------------------------------------------------


def test_every_rule_is_checked_although_nothing_uses_it() -> None:
    problems = rules_problems("a: rsi_lt_7\nb: {gt: 3, field: rsj}\nc: near_vwap")
    assert [problem.split(": ")[1] for problem in problems] == ["rules.a", "rules.b.field"]


def test_the_same_problem_in_a_rule_used_twice_is_reported_once() -> None:
    (problem,) = refused("all_of: [a, a, {not: a}]", "a: {gt: 3, field: rsj}")
    assert "rules.yaml:1: rules.a.field" in problem


@pytest.mark.parametrize("name", ["all_of", "not", "field", "builtin.near_vwap"])
def test_words_of_the_language_are_no_names_for_rules(name: str) -> None:
    (problem,) = rules_problems(f"{name}: near_vwap")
    assert "may not be called" in problem


def test_sound_rules_come_back_by_name() -> None:
    problems = Problems()
    found = parse_rules(scope("a: near_vwap\nb: rsi_lt_7"), problems)
    assert list(found) == ["a"]
    assert found["a"] == Named("a", built("near_vwap"))


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", "3"])
def test_a_rule_without_a_body_is_refused(body: str) -> None:
    (problem,) = rules_problems(f"a: {body}")
    assert "rules.a" in problem


@pytest.mark.parametrize("body", ["{lt: 72}", "{min: 0.1, max: 0.2}", "{derivative_gt: 0, persist_n: 2}"])
def test_parameters_alone_are_no_rule_and_the_message_says_what_to_write(body: str) -> None:
    (problem,) = rules_problems(f"rsi_lt_70: {body}")
    assert "the key 'field' is missing" in problem
