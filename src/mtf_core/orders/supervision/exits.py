"""How a position is left before its targets: a stop that fired, a time that is up, a wish; and closing to the end."""

from __future__ import annotations

from mtf_core.market import (
    ExitOrder,
    OpenOrder,
    OrderKind,
    OrderState,
    OrderType,
    TimeInForce,
    TriggerPurpose,
    on_grid_at_or_below,
)
from mtf_core.orders.actions import Action, Cancellation
from mtf_core.orders.client_ids import Purpose
from mtf_core.orders.intent import ExitReason
from mtf_core.orders.lifecycle import AlarmKind
from mtf_core.orders.states import PositionCause, PositionState
from mtf_core.orders.supervision.look import Due, Look

_TARGETS = frozenset({Purpose.TARGET, Purpose.SECOND_TARGET})
_MOST_CANCELS = 4
"""Cancellations of targets before one attempt to close; after so many it is sent all the same."""
_OPEN = frozenset({PositionState.UNPROTECTED, PositionState.PROTECTED, PositionState.EXITING})


def follow_exits(look: Look) -> None:
    """Stops that fired, the hard time stop."""
    _follow_fired(look)
    progress, limit_ms = look.progress, look.intent.terms.hard_time_stop_ms
    if limit_ms is None or progress.first_fill_ms is None or not look.closable:
        return
    if look.now_ms - progress.first_fill_ms >= limit_ms and look.intent.position in _OPEN:
        look.leaves_because(ExitReason.TIME_STOP)
        look.move_position(PositionCause.TIME_STOP)


def stop_reason(look: Look) -> ExitReason:
    """What a position was left by when its stop closed it."""
    average, stop = look.progress.average_entry, look.intent.stop.price
    is_won = average is not None and look.intent.stop != look.intent.wanted.stop and (stop - average) * look.sign >= 0
    return ExitReason.BREAK_EVEN if is_won else ExitReason.STOP


def _follow_fired(look: Look) -> None:
    """A stop that fired leaves the position without one until what it became has closed everything."""
    if look.intent.position not in _OPEN or not look.closable:
        return
    if look.armed():
        if look.intent.position is PositionState.EXITING:
            look.move_position(PositionCause.EXIT_ENDED, held=look.progress.held)
            look.note(fired_since_ms=None)
        return
    fired = _fired_stop(look)
    if look.intent.position is not PositionState.EXITING:
        if fired is None:
            return
        # Which stop it was is remembered; that it did not fill is known only from what comes next.
        fired_ms = min(fired.updated_ms or look.view_ms, look.view_ms)
        look.move_position(PositionCause.EXIT_FIRED, order_id=fired.order_id)
        look.note(
            fired_order_id=fired.order_id,
            fired_since_ms=fired_ms,
            stop_order_id="",
            unprotected_since_ms=look.progress.unprotected_since_ms or fired_ms,
        )
    since_ms = look.progress.fired_since_ms
    waited_ms = look.view_ms - (look.view_ms if since_ms is None else since_ms)
    if waited_ms >= look.intent.terms.protection_timeout_ms:
        look.leaves_because(ExitReason.STOP_NOT_FILLED)
        look.move_position(PositionCause.CLOSE_ASKED, why="stop_not_filled")
        look.note(fired_since_ms=None)
    elif _closing_orders(look) == () and waited_ms >= look.rules.settle_ms and look.ledger is not None:
        look.move_position(PositionCause.EXIT_ENDED, held=look.progress.held)
        look.note(fired_since_ms=None)


def _fired_stop(look: Look) -> OpenOrder | None:
    """The stop of ours that fired last, unless it was dealt with before."""
    fired = [
        order
        for order in look.ended
        if order.side is look.intent.side
        and order.reduce_only
        and order.state in {OrderState.TRIGGERED, OrderState.FILLED}
        and order.kind is OrderKind.TRIGGER
        and order.purpose is not TriggerPurpose.TARGET
        and look.is_our_stop(order)
    ]
    newest = max(fired, key=lambda order: (order.updated_ms, order.order_id), default=None)
    return None if newest is None or newest.order_id == look.progress.fired_order_id else newest


def _closing_orders(look: Look) -> tuple[OpenOrder, ...]:
    """Live orders that close at once or rest to do so, targets apart."""
    return tuple(
        order
        for order in look.live
        if order.side is look.intent.side
        and order.reduce_only
        and order.kind is not OrderKind.TRIGGER
        and look.purpose(order) not in _TARGETS
    )


def close(look: Look) -> Action | None:
    """The next step of closing: targets go, never the stop; then what is ours is closed, again and again until flat."""
    if look.intent.position is not PositionState.CLOSING:
        return None
    if not look.closable:
        return None
    due = look.due(look.progress.sent.close_ms, look.progress.next_close_ms)
    if due is Due.WAIT:
        return None
    in_the_way = None if due is Due.AGAIN else _in_the_way(look)
    return _order_to_close(look, due) if in_the_way is None else _clear(look, in_the_way)


def tell_of_close(look: Look) -> None:
    """Closing that has not led to a flat position by its first order is an alarm, round after round."""
    progress = look.progress
    if look.intent.position is PositionState.CLOSING and progress.close_generation > 1 and progress.held:
        look.alarm(
            AlarmKind.CANNOT_CLOSE,
            f"{progress.held:f} contracts are still open, and {progress.close_generation} orders to close were sent",
        )


def _in_the_way(look: Look) -> OpenOrder | None:
    """A target of ours, or an earlier order to close that rests: they hold back what is to be closed."""
    is_asked = look.due(look.progress.sent.tidy_ms) is Due.AGAIN
    if look.rules.in_recovery or (look.progress.close_cancels >= _MOST_CANCELS and not is_asked):
        return None
    stops = {stop.order_id for stop in look.armed()}
    found = (
        order
        for order in look.live
        if order.side is look.intent.side
        and order.reduce_only
        and order.order_id
        and order.order_id not in stops
        and look.purpose(order) in _TARGETS | {Purpose.CLOSE}
    )
    return next(found, None)


def _clear(look: Look, order: OpenOrder) -> Action | None:
    due = look.due(look.progress.sent.tidy_ms)
    if due is Due.WAIT:
        return None
    if due is Due.NEW:
        look.sends(tidy_ms=look.now_ms)
        look.note(close_cancels=look.progress.close_cancels + 1)
    return Action(Cancellation(order.symbol, order.order_id, order.kind), "closing", protects=True)


def _order_to_close(look: Look, due: Due) -> Action | None:
    size, contract = look.closable, look.market.contract
    if contract is not None:
        # On a grid that became coarser: most of it can be closed, and what is less than a step may be taken as it is.
        most = min(size, contract.max_market_size)
        on_grid = on_grid_at_or_below(most, contract.size_step)
        size = on_grid if on_grid > 0 or most < size else size
    if not size > 0:
        return None
    if due is Due.NEW:
        generation = look.progress.close_generation + 1
        look.sends(close_ms=look.now_ms)
        look.note(
            close_generation=generation,
            close_cancels=0,
            next_close_ms=look.now_ms + look.rules.pause_ms(generation),
        )
    order = ExitOrder(
        symbol=look.intent.symbol,
        side=look.intent.side,
        size=size,
        order_type=OrderType.MARKET,
        price=None,
        time_in_force=TimeInForce.IOC,
        client_order_id=look.intent.id_of(Purpose.CLOSE, look.progress.close_generation, look.ids),
    )
    reason = look.progress.exit_reason
    return Action(order, "close" if reason is None else reason.value, protects=True)
