"""What no single key of the trade-entry settings shows: keys that contradict each other, or that can never act."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

from mtf_core.market import OrderType, Timeframe, TimeInForce
from mtf_core.settings.nodes import ConfigNode, Place, Problems
from mtf_core.settings.trade_entry import StopFrom, TradeEntrySettings


def check_trade_entry(settings: TradeEntrySettings, node: ConfigNode, problems: Problems) -> None:
    """Adds every contradiction to `problems`, at the place of its key in `node`, the root of the file's tree."""
    remarks = _Remarks(node, problems)
    _check_risk(settings, remarks)
    _check_leverage(settings, remarks)
    _check_zone(settings, remarks)
    _check_orders(settings, remarks)
    _check_targets(settings, remarks)


@frozen
class _Remarks:
    """Errors and warnings placed by the dotted path of their key, or of its nearest ancestor that is in the file."""

    node: ConfigNode
    problems: Problems

    def error(self, path: str, found: str, allowed: str) -> None:
        self.problems.error(self.place(path), found, allowed)

    def warning(self, path: str, found: str, allowed: str) -> None:
        self.problems.warning(self.place(path), found, allowed)

    def place(self, path: str) -> Place:
        node = self.node
        for key in path.split("."):
            if isinstance(node.value, Mapping) and key in node.value:
                node = node.value[key]
            elif isinstance(node.value, tuple) and key.isdecimal() and int(key) < len(node.value):
                node = node.value[int(key)]
            else:
                break
        return node.place


def _check_risk(settings: TradeEntrySettings, remarks: _Remarks) -> None:
    for timeframe in Timeframe:
        share = settings.risk_ratio(timeframe)
        if share > 1:
            remarks.error(
                f"risk.risk_by_timeframe.{timeframe}",
                f"the risk of a trade on {timeframe} is {share:f} of the budget",
                "risk_pct_percent / 100 · risk_by_timeframe must be at most 1",
            )
    if settings.defaults.initial_margin_usdt == 0 and settings.defaults.fallback_account_balance == 0:
        remarks.error(
            "defaults.initial_margin_usdt",
            "neither initial_margin_usdt nor fallback_account_balance is above 0",
            "one of them must be, or no trade has a budget",
        )
    if settings.leverage.max_loss_pct > 0 and settings.defaults.initial_margin_usdt == 0:
        remarks.error(
            "leverage.max_loss_pct", "it needs initial_margin_usdt, which is 0", "set the margin or max_loss_pct: 0"
        )


def _check_leverage(settings: TradeEntrySettings, remarks: _Remarks) -> None:
    leverage = settings.leverage
    if leverage.exchange_cap < leverage.floor:
        remarks.error(
            "leverage.exchange_cap",
            f"the cap {leverage.exchange_cap} lies below the floor {leverage.floor}",
            "exchange_cap must be at least floor",
        )
    if leverage.accept.max is not None and leverage.accept.max < leverage.accept.min:
        remarks.error("leverage.accept.max", f"max {leverage.accept.max} < min {leverage.accept.min}", "max ≥ min")
    if leverage.exchange_cap < leverage.accept.min:
        remarks.error(
            "leverage.accept.min",
            f"no leverage is both at least {leverage.accept.min} and at most exchange_cap {leverage.exchange_cap}",
            "accept.min must be at most exchange_cap",
        )
    if leverage.accept.max is not None and leverage.accept.max < leverage.floor:
        remarks.error(
            "leverage.accept.max",
            f"max {leverage.accept.max} lies below the floor {leverage.floor}",
            "accept.max must be at least floor",
        )
    for index, item in enumerate(leverage.per_symbol_caps):
        try:
            re.compile(item.symbol_regex)
        except (re.error, OverflowError, RecursionError) as error:
            remarks.error(
                f"leverage.per_symbol_caps.{index}.symbol_regex",
                f"found {item.symbol_regex!r}: {error}",
                "allowed is a regular expression",
            )


def _check_zone(settings: TradeEntrySettings, remarks: _Remarks) -> None:
    zone = settings.zone
    if zone.w_min > zone.w_max:
        section = "entry" if settings.entry.entry_zone.w_min is not None else "post_validation"
        remarks.error(
            f"{section}.entry_zone.w_min",
            f"w_min {zone.w_min} exceeds w_max {zone.w_max}",
            "w_min must be at most w_max",
        )
    for section, options in (
        ("entry", settings.entry.entry_zone),
        ("post_validation", settings.post_validation.entry_zone),
    ):
        if options.vwap_anchor is not None and (
            settings.entry.entry_zone.source or settings.post_validation.entry_zone.source
        ):
            remarks.warning(
                f"{section}.entry_zone.vwap_anchor",
                "it has no effect beside `from`",
                "write one of the two",
            )
    fallback = settings.fallback_end_of_zone
    if fallback.enabled and fallback.ttl_threshold_sec >= zone.ttl_sec:
        remarks.error(
            "fallback_end_of_zone.ttl_threshold_sec",
            f"{fallback.ttl_threshold_sec} s is not below the zone's life of {zone.ttl_sec} s",
            "it must be below ttl_sec, or a limit entry would never stand",
        )


def _check_orders(settings: TradeEntrySettings, remarks: _Remarks) -> None:
    defaults = settings.defaults
    if defaults.post_only and defaults.order_type is OrderType.MARKET:
        remarks.error(
            "defaults.post_only",
            "post_only: true beside order_type: market, which always takes liquidity",
            "set post_only: false or order_type: limit",
        )
    elif defaults.post_only and defaults.time_in_force is not TimeInForce.GTC:
        remarks.error(
            "defaults.post_only",
            f"post_only: true beside time_in_force: {defaults.time_in_force}, which fills at once or not at all",
            "set post_only: false or time_in_force: gtc",
        )
    if defaults.max_deviation_pct > defaults.implausible_pct:
        remarks.warning(
            "defaults.max_deviation_pct",
            f"max_deviation_pct {defaults.max_deviation_pct} exceeds implausible_pct {defaults.implausible_pct}",
            "entries between the two are skipped as implausible",
        )
    entry = settings.market_entry
    if entry.enabled and not entry.allowed_execution_timeframes:
        remarks.error(
            "market_entry.enabled",
            "it is on, but allowed_execution_timeframes is empty",
            "list the timeframes, or turn it off",
        )
    if entry.enabled and defaults.order_type is OrderType.MARKET:
        remarks.warning("market_entry.enabled", "every entry is a market order already", "it has no effect")


def _check_targets(settings: TradeEntrySettings, remarks: _Remarks) -> None:
    defaults = settings.defaults
    if defaults.targets == 1:
        if defaults.tp1_r is not None:
            remarks.warning("defaults.tp1_r", "it acts with two targets only", "set targets: 2 or leave it out")
        if defaults.break_even_after_tp1:
            remarks.warning(
                "defaults.break_even_after_tp1", "it acts with two targets only", "set targets: 2 or leave it out"
            )
        if settings.risk.crash_mode.enabled and settings.risk.crash_mode.tp1_r is not None:
            remarks.warning("risk.crash_mode.tp1_r", "it acts with two targets only", "set targets: 2 or leave it out")
    if settings.leverage.target is not None and defaults.stop_from is not StopFrom.RISK:
        remarks.warning(
            "leverage.target", f"it acts when a stop comes from the risk, not from {defaults.stop_from}", "leave it out"
        )
