"""For every key of the trade-entry settings that a plan shows: two values, and a trade in which they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.unit.settings.liveness import plans
from tests.unit.settings.liveness.case import Case

_DEFAULTS, _RISK, _LEVERAGE = "trade_entry.defaults", "trade_entry.risk", "trade_entry.leverage"
_MARKET, _END = "trade_entry.market_entry", "trade_entry.fallback_end_of_zone"
_ZONES = ("trade_entry.entry.entry_zone", "trade_entry.post_validation.entry_zone")

_PIVOT_STOP = {f"{_DEFAULTS}.stop_from": "pivot"}
_RISK_STOP = {f"{_DEFAULTS}.stop_from": "risk"}
_ALIGNED = {f"{_DEFAULTS}.tp_policy": "pivot_conservative"}
_TWO_TARGETS = {f"{_DEFAULTS}.targets": 2}
_MARKET_ORDER = {f"{_DEFAULTS}.order_type": "market", f"{_DEFAULTS}.time_in_force": "ioc"}
_WIDE_SPREAD = {f"{_DEFAULTS}.market_max_spread_pct": 0.005}
_UPGRADED = {
    **_WIDE_SPREAD,
    f"{_MARKET}.enabled": True,
    f"{_MARKET}.allowed_execution_timeframes": ["5m"],
    f"{_MARKET}.max_slippage_bps": 25,
}
_HIGH = {f"{_LEVERAGE}.leverage_by_timeframe.5m": 3}
_CRASH = {f"{_RISK}.crash_mode.enabled": True}
_TAKEN_AT_THE_END = {f"{_END}.enabled": True}
_DOUBTFUL = {**_TWO_TARGETS, f"{_ZONES[0]}.w_min": 0.006}


def _case(
    section: str, name: str, one: Any, other: Any, scenario: plans.Scenario = plans.LONG, **given: Mapping[str, Any]
) -> Case:
    """`given` are groups of settings under which the key acts; their names are for the reader."""
    merged = {path: value for group in given.values() for path, value in group.items()}
    return Case(f"{section}.{name}", one, other, scenario, merged)


BUDGET = (
    _case(_DEFAULTS, "risk_pct_percent", 5, 2),
    _case(_DEFAULTS, "initial_margin_usdt", 100, 50),
    _case(_DEFAULTS, "fallback_account_balance", 3000, 2000, when={f"{_DEFAULTS}.initial_margin_usdt": 0}),
    _case(_RISK, "risk_by_timeframe.5m", 1, 0.5),
    _case(_RISK, "fixed_risk_percent", None, 3),
    _case(_RISK, "include_fees", False, True),
    _case(_RISK, "min_liquidation_ratio", 3, 20),
    _case(_RISK, "min_net_r", 0, 5),
    _case(_RISK, "crash_mode.enabled", False, True, when={f"{_RISK}.crash_mode.risk_pct_multiplier": 0.5}),
    _case(_RISK, "crash_mode.risk_pct_multiplier", 1, 0.5, when=_CRASH),
    _case(_RISK, "crash_mode.tp1_r", None, 1, plans.NEUTRAL, crash=_CRASH, two=_TWO_TARGETS),
    _case(_RISK, "crash_mode.hard_time_stop_minutes", None, 45, plans.instructions, when=_CRASH),
)

STOP = (
    _case(_DEFAULTS, "stop_from", "atr", "pivot"),
    _case(_DEFAULTS, "stop_fallback", "atr", "none", plans.NO_PIVOTS, when=_PIVOT_STOP),
    _case(_DEFAULTS, "atr_k", 1.5, 2),
    _case(_DEFAULTS, "pivot_sl_policy", "nearest", "s2", when=_PIVOT_STOP),
    _case(_DEFAULTS, "pivot_sl_buffer_pct", 0.0015, 0.003, when=_PIVOT_STOP),
    _case(_DEFAULTS, "pivot_sl_min_keep_ratio", 0.8, 1.5, when=_PIVOT_STOP),
    _case(_DEFAULTS, "pivot_sl_max_distance_pct", 0.02, 0.005, when=_PIVOT_STOP),
    _case(_DEFAULTS, "min_stop_distance_pct", 0.005, 0.02),
)

TARGETS = (
    _case(_DEFAULTS, "r_multiple", 2, 1.5),
    _case(_DEFAULTS, "r_timeframe_multipliers.5m", 1, 1.5),
    _case(_DEFAULTS, "tp_policy", "r_multiple", "pivot_conservative"),
    _case(_DEFAULTS, "tp_buffer_pct", 0.001, 0.003, plans.RESISTANCE_FARTHER, when=_ALIGNED),
    _case(_DEFAULTS, "tp_buffer_ticks", 0, 3, plans.RESISTANCE_FARTHER, when=_ALIGNED),
    _case(
        _DEFAULTS,
        "tp_min_keep_ratio",
        0.95,
        0.8,
        plans.RESISTANCE_NEAR,
        aligned=_ALIGNED,
        far={f"{_DEFAULTS}.tp_buffer_pct": 0.01},
    ),
    _case(_DEFAULTS, "tp_max_extra_r", 0.5, 0.1, when=_ALIGNED),
    _case(_DEFAULTS, "targets", 1, 2),
    _case(_DEFAULTS, "tp1_r", None, 1, plans.NEUTRAL, when=_TWO_TARGETS),
    _case(_DEFAULTS, "tp2_policy", "pivot", "r_multiple", when=_TWO_TARGETS),
    _case(_DEFAULTS, "tp1_share.strong_momentum_pct", 0.3, 0.4, plans.STRONG, when=_TWO_TARGETS),
    _case(_DEFAULTS, "tp1_share.volatile_pct", 0.6, 0.4, plans.VOLATILE, when=_TWO_TARGETS),
    _case(_DEFAULTS, "tp1_share.doubtful_pct", 0.7, 0.4, plans.DOUBTFUL, when=_DOUBTFUL),
    _case(_DEFAULTS, "tp1_share.neutral_pct", 0.5, 0.4, plans.NEUTRAL, when=_TWO_TARGETS),
    _case(_DEFAULTS, "break_even_after_tp1", False, True, plans.instructions, when=_TWO_TARGETS),
)

ORDER = (
    _case(
        _DEFAULTS,
        "order_type",
        "limit",
        "market",
        spread=_WIDE_SPREAD,
        mode={f"{_DEFAULTS}.time_in_force": "ioc"},
    ),
    _case(_DEFAULTS, "time_in_force", "gtc", "ioc"),
    _case(_DEFAULTS, "post_only", False, True, when={f"{_DEFAULTS}.inside_ticks": 10}),
    _case(_DEFAULTS, "margin_mode", "isolated", "cross", plans.instructions),
    _case(_DEFAULTS, "inside_ticks", 1, 2),
    _case(_DEFAULTS, "market_max_spread_pct", 0.001, 0.005, when=_MARKET_ORDER),
    _case(_DEFAULTS, "max_deviation_pct", 0.005, 0.0005),
    Case(f"{_DEFAULTS}.implausible_pct", 0.02, 0.0005, plans.LONG, warned=True),
    _case(_DEFAULTS, "zone_max_deviation_pct", 0.02, 0.005),
    _case("trade_entry.entry", "spread_guard_bps", None, 6),
    _case("trade_entry.entry", "slippage_guard_bps", None, 8, when={f"{_DEFAULTS}.inside_ticks": 4}),
    _case(_MARKET, "enabled", False, True, when={k: v for k, v in _UPGRADED.items() if not k.endswith("enabled")}),
    _case(_MARKET, "allowed_execution_timeframes", ["5m"], ["1m"], when=_UPGRADED),
    _case(_MARKET, "adx_min_1h", 20, 25, when=_UPGRADED),
    _case(_MARKET, "max_slippage_bps", 25, 15, when=_UPGRADED),
)

LEVERAGE = (
    _case(_DEFAULTS, "k_dynamic", 10, 0.05),
    _case(_LEVERAGE, "floor", 1, 10),
    _case(_LEVERAGE, "exchange_cap", 40, 2),
    _case(
        _LEVERAGE,
        "per_symbol_caps.0.symbol_regex",
        "^TEST",
        "^BTC",
        when={f"{_LEVERAGE}.per_symbol_caps": [{"symbol_regex": "^X", "cap": 2}]},
    ),
    _case(
        _LEVERAGE,
        "per_symbol_caps.0.cap",
        2,
        30,
        when={f"{_LEVERAGE}.per_symbol_caps": [{"symbol_regex": "^TEST", "cap": 1}]},
    ),
    _case(_LEVERAGE, "target", None, 5, when=_RISK_STOP),
    _case(_LEVERAGE, "leverage_by_timeframe.5m", 1, 3),
    _case(_LEVERAGE, "max_loss_pct", 0, 0.03),
    _case(_LEVERAGE, "toward_initial_margin", False, True, when=_HIGH),
    _case(_LEVERAGE, "rounding.mode", "ceil", "floor", when=_HIGH),
    _case(_LEVERAGE, "accept.min", 1, 10),
    _case(_LEVERAGE, "accept.max", None, 2),
)

ZONE = tuple(
    case
    for zone in _ZONES
    for case in (
        _case(zone, "from", "vwap", "sma21"),
        _case(zone, "vwap_anchor", True, False),
        _case(zone, "k_atr", 0.35, 0.4),
        _case(zone, "w_min", 0.0005, 0.009),
        _case(zone, "w_max", 0.01, 0.005),
        _case(zone, "asym_bias", 0, 0.3),
        _case(zone, "ttl_sec", 240, 120, plans.zone_life),
        _case(zone, "quantize_to_exchange_step", True, False, when={f"{zone}.k_atr": 0.333}),
        _case(zone, "allow_open_zone", False, True, plans.NO_ANCHOR),
    )
)

DEADLINES = (
    _case(_END, "enabled", False, True, plans.instructions),
    _case(_END, "ttl_threshold_sec", 25, 40, plans.instructions, when=_TAKEN_AT_THE_END),
    _case(_END, "max_spread_bps", 8, 5, plans.instructions, when=_TAKEN_AT_THE_END),
    _case(_END, "only_if_within_zone", True, False, plans.instructions, when=_TAKEN_AT_THE_END),
    _case(_END, "taker_order_type", "market", "limit", plans.instructions, when=_TAKEN_AT_THE_END),
    _case(_END, "max_slippage_bps", 10, 20, plans.instructions, when=_TAKEN_AT_THE_END),
    _case("trade_entry.supervision", "order_timeout_sec", 120, 60, plans.instructions),
    _case("trade_entry.supervision", "out_of_zone_after_sec", 30, 60, plans.instructions),
    _case("trade_entry.staleness", "quote_sec", 15, 5, plans.OLD_QUOTES),
    _case("trade_entry.staleness", "balance_sec", 120, 60, plans.OLD_BALANCE),
    _case("trade_entry.staleness", "candle_sec", 90, 30, plans.OLD_CANDLES),
)

CASES = (*BUDGET, *STOP, *TARGETS, *ORDER, *LEVERAGE, *ZONE, *DEADLINES)
