"""One order from its plan to its outcome: committed before it is sent, sent once, and never again.

```
guards + intent: one transaction ─► high-water mark ─► leverage ─► guards again ─► one write ─► outcome committed
```

Wherever this breaks off, the committed intent says how far it may have come. Before SUBMITTING nothing of the order has
left; from there on it may exist, and only evidence tells (`orders/evidence.py`). Nothing here is ever tried twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from attrs import evolve, frozen

from mtf_core.execution.desk import Desk
from mtf_core.execution.quality import MarketQuality
from mtf_core.execution.switching import switch_off
from mtf_core.market import EntryOrder, WriteOutcome, WriteResult
from mtf_core.orders import (
    Attempt,
    Draft,
    EntryCause,
    EntryState,
    EventKind,
    FurtherAttempt,
    Intent,
    LifecycleEvent,
    Purpose,
    entry_after,
    mint,
    plan_words,
    store_tag,
)
from mtf_core.orders.supervision.zone_end import more_passive, without_cancel
from mtf_core.planning import Skip
from mtf_core.ports import Acquired, IntentChangedError, PortError, StoreError, StoreIdentity, StoreNotOursError
from mtf_core.reasons import Reason
from mtf_core.risk import ORDERED, AccountCondition, Books, Standing

Guard = Callable[[Books], Skip | None]
"""Asked within a transaction, with what the store holds at that moment; it looks at the clock when it is asked.

A store may ask it in a thread of its own: of what changes in the event loop it looks at nothing but clocks.
"""
GuardOfNow = Callable[[], Guard]
"""Gives the guard of a moment, which knows what else there is to know then: the budget of calls, the clock's skew."""

_MOST_COMMITS = 3
"""How often the outcome is stored again when the supervisor changed the intent in between."""
_LEAVES_WITHIN_MS = 1000
"""After the guards were asked for the last time, in the time of people: a kill switch stops what has not left then."""


@frozen
class Submitted:
    """The bytes may have left. What is known of the order stands in the intent, as far as it could be stored."""

    intent: Intent
    outcome: WriteOutcome
    is_stored: bool = True
    """Whether the store knows the outcome; where not, evidence resolves it."""


@frozen
class Guards:
    """The guards of one entry: before its intent is committed, and once more before its bytes leave."""

    first: GuardOfNow
    again: GuardOfNow
    """The same, for an intent that is committed: its own reservation and key do not stand against it."""


async def submit(
    desk: Desk, draft: Draft, guards: Guards, quality: MarketQuality, switch_minutes: int
) -> Skip | Submitted:
    """Submits the draft's first attempt; a skip where anything stood against it, and then nothing of it exists.

    A maker-only order that the exchange refuses because it would take is tried once more, one tick farther from the
    book: what is returned is of that one, then.

    Raises `StoreError` where the store failed before the order could be sent: nothing has left then.
    """
    intent = await _reserved(desk, draft, guards.first)
    if isinstance(intent, Skip):
        await _note_refusal(desk, _of_draft(draft), intent)
        return intent
    try:
        behind = await _store_is_behind(desk, intent)
        refused = None if behind else await _made_ready(desk, intent)
    except StoreError:
        await _given_up(desk, intent, Skip(Reason.RECOVERY, (("why", "the mark outside of the database"),)))
        raise
    if behind:
        await desk.orders.set_standing(Standing(AccountCondition.RECOVERY, desk.now_ms, behind))
        return await _given_up(desk, intent, Skip(Reason.RECOVERY, (("why", behind),)))
    if refused is not None:
        return await _given_up(desk, intent, refused)
    first = await _sent(desk, intent, guards.again, quality, switch_minutes, None)
    order = _one_tick_away(first)
    if order is None or not isinstance(first, Submitted):
        return first
    return await submit_further(desk, first.intent, order, guards.again, None, quality, switch_minutes)


def _one_tick_away(first: Skip | Submitted) -> FurtherAttempt | None:
    """What follows an attempt that was refused because it would have taken; None: it was not, or nothing can."""
    if not isinstance(first, Submitted) or first.outcome.result is not WriteResult.WOULD_TAKE or not first.is_stored:
        return None
    return more_passive(first.intent)


async def submit_further(
    desk: Desk,
    intent: Intent,
    order: FurtherAttempt,
    guard: GuardOfNow,
    fence: Acquired | None,
    quality: MarketQuality | None = None,
    switch_minutes: int = 0,
) -> Skip | Submitted:
    """Another attempt of an intent whose attempts so far are final; it passes every guard like the first.

    Raises `IntentChangedError`, `LockLostError` and `StoreError`: nothing has left then. `guard` is that of a committed
    intent.
    """
    state = entry_after(intent.entry, EntryCause.FURTHER_ATTEMPT)
    if state is None:
        return Skip(Reason.FALLBACK_REFUSED, (("entry", str(intent.entry)),))
    wanted = evolve(
        intent,
        attempt=_further(desk, intent, order),
        earlier=(*intent.earlier, intent.attempt),
        entry=state,
        progress=without_cancel(intent.progress),
    )
    committed = await desk.orders.further(wanted, desk.now_ms, guard(), fence)
    if isinstance(committed, Skip):
        await _note_refusal(desk, _of_intent(wanted), committed)
        return committed
    return await _sent(desk, committed, guard, quality, switch_minutes, fence)


async def note_further_failed(desk: Desk, intent: Intent, error: PortError) -> None:
    """The story says why another attempt of the intent was not made; what was committed of one tells its own end."""
    why = Skip(Reason.FALLBACK_REFUSED, (("why", f"it could not be tried: {error}"),))
    await _note_refusal(desk, _of_intent(intent), why)


def _further(desk: Desk, intent: Intent, order: FurtherAttempt) -> Attempt:
    now_ms, number = desk.now_ms, intent.attempt.number + 1
    entry_id = mint(intent.tag, intent.counter, intent.account, intent.decision_key, number, Purpose.ENTRY)
    return Attempt(
        number=number,
        size=order.size,
        order_type=order.order_type,
        price=order.price,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        carries_stop=intent.attempt.carries_stop,
        client_order_id=entry_id.text(desk.ids),
        created_ms=now_ms,
        not_after_ms=now_ms + desk.longest_life_ms,
    )


async def _reserved(desk: Desk, draft: Draft, guard: GuardOfNow) -> Skip | Intent:
    now_ms = desk.now_ms

    def make(identity: StoreIdentity) -> Intent:
        return draft.intent(identity.account, store_tag(identity.store_id), identity.counter, desk.ids)

    def events(intent: Intent) -> Sequence[LifecycleEvent]:
        return (_event(_of_intent(intent), EventKind.PLANNED, now_ms, plan_words(draft)),)

    return await desk.orders.reserve(draft.terms.profile, draft.decision_key, now_ms, guard(), make, events)


async def _store_is_behind(desk: Desk, intent: Intent) -> str:
    """Why the store lacks what it once knew; empty: it does not. It may have been restored under a running process.

    Others that committed since have raised the mark further, but never beyond the store's counter of now. Raises
    `StoreNotOursError` where the mark is another store's.
    """
    mark = await desk.high_water.read(desk.account_key)
    if mark is not None and mark.store_id != desk.identity.store_id:
        raise StoreNotOursError.by_the_mark(desk.account_key)
    if mark is None or mark.counter <= intent.counter:
        return ""
    known = (await desk.orders.bind(desk.account)).counter
    if mark.counter <= known:
        return ""
    return f"the mark outside of the database: number {mark.counter}; the database knows {known}: it was restored"


async def _made_ready(desk: Desk, intent: Intent) -> Skip | None:
    """What has to be so before the order leaves: its number lies in the mark, durably, and its leverage is set.

    One takes the disk and the other the exchange, so they take their time together. A skip where the leverage was
    refused; raises `StoreError` where the mark could not be raised.
    """
    marking = desk.high_water.raise_to(desk.account_key, evolve(desk.mark, counter=intent.counter))
    marked, refused = await asyncio.gather(marking, _leverage_refused(desk, intent), return_exceptions=True)
    if isinstance(marked, BaseException):
        raise marked
    if isinstance(refused, BaseException):
        raise refused
    return refused


async def _leverage_refused(desk: Desk, intent: Intent) -> Skip | None:
    """The order needs its leverage and margin mode first; that they were so before is as good."""
    wanted = intent.wanted
    answer = await desk.trading.set_leverage(wanted.symbol, wanted.leverage, wanted.margin_mode)
    if answer.is_done:
        return None
    numbers = (("leverage", wanted.leverage), ("margin_mode", str(wanted.margin_mode)))
    return Skip(Reason.LEVERAGE_NOT_SET, (*numbers, *_words(answer)))


async def _given_up(desk: Desk, intent: Intent, skip: Skip) -> Skip:
    """Nothing was sent: the intent ends, and gives back what it reserved."""
    state = entry_after(intent.entry, EntryCause.GAVE_UP) or intent.entry
    refusal = _event(_of_intent(intent), EventKind.REFUSED, desk.now_ms, _skip_words(skip))
    await desk.orders.save(evolve(intent, entry=state), (refusal,))
    return skip


async def _sent(
    desk: Desk,
    intent: Intent,
    guard: GuardOfNow,
    quality: MarketQuality | None,
    switch_minutes: int,
    fence: Acquired | None,
) -> Skip | Submitted:
    order = entry_order(intent)  # whatever cannot be ordered breaks here, before anything may have left
    timer = desk.environment.timer
    guard_of_now, asked_s = guard(), timer()

    def last_word(books: Books) -> Skip | None:
        nonlocal asked_s
        asked_s = timer()
        return guard_of_now(books)

    sending = await desk.orders.send(intent, desk.now_ms, last_word, fence)
    if isinstance(sending, Skip):
        await _note_refusal(desk, _of_intent(intent), sending)
        return sending
    left_ms = max(0, _LEAVES_WITHIN_MS - round((timer() - asked_s) * 1000))
    written = await _write(desk, evolve(order, leaves_within_ms=left_ms))
    submitted = await _committed(desk, sending, written, quality)
    if submitted.intent.entry is not EntryState.REJECTED and switch_minutes:
        await switch_off(desk.environment, intent.symbol, switch_minutes, ORDERED, desk.now_ms)
    return submitted


def entry_order(intent: Intent) -> EntryOrder:
    """The order of the current attempt; raises `InvalidOrderError` for one that cannot be meant."""
    wanted, attempt = intent.wanted, intent.attempt
    return EntryOrder(
        symbol=wanted.symbol,
        side=wanted.side,
        size=attempt.size,
        order_type=attempt.order_type,
        price=attempt.price,
        time_in_force=attempt.time_in_force,
        post_only=attempt.post_only,
        leverage=wanted.leverage,
        margin_mode=wanted.margin_mode,
        client_order_id=attempt.client_order_id,
        not_after_ms=attempt.not_after_ms,
        stop=wanted.stop if attempt.carries_stop else None,
    )


@frozen
class _Written:
    """What the exchange answered, and when it was asked, by its own time and in seconds of the program's timer."""

    outcome: WriteOutcome
    asked_ms: int
    answered_ms: int
    seconds: float


async def _write(desk: Desk, order: EntryOrder) -> _Written:
    """The one write. Whatever goes wrong in it proves nothing, so it counts as not answered."""
    asked_ms, timer = desk.now_ms, desk.environment.timer
    began = timer()
    try:
        outcome = await desk.trading.submit_entry(order)
    except Exception as error:
        outcome = WriteOutcome(WriteResult.UNKNOWN, client_order_id=order.client_order_id, text=repr(error))
    return _Written(outcome, asked_ms, desk.now_ms, timer() - began)


_CAUSES: Mapping[WriteResult, EntryCause] = {
    WriteResult.ACCEPTED: EntryCause.ACCEPTED,
    WriteResult.NOT_SENT: EntryCause.NOT_SENT,
    WriteResult.EXPIRED_BEFORE_SENT: EntryCause.NOT_SENT,
}


def cause_of(outcome: WriteOutcome) -> EntryCause:
    """What an answer proves of an entry: that it is there, that nothing of it exists, or nothing at all."""
    if outcome.result in _CAUSES:
        return _CAUSES[outcome.result]
    return EntryCause.REFUSED if outcome.result.nothing_exists else EntryCause.NO_ANSWER


def refusal_of(outcome: WriteOutcome) -> Reason:
    """Why nothing of the order exists, in our words."""
    return _REASONS.get(outcome.result, Reason.REJECTED_BY_EXCHANGE)


_REASONS = {
    WriteResult.EXPIRED_BEFORE_SENT: Reason.PLAN_EXPIRED,
    WriteResult.CLOCK_SKEW: Reason.CLOCK_SKEW,
}


def answered(intent: Intent, outcome: WriteOutcome, now_ms: int) -> Intent:
    """The intent once the answer came. What reads have shown meanwhile outweighs it: then nothing changes."""
    cause = cause_of(outcome)
    state = entry_after(intent.entry, cause)
    if state is None:
        return intent
    attempt = intent.attempt
    if cause is EntryCause.ACCEPTED:
        attempt = evolve(attempt, order_id=outcome.order_id, accepted_ms=now_ms)
    return evolve(intent, entry=state, attempt=attempt)


async def _committed(desk: Desk, intent: Intent, written: _Written, quality: MarketQuality | None) -> Submitted:
    """Stores the outcome. Where that fails the intent stays SUBMITTING, and evidence resolves it."""
    events = _events_of(intent, written, quality)
    current: Intent | None = intent
    try:
        for _ in range(_MOST_COMMITS):
            if current is None or current.attempt.number != intent.attempt.number:
                break
            try:
                told = answered(current, written.outcome, written.answered_ms)
                return Submitted(await desk.orders.save(told, events), written.outcome)
            except IntentChangedError:  # the supervisor looked at it in between; its own row is as true as ours
                current = await desk.orders.intent(intent.decision_key)
    except PortError:
        pass
    return Submitted(answered(intent, written.outcome, written.answered_ms), written.outcome, is_stored=False)


def _events_of(intent: Intent, written: _Written, quality: MarketQuality | None) -> Sequence[LifecycleEvent]:
    outcome, who = written.outcome, _of_intent(intent)
    asked = {"asked_ms": str(written.asked_ms), "answered_ms": str(written.answered_ms)}
    request = {**asked, "request_seconds": f"{written.seconds:.6f}", **dict(_words(outcome))}
    sent = {"client_order_id": intent.attempt.client_order_id, **request}
    seen = {} if quality is None else quality.words(written.asked_ms)
    match cause_of(outcome):
        case EntryCause.ACCEPTED:
            accepted = {"order_id": outcome.order_id, **seen}
            return (
                _event(who, EventKind.SUBMITTED, written.asked_ms, sent),
                _event(who, EventKind.ACCEPTED, written.answered_ms, accepted),
            )
        case EntryCause.NO_ANSWER:
            return (_event(who, EventKind.SUBMITTED, written.asked_ms, {**sent, **seen}),)
        case _:
            refused = {"reason": str(refusal_of(outcome)), **request}
            return (_event(who, EventKind.REFUSED, written.answered_ms, refused),)


@frozen
class _Who:
    """Whose event it is."""

    decision_key: str
    symbol: str
    run_id: str
    attempt: int


def _of_draft(draft: Draft) -> _Who:
    return _Who(draft.decision_key, draft.symbol, draft.terms.run_id, draft.attempt.number)


def _of_intent(intent: Intent) -> _Who:
    return _Who(intent.decision_key, intent.symbol, intent.terms.run_id, intent.attempt.number)


def _event(who: _Who, kind: EventKind, venue_ms: int, details: Mapping[str, str]) -> LifecycleEvent:
    return LifecycleEvent(who.decision_key, who.symbol, who.attempt, kind, venue_ms, details)


async def _note_refusal(desk: Desk, who: _Who, skip: Skip) -> None:
    """A refusal that cannot be noted is a refusal all the same: the report has it."""
    event = _event(who, EventKind.REFUSED, desk.now_ms, _skip_words(skip))
    try:
        await desk.orders.note((event,), who.run_id, desk.environment.wall.now_ms())
    except PortError:
        return


def _skip_words(skip: Skip) -> Mapping[str, str]:
    return {"reason": str(skip.reason), **{name: _text(value) for name, value in skip.facts}}


def _words(outcome: WriteOutcome) -> tuple[tuple[str, str], ...]:
    """The exchange's own words, as far as it said any."""
    said = (("result", str(outcome.result)), ("code", outcome.code), ("text", outcome.text))
    return tuple((name, value) for name, value in said if value)


def _text(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
