"""Stops and targets that travel inside an entry: when they become triggers, and for how much."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import Direction, Preset
from mtf_adapters.sandbox.matching.events import OrderCause, OrderFamily
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import (
    ArmsAt,
    OrderState,
    OrderType,
    ProtectionScope,
    Side,
    TimeInForce,
    TriggerPurpose,
)


def after_fill(state: State, order: Order) -> None:
    """Arms the presets of an order whose execution opened something, or has those armed cover more."""
    if not order.opened or not (order.stop or order.target):
        return
    if order.armed:
        _grow(state, order)
    elif state.rules.presets_arm_at is ArmsAt.FIRST_FILL or order.state is OrderState.FILLED:
        _arm(state, order)


def after_end(state: State, order: Order, position_goes: bool) -> None:
    """Decides what becomes of presets that are not armed when the rest of their entry is cancelled."""
    if order.armed or not order.opened or not (order.stop or order.target):
        return
    if state.rules.presets_end_with_rest or position_goes:
        state.journal.order(order, OrderCause.PRESET_DROPPED)
    else:
        _arm(state, order)


def fires_towards(purpose: TriggerPurpose, side: Side) -> Direction:
    """Where the price has to go for the stop or target of a position to fire."""
    falls = (purpose is TriggerPurpose.STOP) == (side is Side.LONG)
    return Direction.FALLS if falls else Direction.RISES


def _arm(state: State, order: Order) -> None:
    account = state.accounts[order.account]
    if (order.symbol, order.opens_side) not in account.holdings:
        return
    size = order.opened if state.rules.presets_scope is ProtectionScope.ORDER else None
    pairs = ((TriggerPurpose.STOP, order.stop), (TriggerPurpose.TARGET, order.target))
    order.armed = tuple(_armed(state, order, purpose, preset, size) for purpose, preset in pairs if preset is not None)


def _armed(state: State, order: Order, purpose: TriggerPurpose, preset: Preset, size: Decimal | None) -> int:
    """The id of the trigger that waits from now on. One for the whole position takes the place of another."""
    account, waiting = state.accounts[order.account], state.instruments[order.symbol].waiting
    if size is None:
        for other in account.live.of(order.symbol):
            if other.purpose is purpose and other.size is None and other.reduces_side is order.opens_side:
                waiting.remove(other)
                other.trigger_price, other.trigger_by, other.parent_id = preset.price, preset.by, order.order_id
                waiting.add(other)
                state.journal.order(other, OrderCause.AMENDED)
                state.armed.append(order.symbol)
                return other.order_id
    trigger = Order(
        account=order.account,
        order_id=state.journal.next("order"),
        client_order_id="",
        symbol=order.symbol,
        family=OrderFamily.TRIGGER,
        action=order.action.opposite,
        position_side=order.position_side,
        reduce_only=True,
        order_type=OrderType.MARKET,
        size=size,
        price=None,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        leverage=order.leverage,
        margin_mode=order.margin_mode,
        created_ms=state.now_ms,
        updated_ms=state.now_ms,
        purpose=purpose,
        trigger_price=preset.price,
        trigger_by=preset.by,
        direction=fires_towards(purpose, order.opens_side),
        parent_id=order.order_id,
        visible_from_ms=state.now_ms + state.rules.visible_after_ms,
    )
    account.live.add(trigger)
    waiting.add(trigger)
    state.armed.append(order.symbol)
    state.journal.order(trigger, OrderCause.PLACED)
    return trigger.order_id


def _grow(state: State, order: Order) -> None:
    waiting = state.instruments[order.symbol].waiting
    for number in order.armed:
        trigger = waiting.get(number)
        if trigger is not None and trigger.size is not None and trigger.size != order.opened:
            trigger.size = order.opened
            state.journal.order(trigger, OrderCause.AMENDED)
