"""Orders come in: built from a command, checked, registered, and sent into the market when they are live."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.checks import ORDER_CHECKS, falls_short, refusal_of
from mtf_adapters.sandbox.matching.commands import Action, PlaceOrder, PlaceTrailing, PlaceTrigger
from mtf_adapters.sandbox.matching.events import Accepted, Answer, OrderCause, OrderFamily
from mtf_adapters.sandbox.matching.executions import cancel_rest
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.margins import reserve
from mtf_adapters.sandbox.matching.matching import take, would_take
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.timers import Timer, TimerKind
from mtf_core.market import MarginMode, OrderState, OrderType, TimeInForce


def place_order(state: State, account: AccountBook, instrument: Instrument, command: PlaceOrder) -> Answer:
    leverage, margin_mode = leverage_asked(account, instrument, command)
    order = Order(
        account=account.name,
        order_id=0,
        client_order_id=command.client_order_id,
        symbol=command.symbol,
        family=OrderFamily.ORDER,
        action=command.action,
        position_side=command.position_side,
        reduce_only=command.reduce_only,
        order_type=command.order_type,
        size=command.size,
        price=command.price,
        time_in_force=command.time_in_force,
        post_only=command.post_only,
        leverage=leverage,
        margin_mode=margin_mode,
        created_ms=state.now_ms,
        updated_ms=state.now_ms,
        self_trade=command.self_trade,
        stop=command.stop,
        target=command.target,
    )
    refused = refusal_of(state, account, instrument, order, ORDER_CHECKS)
    if refused is not None:
        return refused
    register(state, account, order)
    if order.opens:
        account.settings[order.symbol] = (order.leverage, order.margin_mode)
    if state.rules.live_after_ms:
        _wait(state, account, instrument, order)
    else:
        state.journal.order(order, OrderCause.PLACED)
        enter(state, instrument, order)
    return Accepted(order.order_id)


def leverage_asked(
    account: AccountBook, instrument: Instrument, command: PlaceOrder | PlaceTrigger | PlaceTrailing
) -> tuple[Decimal, MarginMode]:
    """An exit has no leverage of its own, whatever it says: it has the symbol's."""
    if command.reduce_only:
        return leverage_for(account, instrument, None, None)
    return leverage_for(account, instrument, command.leverage, command.margin_mode)


def leverage_for(
    account: AccountBook, instrument: Instrument, leverage: Decimal | None, margin_mode: MarginMode | None
) -> tuple[Decimal, MarginMode]:
    """As asked for, else as set, else the contract's lowest and isolated: what nobody set risks least."""
    as_set = account.settings.get(instrument.symbol, (instrument.contract.min_leverage, MarginMode.ISOLATED))
    return as_set[0] if leverage is None else leverage, margin_mode or as_set[1]


def register(state: State, account: AccountBook, order: Order) -> None:
    """Gives an order its number and its place among the account's live ones."""
    order.order_id = state.journal.next("order")
    order.visible_from_ms = state.now_ms + state.rules.visible_after_ms
    account.live.add(order)
    if order.client_order_id:
        account.client_ids.add(order.client_order_id)
    if order.reduce_only and order.family is OrderFamily.ORDER:
        state.journal.touch(account.name, order.symbol, order.reduces_side)


def enter(state: State, instrument: Instrument, order: Order) -> None:
    """A live order meets the market; what is left of it rests, or ends."""
    reach, tick = state.rules.market_reach, instrument.tick
    if reach is not None and tick is not None and order.order_type is OrderType.MARKET:
        order.bound = tick.last * (1 + reach if order.action is Action.BUY else 1 - reach)
    if order.post_only and would_take(instrument, order):
        cancel_rest(state, order, OrderCause.NOT_FILLED)
        return
    if order.time_in_force is TimeInForce.FOK and falls_short(state, instrument, order):
        cancel_rest(state, order, OrderCause.NOT_FILLED)
        return
    take(state, instrument, order)
    if order.state is not OrderState.LIVE:
        return
    if order.order_type is OrderType.MARKET or order.time_in_force is not TimeInForce.GTC:
        cancel_rest(state, order, OrderCause.NOT_FILLED)
        return
    rest(state, instrument, order)


def rest(state: State, instrument: Instrument, order: Order) -> None:
    """Stands at the end of the queue of its price."""
    account = state.accounts[order.account]
    order.priority = state.journal.next("priority")
    instrument.resting(order.action).add(order)
    reserve(state, account, order)


def go_live(state: State, instrument: Instrument, order: Order) -> None:
    """What waited to be live enters the market as it is now."""
    instrument.pending.pop(order.order_id, None)
    order.state = OrderState.LIVE
    state.journal.order(order, OrderCause.LIVE)
    enter(state, instrument, order)


def _wait(state: State, account: AccountBook, instrument: Instrument, order: Order) -> None:
    order.state = OrderState.PENDING
    instrument.pending[order.order_id] = order
    reserve(state, account, order)
    state.journal.order(order, OrderCause.PLACED)
    due = state.now_ms + state.rules.live_after_ms
    state.timers.set(Timer(due, TimerKind.ORDER_LIVE, order.order_id, account.name, order.symbol))
