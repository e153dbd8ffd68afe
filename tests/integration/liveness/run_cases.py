"""For every key that acts over whole runs: two values, and a story that comes out differently."""

from __future__ import annotations

from tests.integration.liveness import stories
from tests.unit.settings.liveness.case import Case

_DEFAULTS, _RISK = "trade_entry.defaults", "trade_entry.risk"
_ZONES = ("trade_entry.entry.entry_zone", "trade_entry.post_validation.entry_zone")

TRADABLE = {
    f"{_DEFAULTS}.zone_max_deviation_pct": 0.5,
    f"{_DEFAULTS}.max_deviation_pct": 0.05,
    f"{_DEFAULTS}.implausible_pct": 0.05,
    "trade_entry.entry.entry_zone.w_min": 0.04,
    "trade_entry.entry.entry_zone.w_max": 0.05,
}
"""Entries far from the anchor are fine, so that a run ends in plans and its guards are asked."""
_WIDTH_FROM_ATR = {
    **TRADABLE,
    "trade_entry.entry.entry_zone.w_min": 0.0001,
    "trade_entry.entry.entry_zone.k_atr": 8,
}
_LIMITED = {**TRADABLE, f"{_RISK}.daily_max_loss_usdt": 25}
_CARRIED = {"trading.no_trade": {"sandbox": "carry"}}
_TWO_PROFILES = {
    "trading.profiles": {"crash": {"enabled": True, "priority": 2}, "scalper": {"enabled": True, "priority": 3}}
}

PLANS = (
    Case(f"{_DEFAULTS}.atr_timeframe", None, "1h", stories.planned_on_candles, TRADABLE),
    *(
        case
        for zone in _ZONES
        for case in (
            Case(f"{zone}.anchor_timeframe", "5m", "15m", stories.planned_on_candles, _WIDTH_FROM_ATR),
            Case(f"{zone}.offset_atr_tf", "5m", "1h", stories.planned_on_candles, _WIDTH_FROM_ATR),
        )
    ),
)

GUARDS = (
    Case(f"{_RISK}.daily_max_loss_usdt", 0, 25, stories.after_a_realised_loss, TRADABLE),
    Case(f"{_RISK}.daily_max_loss_percent", 0, 0.2, stories.after_a_realised_loss, TRADABLE),
    Case(f"{_RISK}.daily_loss_count_unrealized", True, False, stories.after_an_unrealised_loss, _LIMITED),
    Case(f"{_RISK}.weekly_max_loss_usdt", 0, 25, stories.after_a_realised_loss, TRADABLE),
    Case(f"{_RISK}.weekly_max_loss_percent", 0, 0.2, stories.after_a_realised_loss, TRADABLE),
    Case(f"{_RISK}.max_consecutive_losses", 0, 2, stories.after_two_lost_trades, TRADABLE),
    Case(f"{_RISK}.max_concurrent_positions", 0, 1, stories.single_run, TRADABLE),
    Case(f"{_RISK}.max_same_side", 0, 1, stories.single_run, TRADABLE),
    Case(f"{_RISK}.max_symbol_notional_usdt", 0, 1, stories.single_run, TRADABLE),
    Case(f"{_RISK}.max_notional_usdt", 0, 1, stories.single_run, TRADABLE),
)

STATE = (
    Case(
        "mtf_contracts.selection.refresh_interval_minutes",
        60,
        15,
        stories.contracts_half_an_hour_later,
    ),
    Case("trading.switches.busy_minutes", 5, 2, stories.free_again_after_three_minutes),
    Case("trading.switches.busy_again_minutes", 1, 5, stories.busy_twice_then_free),
    Case("trading.locks.run_ttl_sec", 600, 240, stories.run_after_a_dead_one),
    Case("trading.locks.symbol_ttl_sec", 120, 45, stories.symbol_after_a_dead_run),
    Case("trading.retention.candles_per_series", 0, 480, stories.what_a_cleanup_takes),
    Case("trading.retention.runs_days", 0, 5, stories.what_a_cleanup_takes),
    Case("trading.retention.runs_most", 0, 150, stories.what_a_cleanup_takes),
    Case("trading.retention.audit_days", 0, 5, stories.what_a_cleanup_takes),
    Case("trading.no_trade.sandbox", "missing", "carry", stories.with_a_candle_without_trades),
    Case("trading.no_trade_largest_hole_minutes", 1, 15, stories.with_a_candle_without_trades, _CARRIED),
    Case("trading.profiles.crash.enabled", True, False, stories.profile_without_a_name, _TWO_PROFILES),
    Case("trading.profiles.crash.priority", 2, 4, stories.profile_without_a_name, _TWO_PROFILES),
)

CASES = (*PLANS, *GUARDS, *STATE)
