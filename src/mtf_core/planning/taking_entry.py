"""Entries that take: at the other side's touch, with a bound on the price at which they may fill."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.facts import FactRole
from mtf_core.planning.outcome import Skip
from mtf_core.planning.price_range import near_reference, touch_of, zone_range
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.zone_check import skip_out_of_zone
from mtf_core.planning.zone_event import EntryZone, ZoneCheck
from mtf_core.reasons import Reason

_BPS = 10_000


def fill_at_touch(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> Decimal | Skip:
    """Where a market order is expected to fill: the touch, on the grid toward worse."""
    spread, widest = request.facts.book.spread_ratio, request.settings.defaults.market_max_spread_pct
    if not spread <= widest:
        return log.skip(Reason.SPREAD_TOO_WIDE, spread=spread, market_max_spread_pct=widest)
    touch = _grid_touch(request)
    unacceptable = touch_skip(request, touch, zone, log)
    if unacceptable:
        return unacceptable
    log.add(
        "entry_price",
        "up(best_ask, tick)" if request.is_long else "down(best_bid, tick)",
        touch,
        "price",
        best_bid=request.facts.book.best_bid,
        best_ask=request.facts.book.best_ask,
        tick=request.tick,
        order_type="market",
    )
    return touch


def worst_fill(request: PlanRequest, touch: Decimal, log: StepLog) -> Decimal:
    """The price that bounds the fill: `max_slippage_bps` worse than the touch, on the grid toward the touch."""
    bps = request.settings.market_entry.max_slippage_bps
    share = bps / _BPS
    if request.is_long:
        worst = on_grid_at_or_below(touch * (1 + share), request.tick)
    else:
        worst = on_grid_at_or_above(touch * (1 - share), request.tick)
    log.add(
        "worst_entry_price",
        "down(entry · (1 + max_slippage_bps / 10000), tick)"
        if request.is_long
        else "up(entry · (1 − max_slippage_bps / 10000), tick)",
        worst,
        "price",
        entry=touch,
        max_slippage_bps=bps,
        tick=request.tick,
    )
    return worst


def touch_skip(request: PlanRequest, touch: Decimal, zone: EntryZone | None, log: StepLog) -> Skip | None:
    """The skip of an entry at the touch that lies outside the zone or too far from the reference."""
    prices, max_deviation = zone_range(zone), request.settings.defaults.max_deviation_pct
    if prices and touch not in prices:
        check, away = ZoneCheck.TOUCH_OUTSIDE_ZONE, abs(touch - prices.nearest(touch))
    elif touch not in near_reference(request):
        check, away = ZoneCheck.MAX_DEVIATION, abs(touch - request.reference_price)
    else:
        return None
    return skip_out_of_zone(request, zone, check, log, candidate=touch, away=away, allowed=max_deviation)


def upgrade_obstacle(request: PlanRequest, zone: EntryZone | None) -> str | None:
    """What stands against a limit that becomes a market entry, in words; None when nothing does.

    A missing fact stands against it.
    """
    entry, book = request.settings.market_entry, request.facts.book
    if request.timeframe not in entry.allowed_execution_timeframes:
        return f"{request.timeframe} is not listed"
    if entry.adx_min_1h is not None:
        adx = request.fact(FactRole.ADX_1H)
        if adx is None or adx < entry.adx_min_1h:
            return f"1h.adx {'missing' if adx is None else adx} is not at least {entry.adx_min_1h}"
    if not book.spread_ratio <= request.settings.defaults.market_max_spread_pct:
        return "the spread is wider than market_max_spread_pct"
    touch, zone_prices = _grid_touch(request), zone_range(zone)
    worse = (touch - request.reference_price) * request.side.sign
    if not worse * _BPS <= entry.max_slippage_bps * request.reference_price:
        return "the touch is worse than the reference by more than max_slippage_bps"
    if touch not in near_reference(request) or (zone_prices and touch not in zone_prices):
        return "the touch lies outside zone or max_deviation_pct"
    return None


def _grid_touch(request: PlanRequest) -> Decimal:
    to_grid = on_grid_at_or_above if request.is_long else on_grid_at_or_below
    return to_grid(touch_of(request), request.tick)
