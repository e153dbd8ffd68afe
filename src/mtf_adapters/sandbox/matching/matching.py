"""How orders meet: takers walk the book and resting orders, and what the market brings fills those that rest."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.book import Book, is_within
from mtf_adapters.sandbox.matching.commands import Action, SelfTrade
from mtf_adapters.sandbox.matching.events import OrderCause
from mtf_adapters.sandbox.matching.executions import cancel_rest, carried, executable, execute
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.money import ZERO
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import OrderState


def take(state: State, instrument: Instrument, order: Order) -> None:
    """Executes a live order against all that it can meet now: better prices first, the market before accounts."""
    resting = instrument.resting(order.action.opposite)
    while instrument.matches and order.state is OrderState.LIVE and order.remaining:
        level = instrument.book.best(order.action) if instrument.book else None
        met = resting.best()
        if met is not None and _is_better(met[0], level.price if level else None, order.action):
            price, other = met
            if not is_within(price, order.limit, order.action):
                return
            _meet(state, instrument, order, other, price)
        elif level is not None and is_within(level.price, order.limit, order.action):
            _take_level(state, instrument, order, min(order.remaining, level.size), level.price, is_maker=False)
        else:
            return


def fill_resting(state: State, instrument: Instrument) -> None:
    """Fills resting orders by a fresh book: by levels that reached their prices, then by trades beyond them."""
    if instrument.book is None:
        return
    for action in Action:
        _fill_by_levels(state, instrument, instrument.book, action)
        _fill_by_trades(state, instrument, instrument.book, action)


def _fill_by_levels(state: State, instrument: Instrument, book: Book, action: Action) -> None:
    while (first := instrument.resting(action).best()) is not None:
        price, order = first
        level = book.best(action)
        if level is None or not is_within(level.price, price, action):
            return
        _take_level(state, instrument, order, min(order.remaining, level.size), price, is_maker=True)


def _fill_by_trades(state: State, instrument: Instrument, book: Book, action: Action) -> None:
    last = book.tick.last
    while book.traded and (first := instrument.resting(action).best()) is not None:
        price, order = first
        if last == price or not is_within(last, price, action):
            return
        book.traded -= _execute_up_to(state, instrument, order, min(order.remaining, book.traded), price, is_maker=True)


def fillable(instrument: Instrument, order: Order) -> Decimal:
    """How much of an order could execute at once, by the market and by orders of other accounts.

    Nothing, where it would meet an order of its own account and end for that.
    """
    within = [
        other
        for price, other in instrument.resting(order.action.opposite)
        if is_within(price, order.limit, order.action)
    ]
    if order.self_trade is not SelfTrade.CANCEL_MAKER and any(other.account == order.account for other in within):
        return ZERO
    levels = instrument.book.left(order.action) if instrument.book else ()
    offered = sum((level.size for level in levels if is_within(level.price, order.limit, order.action)), ZERO)
    others = sum((other.remaining for other in within if other.account != order.account), ZERO)
    return min(offered + others, order.remaining)


def would_take(instrument: Instrument, order: Order) -> bool:
    """Whether anything stands at its price or better, its own account's orders included."""
    level = instrument.book.best(order.action) if instrument.book else None
    met = instrument.resting(order.action.opposite).best()
    prices = ([level.price] if level else []) + ([met[0]] if met else [])
    return any(is_within(price, order.price, order.action) for price in prices)


def _is_better(price: Decimal, than: Decimal | None, action: Action) -> bool:
    if than is None:
        return True
    return price < than if action is Action.BUY else price > than


def _take_level(
    state: State, instrument: Instrument, order: Order, size: Decimal, price: Decimal, *, is_maker: bool
) -> None:
    taken = _execute_up_to(state, instrument, order, size, price, is_maker=is_maker)
    if taken and instrument.book is not None:
        instrument.book.take(order.action, taken)


def _execute_up_to(
    state: State, instrument: Instrument, order: Order, size: Decimal, price: Decimal, *, is_maker: bool
) -> Decimal:
    """How much was executed; nothing where the order ended instead."""
    allowed = executable(state, order, size)
    if not allowed:
        cancel_rest(state, order, OrderCause.NOTHING_TO_REDUCE)
        return ZERO
    before = order.filled
    execute(state, instrument, order, allowed, price, is_maker=is_maker)
    return order.filled - before


def _meet(state: State, instrument: Instrument, taker: Order, maker: Order, price: Decimal) -> None:
    """Two orders of accounts meet at the price of the one that rests; an account does not trade with itself."""
    if maker.account == taker.account:
        if taker.self_trade is not SelfTrade.CANCEL_TAKER:
            cancel_rest(state, maker, OrderCause.SELF_TRADE)
        if taker.self_trade is not SelfTrade.CANCEL_MAKER:
            cancel_rest(state, taker, OrderCause.SELF_TRADE)
        return
    size = executable(state, taker, min(taker.remaining, maker.remaining))
    size = carried(state, instrument, taker, size, price, is_maker=False)
    met = _execute_up_to(state, instrument, maker, size, price, is_maker=True) if size else ZERO
    if met or not size:
        _execute_up_to(state, instrument, taker, met or taker.remaining, price, is_maker=False)
