"""Keys of the reference's trade-entry files that do not simply stay: dead ones, renamed ones, those that act anew."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mtf_core.settings.nodes import Scalar

LABELS = frozenset({"version", "meta"})

DEAD: Mapping[str, str] = {
    "defaults.tp1_r": "it acts with two targets only: write it again beside defaults.targets: 2",
    "risk.fixed_risk_pct": "fixed_risk_percent would replace risk_pct_percent and all multipliers",
    "risk.crash_mode.tp1_r": "it acts with two targets only: write it again beside defaults.targets: 2",
    "leverage.mode": "the leverage always follows from risk, stop, caps and floor",
    "leverage.conviction": "no conviction is ever computed",
    "leverage.confidence_multiplier": "no confidence is ever computed",
    "leverage.rounding.precision": "a leverage is a whole number",
    "decision.require_price_or_atr": "book and stop are always required",
    "entry.prefer_maker": "here defaults.post_only says it",
    "entry.fallback_taker": "here fallback_end_of_zone.enabled says it",
    "entry.budget": "here the budget is defaults.initial_margin_usdt, at most the available balance",
    "entry.quantization": "prices and sizes are always on the exchange's grid",
    "post_validation.idempotency": "the decision key is fixed, and an entry is never retried under another one",
}
"""Never read there, or read without effect, and left out here; why."""

ZONE_WIDTHS: Mapping[str, str] = {
    "entry.entry_zone.offset_k": "post_validation.entry_zone.k_atr",
    "entry.entry_zone.max_deviation_pct": "post_validation.entry_zone.w_max",
}
"""Without effect beside the other key, which went before."""

NEWLY_IN_EFFECT: Mapping[str, str] = {
    "defaults.pivot_sl_min_keep_ratio": "decision 17",
    "risk.daily_max_loss_percent": "decisions 3 and 17",
    "risk.max_concurrent_positions": "decision 17",
    "risk.crash_mode.enabled": "decision 17",
    "risk.crash_mode.risk_pct_multiplier": "decision 17",
    "risk.crash_mode.hard_time_stop_minutes": "decision 17",
    "entry.slippage_guard_bps": "decision 17",
    "entry.spread_guard_bps": "decision 17",
    "market_entry.max_slippage_bps": "decision 17",
}
"""Without effect there, in effect here, by their names here."""

GONE: Mapping[str, str] = {
    "defaults.sl_full_size": "the stop always covers the whole position",
}
"""In effect there, without a place here; why."""

PERCENT_ABOVE_ONE = frozenset(
    {
        "defaults.max_deviation_pct",
        "defaults.implausible_pct",
        "defaults.zone_max_deviation_pct",
        "defaults.market_max_spread_pct",
        "leverage.max_loss_pct",
    }
)
"""Ratios of which the reference silently read a value above 1 as a percent."""

ORDER_MODES: Mapping[Decimal, str] = {
    Decimal(1): "gtc",
    Decimal(2): "fok",
    Decimal(3): "ioc",
    Decimal(4): "maker_only",
}
"""The names of what older files say by number; see `RENAMED_TRADE_ENTRY_KEYS` for what they mean."""
PIVOT_POLICIES: Mapping[str, str] = {
    "nearest_below": "nearest",
    "nearest_above": "nearest",
    "strongest_below": "strongest",
    "strongest_above": "strongest",
}

DEFAULTS_THERE: Mapping[str, Scalar] = {
    "defaults.risk_pct_percent": Decimal("2.0"),
    "defaults.initial_margin_usdt": Decimal("100"),
    "defaults.r_multiple": Decimal("2.0"),
    "defaults.stop_from": "risk",
    "defaults.stop_fallback": "atr",
    "defaults.atr_k": Decimal("1.5"),
    "defaults.pivot_sl_buffer_pct": Decimal("0.0015"),
    "defaults.tp_min_keep_ratio": Decimal("0.95"),
    "defaults.time_in_force": "gtc",
    "defaults.post_only": True,
    "defaults.inside_ticks": Decimal(1),
    "defaults.market_max_spread_pct": Decimal("0.001"),
    "defaults.max_deviation_pct": Decimal("0.005"),
    "defaults.implausible_pct": Decimal("0.02"),
    "defaults.zone_max_deviation_pct": Decimal("0.007"),
    "defaults.k_dynamic": Decimal("10"),
    "risk.daily_max_loss_usdt": Decimal("0"),
    "risk.daily_max_loss_percent": Decimal("0"),
    "risk.max_concurrent_positions": Decimal(0),
    "leverage.floor": Decimal("1"),
    "leverage.rounding.mode": "ceil",
    "leverage.max_loss_pct": Decimal("0"),
    "market_entry.enabled": False,
    "fallback_end_of_zone.enabled": True,
    "fallback_end_of_zone.ttl_threshold_sec": Decimal(25),
    "fallback_end_of_zone.max_spread_bps": Decimal("8"),
    "fallback_end_of_zone.only_if_within_zone": True,
    "fallback_end_of_zone.taker_order_type": "market",
    "fallback_end_of_zone.max_slippage_bps": Decimal("10"),
    "entry.spread_guard_bps": None,
    "entry.slippage_guard_bps": None,
    "post_validation.entry_zone.k_atr": Decimal("0.35"),
    "post_validation.entry_zone.w_min": Decimal("0.0005"),
    "post_validation.entry_zone.w_max": Decimal("0.0100"),
    "post_validation.entry_zone.ttl_sec": Decimal(240),
    "post_validation.entry_zone.quantize_to_exchange_step": True,
}
"""What an absent key meant there. Here an absent key of a profile's file means what `trade_entry.yaml` says, so these
are written out."""
