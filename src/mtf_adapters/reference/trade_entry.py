"""`trade_entry*.yaml`: how a decision becomes an order plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

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
from mtf_core.market import OrderType, Timeframe
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.renamed import RENAMED_TRADE_ENTRY_KEYS
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trade_entry_choices import TargetPolicy

_LEVERAGE = ("leverage", "leverage_by_timeframe")
_RISK = ("risk", "risk_by_timeframe")
_NAMED = frozenset({*DEAD, *GONE, *ZONE_WIDTHS, *RENAMED_TRADE_ENTRY_KEYS})
"""Paths that are taken as they stand, whatever is below them."""
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
        for name, value in _converted(path, node, settings, findings).items():
            at = tuple(name.split("."))
            if at_path(converted, at) is None:
                converted = with_path(converted, at, value, settings)
            else:
                findings.decision(value, f"{name} a second time, under another name", "left out: the first one counts")
    converted = _with_stated_risk(converted, settings, findings)
    converted = _with_multipliers(converted, execution, findings, common=common)
    converted = _without_overridden(converted, findings)
    _note_meanings(converted, findings)
    if not common:
        converted = _with_defaults(converted, findings)
    return _without_passive_market_orders(converted, findings)


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


def _with_stated_risk(root: ConfigNode, source: ConfigNode, findings: Findings) -> ConfigNode:
    """Where only the risk that nobody read says less than the default that acted, the trader meant the smaller one."""
    stated = at_path(source, ("risk", "fixed_risk_pct"))
    meant = plain_number(stated) if stated is not None else None
    default = DEFAULTS_THERE["defaults.risk_pct_percent"]
    if at_path(root, ("defaults", "risk_pct_percent")) is not None or stated is None or meant is None:
        return root
    if not isinstance(default, Decimal) or not 0 < meant < default:
        return root
    findings.decision(
        stated,
        f"no risk_pct_percent: {default} % was risked, though fixed_risk_pct says {meant} %",
        f"written risk_pct_percent: {meant}, the smaller one",
        "decision 17",
    )
    return with_path(root, ("defaults", "risk_pct_percent"), scalar(stated, meant), source)


# --- multipliers ----------------------------------------------------------------------------------------------


def _with_multipliers(
    root: ConfigNode, execution: Collection[str] | None, findings: Findings, *, common: bool
) -> ConfigNode:
    for path in (_LEVERAGE, _RISK):
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


def _without_passive_market_orders(root: ConfigNode, findings: Findings) -> ConfigNode:
    """A market order took liquidity there whatever the mode beside it said."""
    kind, post_only = (at_path(root, ("defaults", key)) for key in ("order_type", "post_only"))
    if kind is None or post_only is None or kind.value != OrderType.MARKET or post_only.value is not True:
        return root
    findings.no_effect(post_only, "maker_only beside order_type: market", "written post_only: false")
    return with_path(root, ("defaults", "post_only"), scalar(post_only, False))


def _note_meanings(root: ConfigNode, findings: Findings) -> None:
    risk = at_path(root, ("defaults", "risk_pct_percent"))
    stated = risk is not None and risk.place.path.endswith("risk_pct_percent")
    if risk is not None and stated and isinstance(risk.value, Decimal) and 0 < risk.value <= 1:
        findings.corrected(
            risk,
            f"risk_pct_percent: {risk.value} was {risk.value} % for the plan and {risk.value * 100} % for its leverage",
            f"here {risk.value} % everywhere",
            "decision 3",
        )
    dynamic, scaled = at_path(root, _LEVERAGE), at_path(root, _RISK)
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
