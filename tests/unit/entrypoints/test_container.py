"""The container: what a simulation replaces is what the whole process then goes by."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from attrs import evolve

from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sql.sqlite_threads import Job
from mtf_core.market import parse_instant, to_ms
from mtf_core.runs import RunReport, RunRequest
from mtf_entrypoints.container import opened
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import SandboxOptions, Settings
from mtf_entrypoints.venues import build_venue

WALL_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
SETTINGS = Settings(database_url="memory", sandbox=SandboxOptions(universe_size=3))


async def two_runs() -> list[RunReport]:
    """A minute apart, in a process of its own whose time and names are given to it."""
    clock, ticks, numbers = SandboxClock(WALL_MS), count(), count(1)
    reports = []
    async with opened(
        SETTINGS,
        wall_clock=clock,
        timer=lambda: float(next(ticks)),
        new_run_id=lambda: f"run-{next(numbers)}",
    ) as container:
        for _ in range(2):
            reports.append(await container.orchestrator().run(RunRequest()))
            clock.advance(60_000)
    return reports


async def test_clock_timer_and_run_ids_are_replaced_for_the_whole_process() -> None:
    reports = await two_runs()
    assert [report.run_id for report in reports] == ["run-1", "run-2"]
    for minute, report in enumerate(reports):
        now_ms = WALL_MS + minute * 60_000
        assert (report.instant_ms, report.started_ms, report.finished_ms) == (now_ms, now_ms, now_ms)
        assert set(report.performance.stages.values()) <= {1.0, 2.0}, "the timer says that every stage takes a second"
    assert reports == await two_runs(), "nothing else than what was replaced tells two processes apart"


async def test_what_a_venue_needs_open_is_open_while_the_container_is() -> None:
    told: list[str] = []

    @asynccontextmanager
    async def connection() -> AsyncIterator[None]:
        told.append("open")
        yield
        told.append("closed")

    venue = evolve(build_venue(SETTINGS, Machine(SandboxClock(WALL_MS))), connection=connection)
    async with opened(SETTINGS, venue=venue):
        told.append("used")
    assert told == ["open", "used", "closed"]


class LoopsExecutor:
    """Jobs of the loop's own executor: under a simulated loop, its simulated one."""

    def __init__(self) -> None:
        self.carried_out = 0

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(database, check_same_thread=False, **options)
        return connection

    def begin(self, job: Job[Any]) -> asyncio.Future[Any]:
        self.carried_out += 1
        return asyncio.get_running_loop().run_in_executor(None, job)

    def end(self) -> None:
        """The executor is the loop's."""


async def test_transactions_are_carried_out_by_what_the_container_was_given(tmp_path: Path) -> None:
    """A simulation cannot have threads that it does not schedule."""
    in_file = Settings(database_url=f"sqlite:///{tmp_path / 'mtf.db'}", sandbox=SETTINGS.sandbox)
    threads, jobs = set(threading.enumerate()), LoopsExecutor()
    async with opened(in_file, wall_clock=SandboxClock(WALL_MS), sqlite_jobs=jobs) as container:
        report = await container.orchestrator().run(RunRequest(symbols=("BTCUSDT",)))
        assert (await container.stores().runs.decision(report.run_id, "BTCUSDT")) is not None
        started = {thread.name for thread in set(threading.enumerate()) - threads}
    assert jobs.carried_out > 5
    assert started, "the executor's own"
    assert all(name.startswith("asyncio_") for name in started)
