"""The four profiles in the reference's format load here, and say what the shipped ones say but for decided points."""

import re

import pytest

from mtf_core.market import Side, Timeframe
from mtf_core.rules.expressions import AllOf, AnyOf, Known, Named, Not, Test, WithinBars
from mtf_core.rules.ruleset import RuleSet
from mtf_core.settings.profile import Profile
from tests.unit.files.shipped import shipped
from tests.unit.reference.samples import FILES, VALIDATIONS, imported, profile_of

HIST_GT_EPS = "  macd_hist_gt_eps:\n    op: '>'\n    left: macd_hist\n    right: 0.0\n    eps: 0.0000010\n"
EVERYWHERE = {
    # decision 4: gaps relative to close; the dead zones of 1e-6 and 1e-12 are none
    HIST_GT_EPS: "  macd_hist_gt_eps:\n    builtin.macd_hist_gt_eps: {eps: 0}\n",
    "    eps: 1.0e-12\n": "",
    "min_gap: ": "min_gap_pct: ",
    # decision 6: the tolerance of the short side mirrors that of the long side
    "close_minus_ema_200_lt: -": "close_minus_ema_200_lt: ",
    # the form is false where one step is, the built-in unknown where any value is missing
    "  macd_hist_decreasing_n:\n    decreasing: {field: macd_hist, n: 2}\n": "",
}
DECIDED = {
    "scalper_micro": {
        "macd_hist_gt_eps: {eps: 1.0e-12}": "macd_hist_gt_eps: {eps: 0}",
        "macd_hist_lt_eps: {eps: 0.005}": "macd_hist_lt_eps: {eps_pct: 0.00005}",
        "macd_hist_lt_eps: {eps: 0.001}": "macd_hist_lt_eps: {eps_pct: 0.00001}",
        "{n: 1, eps: 0.001}": "{n: 1, eps_pct: 0.00001}",
    },
    "scalper": EVERYWHERE,
    "regular": EVERYWHERE,
    "crash": {
        **EVERYWHERE,
        # decision 15: the second branch contains the first, and can never decide
        "          - all_of: [crash_context_ok, crash_short_entry_1m]\n": "",
    },
}
"""How the shipped profiles differ from the reference's files, as edits of the converted text."""


@pytest.mark.parametrize("name", VALIDATIONS)
def test_every_profile_of_the_reference_loads_once_converted(name: str):
    outcome = imported(VALIDATIONS[name])
    assert outcome.problems == ()
    assert outcome.file_name == f"mtf_validations.{name}.yaml"
    assert profile_of(str(outcome.text)).rules.timeframes


@pytest.mark.parametrize("name", VALIDATIONS)
def test_the_sides_are_those_of_the_shipped_profile_but_for_decided_points(name: str):
    rules = decided(name).rules
    for timeframe in Timeframe:
        for side in Side:
            expected, found = side_of(shipped(name).rules, timeframe, side), side_of(rules, timeframe, side)
            assert found == expected, f"{timeframe} {side}"


@pytest.mark.parametrize("name", VALIDATIONS)
def test_context_and_selection_are_those_of_the_shipped_profile(name: str):
    rules, expected = decided(name).rules, shipped(name).rules
    assert rules.mode == expected.mode
    assert rules.context_timeframes == expected.context_timeframes
    assert rules.execution_timeframes == expected.execution_timeframes
    assert rules.allow_1m_only_if_any == expected.allow_1m_only_if_any
    assert [[bare(test) for test in entry.tests] for entry in rules.selector or ()] == [
        [bare(test) for test in entry.tests] for entry in expected.selector or ()
    ]


def test_without_the_decisions_the_sides_differ_where_they_say_so():
    rules = profile_of(str(imported(VALIDATIONS["scalper_micro"]).text)).rules
    same = [
        (timeframe, side)
        for timeframe in (Timeframe.M5, Timeframe.M1)
        for side in Side
        if side_of(rules, timeframe, side) == side_of(shipped("scalper_micro").rules, timeframe, side)
    ]
    assert same == []  # each side has a dead zone in price units


def test_the_filters_of_crash_are_those_of_the_shipped_profile():
    filters = decided("crash").rules.filters
    assert [(bare(item.test), item.timeframes, item.sides) for item in filters] == [
        (bare(item.test), item.timeframes, item.sides) for item in shipped("crash").rules.filters
    ]


def test_the_filters_of_regular_stay_as_written_for_both_sides_and_every_timeframe():
    filters = decided("regular").rules.filters
    assert [item.test.name for item in filters] == [
        "rsi_lt_70",
        "adx_min_for_trend_1h",
        "pullback_confirmed_ma9_21",
        "pullback_confirmed_vwap",
        "price_lte_ma21_plus_k_atr",
    ]
    assert all(item.for_both_sides and len(item.timeframes) == 5 for item in filters)


def test_the_legacy_selector_selects_as_the_other_form_does():
    legacy = profile_of(str(imported("legacy/validations.regular.yaml").text)).rules
    assert legacy.selector == shipped("regular").rules.selector


def test_the_samples_have_as_many_rules_as_the_reference_profiles():
    counts = {"scalper_micro": 7, "scalper": 42, "regular": 44, "crash": 40}
    for name, count in counts.items():
        text = (FILES / VALIDATIONS[name]).read_text(encoding="utf-8")
        section = (
            text.split("    rules:\n")[1].split("\n    execution_selector:")[0].split("\n    filters_mandatory:")[0]
        )
        assert len(re.findall(r"^ {8}\w+:", section, re.MULTILINE)) == count, name


def decided(name: str) -> Profile:
    """The converted profile after the decisions that the shipped one took; every edit must find its place."""
    text = str(imported(VALIDATIONS[name]).text)
    for old, new in DECIDED[name].items():
        assert old in text, old
        text = text.replace(old, new)
    return profile_of(text)


def side_of(rules: RuleSet, timeframe: Timeframe, side: Side) -> Test | None:
    found = rules.timeframes.get(timeframe)
    test = found.of(side) if found else None
    return bare(test) if test else None


def bare(test: Test) -> Test:
    """The test without names, without groups of one, and with groups in groups of the same kind opened."""
    match test:
        case Named(_, inner):
            return bare(inner)
        case AllOf(tests):
            return _group(AllOf, [bare(inner) for inner in tests])
        case AnyOf(tests):
            return _group(AnyOf, [bare(inner) for inner in tests])
        case Not(inner):
            return Not(bare(inner))
        case WithinBars(bars, inner):
            return WithinBars(bars, bare(inner))
        case Known(inner, unless_true):
            return Known(bare(inner), unless_true)
        case _:
            return test


def _group(kind: type[AllOf] | type[AnyOf], tests: list[Test]) -> Test:
    opened = [inner for test in tests for inner in (test.tests if isinstance(test, kind) else (test,))]
    return opened[0] if len(opened) == 1 else kind(opened)
