"""The notes of a life in which the store did not answer, brought into the store before anything else happens."""

from __future__ import annotations

from mtf_core.execution.booking import Booked, Bookkeeper, Entries, merged
from mtf_core.execution.desk import Desk
from mtf_core.execution.looking import PATIENT_MS
from mtf_core.execution.sending import described
from mtf_core.orders.intent import Intent
from mtf_core.orders.lifecycle import Alarm, AlarmKind, EventKind, LifecycleEvent
from mtf_core.ports import Acquired, Noted, StoreUnavailableError


async def merge_journal(desk: Desk, books: Bookkeeper, fence: Acquired) -> tuple[Alarm, ...]:
    """Counts in the store what left without its knowledge; returns an alarm for each intent that it does not know.

    The notes are forgotten once all of them are stored; those of unknown intents stay. Raises `StoreError` where the
    store does not take them.
    """
    noted = desk.journal.noted()
    unknown = []
    for note in noted:
        stored = await desk.orders.intent(note.decision_key)
        if stored is None:
            unknown.append(_unknown(note))
            continue
        books.know(stored)
        latest = books.latest(stored)
        counted = merged(latest, note.intent)
        if counted != latest:
            booked = await books.book(counted, Entries((_told(stored, note),)), fence, PATIENT_MS)
            if booked is not Booked.STORED:
                raise StoreUnavailableError(f"a note of {note.decision_key} could not be stored: {booked.value}")
    if noted and not unknown:
        desk.journal.forget()
    return tuple(unknown)


def _told(intent: Intent, note: Noted) -> LifecycleEvent:
    details = {"what": described(note.action.write), "why": note.action.why, "noted": "sent before the store knew"}
    number = note.intent.attempt.number
    return LifecycleEvent(intent.decision_key, intent.symbol, number, EventKind.SENT, note.venue_ms, details=details)


def _unknown(note: Noted) -> Alarm:
    text = (
        f"{note.intent.symbol}: this machine noted an order of {note.decision_key}, which the store does not know: "
        "it was restored to an earlier state, or is another one; see `mtf recover`"
    )
    return Alarm(AlarmKind.RECOVERY, note.decision_key, text, note.venue_ms)
