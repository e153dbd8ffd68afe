"""How much of an account's money is free, and what orders set aside of it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.book import Book
from mtf_adapters.sandbox.matching.brackets import maintenance_margin
from mtf_adapters.sandbox.matching.commands import Action
from mtf_adapters.sandbox.matching.events import OrderFamily
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.money import ZERO, quotient, reserved
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import MarginMode, OrderState, PositionMode, TimeInForce


def initial_margin(value: Decimal, leverage: Decimal) -> Decimal:
    """value / leverage, to the next grain above."""
    return reserved(quotient(value, leverage))


class Standing(NamedTuple):
    """Sums over an account's positions at their marks."""

    isolated_margin: Decimal
    cross_margin: Decimal
    isolated_profit: Decimal
    cross_profit: Decimal

    @property
    def margin(self) -> Decimal:
        return self.isolated_margin + self.cross_margin

    @property
    def profit(self) -> Decimal:
        """Unrealised."""
        return self.isolated_profit + self.cross_profit


def standing(state: State, account: AccountBook) -> Standing:
    isolated_margin = cross_margin = isolated_profit = cross_profit = ZERO
    for holding in account.holdings.values():
        profit = holding.profit(state.instruments[holding.symbol].mark)
        if holding.margin_mode is MarginMode.CROSS:
            cross_margin, cross_profit = cross_margin + holding.margin, cross_profit + profit
        else:
            isolated_margin, isolated_profit = isolated_margin + holding.margin, isolated_profit + profit
    return Standing(isolated_margin, cross_margin, isolated_profit, cross_profit)


def isolated_margin(account: AccountBook) -> Decimal:
    held = account.holdings.values()
    return sum((holding.margin for holding in held if holding.margin_mode is MarginMode.ISOLATED), ZERO)


def cross_equity(state: State, account: AccountBook) -> Decimal:
    """What cross positions may lose: the wallet without isolated margins, and their own profits."""
    now = standing(state, account)
    return account.wallet - now.isolated_margin + now.cross_profit


def cross_maintenance(state: State, account: AccountBook) -> Decimal:
    held = account.holdings.values()
    return sum((maintenance_of(state, holding) for holding in held if holding.margin_mode is MarginMode.CROSS), ZERO)


def maintenance_of(state: State, holding: Holding) -> Decimal:
    instrument = state.instruments[holding.symbol]
    return maintenance_margin(instrument.contract, holding.size, holding.notional(instrument.mark))


def free_margin(state: State, account: AccountBook) -> Decimal:
    """What may be set aside anew, from what is free of other uses. May be below zero."""
    return free_of(account, standing(state, account))


def free_of(account: AccountBook, now: Standing) -> Decimal:
    """Losses of cross positions count against what is free, profits nowhere."""
    return account.wallet - account.order_margin - now.margin + min(ZERO, now.cross_profit)


def opening_size(account: AccountBook, order: Order) -> Decimal:
    """How much of the rest of an order would open a position, were it filled now.

    On a one-way account an order first closes what is open on the other side, once: what other orders before it would
    close there is not there for this one.
    """
    if order.reduce_only:
        return ZERO
    if account.position_mode is PositionMode.HEDGE:
        return order.remaining
    opposite = account.holdings.get((order.symbol, order.reduces_side))
    if opposite is None:
        return order.remaining
    is_new = not order.order_id
    before = sum(
        (
            other.remaining
            for other in account.live.entries(order.symbol)
            if other.action is order.action and (is_new or other.order_id < order.order_id)
        ),
        ZERO,
    )
    return max(ZERO, order.remaining - max(ZERO, opposite.size - before))


def margin_for(
    instrument: Instrument, order: Order, size: Decimal, price: Decimal, leverage: Decimal | None = None
) -> Decimal:
    """What an order sets aside to open so much at a price: initial margin and the taker's fee.

    `leverage` None: the order's own.
    """
    value = size * instrument.contract.contract_size * price
    fee = max(ZERO, value * instrument.contract.taker_fee)
    return initial_margin(value, leverage or order.leverage) + reserved(fee)


def reserving_price(instrument: Instrument, order: Order) -> Decimal:
    """What rests fills at its own price; what is not live yet, at the market's or worse."""
    rests = order.state is OrderState.LIVE and order.price is not None
    return order.price if rests and order.price is not None else estimated_price(instrument, order)


def estimated_price(instrument: Instrument, order: Order) -> Decimal:
    """At which an order is valued before it meets the market: its own, or the touch; in an empty book the last price.

    A limit to sell is valued at the bid where that is higher, because there it fills. A market order that has to fill
    whole is valued as deep as it has to go: its margin must not run out on the way.
    """
    if instrument.book is None:
        raise RuntimeError(f"{order.symbol}: there is no market to value an order at")
    touch = instrument.book.best(order.action)
    if order.price is None and order.time_in_force is TimeInForce.FOK:
        return _price_at_depth(instrument.book, order)
    if order.price is None:
        return touch.price if touch else instrument.book.tick.last
    return max(order.price, touch.price) if order.action is Action.SELL and touch else order.price


def _price_at_depth(book: Book, order: Order) -> Decimal:
    price, size = book.tick.last, ZERO
    for level in book.left(order.action):
        if size >= order.remaining:
            break
        price, size = max(price, level.price), size + level.size
    return price


def reserve(state: State, account: AccountBook, order: Order) -> None:
    """Sets aside what the rest of a live order needs, or gives back what it does not need; triggers reserve nothing."""
    reserves = order.family is OrderFamily.ORDER and not order.state.is_final
    _reserve(state, account, order, opening_size(account, order) if reserves else ZERO)


def reserve_anew(state: State, account: AccountBook, symbol: str) -> None:
    """For one-way accounts, where what orders open follows from what is open: the symbol's orders again, the oldest
    first, as `opening_size` counts them."""
    if account.position_mode is not PositionMode.ONE_WAY:
        return
    held = {holding.side: holding.size for holding in account.holdings_of(symbol)}
    for order in account.live.entries(symbol):
        closes = min(order.remaining, held.get(order.reduces_side, ZERO))
        if closes:
            held[order.reduces_side] -= closes
        _reserve(state, account, order, order.remaining - closes)


def _reserve(state: State, account: AccountBook, order: Order, size: Decimal) -> None:
    """Sets aside what an order needs to open so much."""
    instrument = state.instruments[order.symbol]
    price = reserving_price(instrument, order) if size else ZERO
    asked = (size, price, order.leverage, instrument.contract)
    if asked == order.reserved_of:
        return
    needed = margin_for(instrument, order, size, price) if size else ZERO
    order.reserved_of = asked
    if needed != order.reserved_margin:
        account.order_margin += needed - order.reserved_margin
        order.reserved_margin = needed
        state.journal.balances[account.name] = None
