"""Of several supervisors of an account one acts, and the others stand by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sandbox.world_loop import pass_time
from mtf_core.execution.supervisor import SupervisorState
from mtf_core.ports import ExchangeUnavailableError, LockAnswer
from mtf_entrypoints.session import in_stepped_time
from tests.integration.execution.counter import ACCOUNT, SYMBOL, a_world
from tests.integration.supervision.shift import PROTECTED, Counted, lose_the_stop, protected, shift_on
from tests.jobs_at_once import JobsAtOnce

STANDING_BY, SUPERVISING = SupervisorState.STANDING_BY, SupervisorState.SUPERVISING


async def test_the_second_one_stands_by_until_the_first_one_leaves(database_url: str) -> None:
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    async with shift_on(database_url, world, exchange) as first, shift_on(database_url, world, exchange) as second:
        await protected(first)
        reads = len(exchange.reads)
        await second.look()
        assert second.supervisor.status.state is STANDING_BY
        assert second.supervisor.status.holder == first.supervisor.owner
        assert len(exchange.reads) == reads  # who stands by costs the exchange nothing
        await first.supervisor.end()
        await second.look()
        assert second.supervisor.status.state is SUPERVISING
        await lose_the_stop(second)
        await second.look(2)
        assert await second.states() == PROTECTED


async def test_the_seat_of_a_dead_one_is_taken_when_its_lock_ends(migrated_sqlite_url: str) -> None:
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    async with shift_on(migrated_sqlite_url, world, exchange) as first:
        await protected(first)
        await first.die()
    async with shift_on(migrated_sqlite_url, world, exchange) as second:
        await second.look()
        assert second.supervisor.status.state is STANDING_BY
        await second.look(1, pause_ms=second.desk.settings.heartbeat_sec * 1000)
        assert second.supervisor.status.state is SUPERVISING
        heartbeat = await second.counter.desk.orders.heartbeat()
        assert heartbeat is not None
        assert heartbeat.owner == second.supervisor.owner


async def test_who_lost_the_seat_within_a_look_sends_nothing_and_stores_nothing(migrated_sqlite_url: str) -> None:
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    async with shift_on(migrated_sqlite_url, world, exchange) as first:
        await protected(first)
        await lose_the_stop(first)
        before = await first.intent()
        sound = exchange.sync

        async def sync(**named: object) -> object:
            """While the account is read, an operator takes the lock away and another one has it."""
            state = await sound(**named)
            locks = first.desk.environment.locks
            for held in await locks.held():
                await locks.force_release(held.name)
                await locks.acquire([held.name], "another", 60_000)
            return state

        exchange.sync = sync  # type: ignore[method-assign]
        await first.look()
        assert exchange.protections[1:] == []
        assert (await first.intent()).version == before.version
        exchange.sync = sound  # type: ignore[method-assign]
        await first.look()
        assert first.supervisor.status.state is STANDING_BY
        assert first.supervisor.status.holder == "another"


async def test_an_execution_that_was_seen_and_not_stored_is_booked_when_the_seat_comes_back(
    migrated_sqlite_url: str,
) -> None:
    """It counted as booked, and what was to be booked was given up with the seat: a trade without its opening."""
    async with shift_on(migrated_sqlite_url, a_world()) as shift:
        intent = await shift.enter()
        await shift.look()
        shift.store.failing = {"save"}
        assert intent.attempt.price is not None
        shift.show(intent.attempt.price - 1)
        await shift.look(3)
        orders, locks = shift.counter.desk.orders, shift.desk.environment.locks
        assert await orders.fills(SYMBOL, 0) == ()
        for held in await locks.held():
            await locks.force_release(held.name)
            await locks.acquire([held.name], "another", 60_000)
        await shift.look(2)
        assert shift.supervisor.status.state is STANDING_BY
        shift.store.mend()
        await shift.look(1, pause_ms=61_000)
        await shift.look(3)
        assert await shift.states() == PROTECTED
        assert [fill.opens for fill in await orders.fills(SYMBOL, 0)] == [True]


@pytest.mark.parametrize("seed", range(5))
async def test_two_that_look_at_once_never_place_two_stops(database_url: str, seed: int) -> None:
    """Whoever is first; a stop that is lost again and again is placed once each time."""
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    async with shift_on(database_url, world, exchange) as one, shift_on(database_url, world, exchange) as other:
        intent = await one.enter()
        assert intent.attempt.price is not None
        one.show(intent.attempt.price - 1)
        pair = [one, other] if seed % 2 else [other, one]
        for step in range(8):
            world.advance(1000)
            await asyncio.gather(*(shift.supervisor.look() for shift in pair))
            assert len(await one.stops()) <= 1
            if step == 2 + seed % 3:
                await lose_the_stop(one)
            if step == 4:
                await pair[0].supervisor.end()
        assert await one.states() == PROTECTED
        assert len({order.client_order_id for order in exchange.protections}) == len(exchange.protections)


async def test_what_a_frozen_process_still_sends_leaves_one_stop_in_the_end(migrated_sqlite_url: str) -> None:
    """A process that froze between its commit and its write, and goes on once another one has taken over."""
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    frozen, thawed = asyncio.Event(), asyncio.Event()
    async with shift_on(migrated_sqlite_url, world, exchange) as first:
        await protected(first)
        await lose_the_stop(first)

        async def freeze() -> None:
            if not frozen.is_set():
                frozen.set()
                await thawed.wait()

        exchange.at_protection = freeze
        looking = asyncio.ensure_future(first.look())
        await frozen.wait()
        async with shift_on(migrated_sqlite_url, world, exchange) as second:
            await second.look(1, pause_ms=11_000)
            await second.look(2)
            assert len(await second.stops()) == 1
            thawed.set()
            await looking
            await second.look(4)
            assert len(await second.stops()) == 1
            assert await second.states() == PROTECTED
            assert await second.position() is not None


def test_who_waits_long_for_an_answer_within_a_look_keeps_the_seat_meanwhile(migrated_sqlite_url: str) -> None:
    world = a_world()
    clock = world.clock
    assert isinstance(clock, SteppedClock)

    async def states() -> list[SupervisorState]:
        first, second = Counted(world, ACCOUNT), Counted(world, ACCOUNT)
        never, stop = asyncio.Event(), asyncio.Event()

        async def hang(**_: object) -> object:
            await never.wait()
            raise ExchangeUnavailableError("at last")

        async with (
            shift_on(migrated_sqlite_url, world, first, JobsAtOnce()) as one,
            shift_on(migrated_sqlite_url, world, second, JobsAtOnce()) as other,
        ):
            await one.look()
            first.sync = hang  # type: ignore[method-assign]
            running = asyncio.create_task(one.supervisor.run_until(stop))
            found = []
            for _ in range(3):  # each longer than the seat lasts without being renewed
                await pass_time(clock, one.desk.settings.heartbeat_sec * 1000 + 1000, step_ms=100)
                await other.supervisor.look()
                found.append(other.supervisor.status.state)
            stop.set()
            never.set()
            await pass_time(clock, 1000, step_ms=100)
            await running
            return found

    assert in_stepped_time(clock, states) == [STANDING_BY] * 3


async def test_a_look_writes_once_for_its_seat_and_its_sign_of_life(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url) as shift:
        await shift.look()
        asked: list[str] = []
        seat = shift.supervisor._seat
        sound = seat.locks

        class Counting:
            async def acquire(self, names: Iterable[str], owner: str, ttl_ms: int) -> Mapping[str, LockAnswer]:
                asked.append(owner)
                return await sound.acquire(names, owner, ttl_ms)

            def __getattr__(self, name: str) -> Any:
                return getattr(sound, name)

        seat.locks = Counting()
        loop_s = asyncio.get_running_loop().time
        for _ in range(3):  # each four seconds after the one before, by all clocks
            seat._renewed_s -= 4.0
            before_s = loop_s()
            await shift.look(1, pause_ms=4000)
            assert seat._renewed_s >= before_s
        assert asked == []
        (held,) = await sound.held()
        assert held.expires_at_ms == shift.world.now_ms + seat.ttl_ms
        assert shift.supervisor.status.state is SUPERVISING
        seat._renewed_s -= 7.0  # a look that takes long: nothing else renews it
        await seat.hold(1000)
        assert asked == [shift.supervisor.owner]
