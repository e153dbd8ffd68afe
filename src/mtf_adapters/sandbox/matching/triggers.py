"""Orders that wait for a price: stops, targets, conditional entries and trailing orders; and what they become."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.checks import BECOME_CHECKS, TRIGGER_CHECKS, refusal_of
from mtf_adapters.sandbox.matching.commands import Leg, PlacePair, PlaceTrailing, PlaceTrigger
from mtf_adapters.sandbox.matching.ending import end
from mtf_adapters.sandbox.matching.events import Accepted, Answer, OrderCause, OrderFamily
from mtf_adapters.sandbox.matching.executions import cancel_rest, may_reverse, other_half
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.money import ZERO
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.placing import enter, leverage_asked, leverage_for, register
from mtf_adapters.sandbox.matching.presets import fires_towards
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.views import frozen_size
from mtf_adapters.sandbox.matching.waiting import trails_back
from mtf_core.market import OrderState, OrderType, TimeInForce, TriggerPurpose


def place_trigger(state: State, account: AccountBook, instrument: Instrument, command: PlaceTrigger) -> Answer:
    leverage, margin_mode = leverage_asked(account, instrument, command)
    order = Order(
        account=account.name,
        order_id=0,
        client_order_id=command.client_order_id,
        symbol=command.symbol,
        family=OrderFamily.TRIGGER,
        action=command.action,
        position_side=command.position_side,
        reduce_only=command.reduce_only,
        order_type=OrderType.MARKET if command.limit_price is None else OrderType.LIMIT,
        size=command.size,
        price=command.limit_price,
        time_in_force=command.time_in_force,
        post_only=False,
        leverage=leverage,
        margin_mode=margin_mode,
        created_ms=state.now_ms,
        updated_ms=state.now_ms,
        purpose=command.purpose,
        trigger_price=command.trigger_price,
        trigger_by=command.by,
        direction=command.direction,
        stop=command.stop,
        target=command.target,
        ends_with_position=command.ends_with_position,
    )
    return _wait_if_right(state, account, instrument, order)


def place_pair(state: State, account: AccountBook, instrument: Instrument, command: PlacePair) -> Answer:
    """Both halves are looked at before either waits."""
    halves = [
        _half(state, account, instrument, command, leg, purpose)
        for leg, purpose in ((command.stop, TriggerPurpose.STOP), (command.target, TriggerPurpose.TARGET))
    ]
    for half in halves:
        refused = refusal_of(state, account, instrument, half, TRIGGER_CHECKS)
        if refused is not None:
            return refused
    for half in halves:
        register(state, account, half)
        half.pair_id = halves[0].order_id
        instrument.waiting.add(half)
        state.journal.order(half, OrderCause.PLACED)
    return Accepted(halves[0].order_id)


def _half(
    state: State,
    account: AccountBook,
    instrument: Instrument,
    command: PlacePair,
    leg: Leg,
    purpose: TriggerPurpose,
) -> Order:
    leverage, margin_mode = leverage_for(account, instrument, None, None)
    half = Order(
        account=account.name,
        order_id=0,
        client_order_id=command.client_order_id,
        symbol=command.symbol,
        family=OrderFamily.TRIGGER,
        action=command.action,
        position_side=command.position_side,
        reduce_only=True,
        order_type=OrderType.MARKET if leg.limit_price is None else OrderType.LIMIT,
        size=command.size,
        price=leg.limit_price,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        leverage=leverage,
        margin_mode=margin_mode,
        created_ms=state.now_ms,
        updated_ms=state.now_ms,
        purpose=purpose,
        trigger_price=leg.trigger_price,
        trigger_by=leg.by,
    )
    half.direction = fires_towards(purpose, half.reduces_side)
    return half


def place_trailing(state: State, account: AccountBook, instrument: Instrument, command: PlaceTrailing) -> Answer:
    leverage, margin_mode = leverage_asked(account, instrument, command)
    order = Order(
        account=account.name,
        order_id=0,
        client_order_id=command.client_order_id,
        symbol=command.symbol,
        family=OrderFamily.TRAILING,
        action=command.action,
        position_side=command.position_side,
        reduce_only=command.reduce_only,
        order_type=OrderType.MARKET,
        size=command.size,
        price=None,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        leverage=leverage,
        margin_mode=margin_mode,
        created_ms=state.now_ms,
        updated_ms=state.now_ms,
        trigger_price=command.activation_price,
        trigger_by=command.by,
        callback_ratio=command.callback_ratio,
    )
    return _wait_if_right(state, account, instrument, order)


def watch(state: State, instrument: Instrument) -> None:
    """Fires whatever waits for a price that has come, until nothing of that kind is left; the oldest first."""
    while instrument.matches and instrument.tick is not None and (due := instrument.waiting.due(instrument.tick)):
        for order in due:
            if order.state is OrderState.LIVE:
                _fire(state, instrument, order)


def _wait_if_right(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Answer:
    refused = refusal_of(state, account, instrument, order, TRIGGER_CHECKS)
    if refused is not None:
        return refused
    register(state, account, order)
    instrument.waiting.add(order)
    state.journal.order(order, OrderCause.PLACED)
    if order.family is OrderFamily.TRAILING and instrument.tick is not None:
        trails_back(order, instrument.tick)  # it may be active at once, and never fires at the price it begins with
    return Accepted(order.order_id)


def _fire(state: State, instrument: Instrument, trigger: Order) -> None:
    """The trigger ends and an order takes its place; where that is not taken, it is told as rejected."""
    account = state.accounts[trigger.account]
    if trigger.reduce_only and (trigger.symbol, trigger.reduces_side) not in account.holdings:
        cancel_rest(state, trigger, OrderCause.NOTHING_TO_REDUCE)
        return
    size = _size_when_fired(state, account, trigger)
    child = _child_of(state, trigger, size or trigger.size)
    register(state, account, child)
    trigger.child_id = child.order_id
    end(state, trigger, OrderState.TRIGGERED, OrderCause.TRIGGERED)
    if size is None or (child.opens and refusal_of(state, account, instrument, child, BECOME_CHECKS) is not None):
        end(state, child, OrderState.REJECTED, OrderCause.REFUSED)
        return
    if child.opens:
        account.settings[child.symbol] = (child.leverage, child.margin_mode)
    state.journal.order(child, OrderCause.PLACED)
    _end_sibling(state, account, trigger)
    enter(state, instrument, child)


def _size_when_fired(state: State, account: AccountBook, trigger: Order) -> Decimal | None:
    """What it executes at most; None: the exchange does not take an exit of its size now."""
    if not trigger.reduce_only:
        return trigger.size
    holding = account.holdings[trigger.symbol, trigger.reduces_side]
    frozen = frozen_size(account, trigger.symbol, trigger.reduces_side) if state.rules.triggers_see_frozen else ZERO
    closable = max(ZERO, holding.size - frozen)
    size = closable if trigger.size is None else trigger.size
    if size <= closable or may_reverse(state, trigger):
        return size or None
    if state.rules.refuses_oversized_exits:
        return None
    return closable or None


def _child_of(state: State, trigger: Order, size: Decimal | None) -> Order:
    """It bears the trigger's client id: what it executes can be told by it."""
    return Order(
        account=trigger.account,
        order_id=0,
        client_order_id=trigger.client_order_id,
        symbol=trigger.symbol,
        family=OrderFamily.ORDER,
        action=trigger.action,
        position_side=trigger.position_side,
        reduce_only=trigger.reduce_only,
        order_type=trigger.order_type,
        size=size or ZERO,
        price=trigger.price,
        time_in_force=trigger.time_in_force,
        post_only=False,
        leverage=trigger.leverage,
        margin_mode=trigger.margin_mode,
        created_ms=state.now_ms,
        updated_ms=state.now_ms,
        stop=trigger.stop,
        target=trigger.target,
        parent_id=trigger.order_id,
    )


def _end_sibling(state: State, account: AccountBook, trigger: Order) -> None:
    """Stop and target of one entry cover the same contracts: when one fires, the other has nothing left."""
    half = other_half(state, trigger)
    if half is not None:
        cancel_rest(state, half, OrderCause.NOTHING_TO_REDUCE)
    if not trigger.parent_id or not trigger.reduce_only:
        return
    for other in account.live.of(trigger.symbol):
        if other.family is OrderFamily.TRIGGER and other.parent_id == trigger.parent_id:
            cancel_rest(state, other, OrderCause.NOTHING_TO_REDUCE)
