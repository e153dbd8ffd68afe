"""The order that opens: what became of it, and when it has to end."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.market import OpenOrder, OrderKind, OrderState, OrderType, TimeInForce
from mtf_core.orders.actions import Action, Cancellation, SwitchOff
from mtf_core.orders.evidence import Contradiction, entry_evidence
from mtf_core.orders.lifecycle import AlarmKind, EventKind
from mtf_core.orders.states import EntryCause, EntryState, PositionState
from mtf_core.orders.supervision.look import Due, Look

DEADLINE = "order_timeout"
OUT_OF_ZONE = "out_of_zone"
END_OF_ZONE = "end_of_zone"
"""Ended so that the rest may be taken before the zone ends."""
TAKEN_AT_END_OF_ZONE = "end_of_zone_done"
WOULD_TAKE = "would_take"
"""A maker-only entry that the exchange ended because it would have taken."""
EXIT_FILLED = "exit_filled"
LATE = "late_entry"
_SWITCHES_OFF = frozenset({DEADLINE, OUT_OF_ZONE, TAKEN_AT_END_OF_ZONE})
_DROPPED_AT_ONCE_MS = 5_000
"""A maker-only entry that ended by itself within this time was ended because it would have taken."""


def follow_entry(look: Look) -> None:
    """Brings the entry's state to what the reads prove."""
    intent = look.intent
    if intent.entry is EntryState.PLANNED:
        if look.now_ms > intent.attempt.not_after_ms + look.rules.settled_after_ms and look.move_entry(
            EntryCause.GAVE_UP
        ):
            look.tell(EventKind.REFUSED, reason="never_sent")
        return
    if intent.entry.is_final:
        return
    evidence = entry_evidence(intent, look.view.entry_reads(intent.side), look.ids, look.rules.settled_after_ms)
    if isinstance(evidence, Contradiction):
        look.alarm(AlarmKind.CONTRADICTION, f"{evidence.why}; nothing was changed, look at the exchange")
    elif evidence is None:
        _follow_cancel(look)
    elif evidence.cause is EntryCause.SEEN_LIVE and evidence.order is not None:
        _seen_live(look, evidence.order)
        _follow_cancel(look)
    elif evidence.cause is EntryCause.SEEN_ENDED and evidence.order is not None:
        _seen_ended(look, evidence.order)
    elif intent.entry is EntryState.EVIDENCE_LOST:
        return  # that nothing of it is left proves nothing once something of it was seen
    elif evidence.cause is EntryCause.ABSENT:
        if look.move_entry(EntryCause.ABSENT):
            look.tell(EventKind.EXPIRED, cause=EntryCause.ABSENT, filled=look.intent.attempt.filled)
    else:
        look.move_entry(EntryCause.OUT_OF_SIGHT)


def live_entry(look: Look) -> OpenOrder | None:
    """The current attempt's order where it is live."""
    attempt = look.intent.attempt
    return next(
        (
            order
            for order in look.live
            if not order.state.is_final
            and (
                order.client_order_id == attempt.client_order_id
                or (attempt.order_id and order.order_id == attempt.order_id)
            )
        ),
        None,
    )


def _seen_live(look: Look, order: OpenOrder) -> None:
    before, attempt = look.intent.entry, look.intent.attempt
    if not look.move_entry(EntryCause.SEEN_LIVE):
        return
    accepted_ms = attempt.accepted_ms or order.created_ms or look.view_ms
    look.intent = evolve(
        look.intent, attempt=evolve(attempt, order_id=attempt.order_id or order.order_id, accepted_ms=accepted_ms)
    )
    if before not in {EntryState.RESTING, EntryState.CANCELLING}:
        look.tell(EventKind.ACCEPTED, order_id=order.order_id, entry_before=before)
        is_late = order.created_ms > attempt.not_after_ms + look.rules.settings.clock_skew_ms
        if is_late or look.now_ms >= deadline_ms(look):
            look.note(cancel_reason=LATE)


def _seen_ended(look: Look, order: OpenOrder) -> None:
    attempt = look.intent.attempt
    if not look.move_entry(EntryCause.SEEN_ENDED):
        return
    accepted_ms = attempt.accepted_ms or order.created_ms or look.view_ms
    look.intent = evolve(
        look.intent, attempt=evolve(attempt, order_id=attempt.order_id or order.order_id, accepted_ms=accepted_ms)
    )
    if order.filled >= attempt.size:
        return  # its executions tell of it
    why = look.progress.cancel_reason
    if not why and attempt.post_only and not order.filled and _dropped_at_once(order):
        why = WOULD_TAKE
        look.note(cancel_reason=why)
    kind = EventKind.CANCELLED if look.progress.cancel_looks else EventKind.EXPIRED
    look.tell(kind, reason=why or None, filled=order.filled, size=attempt.size)
    switch_off_after(look, order.filled + sum((one.filled for one in look.intent.earlier), Decimal(0)))


def switch_off_after(look: Look, filled: Decimal) -> None:
    """An entry of which nothing filled, and that was ended for the market's sake: its symbol rests for a while."""
    minutes, why = look.intent.terms.after_cancel_minutes, look.progress.cancel_reason
    if not filled and minutes and why in _SWITCHES_OFF:
        look.switch_off = SwitchOff(look.intent.symbol, minutes, why)


def _dropped_at_once(order: OpenOrder) -> bool:
    return order.state is OrderState.CANCELLED and 0 <= order.updated_ms - order.created_ms <= _DROPPED_AT_ONCE_MS


def _follow_cancel(look: Look) -> None:
    """An entry that was asked to end is looked at with growing pauses; after the last of them it is an alarm."""
    progress, intent = look.progress, look.intent
    if intent.entry is not EntryState.CANCELLING:
        return
    most = look.rules.settings.cancel_looks
    if progress.cancel_looks <= most and look.view_ms >= progress.next_cancel_ms:
        looks = progress.cancel_looks + 1
        look.note(cancel_looks=looks, next_cancel_ms=look.view_ms + look.rules.pause_ms(looks))
    if look.progress.cancel_looks > most:
        reads = look.view.entry_reads(intent.side)
        if live_entry(look) is None and reads.all_begun_after_venue_ms is not None and reads.fills is not None:
            shown = {order.order_id for order in look.ended}
            if intent.attempt.order_id not in shown and reads.since_venue_ms <= intent.attempt.created_ms:
                look.move_entry(EntryCause.OUT_OF_SIGHT)  # no list shows it, live or ended: the operator closes it


def deadline_ms(look: Look) -> int:
    """When the entry has to end: what it may wait from its acceptance, its zone's end; one that takes, at once."""
    attempt, terms = look.intent.attempt, look.intent.terms
    if attempt.time_in_force is not TimeInForce.GTC:
        return attempt.not_after_ms + look.rules.settled_after_ms
    ends = []
    if terms.order_timeout_ms is not None:
        since_ms = attempt.accepted_ms or attempt.sent_ms or attempt.created_ms
        ends.append(since_ms + terms.order_timeout_ms)
    if terms.zone is not None:
        ends.append(terms.zone.expires_at_ms)
    return min(ends, default=attempt.not_after_ms + look.rules.settled_after_ms)


def touch_zone(look: Look) -> None:
    """Remembers that the mark stood inside the zone."""
    zone, mark = look.intent.terms.zone, look.mark
    if zone is None or mark is None or look.progress.zone_touched or look.intent.entry.is_final:
        return
    if zone.low <= mark <= zone.high:
        look.note(zone_touched=True)


def why_end(look: Look) -> str:
    """Why the entry is to end now; empty: it is not."""
    intent = look.intent
    if look.progress.cancel_reason == LATE:
        return LATE
    if look.end_entry_because:
        return look.end_entry_because
    if look.rules.entries_end:
        return look.rules.entries_end
    if look.now_ms >= deadline_ms(look):
        return DEADLINE
    if intent.terms.order_timeout_ms is not None and _is_out_of_zone(look):
        return OUT_OF_ZONE
    return ""


def _is_out_of_zone(look: Look) -> bool:
    intent, mark = look.intent, look.mark
    attempt, terms = intent.attempt, intent.terms
    since_ms = attempt.accepted_ms or attempt.sent_ms or attempt.created_ms
    if mark is None or attempt.price is None or look.now_ms < since_ms + terms.out_of_zone_after_ms:
        return False
    if abs(mark - attempt.price) > terms.max_deviation * attempt.price:
        return True
    zone = terms.zone
    if zone is None or not (terms.zone_was_touched or look.progress.zone_touched):
        return False
    return mark > zone.high if look.sign > 0 else mark < zone.low


def cancel_entry(look: Look, why: str) -> Action | None:
    """Cancels the entry, or its rest, by the exchange's id; None where that is not known, or it is being cancelled."""
    intent, progress = look.intent, look.progress
    if look.rules.in_recovery or not intent.attempt.order_id:
        return None
    if intent.entry not in {EntryState.RESTING, EntryState.CANCELLING}:
        return None
    due = look.due(progress.sent.cancel_ms)
    if due is Due.NEW and intent.entry is EntryState.CANCELLING:
        # It is asked for again only where it is still shown, at the looks that the growing pauses leave.
        looked_now = progress.next_cancel_ms == look.view_ms + look.rules.pause_ms(progress.cancel_looks)
        if live_entry(look) is None or not looked_now:
            due = Due.WAIT
    if due is Due.WAIT:
        return None
    if due is Due.NEW:
        first = intent.entry is EntryState.RESTING
        look.move_entry(EntryCause.CANCEL_SENT)
        look.sends(cancel_ms=look.now_ms)
        if first:
            pause_ms = look.rules.pause_ms(1)
            look.note(cancel_reason=why, cancel_looks=1, next_cancel_ms=look.now_ms + pause_ms)
    kind = OrderKind.MARKET if intent.attempt.order_type is OrderType.MARKET else OrderKind.LIMIT
    return Action(
        Cancellation(intent.symbol, intent.attempt.order_id, kind), look.progress.cancel_reason or why, protects=False
    )


def cancel_what_was_believed_over(look: Look) -> Action | None:
    """An attempt that is over by all that was known, and is shown live: it is never continued."""
    current = set() if not look.intent.entry.is_final else {look.intent.attempt.client_order_id}
    over = {attempt.client_order_id for attempt in look.intent.earlier} | current
    order = next((one for one in look.live if one.client_order_id in over and not one.state.is_final), None)
    if order is None:
        return None
    look.alarm(AlarmKind.LATE_ENTRY, f"order {order.order_id} was believed to be over, and is live; it is cancelled")
    due = look.due(look.progress.sent.tidy_ms)
    if look.rules.in_recovery or not order.order_id or order.reduce_only or due is Due.WAIT:
        return None
    if due is Due.NEW:
        look.sends(tidy_ms=look.now_ms)
    return Action(Cancellation(order.symbol, order.order_id, order.kind), LATE, protects=False)


def tell_of_entry(look: Look) -> None:
    """Alarms that stand for the entry. What nobody can see any more is parked until the operator closes it."""
    most = look.rules.settings.cancel_looks
    if look.intent.entry is EntryState.CANCELLING and look.progress.cancel_looks > most:
        look.alarm(AlarmKind.STALE, f"its entry was cancelled, and {most} looks have not shown that it ended")
    if look.progress.cancel_reason == LATE and look.intent.entry.may_be_alive:
        look.alarm(AlarmKind.LATE_ENTRY, "an entry was found alive after its last instant; it is being cancelled")
    if look.intent.entry is EntryState.EVIDENCE_LOST:
        look.alarm(
            AlarmKind.EVIDENCE_LOST,
            "the exchange no longer shows what became of its entry; look there, then `mtf position book`",
        )


def rest_must_end(look: Look) -> bool:
    """Whether the position is being left: what of the entry still rests would enlarge it again."""
    is_leaving = look.intent.position in {PositionState.EXITING, PositionState.CLOSING}
    return look.intent.entry.may_be_alive and (is_leaving or look.progress.closed > 0)
