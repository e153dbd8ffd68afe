"""A further attempt: taking what is left when the zone is about to end, or one tick more passive after a refusal.

It is an entry like the first, for which every guard is asked again. Here it is only decided, once, what is to be tried.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from mtf_core.market import Contract, OrderType, TimeInForce, TopOfBook, on_grid_at_or_above, on_grid_at_or_below
from mtf_core.orders.actions import Action, FurtherAttempt
from mtf_core.orders.intent import Intent, Progress
from mtf_core.orders.lifecycle import EventKind
from mtf_core.orders.states import EntryState, PositionState
from mtf_core.orders.supervision.entry import (
    END_OF_ZONE,
    TAKEN_AT_END_OF_ZONE,
    WOULD_TAKE,
    cancel_entry,
    deadline_ms,
    switch_off_after,
)
from mtf_core.orders.supervision.look import Due, Look
from mtf_core.planning.exact import divide_down
from mtf_core.planning.zone_event import EntryZone
from mtf_core.settings.trade_entry import EndOfZoneSettings

_ZERO, _BPS = Decimal(0), Decimal(10_000)
_QUIET = frozenset({PositionState.NONE, PositionState.PROTECTED})


@frozen
class _Fees:
    """Ratios of notional; zero where they are no part of the risk."""

    in_risk: Decimal
    taker: Decimal


def cancel_for_zone_end(look: Look) -> Action | None:
    """Ends a resting entry shortly before its deadline where its rest may be taken."""
    intent, settings = look.intent, look.intent.terms.end_of_zone
    if intent.entry is EntryState.CANCELLING and look.progress.cancel_reason == END_OF_ZONE:
        return cancel_entry(look, END_OF_ZONE)
    if settings is None or not settings.enabled or look.progress.fallback_asked or look.rules.in_recovery:
        return None
    if intent.entry is not EntryState.RESTING or intent.position not in _QUIET or look.progress.closed:
        return None
    ends_ms = deadline_ms(look)
    if not ends_ms - settings.ttl_threshold_sec * 1000 <= look.now_ms < ends_ms or _unfit(look, settings):
        return None
    if look.due(look.progress.sent.cancel_ms) is not Due.NEW:
        return None
    action = cancel_entry(look, END_OF_ZONE)
    if action is not None:
        look.note(fallback_asked=True)
    return action


def try_further(look: Look) -> Action | None:
    """What is tried after an attempt that is final; decided once."""
    if look.intent.entry is not EntryState.DONE or look.progress.cancel_reason not in {END_OF_ZONE, WOULD_TAKE}:
        return None
    if look.progress.cancel_reason == WOULD_TAKE:
        look.note(cancel_reason="")
        order = None if look.rules.entries_end or look.rules.in_recovery else more_passive(look.intent)
        is_in_time = look.now_ms < deadline_ms(look) and not look.intent.earlier
        is_free = look.intent.position.is_over and not look.position_size
        return None if order is None or not (is_in_time and is_free) else _tried(look, order, WOULD_TAKE)
    look.note(cancel_reason=TAKEN_AT_END_OF_ZONE)
    found = _taking(look)
    if isinstance(found, FurtherAttempt):
        return _tried(look, found, END_OF_ZONE)
    look.tell(EventKind.REFUSED, reason="fallback_refused", why=found)
    switch_off_after(look, look.intent.filled)
    return None


def _tried(look: Look, order: FurtherAttempt, why: str) -> Action:
    """The story says beforehand what is to be tried: with this decision the intent may be over, and nobody looks at it
    any more, should the process die before the attempt is committed. Nothing is at risk then, and nothing is busy.
    """
    told = {"size": order.size, "price": order.price, "note": "where no attempt follows, it was never made"}
    look.tell(EventKind.STATE, further_attempt=why, **told)
    return Action(order, why, protects=False)


def without_cancel(progress: Progress) -> Progress:
    """What is remembered where another attempt begins: that the one before was cancelled says nothing of this one."""
    return evolve(progress, cancel_looks=0, next_cancel_ms=0, sent=evolve(progress.sent, cancel_ms=None))


def more_passive(intent: Intent) -> FurtherAttempt | None:
    """The same entry one tick farther from the book, after the exchange refused to let it take; None: it is no such."""
    attempt = intent.attempt
    if not attempt.post_only or attempt.price is None or attempt.filled:
        return None
    price = attempt.price - intent.side.sign * intent.terms.tick_size
    zone = intent.terms.zone
    if price <= 0 or (zone is not None and not zone.low <= price <= zone.high):
        return None
    return FurtherAttempt(attempt.size, OrderType.LIMIT, price, attempt.time_in_force, post_only=True)


def _unfit(look: Look, settings: EndOfZoneSettings) -> str:
    """What of the market stands against taking; empty: nothing."""
    quote, zone = look.market.quote, look.intent.terms.zone
    if quote is None or look.market.contract is None:
        return "the market could not be read"
    if quote.book.spread_ratio * _BPS > settings.max_spread_bps:
        return "the spread is too wide"
    if settings.only_if_within_zone and zone is not None and not zone.low <= quote.mark.price <= zone.high:
        return "the price is not in the zone"
    return ""


def _taking(look: Look) -> FurtherAttempt | str:
    """The order that takes, or why there is none."""
    intent, settings = look.intent, look.intent.terms.end_of_zone
    quote, contract = look.market.quote, look.market.contract
    if look.rules.entries_end or look.rules.in_recovery:
        return look.rules.entries_end or "recovery"
    if settings is None or quote is None or contract is None:
        return "the market could not be read"
    unfit = _unfit(look, settings)
    if unfit:
        return unfit
    if look.now_ms >= deadline_ms(look):
        return "the zone has ended"
    if not _is_known(look):
        return "executions and position do not agree yet"
    price = _taking_price(quote.book, intent.terms.zone, settings, contract, look.sign)
    touch = quote.book.best_ask if look.sign > 0 else quote.book.best_bid
    if price <= 0 or (price - touch) * look.sign < 0:
        return "the touch is outside the zone"
    if (price - intent.wanted.targets[0].price) * look.sign >= 0:
        return "the price is beyond the first target"
    size = _size(look, contract, price)
    if size < contract.min_size or contract.notional(size, price) < contract.min_notional:
        return f"a size of {max(size, _ZERO):f} is below the least"
    if not _is_worth_it(look, contract, price):
        return "too little is left of the reward"
    return FurtherAttempt(size, OrderType.LIMIT, price, TimeInForce.IOC, post_only=False)


def _is_known(look: Look) -> bool:
    """Whether what was filled, what executions say and the position are one and the same, and nothing was closed."""
    ledger = look.ledger
    if ledger is None or look.view.account is None or ledger.closed or look.intent.position not in _QUIET:
        return False
    return look.intent.filled == ledger.opened == look.position_size == look.progress.held


def _taking_price(
    book: TopOfBook, zone: EntryZone | None, settings: EndOfZoneSettings, contract: Contract, sign: int
) -> Decimal:
    slip = settings.max_slippage_bps / _BPS
    if sign > 0:
        worst = book.best_ask * (1 + slip)
        return on_grid_at_or_below(worst if zone is None else min(worst, zone.high), contract.tick_size)
    worst = book.best_bid * (1 - slip)
    return on_grid_at_or_above(worst if zone is None else max(worst, zone.low), contract.tick_size)


def _size(look: Look, contract: Contract, price: Decimal) -> Decimal:
    """So much that the whole position, with what is held already, loses at its stop no more than was agreed."""
    intent, stop = look.intent, look.intent.stop.price
    fees, left = _fees(look, contract), intent.wanted.size - intent.filled
    way = (price - stop) * look.sign
    a_contract = intent.terms.contract_size * (way + fees.in_risk * (price + stop))
    if way <= 0 or a_contract <= 0:
        return _ZERO
    room = divide_down(intent.terms.risk_usdt - _loss_of_held(look, fees), a_contract)
    most = min(room, left, contract.max_size, contract.max_market_size)
    return on_grid_at_or_below(most, contract.size_step) if most > 0 else _ZERO


def _loss_of_held(look: Look, fees: _Fees) -> Decimal:
    progress, intent = look.progress, look.intent
    if progress.average_entry is None or not progress.held:
        return _ZERO
    stop, size = intent.stop.price, progress.held * intent.terms.contract_size
    paid = max(_ZERO, progress.entry_fees) if intent.terms.fees_in_risk else _ZERO
    return size * (progress.average_entry - stop) * look.sign + paid + size * stop * fees.in_risk


def _fees(look: Look, contract: Contract) -> _Fees:
    taker = max(_ZERO, contract.taker_fee)
    return _Fees(taker if look.intent.terms.fees_in_risk else _ZERO, taker)


def _is_worth_it(look: Look, contract: Contract, price: Decimal) -> bool:
    """Whether what the targets win of one contract, after fees, is enough for what the stop loses of it."""
    intent, taker = look.intent, _fees(look, contract).taker
    if intent.terms.min_net_r <= 0:
        return True
    stop = intent.stop.price
    loss = (price - stop) * look.sign + taker * (price + stop)
    won = sum(
        (
            target.share * ((target.price - price) * look.sign - taker * (price + target.price))
            for target in intent.wanted.targets
        ),
        _ZERO,
    )
    return loss > 0 and won >= intent.terms.min_net_r * loss
