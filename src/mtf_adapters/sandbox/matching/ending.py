"""How an order ends: it leaves the book, gives back what it reserved, and is remembered."""

from __future__ import annotations

from mtf_adapters.sandbox.matching.account_book import Ended
from mtf_adapters.sandbox.matching.events import OrderCause, OrderFamily
from mtf_adapters.sandbox.matching.margins import reserve, reserve_anew
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import OrderState, UniqueFor


def end(state: State, order: Order, how: OrderState, cause: OrderCause) -> None:
    """Ends a live order and tells of it. Nothing happens to one that has ended."""
    if order.state.is_final:
        return
    account = state.accounts[order.account]
    withdraw(state, order)
    order.state, order.ended_by = how, cause
    reserve(state, account, order)
    state.journal.order(order, cause)
    account.ended[order.order_id] = Ended(order.view(), order.visible_from_ms)
    if order.opens and order.family is OrderFamily.ORDER:
        reserve_anew(state, account, order.symbol)
    if order.reduce_only and order.family is OrderFamily.ORDER:
        state.journal.touch(order.account, order.symbol, order.reduces_side)
    forgetful = state.rules.client_ids_unique_for is not UniqueFor.ALWAYS
    if forgetful and order.client_order_id and not order.child_id:
        account.client_ids.discard(order.client_order_id)


def withdraw(state: State, order: Order) -> None:
    """Takes an order out of all places where a live one stands."""
    instrument = state.instruments[order.symbol]
    if order.price is not None and order.family is OrderFamily.ORDER:
        instrument.resting(order.action).remove(order)
    instrument.waiting.remove(order)
    instrument.pending.pop(order.order_id, None)
    state.accounts[order.account].live.remove(order)
