"""The entry price: where zone, allowed deviation and book have a common point, on the passive side."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import OrderType, TimeInForce, on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.exact import clamp, divide_up
from mtf_core.planning.market_entry import market_entry_obstacle
from mtf_core.planning.outcome import EntryZone, Skip, StepValue
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.reasons import Reason

_BPS = Decimal(10_000)


@frozen
class Entry:
    """Price and kind of the entry order, and the fee ratios that its entry and stop are reckoned with."""

    price: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    worst_price: Decimal | None
    entry_fee: Decimal
    exit_fee: Decimal


@frozen
class _Range:
    """Prices that an entry may have; `low` above `high` is empty."""

    low: Decimal
    high: Decimal

    def within(self, other: _Range) -> _Range:
        return _Range(max(self.low, other.low), min(self.high, other.high))

    def __contains__(self, price: Decimal) -> bool:
        return self.low <= price <= self.high


def entry_of(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> Entry | Skip:
    """The entry as a limit or a market order; a skip when there is no acceptable price."""
    allowed = _allowed(request, zone, log)
    if request.settings.defaults.order_type is OrderType.MARKET:
        return _market(request, allowed, log)
    touch = _touch(request)
    obstacle = market_entry_obstacle(request, touch, touch in allowed)
    if request.settings.market_entry.enabled:
        log.add("market_entry", "limit becomes market when nothing stands against it", obstacle or "yes")
    if obstacle is None:
        return _as_market(request, touch, _worst_fill(request, touch), log)
    return _limit(request, allowed, log)


def _touch(request: PlanRequest) -> Decimal:
    """The price at which a market order fills: best ask for long, best bid for short, on the grid toward worse."""
    book = request.facts.book
    return (
        on_grid_at_or_above(book.best_ask, request.tick)
        if request.is_long
        else on_grid_at_or_below(book.best_bid, request.tick)
    )


def _allowed(request: PlanRequest, zone: EntryZone | None, log: StepLog) -> _Range:
    """The zone and the allowed deviation from the reference price, at once."""
    reference, share = request.reference_price, request.settings.defaults.max_deviation_pct
    allowed = _Range(max(reference * (1 - share), request.tick), reference * (1 + share))
    if zone:
        allowed = allowed.within(_Range(zone.low, zone.high))
    names: dict[str, StepValue] = {
        "reference": reference,
        "reference_is": request.reference_name,
        "max_deviation_pct": share,
        "zone_low": zone.low if zone else "open",
        "zone_high": zone.high if zone else "open",
    }
    log.add("entry_low", "max(reference · (1 − max_deviation_pct), zone_low)", allowed.low, "price", **names)
    log.add("entry_high", "min(reference · (1 + max_deviation_pct), zone_high)", allowed.high, "price", **names)
    return allowed


# --- market ---------------------------------------------------------------------------------------------------
def _market(request: PlanRequest, allowed: _Range, log: StepLog) -> Entry | Skip:
    spread, widest = request.facts.book.spread_ratio, request.settings.defaults.market_max_spread_pct
    if not spread <= widest:
        return log.skip(Reason.SPREAD_TOO_WIDE, spread=spread, market_max_spread_pct=widest)
    touch = _touch(request)
    if touch not in allowed or touch <= 0:
        return _no_common_point(request, allowed, log)
    return _as_market(request, touch, None, log)


def _as_market(request: PlanRequest, touch: Decimal, worst: Decimal | None, log: StepLog) -> Entry | Skip:
    log.add("entry_price", "best ask" if request.is_long else "best bid", touch, "price", order_type="market")
    return _plausible(request, _entry(request, touch, OrderType.MARKET, worst, log), log)


def _worst_fill(request: PlanRequest, touch: Decimal) -> Decimal:
    share = request.settings.market_entry.max_slippage_bps / _BPS
    if request.is_long:
        return on_grid_at_or_below(touch * (1 + share), request.tick)
    return on_grid_at_or_above(touch * (1 - share), request.tick)


# --- limit ----------------------------------------------------------------------------------------------------
def _limit(request: PlanRequest, allowed: _Range, log: StepLog) -> Entry | Skip:
    book, guard = request.facts.book, request.settings.entry.spread_guard_bps
    if guard is not None and not book.spread_ratio * _BPS <= guard:
        return log.skip(Reason.SPREAD_TOO_WIDE, spread_bps=book.spread_ratio * _BPS, spread_guard_bps=guard)
    defaults, tick = request.settings.defaults, request.tick
    within = allowed.within(_book_range(request))
    on_grid = _Range(on_grid_at_or_above(within.low, tick), on_grid_at_or_below(within.high, tick))
    if not on_grid.low <= on_grid.high:
        return _no_common_point(request, allowed, log)
    start, formula = _start(request)
    passive = on_grid_at_or_below(start, tick) if request.is_long else on_grid_at_or_above(start, tick)
    price = clamp(passive, on_grid.low, on_grid.high)
    log.add(
        "entry_price",
        f"{formula}, clamped into entry_low … entry_high and the book, passive to the tick",
        price,
        "price",
        best_bid=book.best_bid,
        best_ask=book.best_ask,
        tick=tick,
        inside_ticks=defaults.inside_ticks,
        time_in_force=defaults.time_in_force.value,
        post_only=defaults.post_only,
    )
    worse = _slippage_skip(request, price, log)
    return worse or _plausible(request, _entry(request, price, OrderType.LIMIT, price, log), log)


def _book_range(request: PlanRequest) -> _Range:
    """[bid, ask]; a post-only order stays a tick away from the other side's touch."""
    book, tick = request.facts.book, request.tick
    if not request.settings.defaults.post_only:
        return _Range(book.best_bid, book.best_ask)
    if request.is_long:
        return _Range(book.best_bid, max(book.best_ask - tick, book.best_bid))
    return _Range(min(book.best_bid + tick, book.best_ask), book.best_ask)


def _start(request: PlanRequest) -> tuple[Decimal, str]:
    """Inside the spread from the passive side; an order that must fill at once starts at the other side's touch."""
    book, inside = request.facts.book, request.settings.defaults.inside_ticks * request.tick
    if request.settings.defaults.time_in_force is not TimeInForce.GTC:
        return (book.best_ask, "best ask") if request.is_long else (book.best_bid, "best bid")
    if request.is_long:
        return book.best_bid + inside, "best bid + inside_ticks · tick"
    return book.best_ask - inside, "best ask − inside_ticks · tick"


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


# --- both -----------------------------------------------------------------------------------------------------
def _no_common_point(request: PlanRequest, allowed: _Range, log: StepLog) -> Skip:
    book = request.facts.book
    return log.skip(
        Reason.SKIPPED_OUT_OF_ZONE,
        check="no common point",
        entry_low=allowed.low,
        entry_high=allowed.high,
        best_bid=book.best_bid,
        best_ask=book.best_ask,
        tick=request.tick,
        reference=request.reference_price,
    )


def _entry(request: PlanRequest, price: Decimal, kind: OrderType, worst: Decimal | None, log: StepLog) -> Entry:
    """With the fees: a rebate is never counted on, and only an order that cannot take pays as a maker."""
    contract, settings = request.contract, request.settings
    time_in_force, post_only = settings.defaults.time_in_force, settings.defaults.post_only
    if kind is OrderType.MARKET and post_only:
        # What became a market order can no longer be post-only; it fills at once or not at all.
        time_in_force, post_only = TimeInForce.IOC, False
    if not settings.risk.include_fees:
        entry_fee = exit_fee = Decimal(0)
    else:
        exit_fee = max(contract.taker_fee, Decimal(0))
        stays_maker = post_only and not settings.fallback_end_of_zone.enabled
        entry_fee = max(contract.maker_fee, Decimal(0)) if stays_maker else max(exit_fee, contract.maker_fee)
    log.add(
        "entry_fee",
        "maker for an order that can only be maker, else the dearer one; 0 without include_fees",
        entry_fee,
        "ratio",
        maker_fee=contract.maker_fee,
        taker_fee=contract.taker_fee,
    )
    log.add("exit_fee", "taker: a stop takes; 0 without include_fees", exit_fee, "ratio", taker_fee=contract.taker_fee)
    return Entry(price, kind, time_in_force, post_only, worst, entry_fee, exit_fee)


def _plausible(request: PlanRequest, entry: Entry, log: StepLog) -> Entry | Skip:
    reference, limit = request.reference_price, request.settings.defaults.implausible_pct
    away = abs(entry.price - reference)
    log.add(
        "entry_deviation",
        "|entry − reference| / reference",
        divide_up(away, reference),
        "ratio",
        entry=entry.price,
        reference=reference,
        implausible_pct=limit,
    )
    if away <= limit * reference:
        return entry
    return log.skip(
        Reason.SKIPPED_OUT_OF_ZONE,
        check="implausible_pct",
        entry=entry.price,
        reference=reference,
        implausible_pct=limit,
    )
