"""What the entry filled, and how much of the position is ours."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.orders.intent import Attempt
from mtf_core.orders.lifecycle import AlarmKind, EventKind
from mtf_core.orders.states import PositionCause, PositionState
from mtf_core.orders.supervision.entry import live_entry
from mtf_core.orders.supervision.ledger import Ledger, ledger_of
from mtf_core.orders.supervision.look import Look

_ZERO = Decimal(0)


def follow_fills(look: Look) -> None:
    """Books executions into the intent, and finds what is held; a missing read never makes it less."""
    if look.view.fills is not None:
        shown = (*look.live, *look.ended)
        look.ledger = ledger_of(look.intent, look.view.fills.value, shown, look.ids)
    before = look.progress
    if look.ledger is not None:
        _book(look, look.ledger)
    _hold(look)
    grew = look.progress.held > before.held or look.progress.opened > before.opened
    if look.intent.position is PositionState.CLOSED and not look.position_size:
        # What was closed by the operator's word stays so; only further executions open it again.
        grew = look.progress.opened > before.opened
        look.note(held=look.progress.held if grew else before.held)
    if grew and look.intent.position is not PositionState.STALE:
        look.move_position(PositionCause.FILLED, held=look.progress.held)
        if look.intent.position is PositionState.UNPROTECTED and look.progress.unprotected_since_ms is None:
            newest_ms = look.ledger.newest_ms if look.ledger is not None else None
            look.note(unprotected_since_ms=min(newest_ms or look.view_ms, look.view_ms))
    if look.progress.closed > before.closed and look.progress.held:
        look.tell(
            EventKind.EXITING, closed=look.progress.closed - before.closed, held=look.progress.held, cause="exit_filled"
        )


def follow_market(look: Look) -> None:
    """How far the mark went for and against the position since its first fill."""
    mark, progress = look.mark, look.progress
    if mark is None or not progress.held or look.intent.position.is_over:
        return
    best, worst = progress.best_mark, progress.worst_mark
    if best is None or (mark - best) * look.sign > 0:
        look.note(best_mark=mark)
    if worst is None or (mark - worst) * look.sign < 0:
        look.note(worst_mark=mark)


def _book(look: Look, ledger: Ledger) -> None:
    intent = look.intent
    told = [_filled_to(look, attempt, ledger.by_attempt.get(attempt.number, _ZERO)) for attempt in intent.attempts()]
    look.intent = evolve(intent, earlier=tuple(told[:-1]), attempt=told[-1])
    first_ms = look.progress.first_fill_ms
    look.note(
        opened=ledger.opened,
        closed=ledger.closed,
        gained=ledger.gained,
        average_entry=ledger.average,
        entry_fees=ledger.fees,
        others_ms=look.view_ms if ledger.strangers else ledger.others_ms or look.progress.others_ms,
        first_fill_ms=ledger.first_ms if first_ms is None else first_ms,
    )
    if ledger.opened > intent.wanted.size:
        look.alarm(AlarmKind.CONTRADICTION, f"its entries filled {ledger.opened}, more than the planned size")


def _filled_to(look: Look, attempt: Attempt, filled: Decimal) -> Attempt:
    if filled <= attempt.filled or attempt.filled >= attempt.size:
        return attempt
    is_whole, price = filled >= attempt.size, look.ledger.average if look.ledger is not None else None
    planned = look.intent.terms.planned_entry
    look.tell(
        EventKind.FILLED if is_whole else EventKind.PARTLY_FILLED,
        filled=filled,
        size=attempt.size,
        order_id=attempt.order_id or None,
        average_price=price,
        planned_price=planned,
        slippage=None if price is None else (price - planned) * look.sign,
    )
    return evolve(attempt, filled=min(filled, attempt.size))


def _hold(look: Look) -> None:
    """What is ours of the position.

    Executions say it. What the position has beyond them is ours as long as our entry may have filled it: rows of
    executions may come later than the position does. Less than executions say is believed once a later read says so.
    """
    progress, size, ledger = look.progress, look.position_size, look.ledger
    if ledger is None:
        known = progress.opened - progress.closed
        look.note(held=max(progress.held, known + _unreported(look, size - known)))
        return
    if size >= ledger.left:
        beyond = size - ledger.left - ledger.strangers
        look.note(held=ledger.left + _unreported(look, beyond), less_since_ms=None)
        return
    since_ms = look.view_ms if progress.less_since_ms is None else progress.less_since_ms
    is_settled = look.view_ms - since_ms >= look.rules.settle_ms
    look.note(held=size if is_settled and size else ledger.left, less_since_ms=since_ms)


def _unreported(look: Look, beyond: Decimal) -> Decimal:
    """How much of what the position has beyond the executions known may be our entry's."""
    intent = look.intent
    if not intent.entry.may_be_alive:
        return _ZERO
    order = live_entry(look)
    most = intent.attempt.size if order is None else order.filled
    return max(_ZERO, min(most - intent.attempt.filled, beyond))
