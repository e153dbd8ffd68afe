"""What several keys of a trade-entry file say together: risks by timeframe, keys that others go before, defaults."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.legacy_types import Path
from mtf_adapters.reference.trade_entry_keys import DEFAULTS_THERE
from mtf_adapters.reference.trees import (
    Entries,
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

_LEVERAGE = ("leverage", "leverage_by_timeframe")
_RISK = ("risk", "risk_by_timeframe")
_ZONES = (("entry", "entry_zone"), ("post_validation", "entry_zone"))


def settled(
    converted: ConfigNode,
    source: ConfigNode,
    execution: Collection[str] | None,
    findings: Findings,
    *,
    common: bool,
) -> ConfigNode:
    """The document whose values were converted one by one, with what they come to among the others.

    `execution` and `common` as in `converted_trade_entry`.
    """
    converted = _with_stated_risk(converted, source, findings)
    converted = _with_multipliers(converted, execution, findings, common=common)
    converted = _without_overridden(converted, findings)
    _note_meanings(converted, findings)
    if not common:
        converted = _with_defaults(converted, findings)
    return _without_passive_market_orders(converted, findings)


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
