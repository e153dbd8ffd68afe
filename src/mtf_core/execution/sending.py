"""The one write of a look: sent once, its answer kept as an event."""

from __future__ import annotations

from mtf_core.execution.desk import Desk
from mtf_core.market import Amendment, ExitOrder, ProtectiveOrder, WriteOutcome
from mtf_core.orders.actions import Action, Cancellation, FurtherAttempt, Write
from mtf_core.orders.intent import Intent
from mtf_core.orders.lifecycle import EventKind, LifecycleEvent
from mtf_core.ports import Priority


async def sent(desk: Desk, write: Write) -> WriteOutcome:
    """Sends what protects, closes or cancels. A further attempt is an entry, and has its own way: ValueError."""
    match write:
        case ProtectiveOrder():
            return await desk.trading.submit_protection(write)
        case ExitOrder():
            return await desk.trading.submit_exit(write)
        case Amendment():
            return await desk.trading.amend(write, priority=Priority.EXIT)
        case Cancellation():
            return await desk.trading.cancel(write.symbol, write.order_id, write.kind, priority=Priority.EXIT)
        case FurtherAttempt():
            raise ValueError(f"a further attempt of {write.size} contracts is submitted like an entry")


def may_leave_in_recovery(action: Action) -> bool:
    """Whether it only protects: nothing is cancelled, and nothing opens, while the store may be behind."""
    return action.protects and isinstance(action.write, ProtectiveOrder | ExitOrder | Amendment)


def sent_event(intent: Intent, action: Action, outcome: WriteOutcome, venue_ms: int) -> LifecycleEvent:
    """What left and what was answered, for the story of the intent."""
    details = {
        "what": described(action.write),
        "why": action.why,
        "result": outcome.result.value,
        "order_id": outcome.order_id,
        "client_order_id": outcome.client_order_id or getattr(action.write, "client_order_id", ""),
        "code": outcome.code,
        "text": outcome.text,
    }
    told = {name: text for name, text in details.items() if text}
    return LifecycleEvent(
        intent.decision_key, intent.symbol, intent.attempt.number, EventKind.SENT, venue_ms, details=told
    )


def described(write: Write) -> str:
    """What an order is, in one word."""
    match write:
        case ProtectiveOrder(purpose=purpose):
            return purpose.value
        case ExitOrder():
            return "close"
        case Amendment():
            return "amend"
        case Cancellation():
            return "cancel"
        case FurtherAttempt():
            return "entry"
