"""`mtf_validations*.yaml` and `validations.<mode>.yaml`: header, rules of the timeframes, and what stands between."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import evolve

from mtf_adapters.reference.expressions import Where, all_of
from mtf_adapters.reference.filters import converted_filters
from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.rules import ConvertedRules, converted_rules
from mtf_adapters.reference.selector import converted_selector
from mtf_adapters.reference.trees import Entries, as_list, as_map, entries_of, is_empty, items_of, said, scalar
from mtf_core.market import Timeframe
from mtf_core.rules.ruleset import ContextMode
from mtf_core.settings.nodes import ConfigNode

_LABELS = {
    "version": "a label",
    "meta": "a label",
    "profile": "the profile's name is the file's",
    "allow_skip_lower_tf": "no decision reads it",
}
_KNOWN = (
    "mode",
    "context_timeframes",
    "execution_timeframes",
    "execution_timeframe_default",
    "rules",
    "filters_mandatory",
    "execution_selector",
    "validation",
    "defaults",
)
_ALIASES = ("ultra-pragmatig", "ultra-pragmatic", "ultra_pragmatic")
_SIDES = ("long", "short")


def converted_validations(
    settings: ConfigNode, findings: Findings, context_timeframes: Collection[str] = ()
) -> ConfigNode:
    """The document `mtf_validations` of this project, its values at their places in the source.

    `context_timeframes` are those of a file that names none, as the oldest ones do.
    """
    source = _with_context(settings, context_timeframes, findings)
    rules = converted_rules(source.get("rules"), findings)
    timeframes = _timeframes(source, rules.where)
    execution = execution_timeframes(source, timeframes)
    converted: Entries = {}
    if "mode" not in source:
        findings.decision(as_map(settings, {}), "no mode", "written mode: pragmatic", "D49")
        converted["mode"] = scalar(settings, ContextMode.PRAGMATIC.value)
    for key, node in source.items():
        section = _section(key, node, source, rules, timeframes, execution)
        if section is not None:
            converted[key] = section
    _note_execution_above_context(settings, source, execution, findings)
    return as_map(settings, converted)


def _with_context(settings: ConfigNode, given: Collection[str], findings: Findings) -> Entries:
    """The entries of the file, with the context timeframes that were given if it has none of its own."""
    source = entries_of(settings)
    listed = source.get("context_timeframes")
    if listed is not None and not is_empty(listed):
        return source
    if given:
        at = as_map(settings, {})
        findings.added(at, "no context_timeframes", f"written {', '.join(given)}, as they were given")
        source["context_timeframes"] = as_list(settings, [scalar(settings, name) for name in given])
    else:
        findings.decision(
            as_map(settings, {}),
            "no context_timeframes: it is not known which timeframes had to agree on a side",
            "give them with --context-timeframes, as in --context-timeframes 1h,15m",
        )
    return source


def _section(
    key: str,
    node: ConfigNode,
    source: Entries,
    rules: ConvertedRules,
    timeframes: Entries,
    execution: tuple[str, ...],
) -> ConfigNode | None:
    """What one key of the file becomes; None when it is left out."""
    findings = rules.where.findings
    match key:
        case "mode":
            return _mode(node, findings)
        case "context_timeframes" | "execution_timeframes":
            return _listed(key, node, findings)
        case "execution_timeframe_default":
            return _default_timeframe(node, source, execution, findings)
        case "rules":
            if entries_of(node):
                return as_map(node, rules.bodies) if rules.bodies else None
            return None if is_empty(node) else node  # no map: the loader says so
        case "filters_mandatory":
            return converted_filters(node, rules)
        case "execution_selector":
            return converted_selector(node, execution, rules.where)
        case "validation":
            return _validation(node, timeframes, findings)
        case "defaults":
            _report_defaults(node, findings)
            return None
        case _ if key in _LABELS:
            findings.no_effect(node, said(key, node), f"left out: {_LABELS[key]}")
            return None
        case _:
            findings.decision(node, f"the key {key!r}", "left out: no meaning of it is known")
            return None


# --- header ---------------------------------------------------------------------------------------------------


def _mode(node: ConfigNode, findings: Findings) -> ConfigNode:
    if node.value in _ALIASES:
        findings.renamed(node, f"mode: {node.value}, an alias", "written pragmatic", "D49")
        node = scalar(node, ContextMode.PRAGMATIC.value)
    if node.value == ContextMode.PRAGMATIC:
        findings.corrected(
            node,
            "mode: pragmatic was the same as strict, for a timeframe without a side was invalid",
            "here such a timeframe is neutral, and tolerated",
            "D49",
        )
    return node


def _listed(key: str, node: ConfigNode, findings: Findings) -> ConfigNode | None:
    if key == "execution_timeframes" and is_empty(node):
        findings.no_effect(node, said(key, node), "left out: those with rules that are no context timeframes")
        return None
    if isinstance(node.value, str):
        findings.renamed(node, said(key, node), "written as a list")
        return as_list(node, [node])
    kept: dict[object, ConfigNode] = {}
    for index, item in enumerate(items_of(node)):
        name = item.value if isinstance(item.value, str) else index
        if name in kept:
            findings.dropped(item, f"{key} lists {item.shown()} twice", "left out the second time")
        else:
            kept[name] = item
    return as_list(node, kept.values()) if isinstance(node.value, tuple) else node


def _default_timeframe(
    node: ConfigNode, source: Entries, execution: tuple[str, ...], findings: Findings
) -> ConfigNode | None:
    found = f"{said('execution_timeframe_default', node)}, read by a diagnostic command only"
    selector = source.get("execution_selector")
    if selector is not None and not is_empty(selector):
        findings.no_effect(node, found, "left out: the execution selector chooses", "D42")
    elif node.value not in execution:
        findings.no_effect(node, found, "left out: it is no execution timeframe", "D42")
    elif len(execution) == 1:
        findings.no_effect(node, found, "left out: there is no other execution timeframe", "D42")
    else:
        findings.no_effect(node, found, "kept: here it goes before higher execution timeframes", "D42")
        return node
    return None


def _report_defaults(node: ConfigNode, findings: Findings) -> None:
    for key, item in entries_of(node).items():
        if key == "dry_run_validate_all_timeframes":
            findings.dropped(item, said(key, item), "left out: every run validates every timeframe")
        else:
            findings.decision(item, f"defaults.{key}: {item.shown()}", "left out: it belongs in trade_entry")


def execution_timeframes(source: Entries, with_rules: Iterable[str]) -> tuple[str, ...]:
    """The execution timeframes that the file names, else those with rules that are no context timeframes."""
    names = [str(tf) for tf in Timeframe]
    listed = source.get("execution_timeframes")
    if listed is not None and not is_empty(listed):
        names_used = _texts(listed)
    else:
        context = source.get("context_timeframes")
        names_used = set(with_rules) - _texts(context)
    known = [name for name in names if name in names_used]
    return tuple(sorted(known, key=lambda name: -Timeframe(name).minutes))


def _texts(node: ConfigNode | None) -> set[str]:
    """The names in a list, or the one name that stands instead of a list."""
    if node is not None and isinstance(node.value, str):
        return {node.value}
    return {item.value for item in items_of(node) if isinstance(item.value, str)}


def _note_execution_above_context(
    settings: ConfigNode, source: Entries, execution: tuple[str, ...], findings: Findings
) -> None:
    names = [str(tf) for tf in Timeframe]
    context = [name for name in names if name in _texts(source.get("context_timeframes"))]
    lowest = min((Timeframe(name).minutes for name in context), default=None)
    above = [name for name in execution if lowest is not None and Timeframe(name).minutes >= lowest]
    if above and "execution_timeframes" not in source:
        findings.decision(
            as_map(settings, {}),
            f"no execution_timeframes: {', '.join(above)} would be taken for entries, above a context timeframe",
            "kept as it acted; list execution_timeframes if that is not meant",
        )


# --- rules of the timeframes ----------------------------------------------------------------------------------


def _validation(node: ConfigNode, timeframes: Entries, findings: Findings) -> ConfigNode:
    keys = entries_of(node)
    for key in (key for key in keys if key != "timeframe"):
        if key == "start_from_timeframe":
            findings.no_effect(keys[key], said(key, keys[key]), "left out: context_timeframes says what comes first")
        else:
            findings.decision(keys[key], f"the key validation.{key}", "left out: no meaning of it is known")
    if "timeframe" not in keys or not entries_of(keys["timeframe"]):
        return as_map(node, {"timeframe": keys["timeframe"]}) if "timeframe" in keys else node
    return as_map(node, {"timeframe": as_map(keys["timeframe"], timeframes)})


def _timeframes(source: Entries, where: Where) -> Entries:
    """The rules of each timeframe that is ever evaluated and has a side."""
    by_name = entries_of(entries_of(source.get("validation")).get("timeframe"))
    used = _named_timeframes(source)
    converted: Entries = {}
    for name, node in by_name.items():
        if name not in tuple(Timeframe):
            where.findings.decision(node, f"rules for {name!r}, which is no timeframe", "left out")
        elif used is not None and name not in used:
            done = "left out: neither a context nor an execution timeframe"
            where.findings.no_effect(node, f"the rules for {name} are never evaluated", done, "decision 14")
        elif (sides := _sides(name, node, where)) is not None:
            converted[name] = sides
    return converted


def _named_timeframes(source: Entries) -> set[str] | None:
    """Context and execution timeframes, or None when every timeframe with rules counts."""
    execution = source.get("execution_timeframes")
    if execution is None or is_empty(execution):
        return None
    return _texts(source.get("context_timeframes")) | _texts(execution)


def _sides(timeframe: str, node: ConfigNode, where: Where) -> ConfigNode | None:
    keys = entries_of(node)
    if not keys:
        where.findings.decision(node, f"{timeframe} has no rules: {node.shown()}", "left out")
        return None
    within = evolve(where, timeframe=Timeframe(timeframe))
    converted: Entries = {}
    for key, body in keys.items():
        if key not in _SIDES:
            where.findings.decision(body, f"the key {key!r} beside long and short", "left out: nothing read it")
        elif is_empty(body):
            where.findings.corrected(
                body, f"{timeframe} {key}: an empty list held always, or never", "left out: the side never holds", "D28"
            )
        else:
            converted[key] = _side(f"{timeframe} {key}", body, within)
    if not converted:
        where.findings.decision(node, f"{timeframe} has no side with rules", "left out")
        return None
    return as_map(node, converted)


def _side(name: str, body: ConfigNode, where: Where) -> ConfigNode:
    if not isinstance(body.value, tuple):
        where.findings.renamed(body, f"{name} is no list", "written as a list of one")
    elif len(body.value) > 1:
        where.findings.corrected(
            body,
            f"{name} has {len(body.value)} entries: all had to hold in one engine, any in the other",
            "here all must hold",
            "D27, open point 10",
        )
    return as_list(body, all_of(body, where))
