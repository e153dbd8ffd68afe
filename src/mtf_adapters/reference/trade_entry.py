"""`trade_entry*.yaml`: how a decision becomes an order plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mtf_adapters.reference.exposure import limits_something
from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.legacy_types import Path, known_settings, retyped
from mtf_adapters.reference.trade_entry_keys import (
    DEAD,
    DEFAULTS_THERE,
    GONE,
    LABELS,
    NEWLY_IN_EFFECT,
    ORDER_MODES,
    PERCENT_ABOVE_ONE,
    PIVOT_POLICIES,
    ZONE_WIDTHS,
)
from mtf_adapters.reference.trade_entry_together import settled
from mtf_adapters.reference.trees import (
    Entries,
    as_list,
    as_map,
    at_path,
    entries_of,
    is_empty,
    plain_number,
    said,
    scalar,
    with_path,
)
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.renamed import RENAMED_TRADE_ENTRY_KEYS
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trade_entry_choices import TargetPolicy

_NAMED = frozenset({*DEAD, *GONE, *ZONE_WIDTHS, *RENAMED_TRADE_ENTRY_KEYS})
"""Paths that are taken as they stand, whatever is below them."""


def converted_trade_entry(
    settings: ConfigNode, findings: Findings, execution: Collection[str] | None, *, common: bool
) -> ConfigNode:
    """The document `trade_entry` of this project.

    `execution` are the execution timeframes of the profile, None when they are not known. `common`: the file is
    `trade_entry.yaml`, over which the files of profiles are laid.
    """
    converted = as_map(settings, {})
    for path, node in _leaves(settings, (), findings):
        for name, value in _converted(path, node, settings, findings).items():
            at = tuple(name.split("."))
            if at_path(converted, at) is None:
                converted = with_path(converted, at, value, settings)
            else:
                findings.decision(value, f"{name} a second time, under another name", "left out: the first one counts")
    return settled(converted, settings, execution, findings, common=common)


def _leaves(node: ConfigNode, path: Path, findings: Findings) -> Iterator[tuple[Path, ConfigNode]]:
    """Every value that is a setting of its own, with the path of its key; labels are reported and passed over."""
    known = known_settings(TradeEntrySettings)
    for key, child in entries_of(node).items():
        at = (*path, key)
        name = ".".join(at)
        if key in LABELS:
            findings.no_effect(child, said(key, child), "a label, left out")
        elif "." in key:  # not the path that it looks like
            findings.decision(child, f"the key {key!r}", "left out: no meaning of it is known")
        elif at in known or name in _NAMED or not entries_of(child):
            yield at, child
        elif any(other[: len(at)] == at for other in known):
            yield from _leaves(child, at, findings)
        else:
            yield at, child


def _converted(path: Path, node: ConfigNode, source: ConfigNode, findings: Findings) -> Entries:
    """What a value of the source becomes, by the dotted names of the keys here; nothing when it is left out."""
    name = ".".join(path)
    if name in DEAD:
        findings.no_effect(node, said(name, node), f"left out: {DEAD[name]}", "decision 17")
        return {}
    if name in ZONE_WIDTHS:
        _report_zone_width(name, node, source, findings)
        return {}
    if name in GONE:
        findings.dropped(node, said(name, node), f"left out: {GONE[name]}")
        return {}
    if name == "defaults.order_mode":
        return _order_mode(node, findings)
    new_name = _new_name(name, node, findings)
    known = known_settings(TradeEntrySettings).get(tuple(new_name.split(".")))
    if known is None:
        value = _unknown(name, node, findings)
    elif node.value is None:
        value = _absent(new_name, node, findings)
    else:
        value = retyped(name, _special(new_name, node, findings), known[0], findings)
        if new_name in NEWLY_IN_EFFECT:
            done = f"kept as {new_name}: it is in effect here"
            findings.no_effect(node, said(name, node), done, NEWLY_IN_EFFECT[new_name])
    return {} if value is None else {new_name: value}


def _report_zone_width(name: str, node: ConfigNode, source: ConfigNode, findings: Findings) -> None:
    """A width that counted only where nothing else said the same; how it was read then is not known."""
    decided = ZONE_WIDTHS[name]
    if at_path(source, decided.split(".")) is not None:
        findings.no_effect(node, said(name, node), f"left out: {decided} decided", "decision 17")
    else:
        default = DEFAULTS_THERE[decided]
        done = f"left out: without {decided} its default is in effect, {default}; write that key if it shall be another"
        findings.decision(node, said(name, node), done, "decision 17")


def _new_name(name: str, node: ConfigNode, findings: Findings) -> str:
    renamed = RENAMED_TRADE_ENTRY_KEYS.get(name)
    if renamed is None:
        return name
    shown = name if entries_of(node) else said(name, node)
    findings.renamed(node, shown, f"written {renamed.path}", "decision 3" if "percent" in renamed.path else "")
    return renamed.path


def _order_mode(node: ConfigNode, findings: Findings) -> Entries:
    """`time_in_force` and `post_only`; a mode that nobody knows is left to the loader to refuse."""
    if node.value is None:
        findings.no_effect(node, "defaults.order_mode without a value", "left out")
        return {}
    number = plain_number(node)
    mode = ORDER_MODES.get(number, "") if number is not None else str(node.value).strip().lower()
    post_only = mode == "maker_only"
    if mode not in ORDER_MODES.values():
        return {"defaults.time_in_force": node}
    written = {
        "defaults.time_in_force": scalar(node, "gtc" if post_only else mode),
        "defaults.post_only": scalar(node, post_only),
    }
    done = ", ".join(said(name.removeprefix("defaults."), value) for name, value in written.items())
    findings.renamed(node, said("defaults.order_mode", node), f"written {done}", "decisions 18, 21")
    return written


def _unknown(name: str, node: ConfigNode, findings: Findings) -> ConfigNode | None:
    if any(path[: len(name.split("."))] == tuple(name.split(".")) for path in known_settings(TradeEntrySettings)):
        if is_empty(node):
            findings.no_effect(node, f"{name} without values", "left out")
            return None
        return node  # text or a list where a section is due: the loader says so
    if limits_something(name, node):
        done = "left out: no meaning of it is known, so that it limits nothing here"
        findings.riskier(node, said(name, node), done)
    else:
        findings.decision(node, said(name, node), "left out: no meaning of it is known")
    return None


def _absent(name: str, node: ConfigNode, findings: Findings) -> ConfigNode | None:
    if name == "leverage.per_symbol_caps":
        return as_list(node, ())
    findings.no_effect(node, f"{name} without a value", "left out")
    return None


def _special(name: str, node: ConfigNode, findings: Findings) -> ConfigNode:
    """A value that the reference wrote or read in its own way."""
    value = plain_number(node)
    if name == "defaults.pivot_sl_policy" and isinstance(node.value, str) and node.value in PIVOT_POLICIES:
        policy = PIVOT_POLICIES[node.value]
        findings.renamed(node, said(name, node), f"written {policy}: the side says below or above")
        return scalar(node, policy)
    if name == "defaults.tp_policy" and isinstance(node.value, str) and node.value not in tuple(TargetPolicy):
        done = f"written {TargetPolicy.PIVOT_CONSERVATIVE}, as it acted"
        findings.no_effect(node, f"{said(name, node)}: any text gave the same target", done)
        return scalar(node, TargetPolicy.PIVOT_CONSERVATIVE.value)
    if name in PERCENT_ABOVE_ONE and value is not None and value > 1:
        findings.corrected(
            node, f"{said(name, node)} was read as a percent", f"written {value / 100}, a ratio", "units"
        )
        return scalar(node, value / 100)
    return node
