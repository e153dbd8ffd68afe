"""Entries of rule trees: names with their parameters, groups, and the forms that compare fields."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from mtf_adapters.reference.corrections import (
    CORRECTED_CONDITIONS,
    CORRECTED_FIELDS,
    HIDDEN_CASE_TIMEFRAME,
    RSI_BULLISH_ON_5M,
)
from mtf_adapters.reference.features import converted_field
from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.parameters import converted_argument
from mtf_adapters.reference.trees import Entries, as_list, as_map, entries_of, items_of, number, said, scalar
from mtf_core.market import Timeframe
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.parse_forms import form_of
from mtf_core.rules.scope import BUILTIN_PREFIX
from mtf_core.settings.nodes import ConfigNode

GROUPS = ("all_of", "any_of")
_FIELD_KEYS = ("field", "left", "slope_left")
_BOUNDS = ("gt", "gte", "lt", "lte")


@frozen
class Where:
    """Where an entry stands: which rules the profile has, inside which of them, on which timeframe."""

    findings: Findings
    rules: frozenset[str] = frozenset()
    """The profile's rules, without those that only repeat the built-in of their name."""
    parametric: frozenset[str] = frozenset()
    """Those of them that are the built-in of their name with other parameters: they take parameters at the use."""
    inside: str | None = None
    timeframe: Timeframe | None = None
    in_filter: bool = False
    seen: set[str] = field(factory=set)
    """Conditions whose correction has been reported."""


def converted_entry(node: ConfigNode, where: Where) -> ConfigNode:
    """One entry of a tree in this project's language; what is no entry at all stays, for the loader to refuse."""
    if isinstance(node.value, str):
        return _use(node.value, node, None, where)
    keys = entries_of(node)
    groups = [key for key in GROUPS if key in keys]
    if groups:
        return _groups(groups, keys, node, where)
    if form_of(keys) is not None:
        return converted_form(node, where)
    if len(keys) == 1:
        ((name, argument),) = keys.items()
        return _use(name, node, argument, where)
    if keys and all(_is_name(key, where) for key in keys):
        where.findings.decision(node, f"several conditions in one entry: {', '.join(keys)}", "all of them are required")
        uses = [_use(name, argument, argument, where) for name, argument in keys.items()]
        return as_map(node, {"all_of": as_list(node, uses)})
    return node


def converted_list(node: ConfigNode, where: Where) -> ConfigNode:
    """The entries of a list; a single entry without a list becomes one."""
    if isinstance(node.value, tuple):
        return as_list(node, [converted_entry(item, where) for item in node.value])
    if node.value is None:
        return as_list(node, ())
    return as_list(node, [converted_entry(node, where)])


def all_of(node: ConfigNode, where: Where) -> tuple[ConfigNode, ...]:
    """Converted entries that must all be true, groups of the same meaning opened up."""
    return tuple(opened for item in items_of(converted_list(node, where)) for opened in _opened(item, "all_of"))


# --- groups ---------------------------------------------------------------------------------------------------


def _groups(groups: list[str], keys: Entries, node: ConfigNode, where: Where) -> ConfigNode:
    built = [_single(as_map(node, {key: converted_list(keys[key], where)})) for key in groups]
    for key, sibling in keys.items():
        if key not in groups and key != "validity_bars":
            where.findings.no_effect(
                sibling, said(key, sibling), f"left out: nothing reads it beside {groups[0]}", "D29"
            )
    inner = built[0]
    if len(built) > 1:
        where.findings.decision(node, "all_of and any_of in one entry", "both are required")
        inner = as_map(node, {"all_of": as_list(node, built)})
    bars = keys.get("validity_bars")
    if bars is None:
        return inner
    where.findings.corrected(
        bars, f"validity_bars: {bars.shown()} was ignored there", "written within_bars", "D29, decision 7, open point 3"
    )
    return as_map(node, {"within_bars": bars, "rule": inner})


def _single(group: ConfigNode) -> ConfigNode:
    """A group of one is what it holds."""
    ((_, entries),) = entries_of(group).items()
    items = items_of(entries)
    return items[0] if len(items) == 1 else group


def _opened(entry: ConfigNode, group: str) -> tuple[ConfigNode, ...]:
    keys = entries_of(entry)
    if list(keys) == [group] and items_of(keys[group]):
        return tuple(opened for item in items_of(keys[group]) for opened in _opened(item, group))
    return (entry,)


# --- names ----------------------------------------------------------------------------------------------------


def _is_name(name: str, where: Where) -> bool:
    return name in where.rules or name.removeprefix(BUILTIN_PREFIX) in CONDITIONS


def _use(name: str, node: ConfigNode, argument: ConfigNode | None, where: Where) -> ConfigNode:
    """A name where it is used; `argument` is what stands beside it."""
    is_rule = name in where.rules and name != where.inside
    condition = CONDITIONS.get(name.removeprefix(BUILTIN_PREFIX))
    if condition is None or (is_rule and name not in where.parametric):
        if argument is not None and argument.value is not True:
            _report_lost(name, argument, where)
        if is_rule and name not in CONDITIONS and where.inside is not None:
            found = f"a rule that uses the rule {name}"
            where.findings.corrected(node, f"{found} raised an error there", "here rules may use rules", "D25")
        return scalar(node, name)
    if not is_rule:
        _report_correction(condition.name, node, where)
    kept = None
    if argument is not None:
        kept = converted_argument(condition, argument, where.findings, in_filter=where.in_filter)
    if kept is None and name == "rsi_bullish" and not is_rule:
        kept = _hidden_case(node, where)
    written = f"{BUILTIN_PREFIX}{name}" if name == where.inside else name
    return scalar(node, written) if kept is None else as_map(node, {written: kept})


def _report_lost(name: str, argument: ConfigNode, where: Where) -> None:
    found = f"parameters beside the rule {name}: {argument.shown()}"
    if name in CONDITIONS:
        where.findings.decision(
            argument,
            f"{found}; there the built-in of that name took them",
            f"left out: here the profile's rule counts; for the built-in write {BUILTIN_PREFIX}{name}",
            "D26, D31",
        )
    elif name in where.rules:
        where.findings.no_effect(argument, found, "left out", "D31")


def _report_correction(name: str, node: ConfigNode, where: Where) -> None:
    correction = CORRECTED_CONDITIONS.get(name)
    if correction is not None and name not in where.seen:
        where.seen.add(name)
        found = f"{name}: {correction.there} (here and wherever it is used below)"
        where.findings.corrected(node, found, correction.here, correction.reference)


def _hidden_case(node: ConfigNode, where: Where) -> ConfigNode | None:
    if where.timeframe is not HIDDEN_CASE_TIMEFRAME:
        return None
    found = f"rsi_bullish without a number: on 5m the reference took {RSI_BULLISH_ON_5M}"
    where.findings.corrected(node, found, "written out, for here it is 52 everywhere", "D12, decision 5")
    return number(node, RSI_BULLISH_ON_5M)


# --- forms ----------------------------------------------------------------------------------------------------


def converted_form(node: ConfigNode, where: Where) -> ConfigNode:
    """A comparison of fields: names of fields, and the keys beside them that mean something here."""
    keys = entries_of(node)
    findings = where.findings
    if "not" in keys:
        return as_map(node, {**keys, "not": converted_entry(keys["not"], where)})
    if "within_bars" in keys and "rule" in keys:
        return as_map(node, {**keys, "rule": converted_entry(keys["rule"], where)})
    for key in ("use_atr_tf", "adapt_with_vol_bucket"):
        if key in keys:
            findings.no_effect(keys[key], said(key, keys.pop(key)), "left out: it has no defined meaning", "decision 9")
    fields_form = next((key for key in ("lt_fields", "gt_fields") if key in keys), None)
    if fields_form is not None:
        return _fields(fields_form, keys, node, where)
    direction = next((key for key in ("increasing", "decreasing") if key in keys), None)
    if direction is not None:
        inner = _with_default_field(keys[direction], "macd_hist", where)
        return as_map(node, {**keys, direction: as_map(keys[direction], inner)} if inner else keys)
    period = keys.pop("period", None)
    for key in (key for key in _FIELD_KEYS if key in keys):
        keys[key] = _field(keys[key], where, period)
    if "right" in keys:
        keys["right"] = _field(keys["right"], where)
    _note_eps(keys, where)
    if any(key.startswith("derivative_") for key in keys):
        keys = _with_default_field(as_map(node, keys), "macd_hist", where) or keys
    elif any(key in keys for key in _BOUNDS) and "field" not in keys:
        findings.corrected(
            node, "a bound without a field raised an error, or meant the RSI", "written field: rsi", "D29"
        )
        keys["field"] = scalar(node, "rsi")
    return as_map(node, keys)


def _field(node: ConfigNode, where: Where, period: ConfigNode | None = None) -> ConfigNode:
    converted = converted_field(node, where.findings, period)
    name = converted.value if isinstance(converted.value, str) else ""
    correction = CORRECTED_FIELDS.get(name)
    if correction is not None and f"field {name}" not in where.seen:
        where.seen.add(f"field {name}")
        found = f"the field {name}: {correction.there} (here and wherever it is compared below)"
        where.findings.corrected(node, found, correction.here, correction.reference)
    return converted


def _fields(form: str, keys: Entries, node: ConfigNode, where: Where) -> ConfigNode:
    operands = [_field(item, where) for item in items_of(keys[form])]
    touch = keys.pop("allow_touch", None)
    for key, sibling in [(key, item) for key, item in keys.items() if key != form]:
        where.findings.no_effect(sibling, said(key, sibling), "left out: nothing reads it", "D29")
    if touch is not None and touch.value is True and len(operands) == 2:
        where.findings.corrected(touch, "allow_touch: true was ignored there", "here equality passes", "D14, D29")
        sign = scalar(touch, "<=" if form == "lt_fields" else ">=")
        return as_map(node, {"op": sign, "left": operands[0], "right": operands[1]})
    return as_map(node, {form: as_list(keys[form], operands) if operands else keys[form]})


def _with_default_field(node: ConfigNode, usual: str, where: Where) -> Entries | None:
    """The keys of a map with its field; None when it is no map."""
    keys = entries_of(node)
    if not keys:
        return None
    if "field" in keys:
        keys["field"] = _field(keys["field"], where)
    else:
        where.findings.decision(node, "no field says what moves", f"written field: {usual}", "D29")
        keys["field"] = scalar(node, usual)
    if "n" not in keys and usual == "macd_hist" and not any(key.startswith("derivative_") for key in keys):
        keys["n"] = number(node, 2)
    _note_eps(keys, where)
    return keys


def _note_eps(keys: Entries, where: Where) -> None:
    eps = keys.get("eps")
    if eps is None or not isinstance(eps.value, Decimal) or eps.value == 0:
        return
    where.findings.corrected(
        eps,
        f"eps: {eps.value} was read in three ways, or not at all",
        "here it is a tolerance in favour of the test, in the unit of the field",
        "open point 1, decision 1",
    )
    fields = [keys[key].value for key in _FIELD_KEYS if key in keys]
    if any(
        isinstance(name, str) and name.rpartition(".")[2].startswith(("macd", "ema", "sma", "ma_")) for name in fields
    ):
        where.findings.decision(
            eps,
            f"eps {eps.value} is a difference of prices, another thing for every symbol",
            "kept as written; relative to close it would be eps_pct",
            "open point 5, decision 4",
        )
