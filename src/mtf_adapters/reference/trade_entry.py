"""`trade_entry*.yaml`: how a decision becomes an order plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

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
    RENAMED,
)
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
from mtf_core.market import Timeframe
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trade_entry_choices import TargetPolicy

_MULTIPLIERS = (("defaults", "timeframe_multipliers"), ("leverage", "timeframe_multipliers"))
_ZONES = (("entry", "entry_zone"), ("post_validation", "entry_zone"))


def converted_trade_entry(
    settings: ConfigNode, findings: Findings, execution: Collection[str] | None, *, common: bool
) -> ConfigNode:
    """The document `trade_entry` of this project.

    `execution` are the execution timeframes of the profile, None when they are not known. `common`: the file is
    `trade_entry.yaml`, over which the files of profiles are laid.
    """
    converted = as_map(settings, {})
    for path, node in _leaves(settings, (), findings):
        name, value = _converted(path, node, findings)
        if value is not None:
            converted = with_path(converted, tuple(name.split(".")), value, settings)
    converted = _with_multipliers(converted, execution, findings, common=common)
    converted = _without_overridden(converted, findings)
    _note_meanings(converted, findings)
    return converted if common else _with_defaults(converted, findings)


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
        elif at in known or name in DEAD or name in GONE or name in RENAMED or not entries_of(child):
            yield at, child
        elif any(other[: len(at)] == at for other in known):
            yield from _leaves(child, at, findings)
        else:
            yield at, child


def _converted(path: Path, node: ConfigNode, findings: Findings) -> tuple[str, ConfigNode | None]:
    """The name of a setting here and its value; None when it is left out."""
    name = ".".join(path)
    if name in DEAD:
        findings.no_effect(node, said(name, node), f"left out: {DEAD[name]}", "decision 17")
        return name, None
    if name in GONE:
        findings.dropped(node, said(name, node), f"left out: {GONE[name]}")
        return name, None
    new_name = RENAMED.get(name, name)
    if new_name != name:
        findings.renamed(node, said(name, node), f"written {new_name}", "decision 3" if "percent" in new_name else "")
    known = known_settings(TradeEntrySettings).get(tuple(new_name.split(".")))
    if known is None:
        return new_name, _unknown(name, node, findings)
    if node.value is None:
        return new_name, _absent(new_name, node, findings)
    value = retyped(name, _special(new_name, node, findings), known[0], findings)
    if new_name in NEWLY_IN_EFFECT:
        done = f"kept as {new_name}: it is in effect here"
        findings.no_effect(node, said(name, node), done, NEWLY_IN_EFFECT[new_name])
    return new_name, value


def _unknown(name: str, node: ConfigNode, findings: Findings) -> ConfigNode | None:
    if any(path[: len(name.split("."))] == tuple(name.split(".")) for path in known_settings(TradeEntrySettings)):
        if is_empty(node):
            findings.no_effect(node, f"{name} without values", "left out")
            return None
        return node  # text or a list where a section is due: the loader says so
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
    if name == "defaults.order_mode" and value is not None and value in ORDER_MODES:
        findings.renamed(node, said(name, node), f"written {ORDER_MODES[value]}", "decision 18")
        return scalar(node, ORDER_MODES[value])
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


# --- multipliers ----------------------------------------------------------------------------------------------


def _with_multipliers(
    root: ConfigNode, execution: Collection[str] | None, findings: Findings, *, common: bool
) -> ConfigNode:
    for path in _MULTIPLIERS:
        node = at_path(root, path)
        if node is None:
            continue
        name = ".".join(path)
        if common and entries_of(node):
            findings.decision(
                node,
                f"{name} for all profiles at once",
                "left out: a timeframe that one of them does not execute would be refused; write them per profile",
                "decision 2",
            )
            root = _without(root, path)
            continue
        if isinstance(node.value, (str, Decimal, bool, tuple)):
            continue
        kept = _of_execution(name, entries_of(node), execution, findings)
        root = with_path(root, path, as_map(node, kept)) if kept else _without(root, path)
    return root


def _of_execution(name: str, values: Entries, execution: Collection[str] | None, findings: Findings) -> Entries:
    kept: Entries = {}
    for timeframe, value in values.items():
        if timeframe not in tuple(Timeframe) or (execution is not None and timeframe not in execution):
            findings.no_effect(
                value, f"{name}.{timeframe}: no execution timeframe of the profile", "left out", "decision 2"
            )
        else:
            kept[timeframe] = value
    return kept


def _without(root: ConfigNode, path: Path) -> ConfigNode:
    """The tree without what stands at a path, and without a section that is empty then."""
    key, *rest = path
    entries = entries_of(root)
    if not rest:
        entries.pop(key, None)
    elif key in entries:
        entries[key] = _without(entries[key], tuple(rest))
        if is_empty(entries[key]):
            del entries[key]
    return as_map(root, entries)


# --- what only several keys together show ---------------------------------------------------------------------


def _without_overridden(root: ConfigNode, findings: Findings) -> ConfigNode:
    entry, post = (entries_of(at_path(root, path)) for path in _ZONES)
    for key in ("ttl_sec", "quantize_to_exchange_step", "anchor_timeframe", "offset_atr_tf", "from"):
        if key in entry and key in post:
            found = f"post_validation.entry_zone.{said(key, post[key])}"
            findings.no_effect(post[key], found, "left out: entry.entry_zone wins")
            root = _without(root, ("post_validation", "entry_zone", key))
    if "from" in entry or "from" in post:
        for path in _ZONES:
            anchor = at_path(root, (*path, "vwap_anchor"))
            if anchor is not None:
                findings.no_effect(anchor, said("vwap_anchor", anchor), "left out: it has no effect beside from")
                root = _without(root, (*path, "vwap_anchor"))
    fallback = at_path(root, ("defaults", "fallback_account_balance"))
    margin = at_path(root, ("defaults", "initial_margin_usdt"))
    if fallback is not None and (margin is None or (plain_number(margin) or 0) > 0):
        done = "left out: it counts without initial_margin_usdt only"
        findings.no_effect(fallback, said("fallback_account_balance", fallback), done)
        root = _without(root, ("defaults", "fallback_account_balance"))
    return root


def _note_meanings(root: ConfigNode, findings: Findings) -> None:
    risk = at_path(root, ("defaults", "risk_pct_percent"))
    if risk is not None and isinstance(risk.value, Decimal) and 0 < risk.value <= 1:
        findings.corrected(
            risk,
            f"risk_pct_percent: {risk.value} was {risk.value} % for the plan and {risk.value * 100} % for its leverage",
            f"here {risk.value} % everywhere",
            "decision 3",
        )
    dynamic, scaled = (at_path(root, path) for path in _MULTIPLIERS)
    if dynamic is not None and _acts(dynamic):
        findings.corrected(
            dynamic,
            "defaults.timeframe_multipliers scaled the R of the target and the dynamic leverage",
            "here the leverage only; for R write defaults.r_timeframe_multipliers",
            "decision 2",
        )
    if scaled is not None and _acts(scaled):
        findings.corrected(
            scaled,
            "leverage.timeframe_multipliers scaled size and leverage of the finished plan, past exchange_cap",
            "here they scale the risk, hence the size, before every cap",
            "decision 2",
        )
    market = at_path(root, ("market_entry",))
    if market is not None and "adx_min_1h" in entries_of(market):
        findings.corrected(
            entries_of(market)["adx_min_1h"],
            "adx_min_1h: the ADX was never handed over, so that no market entry ever happened",
            "here it is compared",
            "decision 17",
        )


def _acts(multipliers: ConfigNode) -> bool:
    return any(item.value != 1 for item in entries_of(multipliers).values())


def _with_defaults(root: ConfigNode, findings: Findings) -> ConfigNode:
    """What an absent key meant there, written out, because here the common file would fill it in."""
    for name, value in DEFAULTS_THERE.items():
        path = tuple(name.split("."))
        if at_path(root, path) is not None or _is_overridden(root, path):
            continue
        # Behind everything that the file says: nothing in it belongs to a key that it does not have.
        node = ConfigNode(value, root.place)
        if not _is_section(root, path):
            continue
        findings.added(as_map(root, {}), f"no {name}: it was {node.shown()} then", f"written {said(path[-1], node)}")
        root = with_path(root, path, node)
    return root


def _is_overridden(root: ConfigNode, path: Path) -> bool:
    """A default of `post_validation` that `entry.entry_zone` says already."""
    return path[0] == "post_validation" and at_path(root, ("entry", "entry_zone", path[-1])) is not None


def _is_section(root: ConfigNode, path: Path) -> bool:
    """Whether a key may be written there: nothing but maps on the way."""
    for depth in range(1, len(path)):
        node = at_path(root, path[:depth])
        if node is not None and not isinstance(node.value, dict):
            return False
    return True
