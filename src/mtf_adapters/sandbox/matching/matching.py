"""How orders meet: takers walk the book and resting orders, and what the market brings fills those that rest."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.book import is_within
from mtf_adapters.sandbox.matching.commands import Action, SelfTrade
from mtf_adapters.sandbox.matching.events import OrderCause
from mtf_adapters.sandbox.matching.executions import cancel_rest, executable, execute
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.money import ZERO
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import OrderState


def take(state: State, instrument: Instrument, order: Order) -> None:
    """Executes a live order against all that it can meet now: better prices first, the market before accounts."""
    while order.state is OrderState.LIVE and order.remaining:
        level = instrument.book.best(order.action) if instrument.book else None
        other = instrument.resting[order.action.opposite].best()
        if (
            other is not None
            and other.price is not None
            and _is_better(other.price, level.price if level else None, order)
        ):
            if not is_within(other.price, order.price, order.action):
                return
            _meet(state, instrument, order, other, other.price)
        elif level is not None and is_within(level.price, order.price, order.action):
            _take_level(state, instrument, order, min(order.remaining, level.size), level.price, is_maker=False)
        else:
            return


def fill_resting(state: State, instrument: Instrument) -> None:
    """Fills resting orders by a fresh book: by levels that reached their prices, then by trades beyond them."""
    for action in Action:
        resting = instrument.resting[action]
        while (order := resting.best()) is not None and order.price is not None:
            level = instrument.book.best(action) if instrument.book else None
            if level is None or not is_within(level.price, order.price, action):
                break
            _take_level(state, instrument, order, min(order.remaining, level.size), order.price, is_maker=True)
        while (order := resting.best()) is not None and order.price is not None and instrument.book is not None:
            last, traded = instrument.book.tick.last, instrument.book.traded
            if not traded or last == order.price or not is_within(last, order.price, action):
                break
            size = executable(state, order, min(order.remaining, traded))
            if not size:
                cancel_rest(state, order, OrderCause.NOTHING_TO_REDUCE)
                continue
            before = order.filled
            execute(state, instrument, order, size, order.price, is_maker=True)
            instrument.book.traded -= order.filled - before


def fillable(instrument: Instrument, order: Order) -> Decimal:
    """How much of an order could execute at once, by the market and by orders of other accounts."""
    total = ZERO
    levels = instrument.book.left(order.action) if instrument.book else ()
    for level in levels:
        if not is_within(level.price, order.price, order.action) or total >= order.remaining:
            break
        total += level.size
    for other in instrument.resting[order.action.opposite]:
        if total >= order.remaining or not is_within(other.price, order.price, order.action):
            break
        if other.account != order.account:
            total += other.remaining
    return min(total, order.remaining)


def would_take(instrument: Instrument, order: Order) -> bool:
    """Whether anything stands at its price or better, its own account's orders included."""
    level = instrument.book.best(order.action) if instrument.book else None
    other = instrument.resting[order.action.opposite].best()
    prices = [level.price] if level else []
    if other is not None and other.price is not None:
        prices.append(other.price)
    return any(is_within(price, order.price, order.action) for price in prices)


def _is_better(price: Decimal, than: Decimal | None, order: Order) -> bool:
    if than is None:
        return True
    return price < than if order.action is Action.BUY else price > than


def _take_level(
    state: State, instrument: Instrument, order: Order, size: Decimal, price: Decimal, *, is_maker: bool
) -> None:
    size = executable(state, order, size)
    if not size:
        cancel_rest(state, order, OrderCause.NOTHING_TO_REDUCE)
        return
    before = order.filled
    execute(state, instrument, order, size, price, is_maker=is_maker)
    taken = order.filled - before
    if taken and instrument.book is not None:
        instrument.book.take(order.action, taken)


def _meet(state: State, instrument: Instrument, taker: Order, maker: Order, price: Decimal) -> None:
    """Two orders of accounts meet at the price of the one that rests; an account does not trade with itself."""
    if maker.account == taker.account:
        if taker.self_trade is not SelfTrade.CANCEL_TAKER:
            cancel_rest(state, maker, OrderCause.SELF_TRADE)
        if taker.self_trade is not SelfTrade.CANCEL_MAKER:
            cancel_rest(state, taker, OrderCause.SELF_TRADE)
        return
    size = executable(state, maker, executable(state, taker, min(taker.remaining, maker.remaining)))
    if not size:
        for order in (maker, taker):
            if not executable(state, order, order.remaining):
                cancel_rest(state, order, OrderCause.NOTHING_TO_REDUCE)
        return
    before = maker.filled
    execute(state, instrument, maker, size, price, is_maker=True)
    met = maker.filled - before
    if met:
        execute(state, instrument, taker, met, price, is_maker=False)
