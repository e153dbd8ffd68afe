"""Positions closed at market in one word."""

from __future__ import annotations

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.checks import client_id_refusal
from mtf_adapters.sandbox.matching.commands import CloseAll
from mtf_adapters.sandbox.matching.events import Accepted, Answer, OrderCause, Refusal, Refused
from mtf_adapters.sandbox.matching.executions import cancel_rest
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.placing import enter, register
from mtf_adapters.sandbox.matching.state import State


def close_all(state: State, account: AccountBook, command: CloseAll) -> Answer:
    """Exits that rest are cancelled first, because they hold what is to be closed. `order_id` is the last one's."""
    asked = [holding for holding in tuple(account.holdings.values()) if _is_meant(holding, command)]
    if not asked:
        return Refused(Refusal.NO_POSITION, "there is no position to close")
    open_now = [holding for holding in asked if state.instruments[holding.symbol].matches]
    if not open_now:
        return Refused(Refusal.NOT_TRADING, "nothing is traded at present")
    client_id = command.client_order_id
    if client_id and len(open_now) > 1:
        return Refused(Refusal.INVALID, "several orders cannot bear one id")
    refused = client_id_refusal(state, account, client_id)
    if refused is not None:
        return refused
    last = 0
    for holding in open_now:
        last = _close(state, account, holding, client_id)
    return Accepted(last)


def _is_meant(holding: Holding, command: CloseAll) -> bool:
    return command.symbol in (None, holding.symbol) and command.position_side in (None, holding.side)


def _close(state: State, account: AccountBook, holding: Holding, client_id: str) -> int:
    for order in account.live.exits(holding.symbol, holding.side):
        cancel_rest(state, order, OrderCause.CANCELLED)
    order = Order.closing(holding, holding.size, account.position_mode, state.now_ms)
    order.client_order_id = client_id
    register(state, account, order)
    state.journal.order(order, OrderCause.PLACED)
    enter(state, state.instruments[holding.symbol], order)
    return order.order_id
