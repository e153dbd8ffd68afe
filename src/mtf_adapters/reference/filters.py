"""`filters_mandatory`: what must hold on every timeframe."""

from __future__ import annotations

from attrs import evolve

from mtf_adapters.reference.expressions import Where, converted_entry
from mtf_adapters.reference.rules import ConvertedRules
from mtf_adapters.reference.trees import as_list, as_map, entries_of, is_empty, items_of
from mtf_core.market import Side
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.scope import BUILTIN_PREFIX
from mtf_core.settings.nodes import ConfigNode

_LIMITS = frozenset({"rule", "on", "timeframes"})


def converted_filters(node: ConfigNode, rules: ConvertedRules) -> ConfigNode | None:
    """The filters here, each for both sides and on every timeframe as there; None when there are none."""
    if is_empty(node):
        return None
    where = evolve(rules.where, in_filter=True)
    keys = entries_of(node)
    if keys and keys.keys() <= set(Side):  # this project's own form
        by_side = {
            side: as_list(entries, _converted(items_of(entries), rules, where)) for side, entries in keys.items()
        }
        return as_map(node, by_side)
    if not keys and not isinstance(node.value, (tuple, str)):
        return node  # no list: the loader says so
    entries = [as_map(argument, {name: argument}) for name, argument in keys.items()] if keys else items_of(node)
    converted = _converted(entries or [node], rules, where)
    return as_list(node, converted) if converted else None


def _converted(
    entries: list[ConfigNode] | tuple[ConfigNode, ...], rules: ConvertedRules, where: Where
) -> list[ConfigNode]:
    converted = []
    for entry in entries:
        name = _name(entry)
        if name in rules.metric_rules or _is_metric_condition(name, where):
            _report_metric(entry, str(name), rules, where)
            continue
        _note_one_sided(entry, name, where)
        converted.append(entry if entries_of(entry).keys() & _LIMITS else converted_entry(entry, where))
    return converted


def _name(entry: ConfigNode) -> str | None:
    keys = entries_of(entry)
    if len(keys) == 1:
        return next(iter(keys))
    return entry.value if isinstance(entry.value, str) else None


def _is_metric_condition(name: str | None, where: Where) -> bool:
    condition = CONDITIONS.get(name.removeprefix(BUILTIN_PREFIX)) if name is not None else None
    return condition is not None and condition.metrics_only and name not in where.rules


def _report_metric(entry: ConfigNode, name: str, rules: ConvertedRules, where: Where) -> None:
    found = f"the filter {name} reads what only the selector knows, so that no timeframe was ever valid"
    if name != "lev_bounds":
        where.findings.decision(entry, found, "left out; it may stand in the execution selector", "D33")
        return
    bounds = entries_of(entries_of(rules.bodies.get(name)).get(f"{BUILTIN_PREFIX}{name}"))
    shown = {key: bounds[key].shown() if key in bounds else usual for key, usual in (("min", "2"), ("max", "20"))}
    where.findings.decision(
        entry,
        found,
        f"left out; as a guard of the plan it is leverage.accept: {{min: {shown['min']}, max: {shown['max']}}} in the "
        "profile's trade_entry file",
        "D8, D33, decision 11",
    )


def _note_one_sided(entry: ConfigNode, name: str | None, where: Where) -> None:
    condition = CONDITIONS.get(name) if name is not None else None
    if condition is None or condition.side is None:
        return
    where.findings.decision(
        entry,
        f"the filter {name} speaks for {condition.side}s, and is asked of both sides on every timeframe",
        "kept as written; filters_mandatory may be {long: […], short: […]}, an entry {rule: …, on: execution}",
        "decision 10",
    )
