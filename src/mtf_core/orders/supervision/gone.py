"""A position that is no longer there: explained by executions, or not; what is left over, and the end of the intent."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import Fill, FillCause, OpenOrder, OrderState, TriggerPurpose
from mtf_core.orders.actions import Action, Cancellation
from mtf_core.orders.client_ids import Purpose
from mtf_core.orders.intent import ExitReason
from mtf_core.orders.lifecycle import AlarmKind
from mtf_core.orders.states import EntryState, PositionCause, PositionState
from mtf_core.orders.supervision.exits import stop_reason
from mtf_core.orders.supervision.ledger import Ledger, purpose_of
from mtf_core.orders.supervision.look import Due, Look
from mtf_core.orders.trade import trade_of

_WITHOUT_FLOWS_MS = 60_000
"""Money rows are waited for so long after the position is gone; then it is closed without them."""
_BY_CAUSE = {
    FillCause.LIQUIDATION: ExitReason.LIQUIDATION,
    FillCause.ADL: ExitReason.ADL,
    FillCause.SETTLEMENT: ExitReason.SETTLEMENT,
}
_TARGETS = (Purpose.TARGET, Purpose.SECOND_TARGET)


def follow_position(look: Look) -> None:
    """Whether the position is gone, and whether executions say why. A read that is missing says neither."""
    if look.intent.position.is_over or look.ledger is None or look.view.account is None:
        return
    ledger, settle_ms = look.ledger, look.rules.settle_ms
    less_ms = look.progress.less_since_ms
    is_settled = less_ms is not None and look.view_ms - less_ms >= settle_ms
    if not ledger.left and not look.progress.held:
        look.is_flat = True
        if look.progress.flat_seen_ms is None:
            look.note(flat_seen_ms=look.view_ms)
        elif look.view_ms - look.progress.flat_seen_ms >= settle_ms:
            _settled_flat(look, ledger)
        return
    look.note(flat_seen_ms=None)
    if look.position_size:
        if look.intent.position is PositionState.STALE and look.position_size >= ledger.left:
            look.move_position(PositionCause.EXPLAINED)
            look.note(unprotected_since_ms=look.view_ms)
    elif is_settled and look.intent.position is not PositionState.STALE:
        look.move_position(PositionCause.UNEXPLAINED, left=ledger.left)


def _settled_flat(look: Look, ledger: Ledger) -> None:
    """Nothing is left, by executions and by two reads apart."""
    if look.intent.entry.is_final:
        look.over_by = PositionCause.FLIPPED if look.flipped else PositionCause.FLAT
        return
    is_unexplained = look.intent.entry is EntryState.EVIDENCE_LOST and not ledger.opened
    if is_unexplained and look.intent.position is not PositionState.STALE:
        # There was a position, no execution ever opened it, and none ever will be shown: only the operator knows.
        look.move_position(PositionCause.UNEXPLAINED, left=ledger.left)


def tell_of_position(look: Look) -> None:
    if look.intent.position is PositionState.STALE:
        held = look.progress.held
        left = f"executions left {held:f} contracts of it" if held else "no execution tells what it was"
        look.alarm(
            AlarmKind.STALE,
            f"the exchange shows no position, and {left}; nothing is cancelled; look at the exchange, then `mtf "
            "position book`",
        )


def tidy(look: Look) -> Action | None:
    """Once the position is gone, what of ours is left of its exits is cancelled, one after the other."""
    if look.over_by is None or look.rules.in_recovery:
        return None
    left = next(iter(_left_over(look)), None)
    due = look.due(look.progress.sent.tidy_ms)
    if left is None or due is Due.WAIT:
        return None
    if due is Due.NEW:
        if look.progress.tidy_tries >= look.rules.settings.cancel_looks:
            return None
        look.sends(tidy_ms=look.now_ms)
        look.note(tidy_tries=look.progress.tidy_tries + 1)
    return Action(Cancellation(left.symbol, left.order_id, left.kind), "left_over", protects=False)


def _left_over(look: Look) -> tuple[OpenOrder, ...]:
    return tuple(
        order
        for order in look.live
        if order.side is look.intent.side
        and order.reduce_only
        and order.order_id
        and not order.state.is_final
        and (look.purpose(order) is not None or look.is_our_stop(order))
    )


def end_position(look: Look) -> None:
    """Closes the intent's position, with its trade, when nothing of it is left and its money is known."""
    if look.over_by is None or look.view.fills is None:
        return
    has_tried = look.progress.tidy_tries >= look.rules.settings.cancel_looks
    if _left_over(look) and not has_tried:
        return
    flat_ms = look.progress.flat_seen_ms or look.progress.less_since_ms or look.view_ms
    if look.view.flows is None and look.view_ms - flat_ms < _WITHOUT_FLOWS_MS:
        return
    if look.over_by is PositionCause.FLIPPED:
        look.leaves_because(ExitReason.FLIPPED_BY_HAND)
    elif look.progress.exit_reason is None and look.progress.opened:
        look.leaves_because(_exit_reason(look, look.view.fills.value))
    flows = () if look.view.flows is None else look.view.flows.value
    trade = trade_of(look.intent, look.view.fills.value, flows, flat_ms)
    look.move_position(look.over_by, **trade.details())
    look.note(held=Decimal(0), unprotected_since_ms=None, fired_since_ms=None)


def _exit_reason(look: Look, fills: tuple[Fill, ...]) -> ExitReason:
    """Why it was left, by the last execution that closed: its cause, its order's id, or what of ours fired."""
    side = look.intent.side
    closing = [fill for fill in fills if fill.side is side and not fill.opens]
    last = max(closing, key=lambda fill: (fill.time_ms, fill.fill_id), default=None)
    if last is None:
        return ExitReason.HAND
    if last.cause in _BY_CAUSE:
        return _BY_CAUSE[last.cause]
    orders = {order.order_id: order for order in (*look.live, *look.ended)}
    own = orders.get(last.order_id)
    names = (last.client_order_id, "" if own is None else own.client_order_id)
    purposes = {purpose_of(look.intent, name, look.ids) for name in names}
    if purposes & set(_TARGETS):
        return ExitReason.TARGET
    if Purpose.STOP in purposes:
        return stop_reason(look)
    if purposes & {Purpose.CLOSE, Purpose.HAND}:
        return ExitReason.HAND
    return _by_what_fired(look, last)


def _by_what_fired(look: Look, last: Fill) -> ExitReason:
    """The execution names no order that is known: what of ours fired about then tells, else it was somebody's hand."""
    fired = [
        order
        for order in look.ended
        if order.side is look.intent.side
        and order.reduce_only
        and order.state is OrderState.TRIGGERED
        and order.trigger is not None
        and (look.purpose(order) is not None or look.is_our_stop(order))
    ]
    newest = max(fired, key=lambda order: (order.updated_ms, order.order_id), default=None)
    if newest is None or newest.updated_ms > last.time_ms + look.rules.settle_ms:
        return ExitReason.HAND
    is_target = newest.purpose is TriggerPurpose.TARGET or look.purpose(newest) in _TARGETS
    return ExitReason.TARGET if is_target else stop_reason(look)
