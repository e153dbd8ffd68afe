"""The loop itself: woken by the stream and by what others commit, right without either, ended in good order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from attrs import evolve

from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_core.execution.supervisor import Status
from mtf_core.orders import EntryState, PositionState
from mtf_core.ports import AccountEvent, ExchangeUnavailableError
from tests.integration.execution.counter import ACCOUNT, SYMBOL
from tests.integration.supervision.shift import Shift, shift_on

PROTECTED = (EntryState.DONE, PositionState.PROTECTED)


class Broken:
    """A stream that fails at once, every time."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    async def account(self) -> AsyncIterator[AccountEvent]:
        raise self._fault
        yield  # type: ignore[unreachable]


async def until(shift: Shift, wanted: tuple[EntryState, PositionState], seconds: float = 8.0) -> float:
    """How long it took, in seconds of this machine; the market's time is moved meanwhile."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while await shift.states() != wanted:
        assert loop.time() - begun < seconds, await shift.states()
        await asyncio.sleep(0.02)
    return loop.time() - begun


async def running(shift: Shift, stop: asyncio.Event, streams: object | None) -> asyncio.Task[None]:
    venue = evolve(shift.desk.environment.venue, streams=streams)
    environment = evolve(shift.desk.environment, venue=venue)
    shift.supervisor.desk = evolve(shift.desk, environment=environment)
    return asyncio.ensure_future(shift.supervisor.run_until(stop))


async def test_the_stream_wakes_the_loop_before_the_next_look_is_due(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url) as shift:
        intent = await shift.enter()
        stop = asyncio.Event()
        task = await running(shift, stop, NativeStreams(shift.world, ACCOUNT, poll_seconds=0.01))
        await asyncio.sleep(0.6)
        assert intent.attempt.price is not None
        shift.world.advance(1000)
        shift.show(intent.attempt.price - 1)
        assert await until(shift, PROTECTED) < 1.0  # the next look by itself is due in 5 s
        stop.set()
        await asyncio.wait_for(task, 5)


@pytest.mark.parametrize("fault", [None, ExchangeUnavailableError("gone"), ValueError("a message of another kind")])
async def test_a_stream_that_fails_never_stops_the_looks(migrated_sqlite_url: str, fault: Exception | None) -> None:
    async with shift_on(migrated_sqlite_url, look_sec=1) as shift:
        intent = await shift.enter()
        stop = asyncio.Event()
        task = await running(shift, stop, None if fault is None else Broken(fault))
        await asyncio.sleep(0.2)
        assert intent.attempt.price is not None
        shift.world.advance(1000)
        shift.show(intent.attempt.price - 1)
        await until(shift, PROTECTED)
        stop.set()
        await asyncio.wait_for(task, 5)


async def test_an_entry_that_another_process_commits_is_looked_at_within_a_second_or_so(
    migrated_sqlite_url: str,
) -> None:
    """Where the stop arms late, the entry has filled by then: waiting for the next look would leave it without."""
    async with shift_on(migrated_sqlite_url) as shift:
        stop = asyncio.Event()
        seen: list[Status] = []
        venue = evolve(shift.desk.environment.venue, streams=None)
        shift.supervisor.desk = evolve(shift.desk, environment=evolve(shift.desk.environment, venue=venue))
        task = asyncio.ensure_future(shift.supervisor.run_until(stop, seen.append))
        await asyncio.sleep(0.5)
        await shift.enter()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while not seen[-1].live:
            assert loop.time() - begun < 3
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(task, 5)


async def test_being_told_to_stop_finishes_the_write_and_gives_the_seat_back(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url) as shift:
        intent = await shift.enter()
        assert intent.attempt.price is not None
        shift.show(intent.attempt.price - 1)
        await shift.look(3)
        (one,) = await shift.stops()
        await shift.exchange.cancel(SYMBOL, one.order_id, one.kind)
        on_its_way, answered = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            on_its_way.set()
            await answered.wait()

        shift.exchange.at_protection = slow
        shift.world.advance(1000)
        stop = asyncio.Event()
        task = await running(shift, stop, None)
        await asyncio.wait_for(on_its_way.wait(), 5)
        stop.set()
        await asyncio.sleep(0.1)
        assert not task.done()
        answered.set()
        await asyncio.wait_for(task, 10)
        assert len(await shift.stops()) == 1
        assert await shift.desk.environment.locks.held() == ()
        told = [stored.event.details.get("result") for stored in await shift.counter.desk.orders.events("key")]
        assert told[-1] == "accepted"


async def test_a_fault_of_the_loop_itself_is_an_alarm_and_the_looks_go_on(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url, look_sec=1) as shift:
        sound, failed = shift.exchange.sync, 0

        async def broken(**named: object) -> object:
            nonlocal failed
            failed += 1
            if failed < 3:
                raise ZeroDivisionError("a fault of this program")
            return await sound(**named)

        shift.exchange.sync = broken  # type: ignore[method-assign]
        stop = asyncio.Event()
        task = await running(shift, stop, None)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), 4)
        assert not task.done()
        assert failed >= 3
        stop.set()
        await asyncio.wait_for(task, 5)
        assert {alarm.kind.value for alarm in shift.alarms} == {"look_failed"}
