"""The store of orders: what is committed, what it refuses by itself, and what comes back."""

from __future__ import annotations

import asyncio
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import evolve
from sqlalchemy import Select, select, text, update
from sqlalchemy.dialects import sqlite

from mtf_adapters.sql import Database, SqlCleanupStore, SqlLocks, SqlSwitchStore
from mtf_adapters.sql.risk import SqlRiskStore
from mtf_adapters.sql.schema import order_alarms, order_intents, order_requests
from mtf_adapters.sql.transactions import all_rows, changing, value_or_none
from mtf_core.orders import AlarmKind, EntryState, EventKind, Intent, PositionState, Progress
from mtf_core.planning import Skip
from mtf_core.ports import (
    Acquired,
    IntentChangedError,
    InvalidCursorError,
    LockLostError,
    Request,
    StoredAlarm,
    StoreError,
    StoreNotOursError,
    StoreUnavailableError,
)
from mtf_core.reasons import Reason
from mtf_core.risk import (
    GLOBAL_SWITCH,
    AccountCondition,
    Books,
    Heartbeat,
    Reservation,
    RiskLock,
    Standing,
    Switch,
)
from tests.integration.conftest import drop_database
from tests.integration.sql.examples import WORLD
from tests.integration.sql.orders_shop import (
    NOW_MS,
    WALL_MS,
    StillClock,
    a_fill,
    an_alarm,
    bound_store,
    draft,
    event,
    fence,
    over,
    planned,
    reserve,
    reserved,
    sent,
    store_on,
    with_further_attempt,
    yes,
)
from tests.integration.sql.postgres_server import PostgresServer
from tests.unit.orders.intents import ACCOUNT

DAY_MS = 86_400_000
MIDNIGHT_MS = NOW_MS - NOW_MS % DAY_MS


async def test_a_store_is_bound_to_the_account_that_comes_first_and_to_no_other(database: Database) -> None:
    first = await store_on(database).bind(ACCOUNT)
    assert (first.account, first.counter, first.store_id) == (ACCOUNT, 0, "store-1")
    assert await store_on(database).bind(ACCOUNT) == first
    with pytest.raises(StoreNotOursError, match="'account', not of 'another'"):
        await store_on(database).bind("another")
    assert (await store_on(database, "another-world").bind("another")).account == "another"


async def test_nothing_is_reserved_in_a_store_that_is_not_bound(database: Database) -> None:
    with pytest.raises(StoreError, match="not bound to an account"):
        await reserve(store_on(database))
    with pytest.raises(StoreError, match="not bound to an account"):
        await store_on(database).set_standing(Standing())
    with pytest.raises(StoreError, match="has a name"):
        await store_on(database).bind("")
    assert await store_on(database).standing() == Standing()


async def test_an_intent_is_committed_with_its_number_its_event_and_its_id(database: Database) -> None:
    store = await bound_store(database)
    intent = await reserved(store)
    assert (intent.counter, intent.version, intent.account) == (1, 1, ACCOUNT)
    assert await store.intent("k1") == intent
    assert await store.live() == (intent,)
    (story,) = await store.events("k1")
    assert (story.event, story.run_id, story.program_ms) == (planned(intent)[0], "run", WALL_MS)
    assert (await store.bind(ACCOUNT)).counter == 1
    assert (await reserved(store, "k2", "ETHUSDT")).counter == 2


async def test_what_the_guard_refuses_leaves_nothing_behind_not_even_a_number(database: Database) -> None:
    store = await bound_store(database)
    refused = Skip(Reason.KILL_SWITCH_ON)
    assert await reserve(store, guard=lambda _: refused) == refused
    assert (await store.live(), await store.events("k1")) == ((), ())
    assert (await reserved(store)).counter == 1


async def test_a_standing_that_was_concluded_from_an_older_one_overwrites_no_worse_one(database: Database) -> None:
    """Who saw that the modes are right again must not end the recovery that somebody else found out meanwhile."""
    store = await bound_store(database)
    modes = Standing(AccountCondition.MODES_CHANGED, 5, "hedge")
    recovery = Standing(AccountCondition.RECOVERY, 6, "it was restored")
    assert await store.set_standing(modes)
    assert await store.set_standing(recovery)
    assert not await store.set_standing(Standing(), modes)
    assert await store.standing() == recovery
    assert await store.set_standing(Standing(), recovery)
    assert await store.standing() == Standing()


async def test_the_guard_is_shown_what_the_store_holds(database: Database) -> None:
    store = await bound_store(database)
    off = Switch(GLOBAL_SWITCH, on=False, until_ms=None, reason="test", changed_ms=1)
    await SqlSwitchStore(database, WORLD).put([off])
    await SqlSwitchStore(database, "elsewhere").put([evolve(off, key="BTCUSDT")])
    standing = Standing(AccountCondition.SHARED, 5, "somebody else")
    await store.set_standing(standing)
    beat = Heartbeat("supervisor-1", NOW_MS, NOW_MS - 1)
    await store.beat(beat, fence(1))
    lock = RiskLock(MIDNIGHT_MS, "scalper_micro", Decimal("1000.50"), Decimal(50), 7)
    await SqlRiskStore(database, WORLD).put_lock(lock)
    await SqlRiskStore(database, WORLD).put_lock(evolve(lock, profile="scalper"))
    intent = await reserved(store)
    seen: list[Books] = []

    def look(books: Books) -> None:
        seen.append(books)

    assert await reserve(store, "k1", "ETHUSDT", look) == Skip(Reason.DUPLICATE_DECISION_KEY)
    (books,) = seen
    assert (books.standing, books.supervisor, books.locks) == (standing, beat, (lock,))
    assert books.switchboard.kill_switch_on
    assert not books.switchboard.is_off("BTCUSDT")
    assert books.switchboard.now_ms == NOW_MS
    money = (Decimal(1), Decimal("0.2"), Decimal("0.0512"))
    assert books.live == (Reservation("k1", intent.symbol, intent.side, *money),)
    assert books.key_is_taken


@pytest.mark.parametrize(
    ("after_midnight_ms", "days"),
    [(-5_001, [-1]), (-5_000, [-1, 0]), (0, [-1, 0]), (4_999, [-1, 0]), (5_000, [0]), (DAY_MS - 5_001, [0])],
)
async def test_within_five_seconds_of_midnight_the_locks_of_both_days_are_shown(
    database: Database, after_midnight_ms: int, days: list[int]
) -> None:
    store = await bound_store(database)
    for day in range(-3, 4):
        lock = RiskLock(MIDNIGHT_MS + day * DAY_MS, "scalper_micro", Decimal(1), Decimal(1), 7)
        await SqlRiskStore(database, WORLD).put_lock(lock)
    seen: list[int] = []

    def look(books: Books) -> Skip:
        seen.extend((lock.start_ms - MIDNIGHT_MS) // DAY_MS for lock in books.locks)
        return Skip(Reason.DAILY_LOSS_LIMIT_REACHED)

    await reserve(store, guard=look, now_ms=MIDNIGHT_MS + after_midnight_ms)
    assert seen == days


async def test_a_symbol_and_a_key_are_refused_a_second_time_whatever_the_guard_says(database: Database) -> None:
    store = await bound_store(database)
    first = await reserved(store, "k1")
    assert await reserve(store, "k1", "ETHUSDT") == Skip(Reason.DUPLICATE_DECISION_KEY)
    assert await reserve(store, "k2", "BTCUSDT") == Skip(Reason.SYMBOL_BUSY)
    await store.save(over(await sent(store, first)))
    assert await reserve(store, "k1", "BTCUSDT") == Skip(Reason.DUPLICATE_DECISION_KEY)
    assert (await reserved(store, "k2", "BTCUSDT")).counter == 2


async def test_a_new_intent_that_is_not_the_reserved_one_is_a_fault_and_is_not_stored(database: Database) -> None:
    store = await bound_store(database)
    for make in (draft("other"), draft("k1", entry=EntryState.SUBMITTING)):
        with pytest.raises(StoreError, match="a new intent is"):
            await store.reserve("scalper_micro", "k1", NOW_MS, yes, make, planned)
    assert await store.live() == ()


async def test_a_planned_intent_is_sent_once(database: Database) -> None:
    store = await bound_store(database)
    intent = await reserved(store)
    outcome = await sent(store, intent)
    assert (outcome.entry, outcome.attempt.sent_ms, outcome.version) == (EntryState.SUBMITTING, NOW_MS + 1, 2)
    assert await store.intent("k1") == outcome
    for version in (1, 2):
        with pytest.raises(IntentChangedError):
            await store.send(evolve(intent, version=version), NOW_MS + 2, yes)
    with pytest.raises(IntentChangedError):
        await store.send(outcome, NOW_MS + 2, yes)


async def test_an_intent_that_the_last_guard_refuses_is_stored_as_rejected_and_frees_its_symbol(
    database: Database,
) -> None:
    store = await bound_store(database)
    intent = await reserved(store)
    refused = Skip(Reason.KILL_SWITCH_ON)
    seen: list[Books] = []

    def look(books: Books) -> Skip:
        seen.append(books)
        return refused

    assert await store.send(intent, NOW_MS + 1, look) == refused
    assert (seen[0].live, seen[0].key_is_taken) == ((), False)  # its own reservation stands in nobody's way
    stored = await store.intent("k1")
    assert stored is not None
    assert (stored.entry, stored.is_live) == (EntryState.REJECTED, False)
    await reserved(store, "k2")


async def test_who_saves_an_older_version_is_refused_and_nothing_of_it_is_stored(database: Database) -> None:
    store = await bound_store(database)
    intent = await sent(store, await reserved(store))
    mine = await store.save(evolve(intent, entry=EntryState.RESTING))
    happened = event(intent, EventKind.CANCELLED)
    with pytest.raises(IntentChangedError, match="version 2"):
        await store.save(over(intent), [happened], [an_alarm()], [a_fill("f1")])
    assert await store.intent("k1") == mine
    assert [one.event.kind for one in await store.events("k1")] == [EventKind.PLANNED]
    assert (await store.alarms(), await store.fills("BTCUSDT", 0)) == ((), ())


async def test_nothing_is_planned_or_sent_by_saving_it_without_the_guards(database: Database) -> None:
    store = await bound_store(database)
    intent = await reserved(store)
    with pytest.raises(IntentChangedError):
        await store.save(evolve(intent, entry=EntryState.SUBMITTING))
    ended = await store.save(over(await sent(store, await store.save(intent))))
    with pytest.raises(IntentChangedError):
        await store.save(with_further_attempt(ended, Decimal(1)))
    assert await store.intent("k1") == ended


async def test_what_was_saved_comes_back_whole(database: Database) -> None:
    store = await bound_store(database)
    intent = await sent(store, await reserved(store))
    progress = Progress(held=Decimal("0.50"), target_generations=(1, 2), alarmed=frozenset({"stale", "a"}))
    changed = evolve(intent, position=PositionState.UNPROTECTED, progress=progress)
    accepted, protected = event(intent, EventKind.ACCEPTED, order="o1"), event(intent, EventKind.PROTECTED)
    saved = await store.save(changed, [accepted, protected], [an_alarm()], [a_fill("f1"), a_fill("f2")])
    assert saved == evolve(changed, version=3)
    assert await store.intent("k1") == saved
    assert [one.event for one in await store.events("k1")][1:] == [accepted, protected]
    assert await store.alarms() == (StoredAlarm(an_alarm(), WALL_MS, None),)
    assert await store.fills("BTCUSDT", 0) == (a_fill("f1"), a_fill("f2"))


async def test_what_a_stop_that_was_moved_away_may_lose_more_is_reserved(database: Database) -> None:
    """The operator may let a position lose more than was planned; the limits count it all the same."""
    store = await bound_store(database)
    intent = await sent(store, await reserved(store))
    planned, stop = intent.terms.loss_at_stop_usdt, intent.wanted.stop

    async def told(intent: Intent, price: Decimal) -> tuple[Intent, Decimal]:
        seen: list[Reservation] = []

        def look(books: Books) -> Skip:
            seen.extend(books.live)
            return Skip(Reason.KILL_SWITCH_ON)

        moved = evolve(intent, progress=evolve(intent.progress, stop=evolve(stop, price=price)))
        saved = await store.save(moved)
        await reserve(store, "k2", "ETHUSDT", look)
        assert seen == [Reservation.of(saved)]
        return saved, seen[0].loss_at_stop

    intent, tighter = await told(intent, stop.price + 1)
    assert tighter == planned
    intent, looser = await told(intent, stop.price - 2)
    assert looser == planned + 2 * intent.wanted.size * intent.terms.contract_size


async def test_a_fill_is_stored_once_by_its_key_and_fills_come_in_their_order(database: Database) -> None:
    store = await bound_store(database)
    intent = await store.save(await reserved(store), fills=[a_fill("9"), a_fill("10"), a_fill("1", NOW_MS - 1)])
    intent = await store.save(intent, fills=[a_fill("9", price=Decimal(7)), a_fill("11")])
    await store.save(intent, fills=[a_fill("9", symbol="ETHUSDT")])
    assert [fill.fill_id for fill in await store.fills("BTCUSDT", 0)] == ["1", "9", "10", "11"]
    assert [fill.fill_id for fill in await store.fills("BTCUSDT", NOW_MS)] == ["9", "10", "11"]
    assert (await store.fills("BTCUSDT", NOW_MS))[0].price == Decimal("100.10")
    assert len(await store.fills("ETHUSDT", 0)) == 1


async def test_all_attempts_together_never_exceed_the_plan(database: Database) -> None:
    store = await bound_store(database)
    intent = await sent(store, await reserved(store))
    with pytest.raises(StoreError, match=r"(?i)check"):
        await store.save(evolve(intent, attempt=evolve(intent.attempt, size=Decimal(11))))
    partly = await store.save(over(intent, filled=Decimal(4)))
    asked = with_further_attempt(partly, Decimal(7))
    numbers = (("planned_steps", 10), ("filled_steps", 4), ("asked_steps", 7))
    assert await store.further(asked, NOW_MS, yes, None) == Skip(Reason.DUPLICATE_DECISION_KEY, numbers)
    outcome = await store.further(with_further_attempt(partly, Decimal(6)), NOW_MS, yes, None)
    assert isinstance(outcome, Intent)
    assert (outcome.version, outcome.is_live, await store.live()) == (4, True, (outcome,))
    assert (await sent(store, outcome)).possibly_alive == Decimal(6)


async def test_a_further_attempt_waits_until_the_one_before_is_final(database: Database) -> None:
    store = await bound_store(database)
    intent = await sent(store, await reserved(store))
    for state in (EntryState.RESTING, EntryState.CANCELLING, EntryState.UNKNOWN, EntryState.EVIDENCE_LOST):
        intent = await store.save(evolve(intent, entry=state))
        further = with_further_attempt(intent, Decimal(1))
        assert await store.further(further, NOW_MS, yes, None) == Skip(Reason.SYMBOL_BUSY, (("entry", str(state)),))
    assert await store.live() == (intent,)


async def test_a_further_attempt_asks_the_guard_without_its_own_reservation(database: Database) -> None:
    store = await bound_store(database)
    partly = await store.save(over(await sent(store, await reserved(store)), filled=Decimal(4)))
    held = await store.save(evolve(partly, position=PositionState.PROTECTED))
    other = await reserved(store, "k2", "ETHUSDT")
    seen: list[Books] = []

    def look(books: Books) -> Skip:
        seen.append(books)
        return Skip(Reason.KILL_SWITCH_ON)

    further = with_further_attempt(held, Decimal(6))
    assert await store.further(further, NOW_MS, look, None) == Skip(Reason.KILL_SWITCH_ON)
    assert [one.decision_key for one in seen[0].live] == [other.decision_key]
    assert not seen[0].key_is_taken
    assert await store.intent("k1") == held


async def test_a_further_attempt_that_does_not_continue_what_is_stored_is_a_fault(database: Database) -> None:
    store = await bound_store(database)
    ended = await store.save(over(await sent(store, await reserved(store)), filled=Decimal(4)))
    good = with_further_attempt(ended, Decimal(1))
    forgets = evolve(good, earlier=(evolve(ended.attempt, filled=Decimal(0)),))
    skips, sends = evolve(good, attempt=evolve(good.attempt, number=4)), evolve(good, entry=EntryState.SUBMITTING)
    for wrong in (forgets, skips, sends):
        with pytest.raises(StoreError, match="continues what is stored"):
            await store.further(wrong, NOW_MS, yes, None)
    with pytest.raises(IntentChangedError):
        await store.further(evolve(good, version=2), NOW_MS, yes, None)
    with pytest.raises(StoreError, match=r"(?i)unique|duplicate"):  # an id of ours is never given out again
        await store.further(evolve(good, attempt=evolve(good.attempt, client_order_id="store-1-1")), NOW_MS, yes, None)
    assert await store.intent("k1") == ended


async def test_a_symbol_that_another_holds_by_now_takes_no_further_attempt(database: Database) -> None:
    store = await bound_store(database)
    ended = await store.save(over(await sent(store, await reserved(store))))
    await reserved(store, "k2")
    assert await store.further(with_further_attempt(ended, Decimal(1)), NOW_MS, yes, None) == Skip(Reason.SYMBOL_BUSY)


async def test_a_truth_about_an_intent_that_was_over_is_stored_although_another_holds_the_symbol(
    database: Database,
) -> None:
    """An execution came late: its position must be supervised, and the symbol is busy until both are over."""
    store = await bound_store(database)
    ended = await store.save(over(await sent(store, await reserved(store, "k1"))))
    second = await reserved(store, "k2")
    again = await store.save(evolve(ended, position=PositionState.UNPROTECTED))
    assert await store.live() == (again, second)
    await store.save(over(await sent(store, second)))
    assert await reserve(store, "k3") == Skip(Reason.SYMBOL_BUSY)
    await store.save(evolve(again, position=PositionState.CLOSED))
    await reserved(store, "k3")


async def test_who_lost_the_lock_stores_nothing(database: Database) -> None:
    store, locks = await bound_store(database), SqlLocks(database, StillClock())
    mine = (await locks.acquire(["supervise"], "supervisor-1", 1))["supervise"]
    assert isinstance(mine, Acquired)
    intent = await store.save(await reserved(store), fence=mine)
    await store.beat(Heartbeat("supervisor-1", 1, 1), mine)
    await locks.force_release("supervise")
    theirs = (await locks.acquire(["supervise"], "supervisor-2", 60_000))["supervise"]
    assert isinstance(theirs, Acquired)
    with pytest.raises(LockLostError):
        await store.save(intent, [event(intent, EventKind.CLOSED)], fence=mine)
    with pytest.raises(LockLostError):
        await store.send(intent, NOW_MS, yes, mine)
    with pytest.raises(LockLostError):
        await store.beat(Heartbeat("supervisor-1", 2, 2), mine)
    assert await store.intent("k1") == intent
    assert await store.heartbeat() == Heartbeat("supervisor-1", 1, 1)
    await store.beat(Heartbeat("supervisor-2", 3, 3), theirs)
    assert await store.heartbeat() == Heartbeat("supervisor-2", 3, 3)
    assert (await store.send(intent, NOW_MS, yes, theirs)) != Skip(Reason.KILL_SWITCH_ON)


async def test_a_beat_renews_the_lock_where_it_is_of_the_same_database(database: Database) -> None:
    store, locks = await bound_store(database), SqlLocks(database, StillClock())
    mine = (await locks.acquire(["supervise"], "supervisor-1", 1_000))["supervise"]
    assert isinstance(mine, Acquired)
    (before,) = await locks.held()
    assert await store.beat(Heartbeat("supervisor-1", 1, 1), mine, 60_000)
    (after,) = await locks.held()
    assert after.owner == "supervisor-1"
    assert after.expires_at_ms - before.expires_at_ms >= 59_000
    assert await store.beat(Heartbeat("supervisor-1", 2, 2), mine) is False, "where nobody asks it is not"


async def test_a_beat_renews_no_lock_that_was_given_back_taken_or_is_of_another_service(database: Database) -> None:
    store, locks = await bound_store(database), SqlLocks(database, StillClock())
    assert await store.beat(Heartbeat("supervisor-1", 1, 1), fence(7, name="elsewhere"), 60_000) is False
    assert await locks.held() == ()
    mine = (await locks.acquire(["supervise"], "supervisor-1", 60_000))["supervise"]
    assert isinstance(mine, Acquired)
    await locks.release(["supervise"], "supervisor-1")
    assert await store.beat(Heartbeat("supervisor-1", 2, 2), mine, 60_000) is False
    assert await locks.held() == ()
    theirs = (await locks.acquire(["supervise"], "supervisor-2", 60_000))["supervise"]
    assert isinstance(theirs, Acquired)
    with pytest.raises(LockLostError):
        await store.beat(Heartbeat("supervisor-1", 3, 3), mine, 60_000)
    assert [lock.owner for lock in await locks.held()] == ["supervisor-2"]


async def test_a_beat_lets_the_store_know_a_token_that_another_service_gave_out(database: Database) -> None:
    """Locks may be in Redis, which the database does not see."""
    store = await bound_store(database)
    intent = await reserved(store)
    with pytest.raises(LockLostError):
        await store.save(intent, fence=fence(7))
    await store.beat(Heartbeat("supervisor-1", 1, 1), fence(7))
    intent = await store.save(intent, fence=fence(7))
    await store.beat(Heartbeat("supervisor-2", 2, 2), fence(8, "supervisor-2"))
    with pytest.raises(LockLostError):
        await store.save(intent, fence=fence(7))
    with pytest.raises(LockLostError):
        await store.beat(Heartbeat("supervisor-1", 3, 3), fence(7))


async def test_pages_of_intents_repeat_and_lose_none(database: Database) -> None:
    store = await bound_store(database)
    for number in range(5):
        await store.save(over(await reserved(store, f"k{number}")))
    await reserved(store, "other", "ETHUSDT")
    found, cursor = [], None
    for _ in range(3):
        page = await store.history(2, cursor, symbol="BTCUSDT")
        found += [intent.decision_key for intent in page.items]
        cursor = page.next
    assert (found, cursor) == (["k4", "k3", "k2", "k1", "k0"], None)
    assert [intent.decision_key for intent in (await store.history(1)).items] == ["other"]
    last = await store.last_of("BTCUSDT")
    assert last is not None
    assert last.decision_key == "k4"
    assert await store.last_of("XRPUSDT") is None
    with pytest.raises(InvalidCursorError):
        await store.history(2, "k3")
    with pytest.raises(StoreError, match="1 entry or more"):
        await store.history(0)


async def test_events_of_one_kind_come_in_pages_also_those_of_no_intent(database: Database) -> None:
    store = await bound_store(database)
    intent = await reserved(store)
    refusals = [event(evolve(intent, decision_key=f"r{n}"), EventKind.REFUSED, reason="x") for n in range(3)]
    await store.note(refusals, "run-9", 99)
    await store.note([], "run-9", 99)
    page = await store.events_of(EventKind.REFUSED, 2)
    rest = await store.events_of(EventKind.REFUSED, 2, page.next)
    assert [one.event for one in (*page.items, *rest.items)] == refusals[::-1]
    assert {(one.run_id, one.program_ms) for one in page.items} == {("run-9", 99)}
    assert (await store.events_of(EventKind.REFUSED, 9, symbol="ETHUSDT")).items == ()
    assert len((await store.events_of(EventKind.PLANNED, 9, symbol="BTCUSDT")).items) == 1


async def test_an_alarm_that_stands_stays_as_it_is_until_it_ends(database: Database) -> None:
    store = await bound_store(database)
    stale, shared = an_alarm(), an_alarm("account", AlarmKind.ACCOUNT_SHARED)
    await store.raise_alarms([stale, shared], 10)
    await store.raise_alarms([an_alarm(text="again"), an_alarm("ETHUSDT")], 20)
    standing = await store.alarms()
    assert [(one.alarm.subject, one.alarm.text, one.raised_ms) for one in standing] == [
        ("ETHUSDT", "look", 20),
        ("account", "look", 10),
        ("BTCUSDT", "look", 10),
    ]
    await store.end_alarms([shared], 30)
    await store.end_alarms([shared], 40)
    assert [one.alarm for one in await store.alarms()] == [shared]
    await store.raise_alarms([stale], 50)
    everything = await store.alarms(standing=False)
    assert [(one.alarm.subject, one.ended_ms) for one in everything] == [
        ("BTCUSDT", None),
        ("ETHUSDT", 30),
        ("account", None),
        ("BTCUSDT", 30),
    ]
    assert len(await store.alarms(standing=False, limit=2)) == 2


async def test_requests_of_an_operator_wait_in_their_order_until_something_became_of_them(database: Database) -> None:
    store = await bound_store(database)
    asked = [
        await store.ask(Request(0, symbol, "close", {"size": "1.50"}, "operator", 5)) for symbol in ("BTCUSDT", "ETH")
    ]
    assert await store.requests() == tuple(asked)
    assert asked[0].number < asked[1].number
    await store.answer(asked[0].number, "closed")
    await store.answer(asked[0].number, "something else")
    assert await store.requests() == (asked[1],)
    assert await store.request(asked[0].number) == evolve(asked[0], outcome="closed")
    assert await store.request(999) is None
    with pytest.raises(StoreError, match="empty"):
        await store.answer(asked[1].number, "")


async def test_what_other_worlds_hold_does_not_exist(database: Database) -> None:
    here, there = await bound_store(database), store_on(database, "another-world")
    await there.bind(ACCOUNT)
    intent = await reserved(here)
    await here.save(intent, alarms=[an_alarm()], fills=[a_fill("f1")])
    await here.ask(Request(0, "BTCUSDT", "close", {}, "operator", 5))
    await here.beat(Heartbeat("supervisor-1", 1, 1), fence(1))
    assert (await there.live(), await there.intent("k1"), await there.last_of("BTCUSDT")) == ((), None, None)
    assert (await there.events("k1"), await there.alarms(), await there.requests()) == ((), (), ())
    assert (await there.fills("BTCUSDT", 0), await there.heartbeat()) == ((), None)
    assert (await reserved(there)).counter == 1


async def test_an_operator_confirms_that_a_store_knows_everything(database: Database) -> None:
    store = await bound_store(database)
    await reserved(store)
    assert (await store.confirm(41)).counter == 41
    assert (await store.confirm(7)).counter == 41
    assert (await reserved(store, "k2", "ETHUSDT")).counter == 42


async def test_an_intent_that_cannot_be_read_says_so(database: Database) -> None:
    store = await bound_store(database)
    await reserved(store)
    await database.write(changing(text("UPDATE order_intents SET content = '{}'")))
    with pytest.raises(StoreError, match="cannot be read"):
        await store.live()


@pytest.mark.parametrize(
    "wrong",
    [
        {"filled_steps": 4, "alive_steps": 7},
        {"alive_steps": -1},
        {"filled_steps": -1},
        {"counter": 1},
        {"symbol": "BTCUSDT"},
    ],
)
async def test_the_tables_themselves_refuse_what_must_never_be(database: Database, wrong: dict[str, object]) -> None:
    store = await bound_store(database)
    await reserved(store, "k1", "BTCUSDT")
    await reserved(store, "k2", "ETHUSDT")
    second = update(order_intents).where(order_intents.c.decision_key == "k2")

    async def change() -> None:
        await database.write(changing(second.values(**wrong)))

    with pytest.raises(StoreError):
        await change()


async def test_what_is_live_or_open_is_found_in_sqlite_without_reading_what_is_over(migrated_sqlite_url: str) -> None:
    live: Select[Any] = select(order_intents.c.content).where(order_intents.c.namespace == "x", order_intents.c.is_live)
    queries = {
        "ix_order_intents_live": live.order_by(order_intents.c.counter),
        "uq_order_intents_held_symbol": select(order_intents.c.symbol).where(
            order_intents.c.namespace == "x", order_intents.c.symbol == "y", order_intents.c.holds_symbol
        ),
        "uq_order_alarms_standing": select(order_alarms.c.text).where(
            order_alarms.c.namespace == "x", order_alarms.c.ended_ms.is_(None)
        ),
        "ix_order_requests_open": select(order_requests.c.symbol).where(
            order_requests.c.namespace == "x", order_requests.c.outcome == ""
        ),
    }
    async with Database.open(migrated_sqlite_url) as database:
        for index, query in queries.items():
            words = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
            steps = await database.read(all_rows(text(f"EXPLAIN QUERY PLAN {words}")))
            assert [index in step.detail for step in steps] == [True], steps


async def test_who_lost_the_lock_neither_raises_nor_ends_an_alarm(database: Database) -> None:
    """What hung in a store was carried out after the takeover, and ended the alarm of a position without a stop."""
    store = await bound_store(database)
    bare = an_alarm(kind=AlarmKind.UNPROTECTED)
    await store.raise_alarms([an_alarm()], 10, fence(7))
    await store.raise_alarms([bare], 20, fence(8, "supervisor-2"))
    with pytest.raises(LockLostError):
        await store.raise_alarms([an_alarm("ETHUSDT")], 30, fence(7))
    with pytest.raises(LockLostError):
        await store.end_alarms([], 30, fence(7))
    assert [one.alarm for one in await store.alarms()] == [bare, an_alarm()]
    await store.end_alarms([bare], 40, fence(8, "supervisor-2"))
    assert [one.alarm for one in await store.alarms()] == [bare]


async def test_a_cleanup_leaves_the_lock_of_the_supervisor_so_that_an_old_token_stays_refused(
    database: Database,
) -> None:
    store = await bound_store(database)
    intent = await reserved(store)
    await store.beat(Heartbeat("supervisor-2", 2, 2), fence(8, "supervisor-2"))
    await SqlCleanupStore(database, WORLD).purge_leftovers(NOW_MS, dry_run=False)
    with pytest.raises(LockLostError):
        await store.beat(Heartbeat("supervisor-1", 3, 3), fence(7))
    await store.save(intent, fence=fence(8, "supervisor-2"))


async def test_a_copy_of_a_database_lives_another_life_until_an_operator_confirms_it(
    postgres: PostgresServer, migrated_postgres_url: str
) -> None:
    """As a back-up that was restored: on the same server even, where system and timeline are the same."""
    async with Database.open(migrated_postgres_url) as database:
        store = await bound_store(database)
        assert not (await store.bind(ACCOUNT)).is_another_life
        await reserved(store)
    copy = f"copy_{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {copy} TEMPLATE migrated")
    async with Database.open(postgres.url(copy)) as database:
        found = await store_on(database).bind(ACCOUNT)
        assert found.is_another_life
        assert found.database.startswith("system ")
        assert "timeline 1, " in found.database_now
        confirmed = await store_on(database).confirm(9)
        assert (confirmed.is_another_life, confirmed.counter) == (False, 9)
        assert not (await store_on(database).bind(ACCOUNT)).is_another_life
    drop_database(postgres, copy)


async def test_a_role_that_may_not_ask_for_the_system_is_no_hindrance(
    postgres: PostgresServer, migrated_postgres_url: str
) -> None:
    password = secrets.token_hex(8)
    with psycopg.connect(migrated_postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE trader LOGIN PASSWORD '{password}'")
        connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO trader")
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public")
    url = migrated_postgres_url.replace(f"postgres:{postgres.password}", f"trader:{password}")
    try:
        async with Database.open(url) as database:
            found = await store_on(database).bind(ACCOUNT)
            assert found.database.startswith("system not told, timeline 1, database ")
    finally:
        with psycopg.connect(migrated_postgres_url, autocommit=True) as connection:
            connection.execute("GRANT EXECUTE ON FUNCTION pg_control_system() TO public")
            connection.execute("DROP OWNED BY trader; DROP ROLE trader")


async def test_a_server_that_may_lose_what_it_confirmed_holds_no_orders(
    postgres: PostgresServer, migrated_postgres_url: str
) -> None:
    with psycopg.connect(migrated_postgres_url, autocommit=True) as connection:
        connection.execute("ALTER DATABASE migrated SET synchronous_commit = off")
    try:
        async with Database.open(migrated_postgres_url) as database:
            with pytest.raises(StoreUnavailableError, match="synchronous_commit is off"):
                await store_on(database).bind(ACCOUNT)
            assert await store_on(database).standing() == Standing()
    finally:
        with psycopg.connect(migrated_postgres_url, autocommit=True) as connection:
            connection.execute("ALTER DATABASE migrated RESET synchronous_commit")


async def test_an_sqlite_file_waits_for_the_disk_on_every_connection(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        assert (await store_on(database).bind(ACCOUNT)).outlives_process
        level = value_or_none(text("PRAGMA synchronous"))
        assert await database.write(level) == 2
        assert await asyncio.gather(*(database.read(level) for _ in range(4))) == [2] * 4


async def test_a_database_in_memory_says_that_it_ends_with_the_process() -> None:
    async with Database.open("memory") as database:
        assert not (await store_on(database).bind(ACCOUNT)).outlives_process


async def test_a_file_that_cannot_be_written_is_not_bound(migrated_sqlite_url: str) -> None:
    path = Path(migrated_sqlite_url.removeprefix("sqlite:///"))
    async with Database.open(migrated_sqlite_url) as database:
        await database.write(changing(text("PRAGMA query_only = ON")))
        with pytest.raises(StoreUnavailableError, match="readonly"):
            await store_on(database).bind(ACCOUNT)
    assert path.exists()
