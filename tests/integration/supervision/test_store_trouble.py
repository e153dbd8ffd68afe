"""A store that fails, hangs, or loses its answers; a process that dies between its commit and its write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sandbox.world_loop import pass_time
from mtf_core.execution.recovery import confirm_recovery, look_into_recovery
from mtf_core.orders import Action, AlarmKind, EntryState, EventKind
from mtf_core.ports import Noted
from mtf_entrypoints.session import in_stepped_time
from tests.integration.execution.counter import ACCOUNT, a_world
from tests.integration.supervision.shift import KEY, PROTECTED, Counted, Shift, lose_the_stop, protected, shift_on
from tests.jobs_at_once import JobsAtOnce


@pytest_asyncio.fixture
async def shift(migrated_sqlite_url: str) -> AsyncIterator[Shift]:
    async with shift_on(migrated_sqlite_url, exit_wait_ms=50) as opened:
        yield opened


@pytest.mark.parametrize("trouble", ["break_off", "hang"])
async def test_a_stop_is_placed_within_a_look_although_the_store_does_not_answer_for_half_a_minute(
    shift: Shift, trouble: str
) -> None:
    """What protects is noted on this machine, sent, and stored once the store answers; until then it is an alarm."""
    await protected(shift)
    before = await shift.intent()
    getattr(shift.store, trouble)()
    await lose_the_stop(shift)
    await shift.look()
    assert len(await shift.stops()) == 1
    sent = shift.exchange.protections[-1]
    assert [note.action.write for note in shift.desk.journal.noted()] == [sent]
    assert (await shift.intent()).progress.stop_generation == before.progress.stop_generation  # not known there
    assert AlarmKind.STORE_BEHIND in shift.raised()

    await shift.look(30)
    assert len(await shift.stops()) == 1
    assert [one.client_order_id for one in shift.exchange.protections if one == sent] == [sent.client_order_id]

    shift.store.mend()
    for _ in range(60):  # a store of a busy machine may take a few looks more
        await shift.look()
        if not shift.desk.journal.noted() and not await shift.standing_alarms():
            break
    intent = await shift.intent()
    assert await shift.states() == PROTECTED
    assert intent.progress.stop_generation == before.progress.stop_generation + 1
    assert shift.desk.journal.noted() == ()
    assert AlarmKind.STORE_BEHIND not in await shift.standing_alarms()
    told = [stored.event for stored in await shift.counter.desk.orders.events(KEY)]
    assert sum(event.kind is EventKind.SENT and event.details["what"] == "stop" for event in told) == 1


async def test_an_entry_is_not_cancelled_before_the_store_knows_of_it(shift: Shift) -> None:
    """Only what protects goes ahead of the store."""
    await shift.enter()
    await shift.look()
    shift.store.break_off()
    await shift.look(3, pause_ms=60_000)
    assert shift.exchange.cancelled == []
    shift.store.mend()
    await shift.look(4)
    assert len(shift.exchange.cancelled) == 1
    assert (await shift.states())[0] is EntryState.DONE


async def test_a_save_whose_answer_was_lost_is_found_and_not_made_twice(shift: Shift) -> None:
    await protected(shift)
    shift.store.losing = {"save"}
    await lose_the_stop(shift)
    await shift.look()
    shift.store.mend()
    await shift.look(20)
    assert await shift.states() == PROTECTED
    assert len(await shift.stops()) == 1
    told = [stored.event for stored in await shift.counter.desk.orders.events(KEY)]
    missing = [event for event in told if event.details.get("cause") == "stop_missing"]
    assert len(missing) == 1


async def test_who_dies_between_the_commit_and_the_write_is_followed_by_who_sends_the_stop(
    migrated_sqlite_url: str,
) -> None:
    world = a_world()
    exchange = Counted(world, ACCOUNT)

    on_its_way, never = asyncio.Event(), asyncio.Event()

    async def die() -> None:
        on_its_way.set()
        await never.wait()

    async with shift_on(migrated_sqlite_url, world, exchange) as first:
        await protected(first)
        await lose_the_stop(first)
        exchange.at_protection = die
        looking = asyncio.ensure_future(first.look())
        await on_its_way.wait()
        committed = await first.intent()
        await first.die()
        await asyncio.gather(looking, return_exceptions=True)
    assert committed.progress.stop_generation == 1
    assert await first.stops() == []
    exchange.at_protection = None
    async with shift_on(migrated_sqlite_url, world, exchange) as second:
        world.advance(11_000)  # the lock of the dead one ends
        await second.look(3)
        assert len(await second.stops()) == 1
        assert await second.states() == PROTECTED


async def test_the_notes_of_a_life_without_the_store_are_counted_before_anything_else(
    migrated_sqlite_url: str,
) -> None:
    """A process that dies before the store answers again leaves its notes; the next one sends nothing twice."""
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    async with shift_on(migrated_sqlite_url, world, exchange, exit_wait_ms=50) as first:
        await protected(first)
        first.store.break_off()
        await lose_the_stop(first)
        await first.look()
        noted = first.desk.journal
        assert len(noted.noted()) == 1
        first.store.failing = {"save", "view"}  # it never comes back for this one
        await first.supervisor.end()
    async with shift_on(migrated_sqlite_url, world, exchange) as second:
        environment = evolve(second.desk.environment, action_journal=noted)
        desk = evolve(second.desk, environment=environment, journal=noted)
        second.supervisor.desk = desk
        second.supervisor.__attrs_post_init__()
        before = len(exchange.protections)
        await second.look()
        assert noted.noted() == ()
        assert (await second.intent()).progress.stop_generation >= 1
        await second.look(2)
        assert len(exchange.protections) == before
        assert await second.states() == PROTECTED


async def test_what_is_told_and_switched_may_hang_without_holding_up_what_protects(shift: Shift) -> None:
    await protected(shift)
    shift.store.hanging = {"raise_alarms", "end_alarms", "view", "live_versions", "beat", "answer"}
    shift.store.let_go = asyncio.Event()
    await lose_the_stop(shift)
    await shift.look()
    assert len(await shift.stops()) == 1


def test_what_protects_waits_a_quarter_of_a_second_in_all_for_a_store_that_hangs(migrated_sqlite_url: str) -> None:
    """Locks, reads of the store and the commit share one allowance; each by itself would add up."""
    world = a_world()
    clock = world.clock
    assert isinstance(clock, SteppedClock)

    async def waited_ms() -> int:
        async with shift_on(migrated_sqlite_url, world, sqlite_jobs=JobsAtOnce()) as shift:
            await protected(shift)
            await lose_the_stop(shift)
            arrived = asyncio.Event()

            async def arrive() -> None:
                arrived.set()

            shift.exchange.at_protection = arrive
            shift.store.hang()
            assert shift.desk.settings.exit_wait_ms == 250
            world.advance(1000)
            begun_ms = clock.now_ms()
            looking = asyncio.create_task(shift.supervisor.look())
            while not arrived.is_set():
                await pass_time(clock, 1, step_ms=1)
            arrived_ms = clock.now_ms()
            shift.store.let_go.set()
            await looking
            return arrived_ms - begun_ms

    # Each wait begins a moment after the one before has ended, which the steps round up.
    assert 250 <= in_stepped_time(clock, waited_ms) <= 255


def test_a_read_that_hangs_takes_half_of_the_time_for_which_the_account_may_be_acted_on(
    migrated_sqlite_url: str,
) -> None:
    """The other half is for the commit and the write."""
    world = a_world()
    clock = world.clock
    assert isinstance(clock, SteppedClock)

    async def waited_ms() -> int:
        async with shift_on(migrated_sqlite_url, world, sqlite_jobs=JobsAtOnce()) as shift:
            await protected(shift)
            await lose_the_stop(shift)
            arrived, let_go = asyncio.Event(), asyncio.Event()

            async def arrive() -> None:
                arrived.set()

            async def hang(*_: object, **__: object) -> tuple[()]:
                await let_go.wait()
                return ()

            shift.exchange.at_protection = arrive
            shift.exchange.order_history = hang  # type: ignore[method-assign]
            assert shift.desk.settings.view_sec == 2
            world.advance(1000)
            begun_ms = clock.now_ms()
            looking = asyncio.create_task(shift.supervisor.look())
            while not arrived.is_set() and clock.now_ms() - begun_ms < 1500:
                await pass_time(clock, 1, step_ms=1)
            arrived_ms = clock.now_ms()
            let_go.set()
            await looking
            return arrived_ms - begun_ms

    assert 1000 <= in_stepped_time(clock, waited_ms) <= 1005


async def test_a_write_that_hangs_for_one_symbol_holds_up_no_other(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url, view_sec=1) as shift:
        await protected(shift)
        other = await shift.enter(shift.counter.draft("other", "ETHUSDT"))
        assert other.attempt.price is not None
        shift.show(other.attempt.price - 1, symbol="ETHUSDT")
        await shift.look(3)
        assert await shift.states("other") == PROTECTED
        never, hung = asyncio.Event(), []

        async def hang() -> None:
            if not hung:
                hung.append(True)
                await never.wait()

        shift.exchange.at_protection = hang
        await lose_the_stop(shift)
        await shift.look()
        assert await shift.stops() == []
        (stop,) = await shift.stops("ETHUSDT")
        await shift.exchange.cancel("ETHUSDT", stop.order_id, stop.kind)
        await shift.look(2)
        assert len(await shift.stops("ETHUSDT")) == 1
        assert await shift.states("other") == PROTECTED
        assert AlarmKind.LOOK_WAITS not in shift.raised()
        await shift.look(4)
        assert AlarmKind.LOOK_WAITS in await shift.standing_alarms()
        never.set()
        await asyncio.sleep(0)
        await shift.look(3)
        assert len(await shift.stops()) == 1
        assert await shift.states() == PROTECTED
        assert AlarmKind.LOOK_WAITS not in await shift.standing_alarms()


async def test_notes_of_an_intent_that_the_store_does_not_know_are_kept_for_the_operator(
    migrated_sqlite_url: str,
) -> None:
    async with shift_on(migrated_sqlite_url) as shift:
        await protected(shift)
        write = shift.exchange.protections[-1]
        lost = evolve(await shift.intent(), decision_key="lost", counter=7)
        note = Noted("lost", lost, Action(write, "stop_missing", protects=True), shift.desk.now_ms)
        shift.desk.journal.note(note)
        await shift.supervisor.end()
        await shift.look(2)
        assert shift.desk.journal.noted() == (note,)
        assert AlarmKind.RECOVERY in await shift.standing_alarms()
        found = await look_into_recovery(shift.desk)
        assert (found.noted, found.highest) == ((note,), 7)
        await confirm_recovery(shift.desk, found, "operator")
        await shift.look(2)
        assert AlarmKind.RECOVERY not in await shift.standing_alarms()
        assert await shift.states() == PROTECTED
