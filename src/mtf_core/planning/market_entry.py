"""Whether a limit entry may become a market entry."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.planning.facts import FactRole
from mtf_core.planning.request import PlanRequest


def market_entry_obstacle(request: PlanRequest, touch: Decimal, touch_allowed: bool) -> str | None:
    """What stands against it, in words; None when nothing does. A missing fact stands against it."""
    entry, book = request.settings.market_entry, request.facts.book
    if not entry.enabled:
        return "market_entry is off"
    if request.timeframe not in entry.allowed_execution_timeframes:
        return f"{request.timeframe} is not listed"
    if entry.adx_min_1h is not None:
        adx = request.fact(FactRole.ADX_1H)
        if adx is None or adx < entry.adx_min_1h:
            return f"1h.adx {'missing' if adx is None else adx} is not at least {entry.adx_min_1h}"
    if not book.spread_ratio <= request.settings.defaults.market_max_spread_pct:
        return "the spread is wider than market_max_spread_pct"
    worse = (touch - request.reference_price) * request.side.sign
    if not worse * 10_000 <= entry.max_slippage_bps * request.reference_price:
        return "the touch is worse than the reference by more than max_slippage_bps"
    if not touch_allowed:
        return "the touch lies outside zone or max_deviation_pct"
    return None
