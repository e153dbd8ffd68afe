"""A process shows itself while it lives, and a store in trouble neither holds it up nor ends it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import define, evolve, field

from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sql import SqlLocks, SqlProcessStore
from mtf_core.inquiry import check_health
from mtf_core.inquiry.health import check_processes
from mtf_core.ports import Environment, StoreUnavailableError
from mtf_core.records import ProcessKind, ProcessRecord, ProcessState, RunningProcess
from mtf_entrypoints.cli.alone import alone
from mtf_entrypoints.cli.exits import REFUSED, CommandError
from mtf_entrypoints.presence import shown
from tests.integration.runs.world import NOW_MS, World, eager, world

STREAM = ProcessKind.STREAM
_PATIENT_S = 30
"""What is waited for comes at once, but on a machine that is busy."""


@define(eq=False)
class Kept:
    """A store of processes that says what reached it; it fails, or does not answer, when it is told so."""

    fails: bool = False
    hangs: bool = False
    states: list[ProcessState] = field(factory=list)
    removed: list[str] = field(factory=list)
    beaten: asyncio.Event = field(factory=asyncio.Event)

    async def beat(self, process: RunningProcess, state: ProcessState) -> None:
        self.states.append(state)
        self.beaten.set()
        await self._troubles()

    async def remove(self, owner: str) -> None:
        await self._troubles()
        self.removed.append(owner)

    async def all(self) -> tuple[ProcessRecord, ...]:
        return ()

    async def _troubles(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise StoreUnavailableError("disk full")


def on(there: World, store: Kept) -> Environment:
    return evolve(there.environment, stores=evolve(there.stores, processes=store))


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    async with asyncio.timeout(_PATIENT_S), world(eager()) as there:
        yield there


async def until_there(environment: Environment) -> ProcessRecord:
    while not (found := await environment.stores.processes.all()):
        await asyncio.sleep(0.01)
    return found[0]


async def breaks_off(environment: Environment) -> None:
    async with shown(environment, STREAM):
        await until_there(environment)
        raise ZeroDivisionError


async def loses_its_lock(environment: Environment) -> None:
    stopping = asyncio.Event()
    async with alone(environment, STREAM, "streams these candles", stopping, lock_ms=300):
        await environment.locks.force_release("stream:test")
        await stopping.wait()


async def begins(environment: Environment) -> None:
    async with alone(environment, STREAM, "streams these candles", asyncio.Event()):
        raise AssertionError("it began")


async def test_a_process_is_there_at_once_and_gone_when_it_ends_well() -> None:
    async with a_world() as there:
        async with shown(there.environment, STREAM, lambda: ProcessState.STREAMING):
            one = await until_there(there.environment)
            assert (one.process.kind, one.process.pid, one.state) == (STREAM, os.getpid(), ProcessState.STREAMING)
        assert await there.stores.processes.all() == ()


async def test_a_process_that_breaks_off_leaves_its_row_so_that_it_is_missed() -> None:
    async with a_world() as there:
        with pytest.raises(ZeroDivisionError):
            await breaks_off(there.environment)
        assert len(await there.stores.processes.all()) == 1


async def test_its_state_is_asked_for_at_each_beat() -> None:
    states = iter([ProcessState.BY_CALLS, ProcessState.STREAMING])
    store = Kept()
    async with (
        a_world() as there,
        shown(on(there, store), STREAM, lambda: next(states, ProcessState.SILENT), beat_s=0.01),
    ):
        while ProcessState.SILENT not in store.states:
            await asyncio.sleep(0.01)
    assert store.states[:3] == [ProcessState.BY_CALLS, ProcessState.STREAMING, ProcessState.SILENT]


async def test_a_store_that_fails_is_asked_again_and_ends_nothing() -> None:
    store = Kept(fails=True)
    async with a_world() as there, shown(on(there, store), STREAM, beat_s=0.01):
        while len(store.states) < 3:
            await asyncio.sleep(0.01)
    assert store.removed == []


async def test_a_store_that_does_not_answer_holds_up_neither_the_work_nor_the_end() -> None:
    store, worked = Kept(hangs=True), False
    async with a_world() as there, shown(on(there, store), STREAM):
        await store.beaten.wait()
        worked = True
    assert worked


async def test_health_shows_each_process_with_its_age_and_fails_for_one_that_is_late() -> None:
    clock = SandboxClock(NOW_MS)
    async with a_world() as there:
        (nobody,) = await check_processes(there.environment)
        assert (nobody.ok, nobody.detail) == (True, "none shows itself in this store")
        store = SqlProcessStore(there.stores.processes._database, "test", clock)  # type: ignore[attr-defined]
        environment = evolve(there.environment, stores=evolve(there.stores, processes=store))
        await store.beat(
            RunningProcess(ProcessKind.SUPERVISE, "a", "box", 7, "0.1.0", "trader"), ProcessState.STANDING_BY
        )
        clock.set(NOW_MS + 20_000)
        await store.beat(RunningProcess(STREAM, "b", "box", 8, "0.1.0"), ProcessState.WORKING)
        found = {check.name: check for check in await check_health(environment)}
    assert not found["mtf supervise"].ok
    assert "standing by since 2026" in found["mtf supervise"].detail
    assert "late, last heard of 20 s ago; process 7 on box, account trader" in found["mtf supervise"].detail
    assert found["mtf stream"].ok
    assert "working; heard of 0 s ago" in found["mtf stream"].detail


async def test_a_second_process_of_a_kind_is_refused_in_one_line_that_names_the_first() -> None:
    async with a_world() as there:
        stopping = asyncio.Event()
        async with (
            alone(there.environment, STREAM, "streams these candles", stopping) as owner,
            shown(there.environment, STREAM, owner=owner),
        ):
            await until_there(there.environment)
            with pytest.raises(CommandError) as refused:
                await begins(there.environment)
        said = str(refused.value)
        assert refused.value.exit_code == REFUSED
        assert f"another process streams these candles already: process {os.getpid()} on" in said
        assert "its lock stream:test lasts until" in said
        assert "\n" not in said
        async with alone(there.environment, STREAM, "streams these candles", stopping) as other:
            assert other != owner, "the lock was given back"


async def test_after_the_death_of_one_the_next_begins_within_the_life_of_the_lock() -> None:
    async with a_world() as there:
        clock, stopping = SandboxClock(NOW_MS), asyncio.Event()
        locks = SqlLocks(there.stores.processes._database, clock)  # type: ignore[attr-defined]
        environment = evolve(there.environment, locks=locks)
        await locks.acquire(["stream:test"], "stream-that-died", 30_000)
        with pytest.raises(CommandError, match="already: stream-that-died; its lock"):
            await begins(environment)
        clock.set(NOW_MS + 30_000)
        async with alone(environment, STREAM, "streams these candles", stopping):
            (held,) = await locks.held()
    assert held.owner != "stream-that-died"


async def test_one_that_lost_its_lock_is_told_to_stop_and_says_why() -> None:
    async with a_world() as there:
        with pytest.raises(CommandError, match="the lock stream:test was lost"):
            await loses_its_lock(there.environment)
