"""Keys of older trade-entry files that are refused, each with its new name or the reason."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core.settings.renamed import RENAMED_TRADE_ENTRY_KEYS, refusals

REFUSED_KEYS: Mapping[str, str] = {
    **refusals(RENAMED_TRADE_ENTRY_KEYS),
    "version": "a label without effect; write a comment instead",
    "meta": "labels without effect; write a comment instead",
    "defaults.sl_full_size": "the stop always covers the whole position",
    "risk.fixed_risk_pct": "a percent: write `risk.fixed_risk_percent`, and only if the multipliers shall not count",
    "leverage.mode": "the leverage always follows from risk, stop, caps and floor",
    "leverage.conviction": "no conviction is ever computed",
    "leverage.confidence_multiplier": "no confidence is ever computed",
    "leverage.rounding.precision": "a leverage is a whole number",
    "decision.require_price_or_atr": "book and stop are always required",
    "entry.prefer_maker": "write `defaults.post_only: true`",
    "entry.fallback_taker": "write `fallback_end_of_zone.enabled`",
    "entry.budget": "the budget is `defaults.initial_margin_usdt`, at most the available balance",
    "entry.quantization": "prices and sizes are always on the exchange's grid",
    "entry.entry_zone.offset_k": "write `k_atr`",
    "entry.entry_zone.max_deviation_pct": "write `w_max`",
    "post_validation.idempotency": "the decision key is fixed, and an entry is never retried under another one",
}
"""Dotted path below the root of the file → why it is refused. A path stands for everything below it."""
