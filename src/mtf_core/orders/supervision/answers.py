"""What the answer to a write means for the next look. It never changes a state: only reads do."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from mtf_core.market import (
    Amendment,
    ClientIds,
    ExitOrder,
    ProtectiveOrder,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders.actions import Action, Cancellation, FurtherAttempt
from mtf_core.orders.client_ids import Purpose
from mtf_core.orders.intent import Intent
from mtf_core.orders.supervision.ledger import purpose_of

_AGAIN_MS = 500
"""After an answer that says that nothing exists, until the next try."""


def after_write(intent: Intent, action: Action, outcome: WriteOutcome, ids: ClientIds, now_ms: int) -> Intent:
    """The intent after the answer to its one write, to be stored with it.

    Where nothing exists the next try need not wait to see what was sent. What never left, or was not looked at, is no
    try. Without this call everything still holds: the next looks wait until reads would show what was sent.
    """
    again_ms = now_ms + max(_AGAIN_MS, outcome.retry_after_ms)
    match action.write:
        case ProtectiveOrder(purpose=TriggerPurpose.STOP) | Amendment(purpose=TriggerPurpose.STOP):
            return _after_stop(intent, action, outcome, again_ms)
        case ExitOrder(client_order_id=name) if purpose_of(intent, name, ids) is Purpose.CLOSE:
            if outcome.result.nothing_exists:
                next_ms = intent.progress.next_close_ms if _was_refused(outcome) else again_ms
                return _noting(intent, "close_ms", next_close_ms=next_ms)
        case ProtectiveOrder() | ExitOrder() | Amendment():
            if outcome.result.nothing_exists:
                next_ms = max(again_ms, intent.progress.next_target_ms) if _was_refused(outcome) else again_ms
                return _noting(intent, "targets_ms", next_target_ms=next_ms)
        case Cancellation() | FurtherAttempt():
            pass
    return intent


def _after_stop(intent: Intent, action: Action, outcome: WriteOutcome, again_ms: int) -> Intent:
    progress = intent.progress
    if outcome.result is WriteResult.ACCEPTED and isinstance(action.write, ProtectiveOrder):
        named = evolve(progress, stop_order_id=outcome.order_id, stop_is_foreign=False, stop_accepted=True)
        return evolve(intent, progress=named)
    if not outcome.result.nothing_exists:
        return intent
    was_try = _was_refused(outcome) or not progress.stop_tries
    return _noting(intent, "stop_ms", next_stop_ms=again_ms, stop_tries=progress.stop_tries - (0 if was_try else 1))


def _was_refused(outcome: WriteOutcome) -> bool:
    """Whether the exchange looked at it and said no."""
    return outcome.result in {
        WriteResult.REJECTED,
        WriteResult.WOULD_TAKE,
        WriteResult.NOT_ALLOWED_HERE,
        WriteResult.AUTH,
    }


def _noting(intent: Intent, sent: str, **changes: Any) -> Intent:
    progress = evolve(intent.progress, sent=evolve(intent.progress.sent, **{sent: None}), **changes)
    return evolve(intent, progress=progress)
