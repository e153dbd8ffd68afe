"""Orders change while they stand: price and size of those that rest, triggers, presets of entries."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.cancelling import live_order
from mtf_adapters.sandbox.matching.checks import (
    AMENDMENT_CHECKS,
    PRESET_CHECKS,
    TRIGGER_AMENDMENT_CHECKS,
    Check,
    refusal_of,
)
from mtf_adapters.sandbox.matching.commands import AmendOrder, AmendPresets, AmendTrigger
from mtf_adapters.sandbox.matching.events import Accepted, Answer, OrderCause, OrderFamily, Refusal, Refused
from mtf_adapters.sandbox.matching.executions import cancel_rest
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.margins import reserve, reserve_anew
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.placing import enter
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import OrderState, OrderType


def amend_order(state: State, account: AccountBook, instrument: Instrument, command: AmendOrder) -> Answer:
    """A new price, or a larger size, goes to the end of the queue; a smaller size keeps its place."""
    order = _found(state, account, command, OrderFamily.ORDER)
    if isinstance(order, Refused):
        return order
    if order.order_type is OrderType.MARKET:
        return Refused(Refusal.INVALID, "a market order does not rest")
    wanted = evolve(order, price=_or(command.price, order.price), size=_or(command.size, order.size))
    refused = _refused(state, account, instrument, order, wanted, AMENDMENT_CHECKS)
    if refused is not None or (wanted.price, wanted.size) == (order.price, order.size):
        return refused or Accepted(order.order_id)
    resting = instrument.resting(order.action)
    resting.remove(order)
    keeps_place = wanted.price == order.price and wanted.remaining <= order.remaining
    order.price, order.size = wanted.price, wanted.size
    state.journal.order(order, OrderCause.AMENDED)
    if order.state is OrderState.PENDING or keeps_place:
        if order.state is OrderState.LIVE:
            resting.add(order)
        reserve(state, account, order)
    else:
        enter(state, instrument, order)
    reserve_anew(state, account, order.symbol)
    if order.reduce_only:
        state.journal.touch(order.account, order.symbol, order.reduces_side)
    return Accepted(order.order_id)


def amend_trigger(state: State, account: AccountBook, instrument: Instrument, command: AmendTrigger) -> Answer:
    order = _found(state, account, command, OrderFamily.TRIGGER)
    if isinstance(order, Refused):
        return order
    price = _or(command.limit_price, order.price)
    wanted = evolve(
        order,
        trigger_price=_or(command.trigger_price, order.trigger_price),
        trigger_by=command.by or order.trigger_by,
        price=price,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        size=_or(command.size, order.size),
    )
    refused = _refused(state, account, instrument, order, wanted, TRIGGER_AMENDMENT_CHECKS)
    if refused is not None:
        return refused
    instrument.waiting.remove(order)
    order.trigger_price, order.trigger_by = wanted.trigger_price, wanted.trigger_by
    order.price, order.order_type, order.size = wanted.price, wanted.order_type, wanted.size
    instrument.waiting.add(order)
    state.journal.order(order, OrderCause.AMENDED)
    return Accepted(order.order_id)


def amend_presets(state: State, account: AccountBook, instrument: Instrument, command: AmendPresets) -> Answer:
    order = _found(state, account, command, None)
    if isinstance(order, Refused):
        return order
    if order.filled or order.reduce_only:
        return Refused(Refusal.INVALID, "only an entry that has not executed has presets to change")
    wanted = evolve(order, stop=command.stop or order.stop, target=command.target or order.target)
    refused = refusal_of(state, account, instrument, wanted, PRESET_CHECKS)
    if refused is not None:
        return refused
    order.stop, order.target = wanted.stop, wanted.target
    state.journal.order(order, OrderCause.AMENDED)
    return Accepted(order.order_id)


def _or(asked: Decimal | None, as_it_was: Decimal | None) -> Decimal | None:
    """What was asked for, zero included: that is refused and not taken for silence."""
    return as_it_was if asked is None else asked


def _found(
    state: State,
    account: AccountBook,
    command: AmendOrder | AmendTrigger | AmendPresets,
    family: OrderFamily | None,
) -> Order | Refused:
    order = live_order(state, account, command.symbol, command.order_id)
    if isinstance(order, Order) and family is not None and order.family is not family:
        return Refused(Refusal.UNKNOWN_ORDER, f"{command.order_id} is no {family}")
    return order


def _refused(
    state: State,
    account: AccountBook,
    instrument: Instrument,
    order: Order,
    wanted: Order,
    checks: tuple[Check, ...],
) -> Refused | None:
    """Why the order does not become what is wanted; on some exchanges the old one is gone by then."""
    refused = refusal_of(state, account, instrument, wanted, checks)
    if refused is not None and state.rules.amend_failure_cancels:
        cancel_rest(state, order, OrderCause.CANCELLED)
    return refused
