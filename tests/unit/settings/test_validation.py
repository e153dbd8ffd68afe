"""`mtf_validations.<profile>.yaml`: what the file is compiled to, and everything that is refused at load."""

from decimal import Decimal

import pytest

from mtf_core.market import Side, Timeframe
from mtf_core.rules.expressions import Compare, Comparison, Feature, Named, Number
from mtf_core.rules.ruleset import ContextMode, RuleSet
from mtf_core.settings.indicators import AtrBounds, AtrSettings, IndicatorSettings
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.validation import read_validation
from tests.unit.settings.trees import errors, outcome, warnings

HEADER = "mode: pragmatic\ncontext_timeframes: [5m]\nexecution_timeframes: [1m]\n"
RULES = "validation: {timeframe: {5m: {long: [rsi_bullish]}, 1m: {long: [rsi_bullish], short: [rsi_bearish]}}}\n"
M1, M5, M15, H1 = Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.H1


def read(node: ConfigNode, problems: Problems) -> RuleSet | None:
    return read_validation(node, IndicatorSettings(), problems)


def sound(text: str) -> RuleSet:
    ruleset, problems = outcome(read, text)
    assert errors(problems) == []
    assert ruleset is not None
    return ruleset


def refused(text: str) -> list[str]:
    ruleset, problems = outcome(read, text)
    assert ruleset is None
    return errors(problems)


def test_a_file_becomes_rules_by_timeframe_and_side() -> None:
    ruleset = sound(HEADER + RULES)
    assert ruleset.mode is ContextMode.PRAGMATIC
    assert ruleset.context_timeframes == (M5,)
    assert ruleset.execution_timeframes == (M1,)
    test = ruleset.timeframes[M1].short
    assert isinstance(test, Named)
    assert (test.name, test.test) == ("rsi_bearish", Compare(Comparison.LT, Feature("rsi"), Number(48.0)))
    assert ruleset.timeframes[M5].short is None
    assert (ruleset.selector, ruleset.filters, ruleset.allow_1m_only_if_any) == (None, (), None)


def test_timeframes_are_put_in_order_from_the_highest_down() -> None:
    text = (
        "mode: strict\ncontext_timeframes: [1h, 4h]\nexecution_timeframes: [1m, 15m, 5m]\nvalidation: {timeframe: {"
        + ", ".join(f"{tf}: {{long: [rsi_bullish]}}" for tf in ("1m", "4h", "5m", "1h", "15m"))
        + "}}"
    )
    ruleset = sound(text)
    assert ruleset.context_timeframes == (Timeframe.H4, H1)
    assert ruleset.execution_timeframes == (M15, M5, M1)


def test_without_execution_timeframes_those_with_rules_beside_the_context_are_taken() -> None:
    assert sound("mode: strict\ncontext_timeframes: [5m]\n" + RULES).execution_timeframes == (M1,)


def test_the_bounds_of_volatility_come_from_the_indicator_settings_of_each_timeframe() -> None:
    bounds = AtrBounds(min=Decimal("0.002"), max=Decimal("0.04"))
    indicators = IndicatorSettings(atr=AtrSettings(pct_thresholds={M5: bounds}))
    text = HEADER + "validation: {timeframe: {5m: {long: [atr_volatility_ok]}, 1m: {long: [atr_volatility_ok]}}}"
    ruleset, _ = outcome(lambda node, problems: read_validation(node, indicators, problems), text)
    assert ruleset is not None
    by_timeframe = {tf: rules.long for tf, rules in ruleset.timeframes.items()}
    assert [dict(test.parameters) for test in by_timeframe.values() if isinstance(test, Named)] == [
        {"min": 0.002, "max": 0.04},
        {"min": 0.001, "max": 0.03},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "moode: strict\n" + HEADER + RULES,
            "test.yaml:1: moode: unknown key 'moode'; known keys: mode, context_timeframes, execution_timeframes, "
            "execution_timeframe_default, rules, filters_mandatory, execution_selector, validation "
            "(did you mean 'mode'?)",
        ),
        (
            HEADER.replace("pragmatic", "ultra-pragmatig") + RULES,
            "test.yaml:1: mode: found 'ultra-pragmatig'; allowed: pragmatic, strict (did you mean 'pragmatic'?)",
        ),
        (
            HEADER.replace("[5m]", "[5m, 15m]") + RULES,
            "test.yaml:2: context_timeframes: 15m has no rules; "
            "rules stand in validation.timeframe.15m, for a side at least",
        ),
        (
            HEADER.replace("[1m]", "[1m, 15m]") + RULES,
            "test.yaml:3: execution_timeframes: 15m has no rules; "
            "rules stand in validation.timeframe.15m, for a side at least",
        ),
        (
            HEADER.replace("[5m]", "[5m, 5m]") + RULES,
            "test.yaml:2: context_timeframes: 5m is listed twice; a timeframe is listed once",
        ),
        (
            HEADER.replace("[5m]", "[]") + RULES.replace("5m: {long: [rsi_bullish]}, ", ""),
            "test.yaml:2: context_timeframes: context_timeframes is empty; at least one timeframe is required",
        ),
        (
            HEADER + RULES.replace("1m: {", "4h: {long: [rsi_bullish]}, 1m: {"),
            "test.yaml:4: validation.timeframe.4h: rules for 4h, which is neither a context nor an execution "
            "timeframe; they have no effect; leave them out or list the timeframe",
        ),
        (
            HEADER + RULES.replace("5m: {long", "5m: {lonng"),
            "test.yaml:4: validation.timeframe.5m.lonng: unknown key 'lonng'; known keys: long, short "
            "(did you mean 'long'?)",
        ),
        (
            HEADER + RULES.replace("{long: [rsi_bullish]}", "{long: []}"),
            "test.yaml:4: validation.timeframe.5m.long: found an empty list; leave the side out to disable it",
        ),
        (
            HEADER + RULES.replace("{long: [rsi_bullish]}", "{}"),
            "test.yaml:4: validation.timeframe.5m: found a map of 0; allowed is a map with long, short or both",
        ),
        (
            HEADER + RULES.replace("5m: {long", "6m: {long"),
            "test.yaml:4: validation.timeframe.6m: unknown timeframe '6m'; allowed: 1m, 5m, 15m, 1h, 4h, 1d",
        ),
        (
            HEADER + RULES.replace("rsi_bearish", "rsi_baerish"),
            "test.yaml:4: validation.timeframe.1m.short[0]: unknown rule 'rsi_baerish'; "
            "allowed is a rule of this profile or a built-in condition (did you mean 'rsi_bearish'?)",
        ),
        (
            "execution_timeframe_default: 5m\n" + HEADER + RULES,
            "test.yaml:1: execution_timeframe_default: 5m is not an execution timeframe; allowed: 1m",
        ),
        (
            "allow_skip_lower_tf: true\n" + HEADER + RULES,
            "test.yaml:1: allow_skip_lower_tf: the key 'allow_skip_lower_tf' is refused; "
            "without effect; the execution selector says when a timeframe is left",
        ),
        (
            HEADER + "rules: [a]\n" + RULES,
            "test.yaml:4: rules: found a list of 1; allowed is a map from names to rules",
        ),
        (
            HEADER,
            "test.yaml:1: the key 'validation' is missing; it is required: the rules of each timeframe",
        ),
    ],
)
def test_what_has_no_effect_or_no_meaning_is_refused_where_it_stands(text: str, message: str) -> None:
    assert message in refused(text)


def test_everything_wrong_in_the_file_is_reported_at_once() -> None:
    found = refused(
        """\
        mode: loose
        context_timeframes: [5m]
        execution_timeframes: [1m]
        rules:
          a: {all_of: [b]}
          b: {all_of: [a]}
          low: {lt: 101, fild: rsi}
        filters_mandatory: [nothing]
        execution_selector: {per_timeframe: {15m: {stay_on_if: []}}}
        validation: {timeframe: {5m: {long: [rsi_bullish: 500]}, 1m: {short: [close_below_vwap: {k: 1}]}}}
        """
    )
    assert [message.split(":")[1] for message in found] == ["1", "5", "7", "7", "10", "10", "8"]
    assert [message.split(";")[0].split(": ", 2)[2] for message in found] == [
        "found 'loose'",
        "rules in a circle: a → b → a",
        "lt: unknown key 'fild'",
        "lt: the key 'field' is missing",
        "found 500",
        "close_below_vwap: unknown parameter 'k'",
        "unknown rule 'nothing'",
    ]


@pytest.mark.parametrize(
    "rule",
    ["{gt: 101, field: rsi}", "{lt: 101, field: rsi}", "{min: 60, max: 40, field: rsi}", "{lt: 0, field: close}"],
)
@pytest.mark.parametrize("thorough", [False, True])
def test_a_rule_that_never_or_always_holds_is_refused(rule: str, thorough: bool) -> None:
    text = HEADER + f"rules:\n  r: {rule}\n" + RULES.replace("[rsi_bearish]", "[r]")
    ruleset, problems = outcome(
        lambda node, found: read_validation(node, IndicatorSettings(), found, thorough=thorough), text
    )
    assert ruleset is None
    assert any(message.startswith("test.yaml:5: rules.r") for message in errors(problems))


def test_an_alternative_that_can_never_be_true_is_refused_within_a_side() -> None:
    text = HEADER + RULES.replace("[rsi_bearish]", "[any_of: [{gt: 101, field: rsi}, rsi_bearish]]")
    assert refused(text) == [
        "test.yaml:4: validation.timeframe.1m.short: rsi > 101 can never be true; change its numbers"
    ]


def test_an_impossible_rule_is_reported_beside_one_that_cannot_be_read() -> None:
    text = HEADER + "rules:\n  never: {gt: 101, field: rsi}\n  unread: nothing\n" + RULES
    found = refused(text)
    assert any("rules.unread" in message for message in found)
    assert "test.yaml:5: rules.never: rsi > 101 can never be true; change its numbers" in found


def test_rules_that_double_at_every_level_are_refused_before_they_are_looked_into() -> None:
    levels = "".join(f"  r{i}: {{any_of: [r{i + 1}, {{all_of: [r{i + 1}, rsi_lt_70]}}]}}\n" for i in range(16))
    text = HEADER + f"rules:\n{levels}  r16: rsi_bullish\n" + RULES.replace("[rsi_bearish]", "[r0]")
    found = refused(text)
    assert any("rules.r0: written out, this has" in message and "allowed are 20000" in message for message in found)


def test_a_rule_that_nothing_uses_is_warned_about() -> None:
    ruleset, problems = outcome(read, HEADER + "rules:\n  spare: {gt: 60, field: rsi}\n" + RULES)
    assert ruleset is not None
    assert warnings(problems) == ["test.yaml:5: rules.spare: nothing uses the rule 'spare'; use it or leave it out"]


@pytest.mark.parametrize(
    "use",
    [
        "filters_mandatory: [r]\n",
        "rules: {r: {gt: 60, field: rsi}, s: {not: r}}\nfilters_mandatory: [s]\n",
        "execution_selector: {allow_1m_only_for: {enabled: true, conditions: [r]}}\n",
    ],
)
def test_a_rule_counts_as_used_wherever_it_is_named(use: str) -> None:
    rules = "" if use.startswith("rules") else "rules: {r: {gt: 60, field: rsi}}\n"
    ruleset, problems = outcome(read, HEADER + rules + use + RULES)
    assert ruleset is not None
    assert warnings(problems) == []


def test_a_condition_that_speaks_for_the_other_side_is_warned_about() -> None:
    _, problems = outcome(read, HEADER + RULES.replace("[rsi_bearish]", "[rsi_bullish]"))
    assert warnings(problems) == [
        "test.yaml:4: validation.timeframe.1m.short: rsi_bullish speaks for long but stands in rules for short; "
        "make sure that it is meant"
    ]


def test_an_entry_that_the_others_already_decide_is_a_note() -> None:
    text = HEADER + RULES.replace("[rsi_bearish]", "[rsi_lt_70: 40, {lt: 50, field: rsi}]")
    ruleset, problems = outcome(
        lambda node, found: read_validation(node, IndicatorSettings(), found, thorough=True), text
    )
    assert ruleset is not None
    assert [problem.place.path for problem in problems.notes] == ["validation.timeframe.1m.short"]


# --- filters --------------------------------------------------------------------------------------------------


def filters(text: str) -> list[tuple[str, set[str], set[str]]]:
    ruleset = sound(HEADER + f"filters_mandatory: {text}\n" + RULES)
    return [(item.test.name, set(item.timeframes), set(item.sides)) for item in ruleset.filters]


def test_a_list_of_filters_speaks_for_both_sides_on_every_timeframe() -> None:
    assert filters("[adx_min_for_trend]") == [("adx_min_for_trend", {M1, M5}, {"long", "short"})]


def test_filters_may_differ_by_side() -> None:
    assert filters("{long: [rsi_lt_70: 73], short: [rsi_gt_30]}") == [
        ("rsi_lt_70", {M1, M5}, {Side.LONG}),
        ("rsi_gt_30", {M1, M5}, {Side.SHORT}),
    ]


@pytest.mark.parametrize(
    ("entry", "timeframes"),
    [
        ("{rule: adx_min_for_trend, on: context}", {M5}),
        ("{rule: adx_min_for_trend, on: execution}", {M1}),
        ("{rule: {adx_min_for_trend: 20}, timeframes: [1m, 5m]}", {M1, M5}),
        ("{adx_min_for_trend: 20, on: execution}", {M1}),
        ("{adx_min_for_trend: 20, timeframes: [5m]}", {M5}),
    ],
)
def test_a_filter_may_limit_itself_to_timeframes(entry: str, timeframes: set[Timeframe]) -> None:
    assert filters(f"[{entry}]") == [("adx_min_for_trend", timeframes, {"long", "short"})]


def test_a_filter_without_a_name_is_called_by_its_place() -> None:
    assert filters("[{gte: 20, field: adx}]") == [("filters_mandatory[0]", {M1, M5}, {"long", "short"})]


def test_a_filter_whose_defaults_depend_on_the_timeframe_has_them_on_each() -> None:
    bounds = AtrBounds(min=Decimal("0.002"), max=Decimal("0.04"))
    indicators = IndicatorSettings(atr=AtrSettings(pct_thresholds={M5: bounds}))
    ruleset, _ = outcome(
        lambda node, problems: read_validation(node, indicators, problems),
        HEADER + "filters_mandatory: [atr_volatility_ok]\n" + RULES,
    )
    assert ruleset is not None
    assert [(set(item.timeframes), dict(item.test.parameters)) for item in ruleset.filters] == [
        ({M1}, {"min": 0.001, "max": 0.03}),
        ({M5}, {"min": 0.002, "max": 0.04}),
    ]


@pytest.mark.parametrize(
    ("filters_text", "part"),
    [
        ("[lev_bounds]", "lev_bounds reads a selector metric"),
        ("[{gt: 5, field: spread_bps}]", "spread_bps is a selector metric"),
        ("[{rule: adx_min_for_trend, on: contxt}]", "found 'contxt'; allowed: context, execution (did you mean"),
        ("[{rule: adx_min_for_trend, on: context, timeframes: [5m]}]", "both `on` and `timeframes`"),
        ("[{rule: adx_min_for_trend, timeframes: [4h]}]", "found '4h'; allowed are the profile's"),
        ("[{rule: adx_min_for_trend, timeframes: []}]", "found a list of 0; allowed is a list of timeframes: 1m, 5m"),
        ("{both: [adx_min_for_trend]}", "unknown key 'both'"),
        ("adx_min_for_trend", "allowed is a list of rules"),
        ("[rsi_lt_70: 101]", "found 101"),
    ],
)
def test_filters_that_cannot_work_are_refused(filters_text: str, part: str) -> None:
    assert any(part in message for message in refused(HEADER + f"filters_mandatory: {filters_text}\n" + RULES))


def test_a_one_sided_condition_in_a_filter_for_both_sides_is_warned_about() -> None:
    _, problems = outcome(read, HEADER + "filters_mandatory: [rsi_lt_70]\n" + RULES)
    assert warnings(problems) == [
        "test.yaml:4: filters_mandatory: rsi_lt_70 speaks for long but stands in a filter for both sides; "
        "make sure that it is meant"
    ]


# --- selector -------------------------------------------------------------------------------------------------

TWO = "mode: pragmatic\ncontext_timeframes: [15m]\nexecution_timeframes: [5m, 1m]\n"
TWO_RULES = (
    "validation: {timeframe: {15m: {long: [rsi_bullish]}, 5m: {long: [rsi_bullish]}, 1m: {long: [rsi_bullish]}}}"
)


def with_selector(text: str) -> str:
    return TWO + f"execution_selector: {text}\n" + TWO_RULES


def test_a_selector_has_an_entry_for_every_execution_timeframe_from_the_highest_down() -> None:
    ruleset = sound(
        with_selector(
            "{per_timeframe: {5m: {stay_on_if: [adx_5m_lt: 40], drop_to_lower_if_any: [spread_bps_gt], "
            "forbid_drop_to_lower_if_any: [expected_r_multiple_lt: 1]}}}"
        )
    )
    assert ruleset.selector is not None
    assert [entry.timeframe for entry in ruleset.selector] == [M5, M1]
    assert [len(part) for part in (ruleset.selector[0].tests, ruleset.selector[1].tests)] == [3, 0]


def test_a_timeframe_may_be_said_never_to_stay() -> None:
    sound(with_selector("{per_timeframe: {5m: {stay_on_if: [get_false], drop_to_lower_if_any: [spread_bps_gt]}}}"))


def test_a_disabled_restriction_of_1m_restricts_nothing() -> None:
    text = with_selector("{allow_1m_only_for: {enabled: false, conditions: [scalping: true]}}")
    assert sound(text).allow_1m_only_if_any is None


def test_an_enabled_restriction_of_1m_needs_one_of_its_conditions() -> None:
    ruleset = sound(with_selector("{allow_1m_only_for: {enabled: true, conditions: [scalping, spread_bps_gt: 3]}}"))
    assert ruleset.allow_1m_only_if_any is not None
    assert len(ruleset.allow_1m_only_if_any) == 2
    assert ruleset.selector is None


@pytest.mark.parametrize(
    ("selector", "part"),
    [
        ("{per_timeframe: {15m: {stay_on_if: []}}}", "a selector entry for '15m', which is not an execution timeframe"),
        ("{per_timeframe: {5m: {stay_if: []}}}", "unknown key 'stay_if'"),
        ("{per_timeframe: {5m: {stay_on_if: adx_5m_lt}}}", "allowed is a list of conditions"),
        ("{per_timeframe: {5m: {drop_to_lower_if_any: [spread_bps_gt]}}}", "stay_on_if is empty"),
        (
            "{per_timeframe: {1m: {stay_on_if: [adx_5m_lt], drop_to_lower_if_any: [spread_bps_gt]}}}",
            "no execution timeframe is lower",
        ),
        (
            "{per_timeframe: {5m: {stay_on_if: [adx_5m_lt], forbid_drop_to_lower_if_any: [spread_bps_gt]}}}",
            "there is nothing to forbid",
        ),
        ("{per_timeframe: [5m]}", "allowed is a map from execution timeframes"),
        ("{prefer: 5m}", "unknown key 'prefer'"),
        ("{allow_1m_only_for: {conditions: [scalping]}}", "the key 'enabled' is missing"),
        ("{allow_1m_only_for: {enabled: true}}", "no conditions"),
        ("{allow_1m_only_for: {enabled: 1, conditions: [scalping]}}", "required is true or false"),
    ],
)
def test_a_selector_that_cannot_work_is_refused(selector: str, part: str) -> None:
    assert any(part in message for message in refused(with_selector(selector)))


def test_a_default_timeframe_beside_a_selector_is_refused() -> None:
    text = "execution_timeframe_default: 5m\n" + with_selector("{per_timeframe: {5m: {stay_on_if: []}}}")
    assert refused(text) == [
        "test.yaml:1: execution_timeframe_default: it has no effect beside execution_selector.per_timeframe; "
        "write one of the two"
    ]


def test_a_restriction_of_1m_without_1m_is_refused() -> None:
    text = (
        "mode: pragmatic\ncontext_timeframes: [15m]\nexecution_timeframes: [5m]\n"
        "execution_selector: {allow_1m_only_for: {enabled: true, conditions: [scalping]}}\n"
        "validation: {timeframe: {15m: {long: [rsi_bullish]}, 5m: {long: [rsi_bullish]}}}"
    )
    assert any("1m is not an execution timeframe" in message for message in refused(text))


@pytest.mark.parametrize(
    "text", ["mode: 5", "validation: 5", "validation: {timeframe: 5}", "{}", "rules: 5", "validation:"]
)
def test_a_file_of_the_wrong_shape_is_refused_without_an_exception(text: str) -> None:
    assert refused(text)
