"""Which reads a look needs beyond the account itself, and how far back."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import AccountState, OpenOrder, OrderState, Position, TriggerPurpose
from mtf_core.orders.intent import Intent
from mtf_core.orders.states import EntryState, PositionState
from mtf_core.orders.view import ReadsWanted

_EARLIER_MS = 60_000
"""Before the commit. This machine's clock may have jumped ahead since it was last compared, and then what our orders
did lies before it; executions of earlier entries are told apart by their ids."""
_RESTLESS = frozenset({PositionState.UNPROTECTED, PositionState.EXITING, PositionState.CLOSING, PositionState.STALE})


def reads_wanted(intent: Intent, account: AccountState | None, now_ms: int) -> ReadsWanted:
    """What one look at the intent needs. Without the account nothing follows from anything else: nothing is asked."""
    since_ms = max(0, min(attempt.created_ms for attempt in intent.attempts()) - _EARLIER_MS)
    if account is None or (intent.entry is EntryState.PLANNED and intent.position.is_over):
        return ReadsWanted(False, False, False, False, since_ms)
    orders = [order for order in account.open_orders if order.symbol == intent.symbol]
    position = _position(intent, account)
    size = Decimal(0) if position is None else position.size
    entry = next((order for order in orders if order.client_order_id in intent.client_order_ids()), None)
    entry_hides = intent.entry.may_be_alive and entry is None
    has_filled = entry is not None and entry.filled != intent.attempt.filled
    has_position = not intent.position.is_over
    is_gone = has_position and (not size or intent.progress.flat_seen_ms is not None)
    stop_hides = has_position and bool(size) and not _has_stop(intent, orders)
    target_hides = has_position and bool(size) and _lacks_target(intent, orders)
    is_restless = intent.position in _RESTLESS
    has_changed = size != intent.progress.held or has_filled
    return ReadsWanted(
        ended=entry_hides or is_gone or stop_hides,
        fills=entry_hides or has_changed or is_gone or is_restless or target_hides,
        flows=is_gone,
        quote=intent.entry.may_be_alive or has_position or bool(size),
        since_ms=since_ms,
    )


def _position(intent: Intent, account: AccountState) -> Position | None:
    same = (one for one in account.positions if one.symbol == intent.symbol and one.side is intent.side)
    return next(same, None)


def _has_stop(intent: Intent, orders: list[OpenOrder]) -> bool:
    return any(
        order.purpose is TriggerPurpose.STOP and order.side is intent.side and order.state is OrderState.LIVE
        for order in orders
    )


def _lacks_target(intent: Intent, orders: list[OpenOrder]) -> bool:
    """Whether fewer orders that reduce at a gain stand than were placed."""
    standing = [
        order
        for order in orders
        if order.reduce_only and order.side is intent.side and order.purpose is not TriggerPurpose.STOP
    ]
    first, second = intent.progress.target_generations
    wanted = [bool(first) and not intent.progress.first_target_done, bool(second)]
    return len(standing) < sum(wanted)
