"""The entry order: its kind, its price and the worst price at which it may fill."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import OrderType, TimeInForce
from mtf_core.planning.exact import divide_up
from mtf_core.planning.fees import Fees, fees_of
from mtf_core.planning.limit_entry import limit_price
from mtf_core.planning.outcome import Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.taking_entry import fill_at_touch, upgrade_obstacle, worst_fill
from mtf_core.planning.zone_check import accept_entry
from mtf_core.planning.zone_event import EntryZone
from mtf_core.reasons import Reason


@frozen
class Entry:
    """Price and kind of the entry order, and the fees that its entry and exits are reckoned with."""

    price: Decimal
    worst_price: Decimal
    """The worst price at which the order may fill; it is sent with this bound. A limit's own price."""
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    takes: bool
    """Whether it may fill at the other side's touch at once, so that half the spread is paid."""
    fees: Fees

    @property
    def dearest_price(self) -> Decimal:
        """The highest price at which it may fill: margin and notional are largest there."""
        return max(self.price, self.worst_price)

    @property
    def cheapest_price(self) -> Decimal:
        return min(self.price, self.worst_price)


def entry_of(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> Entry | Skip:
    """The entry as a limit or a market order; a skip when there is no acceptable price."""
    at_market = request.settings.defaults.order_type is OrderType.MARKET or _becomes_market(request, zone, log)
    price = fill_at_touch(request, zone, log) if at_market else limit_price(request, zone, log)
    if isinstance(price, Skip):
        return price
    accept_entry(request, zone, price, log)
    return _implausible(request, price, log) or _entry(request, price, at_market=at_market, log=log)


def _becomes_market(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> bool:
    if not request.settings.market_entry.enabled:
        return False
    obstacle = upgrade_obstacle(request, zone)
    log.add("market_entry", "answer", obstacle or "yes", answer=obstacle or "yes")
    return obstacle is None


def _entry(request: PlanRequest, price: Decimal, *, at_market: bool, log: StepLog) -> Entry:
    defaults = request.settings.defaults
    worst = worst_fill(request, price, log) if at_market else price
    time_in_force, post_only = defaults.time_in_force, defaults.post_only
    if at_market:
        # Sent as a limit at the worst price, so that nothing of it may rest in the book or wait as a maker.
        post_only = False
        time_in_force = TimeInForce.FOK if time_in_force is TimeInForce.FOK else TimeInForce.IOC
    book = request.facts.book
    return Entry(
        price=price,
        worst_price=worst,
        order_type=OrderType.MARKET if at_market else OrderType.LIMIT,
        time_in_force=time_in_force,
        post_only=post_only,
        takes=price >= book.best_ask if request.is_long else price <= book.best_bid,
        fees=fees_of(request, post_only=post_only, log=log),
    )


def _implausible(request: PlanRequest, price: Decimal, log: StepLog) -> Skip | None:
    """The skip of an entry so far from the reference price that one of the two must be wrong."""
    reference, limit = request.reference_price, request.settings.defaults.implausible_pct
    away = abs(price - reference)
    log.add(
        "entry_deviation",
        "abs(entry − reference) / reference",
        divide_up(away, reference),
        "ratio",
        entry=price,
        reference=reference,
        reference_is=request.reference_name,
        implausible_pct=limit,
    )
    if away <= limit * reference:
        return None
    return log.skip(
        Reason.SKIPPED_OUT_OF_ZONE, check="implausible_pct", entry=price, reference=reference, implausible_pct=limit
    )
