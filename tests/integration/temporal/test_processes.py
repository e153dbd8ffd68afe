"""Real workers as processes: killed in mid-run, stopped, without a server; and schedules that do not pile up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
from attrs import frozen
from temporalio.client import Client, WorkflowHandle

from mtf_core.ports import Progress
from mtf_core.records.json import JsonObject
from mtf_entrypoints.settings import VARIABLES
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.answers import Absent, Answer, Held
from mtf_entrypoints.temporal.plan import Planned
from mtf_entrypoints.temporal.schedules import Schedules, Status
from tests.integration.http.server import serving
from tests.integration.temporal.faulty import Fault, faulty
from tests.integration.temporal.test_workflows import working

MTF = Path(sys.executable).parent / "mtf"


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with serving() as url:
        yield url


@contextmanager
def worker(folder: Path, address: str, queue: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A worker process, and the file of what it says."""
    folder.mkdir(exist_ok=True)
    plain = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    variables = {"TEMPORAL_ADDRESS": address, "TASK_QUEUE_NAME": queue, "DATABASE_URL": "memory", **more}
    said = folder / f"worker-{token_hex(3)}"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [MTF, "worker"], cwd=folder, env={**plain, **variables}, stdout=out, stderr=subprocess.STDOUT, text=True
        )
    try:
        yield process, said
    finally:
        process.kill()
        process.wait(timeout=30)


async def until(found: Callable[[], Any], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not found():
            await asyncio.sleep(0.05)


async def ready(said: Path) -> None:
    await until(lambda: "ready: " in said.read_text())


async def started(client: Client, queue: str) -> WorkflowHandle[Any, Any]:
    """A run of one symbol that a worker of the queue is to carry out, however long that takes."""
    return await client.start_workflow(
        names.MTF_RUN,
        {"symbols": ["BTCUSDT"], "profile": "regular", "max_age_sec": 600},
        id=f"test-{token_hex(6)}",
        task_queue=queue,
        execution_timeout=timedelta(minutes=4),
    )


@pytest.mark.parametrize(
    ("fault", "why"), [(Fault.SLOW, "after the service had begun"), (Fault.SILENT, "before the service saw it")]
)
async def test_a_minute_whose_worker_is_killed_in_the_middle_runs_once(
    client: Client, temporal_address: str, service: str, tmp_path: Path, fault: Fault, why: str
) -> None:
    queue, before = f"test-{token_hex(6)}", len(await runs(service))
    async with faulty(service) as (between, url):
        between.faults = [fault]
        with worker(tmp_path, temporal_address, queue, MTF_RUN_URL=url) as (first, said):
            await ready(said)
            handle = await started(client, queue)
            await until(lambda: between.seen)
            first.kill()
            first.wait(timeout=30)
        with worker(tmp_path, temporal_address, queue, MTF_RUN_URL=url) as (_, said):
            result = await handle.result()
    now = await runs(service)
    assert len(now) == before + 1, why
    assert result["run_id"] == now[0]["run_id"]
    asked = [method for method, _ in between.seen]
    assert asked == (["POST", "GET"] if fault is Fault.SLOW else ["POST", "GET", "POST"])


async def runs(service: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=service, timeout=60) as asking:
        return list((await asking.get("/mtf/status", params={"limit": 100})).json()["runs"])


async def test_a_worker_that_is_told_to_stop_finishes_what_it_has_begun(
    client: Client, temporal_address: str, service: str, tmp_path: Path
) -> None:
    queue = f"test-{token_hex(6)}"
    async with faulty(service) as (between, url):
        between.faults = [Fault.SLOW]
        with worker(tmp_path, temporal_address, queue, MTF_RUN_URL=url) as (process, said):
            await ready(said)
            handle = await started(client, queue)
            await until(lambda: between.seen)
            process.send_signal(signal.SIGTERM)
            await until(lambda: process.poll() is not None)
        assert process.returncode == 0, said.read_text()
        assert "draining" in said.read_text()
        with worker(tmp_path, temporal_address, queue, MTF_RUN_URL=url):
            assert (await handle.result())["counts"]["requested"] == 1
        assert [method for method, _ in between.seen] == ["POST"]


async def test_a_shared_run_whose_worker_is_killed_among_its_shards_is_finished_by_another(
    client: Client, temporal_address: str, tmp_path: Path
) -> None:
    """What the first one decided is in the store, and counts; what it was at is decided by the second one."""
    queue, store = f"test-{token_hex(6)}", tmp_path / "mtf.db"
    variables = {"DATABASE_URL": f"sqlite:///{store}"}
    request = {"profile": "regular", names.SHARD_SYMBOLS: 1, "limit": 12, "ends_within_sec": 120, "max_age_sec": 120}
    with worker(tmp_path, temporal_address, queue, **variables) as (first, said):
        await ready(said)
        handle = await client.start_workflow(
            names.MTF_RUN, request, id=f"test-{token_hex(6)}", task_queue=queue, execution_timeout=timedelta(minutes=4)
        )
        await until(lambda: counted(store, "run_parts") > 0)
        first.kill()
        first.wait(timeout=30)
    decided = counted(store, "run_parts")
    with worker(tmp_path, temporal_address, queue, **variables) as (_, said):
        result = await handle.result()
    assert 0 < decided <= 12
    assert (result["counts"]["requested"], result["counts"]["errors"]) == (12, 0)
    assert (counted(store, "runs"), counted(store, "decisions"), counted(store, "run_parts")) == (1, 12, 0)


def counted(store: Path, table: str) -> int:
    """Rows of a table; none where it is not there yet."""
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


async def test_health_has_a_row_for_a_server_that_is_named(temporal_address: str, tmp_path: Path) -> None:
    queue = f"test-{token_hex(6)}"
    with worker(tmp_path, temporal_address, queue, DATABASE_URL=f"sqlite:///{tmp_path / 'mtf.db'}") as (_, said):
        await ready(said)
        there = await asyncio.to_thread(health, tmp_path, TEMPORAL_ADDRESS=temporal_address, TASK_QUEUE_NAME=queue)
    nobody = await asyncio.to_thread(health, tmp_path, TEMPORAL_ADDRESS=temporal_address, TASK_QUEUE_NAME="nobody")
    nowhere = await asyncio.to_thread(health, tmp_path, TEMPORAL_ADDRESS="127.0.0.1:9")
    assert there["temporal"] == (True, f"{temporal_address}, namespace default: 1 worker took jobs of {queue} lately")
    assert there["mtf worker"][0] is True
    assert nobody["temporal"] == (
        False,
        f"{temporal_address}, namespace default: no worker takes jobs of nobody lately",
    )
    assert nowhere["temporal"][0] is False
    assert "temporal" not in await asyncio.to_thread(health, tmp_path)


def health(folder: Path, **more: str) -> dict[str, tuple[bool, str]]:
    """Each row of `mtf health`: whether it is well, and what it says."""
    plain = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    variables = {"DATABASE_URL": f"sqlite:///{folder / 'mtf.db'}", **more}
    done = subprocess.run(
        [MTF, "health", "--json"], cwd=folder, env={**plain, **variables}, capture_output=True, text=True, check=False
    )
    return {one["name"]: (one["ok"], one["detail"]) for one in json.loads(done.stdout)["checks"]}


async def test_without_a_server_it_says_so_and_goes_on_trying_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with worker(tmp_path, "127.0.0.1:9", "mtf") as (process, said):
        await until(lambda: said.read_text().count("tried again in") >= 2)
        process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None)
    lines = [line for line in said.read_text().splitlines() if "Temporal" in line]
    assert process.returncode == 0
    assert lines[0].startswith("mtf: Temporal at 127.0.0.1:9 cannot be reached: ")
    assert lines[0].endswith("; tried again in 1 s (1 of 30)")
    assert lines[1].endswith("; tried again in 2 s (2 of 30)")


@frozen
class Slow:
    """Each run takes so many seconds."""

    seconds: float

    async def run(self, document: JsonObject, key: str, progress: Progress) -> Answer:
        await asyncio.sleep(self.seconds)
        return Held("it only took its time")

    async def of_key(self, key: str) -> Answer:
        return Absent()


@asynccontextmanager
async def scheduled(client: Client, container: Any, takes_s: float) -> AsyncIterator[tuple[Schedules, str]]:
    """Something that starts every two seconds, and takes so long."""
    async with working(client, container, Slow(takes_s)) as place:
        schedules, name = Schedules(client, place.queue), f"test-{token_hex(6)}"
        every = timedelta(seconds=2)
        await schedules.create(Planned(id=name, workflow=names.MTF_RUN, every=every, request={"dry_run": True}), "test")
        yield schedules, name
        await schedules.delete(name)


async def seen(schedules: Schedules, name: str, enough: Callable[[Status], bool]) -> Status:
    async with asyncio.timeout(90):
        while not enough(status := await schedules.status(name, 5)):
            await asyncio.sleep(0.1)
    return status


async def test_a_start_whose_predecessor_goes_on_is_skipped_and_counted(client: Client, container: Any) -> None:
    async with scheduled(client, container, 5.0) as (schedules, name):
        status = await seen(schedules, name, lambda status: status.started >= 2 and status.skipped >= 2)
    assert status.missed == 0
    first, second = status.history[-1].scheduled, status.history[-2].scheduled
    assert (second - first).total_seconds() >= 6


async def test_what_a_paused_schedule_did_not_start_is_not_made_up_for(client: Client, container: Any) -> None:
    async with scheduled(client, container, 0.0) as (schedules, name):
        await seen(schedules, name, lambda status: status.started >= 1)
        await schedules.pause(name, "moving house")
        paused = await schedules.status(name)
        assert (paused.is_paused, paused.note) == (True, "moving house")
        await asyncio.sleep(7)
        before = (await schedules.status(name)).started
        await schedules.resume(name, "moved")
        status = await seen(schedules, name, lambda status: status.started > before)
    assert before <= paused.started + 1
    assert not status.is_paused
    assert status.started <= before + 2
