"""How the market stands to the entry zone: the event that records it, and the skip of an entry that fails a check."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import on_grid_at_or_above
from mtf_core.planning.exact import divide_up
from mtf_core.planning.facts import FactRole
from mtf_core.planning.outcome import Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.zone_event import EntryZone, ZoneCategory, ZoneCheck, ZoneEvent, gap_category
from mtf_core.reasons import Reason

_RECORDED_DIGITS = Decimal("1e-12")


def accept_entry(request: PlanRequest, zone: EntryZone | None, price: Decimal, log: StepLog) -> None:
    """Records that the entry lies in the zone: inside the book, or waiting behind it."""
    book = request.facts.book
    behind = price < book.best_bid if request.is_long else price > book.best_ask
    category = ZoneCategory.WAITING if behind else ZoneCategory.INSIDE
    away = abs(price - request.reference_price)
    _record(request, zone, price, away, request.settings.defaults.max_deviation_pct, category, None, log)


def skip_out_of_zone(
    request: PlanRequest,
    zone: EntryZone | None,
    check: ZoneCheck,
    log: StepLog,
    *,
    candidate: Decimal,
    away: Decimal,
    allowed: Decimal,
) -> Skip:
    """The skip with its numbers: the candidate is `away` (in price) from what the check asks, `allowed` is a ratio."""
    book, reference = request.facts.book, request.reference_price
    deviation = divide_up(away, reference)
    _record(request, zone, candidate, away, allowed, gap_category(deviation, allowed), check, log)
    return log.skip(
        Reason.SKIPPED_OUT_OF_ZONE,
        check=check.value,
        zone_low=zone.low if zone else "open",
        zone_high=zone.high if zone else "open",
        anchor=zone.anchor if zone else "open",
        candidate=candidate,
        best_bid=book.best_bid,
        best_ask=book.best_ask,
        tick=request.tick,
        reference=reference,
        reference_is=request.reference_name,
        deviation=deviation,
        allowed=allowed,
    )


def _record(
    request: PlanRequest,
    zone: EntryZone | None,
    candidate: Decimal,
    away: Decimal,
    allowed: Decimal,
    category: ZoneCategory,
    check: ZoneCheck | None,
    log: StepLog,
) -> None:
    """Keeps the event for whatever the plan ends in; nothing where the zone is open."""
    if zone is None:
        return
    signal, book, reference = request.signal, request.facts.book, request.reference_price
    atr = request.positive(FactRole.ZONE_ATR)
    log.zone_event = ZoneEvent(
        symbol=signal.symbol,
        side=signal.side,
        execution_timeframe=signal.execution_timeframe,
        decision_key=signal.decision_key,
        at_ms=request.now_ms,
        zone=zone,
        candidate_price=candidate,
        reference_price=reference,
        deviation=_ratio(away, reference),
        allowed=allowed,
        width_ratio=_ratio(zone.high - zone.low, zone.anchor),
        atr_ratio=_ratio(atr, reference) if atr is not None else None,
        spread_ratio=_ratio(book.best_ask - book.best_bid, book.mid),
        volume_ratio=request.recorded(FactRole.VOLUME_RATIO),
        category=category,
        failed_check=check,
    )


def _ratio(dividend: Decimal, divisor: Decimal) -> Decimal:
    """A quotient with as many digits as a record keeps, rounded up."""
    return on_grid_at_or_above(divide_up(dividend, divisor), _RECORDED_DIGITS)
