"""The price of a limit entry: it rests in the zone, on the passive side, and never beyond the other side's touch."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import TimeInForce, on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.exact import divide_up
from mtf_core.planning.outcome import Skip
from mtf_core.planning.price_range import PriceRange, near_reference, touch_of, zone_range
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.taking_entry import touch_skip
from mtf_core.planning.zone_check import skip_out_of_zone
from mtf_core.planning.zone_event import EntryZone, ZoneCheck
from mtf_core.reasons import Reason

_BPS = Decimal(10_000)


def limit_price(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> Decimal | Skip:
    """Where the limit stands: waiting in the zone, or at the touch when it has to fill at once."""
    book, guard = request.facts.book, request.settings.entry.spread_guard_bps
    if guard is not None and not book.spread_ratio * _BPS <= guard:
        return log.skip(Reason.SPREAD_TOO_WIDE, spread_bps=book.spread_ratio * _BPS, spread_guard_bps=guard)
    rests = request.settings.defaults.time_in_force is TimeInForce.GTC
    price = _resting(request, zone, log) if rests else _at_touch(request, zone, log)
    if isinstance(price, Skip):
        return price
    return _slippage_skip(request, price, log) or price


def _at_touch(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> Decimal | Skip:
    """At the other side's touch; on the grid, but never beyond it."""
    price = _passive(request, touch_of(request))
    unacceptable = touch_skip(request, price, zone, log)
    if unacceptable:
        return unacceptable
    _log_price(request, "down(best_ask, tick)" if request.is_long else "up(best_bid, tick)", price, log)
    return price


def _resting(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> Decimal | Skip:
    """From just inside the spread back into the zone, however far below (for a long) the book that lies."""
    limit = _book_limit(request, log)
    reach = PriceRange(request.tick, limit) if request.is_long else PriceRange(limit, Decimal("Infinity"))
    zone_prices, near, reference = zone_range(zone), near_reference(request), request.reference_price
    max_deviation = request.settings.defaults.max_deviation_pct
    if zone_prices and zone_prices.within(reach).empty:
        away = abs(zone_prices.nearest(limit) - limit)
        return skip_out_of_zone(
            request, zone, ZoneCheck.BEYOND_ZONE, log, candidate=limit, away=away, allowed=max_deviation
        )
    allowed = near.within(zone_prices) if zone_prices else near
    if allowed.empty:
        nearest = zone_prices.nearest(reference) if zone_prices else reference
        away = abs(nearest - reference)
        return skip_out_of_zone(
            request, zone, ZoneCheck.MAX_DEVIATION, log, candidate=nearest, away=away, allowed=max_deviation
        )
    allowed = allowed.within(reach).on_grid(request.tick)
    _log_allowed(request, zone, limit, allowed, log)
    if allowed.empty:
        away = abs(limit - reference)
        return skip_out_of_zone(
            request, zone, ZoneCheck.NO_COMMON_PRICE, log, candidate=limit, away=away, allowed=max_deviation
        )
    start, formula = _start(request)
    price = allowed.nearest(_passive(request, start))
    _log_price(
        request, f"clamp({formula}, entry_low, entry_high)", price, log, entry_low=allowed.low, entry_high=allowed.high
    )
    return price


def _passive(request: PlanRequest, price: Decimal) -> Decimal:
    """On the grid, toward the side that waits: down for a long."""
    to_grid = on_grid_at_or_below if request.is_long else on_grid_at_or_above
    return to_grid(price, request.tick)


def _start(request: PlanRequest) -> tuple[Decimal, str]:
    """Inside the spread, counted from the passive side."""
    book, inside = request.facts.book, request.settings.defaults.inside_ticks * request.tick
    if request.is_long:
        return book.best_bid + inside, "down(best_bid + inside_ticks · tick, tick)"
    return book.best_ask - inside, "up(best_ask − inside_ticks · tick, tick)"


def _book_limit(request: PlanRequest, log: StepLog) -> Decimal:
    """The price that the entry never goes beyond: the touch; for a post-only order a tick before it."""
    book, tick = request.facts.book, request.tick
    match request.is_long, request.settings.defaults.post_only:
        case True, False:
            limit, formula = book.best_ask, "best_ask"
        case True, True:
            limit, formula = max(book.best_ask - tick, book.best_bid), "max(best_ask − tick, best_bid)"
        case False, False:
            limit, formula = book.best_bid, "best_bid"
        case _:
            limit, formula = min(book.best_bid + tick, book.best_ask), "min(best_bid + tick, best_ask)"
    log.add(
        "book_limit",
        formula,
        limit,
        "price",
        best_bid=book.best_bid,
        best_ask=book.best_ask,
        tick=tick,
        post_only=request.settings.defaults.post_only,
    )
    return limit


def _log_allowed(
    request: PlanRequest, zone: EntryZone | None, limit: Decimal, allowed: PriceRange, log: StepLog
) -> None:
    low, high = ["reference · (1 − max_deviation_pct)", "tick"], ["reference · (1 + max_deviation_pct)"]
    if zone:
        low.append("zone_low")
        high.append("zone_high")
    (high if request.is_long else low).append("book_limit")
    bounds = (
        ("entry_low", f"up(max({', '.join(low)}), tick)", allowed.low),
        ("entry_high", f"down(min({', '.join(high)}), tick)", allowed.high),
    )
    for name, formula, value in bounds:
        log.add(
            name,
            formula,
            value,
            "price",
            reference=request.reference_price,
            reference_is=request.reference_name,
            max_deviation_pct=request.settings.defaults.max_deviation_pct,
            zone_low=zone.low if zone else "open",
            zone_high=zone.high if zone else "open",
            book_limit=limit,
            tick=request.tick,
        )


def _log_price(request: PlanRequest, formula: str, price: Decimal, log: StepLog, **bounds: Decimal) -> None:
    book, defaults = request.facts.book, request.settings.defaults
    log.add(
        "entry_price",
        formula,
        price,
        "price",
        best_bid=book.best_bid,
        best_ask=book.best_ask,
        tick=request.tick,
        inside_ticks=defaults.inside_ticks,
        time_in_force=defaults.time_in_force.value,
        post_only=defaults.post_only,
        **bounds,
    )


def _slippage_skip(request: PlanRequest, price: Decimal, log: StepLog) -> Skip | None:
    guard, reference = request.settings.entry.slippage_guard_bps, request.reference_price
    if guard is None:
        return None
    worse = (price - reference) * request.side.sign
    if worse * _BPS <= guard * reference:
        return None
    return log.skip(
        Reason.SKIPPED_OUT_OF_ZONE,
        check="slippage_guard_bps",
        entry=price,
        reference=reference,
        worse_bps=divide_up(worse * _BPS, reference),
        slippage_guard_bps=guard,
    )
