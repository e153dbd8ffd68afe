"""Stops and targets that travel inside an entry: when they become triggers, and for how much."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

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
    if not order.opened or not (order.stop or order.target) or order.presets_failed:
        return
    if order.armed:
        _grow(state, order)
    elif state.rules.presets_arm_at is ArmsAt.FIRST_FILL or order.state is OrderState.FILLED:
        _arm(state, order)


def after_end(state: State, order: Order, position_goes: bool) -> None:
    """Decides what becomes of presets that are not armed when the rest of their entry is cancelled."""
    if order.armed or not order.opened or not (order.stop or order.target) or order.presets_failed:
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
    if state.failing_presets & {order.symbol, ""}:
        _fail(state, order)
        return
    size = order.opened if state.rules.presets_scope is ProtectionScope.ORDER else None
    pairs = ((TriggerPurpose.STOP, order.stop), (TriggerPurpose.TARGET, order.target))
    paired = state.rules.presets_are_pairs and order.stop is not None and order.target is not None
    for purpose, preset in pairs:
        if preset is not None:
            order.armed += (_armed(state, order, purpose, preset, size, paired=paired),)


def _fail(state: State, order: Order) -> None:
    """The order stays as it is, with nothing that protects what it opened; only who reads it learns of that."""
    state.failing_presets.discard(order.symbol if order.symbol in state.failing_presets else "")
    order.presets_failed = True
    state.journal.order(order, OrderCause.PRESET_DROPPED)
    ended = state.accounts[order.account].ended
    if order.order_id in ended:
        ended[order.order_id] = evolve(ended[order.order_id], view=order.view())


def _armed(
    state: State, order: Order, purpose: TriggerPurpose, preset: Preset, size: Decimal | None, *, paired: bool
) -> int:
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
    number = state.journal.next("order")
    trigger = Order(
        account=order.account,
        order_id=number,
        client_order_id=preset.client_order_id,
        symbol=order.symbol,
        family=OrderFamily.TRIGGER,
        action=order.action.opposite,
        position_side=order.position_side,
        reduce_only=True,
        order_type=OrderType.MARKET if preset.limit_price is None else OrderType.LIMIT,
        size=size,
        price=preset.limit_price,
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
        pair_id=next(iter(order.armed), number) if paired else 0,
        visible_from_ms=state.now_ms + state.rules.visible_after_ms,
    )
    account.live.add(trigger)
    if trigger.client_order_id:
        account.client_ids.add(trigger.client_order_id)
    waiting.add(trigger)
    state.armed.append(order.symbol)
    state.journal.order(trigger, OrderCause.PLACED)
    return number


def _grow(state: State, order: Order) -> None:
    waiting = state.instruments[order.symbol].waiting
    for number in order.armed:
        trigger = waiting.get(number)
        if trigger is not None and trigger.size is not None and trigger.size != order.opened:
            trigger.size = order.opened
            state.journal.order(trigger, OrderCause.AMENDED)
