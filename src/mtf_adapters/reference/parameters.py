"""Parameters of built-in conditions: the reference's keys become the names of the catalogue."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.reference.corrections import IGNORED_PARAMETERS, SCALAR_READ_THERE
from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.trees import Entries, as_map, entries_of, plain_number, said, scalar
from mtf_core.rules.conditions.condition import Condition, Parameter, ParameterKind
from mtf_core.settings.nodes import ConfigNode, nearest_name

_MEANINGLESS = {
    "use_atr_tf": "the ATR is that of the evaluated timeframe",
    "adapt_with_vol_bucket": "nothing ever defined it",
}
_RSI_BOUNDS = {"lt": ("rsi_lt_", "rsi_bearish"), "gt": ("rsi_gt_", "rsi_bullish")}


def converted_argument(
    condition: Condition, argument: ConfigNode, findings: Findings, *, in_filter: bool = False
) -> ConfigNode | None:
    """What stands beside a condition's name, as the catalogue calls it; None when nothing of it remains."""
    value = argument.value
    if value is None or value is True:
        return None
    if value is False:
        return _false(condition, argument, findings)
    if entries_of(argument) or value == {}:
        return _map(condition, entries_of(argument), argument, findings, in_filter=in_filter)
    return _scalar(condition, argument, findings, in_filter=in_filter)


def _false(condition: Condition, argument: ConfigNode, findings: Findings) -> ConfigNode | None:
    main = condition.main
    if main is not None and main.kind is ParameterKind.BOOLEAN:
        return argument
    findings.decision(
        argument,
        f"{condition.name}: false, which was lost there",
        f"written {condition.name}, as it acted; for the opposite write not: {condition.name}",
        "D30",
    )
    return None


def _scalar(condition: Condition, argument: ConfigNode, findings: Findings, *, in_filter: bool) -> ConfigNode | None:
    main, number = main_there(condition), plain_number(argument)
    if main is None or number is None or not isinstance(argument.value, Decimal):
        findings.no_effect(argument, said(condition.name, argument), "left out: it was lost there", "D30")
        return None
    if condition.name not in SCALAR_READ_THERE:
        findings.corrected(
            argument, f"{said(condition.name, argument)} was lost there", f"here it sets {main.name}", "D30"
        )
    elif in_filter:
        findings.corrected(argument, f"{said(condition.name, argument)} was lost in filters", "here it counts", "D32")
    _note_price_units(condition, main.name, argument, findings)
    return argument if main is condition.main else as_map(argument, {main.name: argument})


def _map(
    condition: Condition, keys: Entries, argument: ConfigNode, findings: Findings, *, in_filter: bool
) -> ConfigNode | None:
    kept: Entries = {}
    for key, node in keys.items():
        name = canonical_parameter(condition, key)
        if name is None:
            _unknown(condition, key, node, findings)
        elif name in kept:
            findings.no_effect(node, f"{said(key, node)}, the same parameter as one above", "left out")
        else:
            _report(condition, key, name, node, findings, in_filter=in_filter)
            kept[name] = _value(node)
    return _shortest(condition, kept, argument)


def main_there(condition: Condition) -> Parameter | None:
    """The parameter that a bare number set in the reference: there a gap was in price units, here it is relative."""
    main = condition.main
    absolute = (item for item in condition.parameters if main is not None and item.instead_of == main.name)
    return next(absolute, main)


def canonical_parameter(condition: Condition, key: str) -> str | None:
    """The catalogue's name of a key, also of `{lt: 72}` under a condition on the RSI; None when there is none."""
    parameter = condition.parameter(key)
    if parameter is not None:
        return parameter.name
    if key in _RSI_BOUNDS and condition.name.startswith(_RSI_BOUNDS[key]) and condition.main is not None:
        return condition.main.name
    main = main_there(condition)
    return main.name if key == "threshold" and main is not None and main.kind is ParameterKind.NUMBER else None


def _unknown(condition: Condition, key: str, node: ConfigNode, findings: Findings) -> None:
    if key in _MEANINGLESS:
        done = f"left out: {_MEANINGLESS[key]}"
        findings.no_effect(node, said(key, node), done, "D7, decision 9")
        return
    names = [item.name for item in condition.parameters]
    near = nearest_name(key, names)
    if near is None or key in ("field", "period"):
        findings.no_effect(node, said(key, node), f"left out: {condition.name} has no such parameter")
    else:
        found = f"{said(key, node)}, which is no parameter of {condition.name}"
        findings.decision(node, found, f"left out, as it had no effect there; was {near!r} meant?")


def _report(
    condition: Condition, key: str, name: str, node: ConfigNode, findings: Findings, *, in_filter: bool
) -> None:
    ignored, deviation = IGNORED_PARAMETERS.get(condition.name, (frozenset(), ""))
    if name in ignored and key != condition.name:  # its own name was the one key that was read (D3)
        findings.corrected(node, f"{condition.name}: {said(key, node)} was ignored there", "here it counts", deviation)
    elif in_filter:
        findings.corrected(node, f"{condition.name}: {said(key, node)} was lost in filters", "here it counts", "D32")
    if key != name:
        findings.renamed(node, f"{condition.name}: {key}", f"the parameter is called {name} here")
    _note_price_units(condition, name, node, findings)


def _note_price_units(condition: Condition, name: str, node: ConfigNode, findings: Findings) -> None:
    parameter, value = condition.parameter(name), plain_number(node)
    if parameter is not None and parameter.instead_of == f"{name}_pct" and value is not None and value != 0:
        findings.decision(
            node,
            f"{condition.name}: {name} {value} is a difference of prices, another thing for every symbol",
            f"kept as written; relative to close it would be {name}_pct",
            "open point 5, decision 4",
        )


def _value(node: ConfigNode) -> ConfigNode:
    number = plain_number(node)
    return scalar(node, number) if number is not None else node


def _shortest(condition: Condition, kept: Entries, argument: ConfigNode) -> ConfigNode | None:
    """`name: number` where only the main parameter is set, else the map."""
    if not kept:
        return None
    main = condition.main
    if main is not None and list(kept) == [main.name]:
        return kept[main.name]
    return as_map(argument, kept)
