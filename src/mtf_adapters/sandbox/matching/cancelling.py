"""Orders are taken back: one, all of a symbol, or all of it when a timer runs out."""

from __future__ import annotations

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.commands import CancelAll, CancelAllAfter, CancelEverythingAfter, CancelOrder
from mtf_adapters.sandbox.matching.events import Accepted, Answer, OrderCause, OrderFamily, Refusal, Refused
from mtf_adapters.sandbox.matching.executions import cancel_rest
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.memory import remembered
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.timers import Timer, TimerKind

_EVERY_SYMBOL = ""
"""Under this name an account's timer for all of its symbols runs."""


def cancel_order(state: State, account: AccountBook, instrument: Instrument, command: CancelOrder) -> Answer:
    found = live_order(state, account, command.symbol, command.order_id)
    if isinstance(found, Refused):
        return found
    cancel_rest(state, found, OrderCause.CANCELLED)
    return Accepted(found.order_id)


def live_order(state: State, account: AccountBook, symbol: str, order_id: int) -> Order | Refused:
    """The live order of any family, or why there is none."""
    order = account.live.get(order_id, symbol)
    if order is not None:
        return order
    ended = remembered(state.rules, account, order_id, state.now_ms)
    if ended is not None and ended.view.symbol == symbol:
        return Refused(Refusal.ORDER_FINISHED, str(ended.view.state))
    return Refused(Refusal.UNKNOWN_ORDER, f"there is no order {order_id} of {symbol}")


def cancel_all(state: State, account: AccountBook, instrument: Instrument, command: CancelAll) -> Answer:
    families = {
        OrderFamily.ORDER: command.orders,
        OrderFamily.TRIGGER: command.triggers or (command.orders and state.rules.cancel_all_drops_triggers),
        OrderFamily.TRAILING: command.trailing,
    }
    _cancel(
        state, account, command.symbol, {family for family, asked in families.items() if asked}, OrderCause.CANCELLED
    )
    return Accepted()


def cancel_all_after(state: State, account: AccountBook, instrument: Instrument, command: CancelAllAfter) -> Answer:
    return _cancel_after(state, account, command.symbol, command.seconds)


def cancel_everything_after(state: State, account: AccountBook, command: CancelEverythingAfter) -> Answer:
    return _cancel_after(state, account, _EVERY_SYMBOL, command.seconds)


def _cancel_after(state: State, account: AccountBook, symbol: str, seconds: int) -> Answer:
    if seconds < 0:
        return Refused(Refusal.INVALID, "seconds are not below zero")
    if seconds == 0:
        account.cancel_at_ms.pop(symbol, None)
        return Accepted()
    due = state.now_ms + seconds * 1000
    account.cancel_at_ms[symbol] = due
    state.timers.set(Timer(due, TimerKind.CANCEL_ALL, 0, account.name, symbol))
    return Accepted()


def run_timed_cancel(state: State, account: AccountBook, timer: Timer) -> None:
    """Nothing happens when the account has asked again or disarmed meanwhile."""
    if account.cancel_at_ms.get(timer.symbol) != timer.due_ms:
        return
    del account.cancel_at_ms[timer.symbol]
    families = {OrderFamily.ORDER} | ({OrderFamily.TRIGGER} if state.rules.timed_cancel_drops_triggers else set())
    _cancel(state, account, timer.symbol or None, families, OrderCause.TIMER)


def _cancel(
    state: State, account: AccountBook, symbol: str | None, families: set[OrderFamily], cause: OrderCause
) -> None:
    for order in account.live.of(symbol):
        if order.family in families:
            cancel_rest(state, order, cause)
