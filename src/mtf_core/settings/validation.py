"""`mtf_validations.<profile>.yaml`: from the tree of the file to the rules of the profile, completely checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, frozen

from mtf_core.market import Timeframe
from mtf_core.market.timeframe import highest_first
from mtf_core.rules.conditions.condition import BuildContext
from mtf_core.rules.expressions import Test
from mtf_core.rules.parse import parse_rules, parse_side
from mtf_core.rules.ruleset import ContextMode, RuleSet, TimeframeRules
from mtf_core.rules.scope import Scope
from mtf_core.settings.fields import setting
from mtf_core.settings.filters import read_filters
from mtf_core.settings.indicators import IndicatorSettings
from mtf_core.settings.nodes import ConfigNode, Problems, nearest_name
from mtf_core.settings.refused import REFUSED_VALIDATION_KEYS, without_refused
from mtf_core.settings.selector import Selection, read_selector
from mtf_core.settings.structure import structure
from mtf_core.settings.validation_checks import check_rules, warn_of_unused

_SIDES = ("long", "short")
_HEADER_KEYS = ("mode", "context_timeframes", "execution_timeframes", "execution_timeframe_default")
_SECTION_KEYS = ("rules", "filters_mandatory", "execution_selector", "validation")


@frozen
class ValidationHeader:
    """What the file says beside its rules."""

    mode: ContextMode = setting(doc="how context timeframes must agree on a side")
    context_timeframes: tuple[Timeframe, ...] = setting(doc="timeframes that must agree before an entry counts")
    execution_timeframes: tuple[Timeframe, ...] | None = setting(
        None, doc="timeframes on which an entry may be taken; absent: those with rules that are no context timeframes"
    )
    execution_timeframe_default: Timeframe | None = setting(
        None, doc="without a selector: taken if it has the context's side, else the highest one that has"
    )


_ANY_TIMEFRAME = ValidationHeader(ContextMode.PRAGMATIC, tuple(Timeframe), tuple(Timeframe))


def read_validation(
    node: ConfigNode, indicators: IndicatorSettings, problems: Problems, *, thorough: bool = False
) -> RuleSet | None:
    """The rules in `mtf_validations.<profile>.yaml`, or None when something in the file was wrong.

    Errors are always found; `thorough` also looks for entries that never decide, which takes longer.
    """
    before = len(problems.errors)
    node = without_refused(node, REFUSED_VALIDATION_KEYS, problems)
    header = _header(node, problems)
    scope = _scope(node, indicators, problems)
    rules = parse_rules(scope, problems)
    timeframes = _timeframes(node, scope, problems)
    if header is not None:
        _check_timeframes(node, header, timeframes, problems)
    # With a broken header the other sections are still read, so that their problems are reported as well.
    ruleset = _ruleset(node, header or _ANY_TIMEFRAME, timeframes, scope, problems)
    whole = len(problems.errors) == before
    check_rules(ruleset, node, rules, problems, thorough=thorough)
    if whole:
        warn_of_unused(ruleset, node, rules, problems)
    return ruleset if len(problems.errors) == before else None


def _ruleset(
    node: ConfigNode,
    header: ValidationHeader,
    timeframes: Mapping[Timeframe, TimeframeRules],
    scope: Scope,
    problems: Problems,
) -> RuleSet:
    context, execution = highest_first(header.context_timeframes), _execution_timeframes(header, timeframes)
    filters = _section(node, "filters_mandatory")
    selector = _section(node, "execution_selector")
    selection = read_selector(selector, execution, scope, problems) if selector else Selection()
    if header.execution_timeframe_default is not None and selection.entries is not None:
        problems.error(
            node.place_of("execution_timeframe_default"),
            "it has no effect beside execution_selector.per_timeframe",
            "write one of the two",
        )
    return RuleSet(
        mode=header.mode,
        context_timeframes=context,
        execution_timeframes=execution,
        timeframes=timeframes,
        execution_timeframe_default=header.execution_timeframe_default,
        filters=read_filters(filters, frozenset(context), frozenset(execution), scope, problems) if filters else (),
        selector=selection.entries,
        allow_1m_only_if_any=selection.allow_1m_only_if_any,
    )


def _execution_timeframes(header: ValidationHeader, with_rules: Iterable[Timeframe]) -> tuple[Timeframe, ...]:
    if header.execution_timeframes is not None:
        return highest_first(header.execution_timeframes)
    return highest_first(tuple(tf for tf in with_rules if tf not in header.context_timeframes))


def _header(node: ConfigNode, problems: Problems) -> ValidationHeader | None:
    entries = _entries(node)
    known = (*_HEADER_KEYS, *_SECTION_KEYS)
    for key in (key for key in entries if key not in known):
        problems.error(
            entries[key].place, f"unknown key {key!r}", f"known keys: {', '.join(known)}", nearest_name(key, known)
        )
    return structure(
        ValidationHeader, evolve(node, value={key: entries[key] for key in _HEADER_KEYS if key in entries}), problems
    )


def _scope(node: ConfigNode, indicators: IndicatorSettings, problems: Problems) -> Scope:
    rules = _section(node, "rules")
    if rules is not None and not isinstance(rules.value, Mapping):
        problems.error(rules.place, f"found {rules.shown()}", "allowed is a map from names to rules")
    bounds = {tf: (float(atr.min), float(atr.max)) for tf, atr in indicators.atr.pct_thresholds.items()}
    return Scope(rules=_entries(rules), context=BuildContext(atr_bounds=bounds))


def _timeframes(node: ConfigNode, scope: Scope, problems: Problems) -> dict[Timeframe, TimeframeRules]:
    section = _section(node, "validation")
    if section is None:
        problems.error(node.place, "the key 'validation' is missing", "it is required: the rules of each timeframe")
        return {}
    for key in (key for key in _entries(section) if key != "timeframe"):
        problems.error(
            _entries(section)[key].place,
            f"unknown key {key!r}",
            "known keys: timeframe",
            nearest_name(key, ("timeframe",)),
        )
    by_timeframe = _entries(section).get("timeframe")
    if by_timeframe is None or not isinstance(by_timeframe.value, Mapping):
        found = "the key 'timeframe' is missing" if by_timeframe is None else f"found {by_timeframe.shown()}"
        problems.error((by_timeframe or section).place, found, "required is a map from timeframes to long and short")
        return {}
    read: dict[Timeframe, TimeframeRules] = {}
    for name, sides in by_timeframe.value.items():
        if name not in tuple(Timeframe):
            problems.error(
                sides.place,
                f"unknown timeframe {name!r}",
                f"allowed: {', '.join(Timeframe)}",
                nearest_name(name, Timeframe),
            )
            continue
        timeframe = Timeframe(name)
        within = evolve(scope, context=evolve(scope.context, timeframe=timeframe))
        read[timeframe] = TimeframeRules(timeframe, **_sides(sides, within, problems))
    return read


def _sides(node: ConfigNode, scope: Scope, problems: Problems) -> dict[str, Test | None]:
    if not isinstance(node.value, Mapping) or not node.value:
        problems.error(node.place, f"found {node.shown()}", "allowed is a map with long, short or both")
        return {}
    for key in (key for key in node.value if key not in _SIDES):
        problems.error(
            node.value[key].place, f"unknown key {key!r}", "known keys: long, short", nearest_name(key, _SIDES)
        )
    return {side: parse_side(node.value[side], scope, problems) for side in _SIDES if side in node.value}


def _check_timeframes(
    node: ConfigNode,
    header: ValidationHeader,
    timeframes: Mapping[Timeframe, TimeframeRules],
    problems: Problems,
) -> None:
    """Every named timeframe has rules, every timeframe with rules is named, and none is named twice."""
    execution = _execution_timeframes(header, timeframes)
    for key, listed in (
        ("context_timeframes", header.context_timeframes),
        ("execution_timeframes", header.execution_timeframes or execution),
    ):
        place = node.place_of(key)
        if not listed:
            problems.error(place, f"{key} is empty", "at least one timeframe is required")
        for twice in sorted({tf for tf in listed if listed.count(tf) > 1}):
            problems.error(place, f"{twice} is listed twice", "a timeframe is listed once")
        for missing in (tf for tf in dict.fromkeys(listed) if tf not in timeframes):
            problems.error(
                place, f"{missing} has no rules", f"rules stand in validation.timeframe.{missing}, for a side at least"
            )
    for timeframe in timeframes:
        if timeframe not in header.context_timeframes and timeframe not in execution:
            problems.error(
                node.place_of("validation", "timeframe", timeframe),
                f"rules for {timeframe}, which is neither a context nor an execution timeframe",
                "they have no effect; leave them out or list the timeframe",
            )
    default = header.execution_timeframe_default
    if default is not None and default not in execution:
        problems.error(
            node.place_of("execution_timeframe_default"),
            f"{default} is not an execution timeframe",
            f"allowed: {', '.join(execution)}",
        )


def _section(node: ConfigNode, key: str) -> ConfigNode | None:
    """The value under a key; a key without a value counts as absent."""
    section = _entries(node).get(key)
    return section if section is not None and section.value is not None else None


def _entries(node: ConfigNode | None) -> Mapping[str, ConfigNode]:
    return node.value if node is not None and isinstance(node.value, Mapping) else {}


__all__ = ["ValidationHeader", "read_validation"]
