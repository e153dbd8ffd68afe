"""The page on the built-in conditions, from the catalogue."""

from __future__ import annotations

from docs.generating.markdown import code, codes, page, table

from mtf_core.features.history import History
from mtf_core.features.names import history
from mtf_core.rules import CONDITIONS, METRICS, BuildContext, Condition, Family, Parameter
from mtf_core.rules.expressions import AllOf, AnyOf, Compare, Feature, Known, Metric, Named, Not, Test, used
from mtf_core.settings.indicators import IndicatorSettings

_INTRODUCTION = f"""
{len(CONDITIONS)} conditions are built in. In a profile, `name` means the condition with its defaults,
`{{name: number}}` sets its main parameter (bold below), `{{name: {{parameter: value}}}}` any of them. `x[1]` is `x` one
candle earlier. A condition reads the candles of the timeframe under whose rules it stands, whatever its own name says.

*History* is the number of closed candles from which on it has a value, with its defaults and the default
`warmup_tolerance`; *day* means that the candles since the start of the VWAP's day are needed as well. An unknown
condition never opens a trade.
"""

STRICT = "unknown when one of its features is missing"
UNLESS_TRUE = "unknown when one of its features is missing, unless those present already make it true"
ANY_TRUE = "true by one part although a feature of another is missing; else unknown when one is missing"
NEVER = "never unknown"


def conditions_page() -> str:
    chapters = [f"## {family}\n\n" + "\n\n".join(map(_section, _of(family))) for family in Family]
    metrics = table(("metric", "meaning"), ((code(name), meaning) for name, meaning in METRICS.items()))
    overview = table(
        ("family", "conditions"),
        ((str(family), ", ".join(f"[{one.name}](#{one.name})" for one in _of(family))) for family in Family),
    )
    note = "Numbers of the plan preview and the order book, known only while an execution timeframe is selected."
    return page("Conditions", _INTRODUCTION, overview, *chapters, f"## Selector metrics\n\n{note}\n\n{metrics}")


def missing_rule(condition: Condition) -> str:
    """What becomes of the condition when a feature is missing, read off its expression."""
    test = _unnamed(condition)
    if not list(used(test)):
        return NEVER
    if _is_strict(test):
        return STRICT
    if isinstance(test, Known) and test.unless_true:
        return UNLESS_TRUE
    if isinstance(test, AnyOf) and all(map(_is_strict, test.tests)):
        return ANY_TRUE
    raise NotImplementedError(f"{condition.name}: its rule on missing data has no text yet")


def _of(family: Family) -> list[Condition]:
    return [condition for condition in CONDITIONS.values() if condition.family is family]


def _unnamed(condition: Condition) -> Test:
    test: Test = condition.named({}, BuildContext())
    while isinstance(test, Named):
        test = test.test
    return test


def _is_strict(test: Test) -> bool:
    """Whether one missing feature makes the whole test unknown."""
    match test:
        case Compare():
            return True
        case Known(_, unless_true):
            return not unless_true
        case Not(inner) | Named(_, inner):
            return _is_strict(inner)
        case AllOf(tests) | AnyOf(tests):
            return all(map(_is_strict, tests)) and len({frozenset(used(one)) for one in tests}) == 1
        case _:
            return False


def _section(condition: Condition) -> str:
    leaves = list(dict.fromkeys(used(condition.named({}, BuildContext()))))
    features = [(leaf, ago) for leaf, ago in leaves if isinstance(leaf, Feature)]
    metrics = [leaf for leaf, _ in leaves if isinstance(leaf, Metric)]
    facts = [
        f"Side: {condition.side or 'both'}",
        f"Features: {codes(f'{leaf.name}[{ago}]' if ago else leaf.name for leaf, ago in features)}" if features else "",
        f"Selector metrics: {codes(metrics)}" if metrics else "",
        f"History: {_history(features)}" if features else "",
        f"Missing data: {missing_rule(condition)}",
        "Only in an execution selector" if condition.metrics_only else "",
    ]
    lines = "\n".join(f"- {fact}" for fact in facts if fact)
    parts = [f"### {condition.name}", f"True when {code(condition.summary)}", lines, _parameters(condition)]
    return "\n\n".join(part for part in parts if part)


def _history(features: list[tuple[Feature, int]]) -> str:
    tolerance = float(IndicatorSettings().warmup_tolerance)
    need = History(1)
    for leaf, ago in features:
        need = need.joined(history(leaf.name, tolerance).plus(ago))
    return f"{need.candles}" + (" and the day" if need.session else "")


def _parameters(condition: Condition) -> str:
    head = ("parameter", "default", "unit", "allowed", "other keys", "notes")
    return table(head, (_row(condition, parameter) for parameter in condition.parameters))


def _row(condition: Condition, parameter: Parameter) -> tuple[str, ...]:
    name = f"**{code(parameter.name)}**" if parameter.main else code(parameter.name)
    allowed = str(parameter.bounds) or str(parameter.kind)
    if str(parameter.bounds) and parameter.kind != "a number":
        allowed = f"{parameter.kind}, {allowed}"
    notes = [parameter.doc] if parameter.doc else []
    if parameter.instead_of:
        notes.append(f"replaces {code(parameter.instead_of)}")
    return name, _default(condition, parameter), parameter.unit, allowed, codes(parameter.aliases), "; ".join(notes)


def _default(condition: Condition, parameter: Parameter) -> str:
    if isinstance(parameter.default, bool):
        return str(parameter.default).lower()
    if parameter.default is not None:
        return f"{parameter.default:g}"
    return "by timeframe" if condition.defaults_in else "not set"
