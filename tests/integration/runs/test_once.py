"""A run that is asked for under a key runs at most once, however often and from wherever it is asked for."""

from __future__ import annotations

import asyncio

import pytest
from attrs import evolve

from mtf_adapters.sql import Database
from mtf_core.ports import Acquired, LockLostError, StoreUnavailableError
from mtf_core.problems import InvalidRequestError
from mtf_core.records import KeyedRun, RunStatus
from mtf_core.runs import (
    KeyReusedError,
    RunBrokenOffError,
    RunInProgressError,
    RunLockedError,
    RunReport,
    RunRequest,
    run_once,
)
from mtf_core.runs.once import KEY_TTL_MS
from tests.integration.runs.world import World, eager, world, world_on
from tests.integration.sql.examples import run

EAGER = eager()
ASKED = RunRequest(symbols=("BTCUSDT",), lock_per_symbol=True)


async def stored(there: World) -> list[str]:
    return [run.run_id for run in (await there.stores.runs.history(9)).items]


async def test_asked_again_it_answers_with_the_stored_report_and_runs_nothing() -> None:
    async with world(EAGER) as there:
        first = await run_once(there.orchestrator, ASKED, "a")
        calls = len(there.watched.calls)
        there.later(minutes=5)
        again = await run_once(there.orchestrator, ASKED, "a")
        assert (again["run_id"], again["results"]) == (first["run_id"], first["results"])
        assert len(there.watched.calls) == calls
        assert await stored(there) == [first["run_id"]]
        other = await run_once(there.orchestrator, ASKED, "b")
        assert other["run_id"] != first["run_id"]


async def test_of_two_processes_that_ask_at_the_same_time_one_runs() -> None:
    """No lock keeps them apart: the request locks symbols only, and each asks for its own id."""
    async with Database.open("memory") as database:
        here, there = world_on(database, EAGER), world_on(database, EAGER, prefix="other")
        answers = await asyncio.gather(
            *(run_once(each.orchestrator, ASKED, "a") for each in (here, there)), return_exceptions=True
        )
        reports = [answer for answer in answers if isinstance(answer, dict)]
        late = [answer for answer in answers if isinstance(answer, RunInProgressError)]
        assert (len(reports), len(late)) == (1, 1)
        assert late[0].run_id == reports[0]["run_id"]
        assert await stored(here) == [reports[0]["run_id"]]


async def test_a_key_stands_for_one_request() -> None:
    async with world(EAGER) as there:
        await run_once(there.orchestrator, ASKED, "a")
        with pytest.raises(KeyReusedError, match="another workers, force_run"):
            await run_once(there.orchestrator, evolve(ASKED, workers=2, force_run=True), "a")


async def test_a_run_that_was_refused_before_it_began_gives_the_key_back() -> None:
    async with world(EAGER) as there:
        with pytest.raises(InvalidRequestError, match="no contract for NOPEUSDT"):
            await run_once(there.orchestrator, RunRequest(symbols=("NOPEUSDT",)), "a")
        await there.locks.acquire(["run:test:alive"], "another run", 60_000)
        with pytest.raises(RunLockedError):
            await run_once(there.orchestrator, RunRequest(), "a")
        await there.locks.force_release("run:test:alive")
        assert await stored(there) == []
        report = await run_once(there.orchestrator, RunRequest(), "a")
        assert await stored(there) == [report["run_id"]]


async def test_a_run_that_broke_off_keeps_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(EAGER) as there:

        async def breaks(*_: object) -> RunReport:
            raise StoreUnavailableError("the disk is full")

        monkeypatch.setattr(type(there.stores.switches), "all", breaks)
        with pytest.raises(StoreUnavailableError):
            await run_once(there.orchestrator, ASKED, "a")
        monkeypatch.undo()
        with pytest.raises(RunBrokenOffError) as caught:
            await run_once(there.orchestrator, ASKED, "a")
        assert await stored(there) == [caught.value.run_id]


LOCK = "key:test:a"
GONE = KeyedRun("a", "gone", ASKED.to_json(), 1)


async def test_while_a_process_works_on_a_key_it_is_said_to_be_in_progress() -> None:
    async with world(EAGER) as there:
        await there.locks.acquire([LOCK], "gone", KEY_TTL_MS)
        with pytest.raises(RunInProgressError, match="run gone is going on"):
            await run_once(there.orchestrator, ASKED, "a")
        await there.stores.keyed_runs.claim(GONE)
        with pytest.raises(RunInProgressError, match="run gone is going on"):
            await run_once(there.orchestrator, ASKED, "a")
        with pytest.raises(KeyReusedError, match="another workers"):
            await run_once(there.orchestrator, evolve(ASKED, workers=3), "a")
        assert await stored(there) == []


async def test_the_key_of_a_process_that_died_before_its_run_began_is_free_once_its_lock_expires() -> None:
    async with world(EAGER) as there:
        await there.locks.acquire([LOCK], "gone", KEY_TTL_MS)
        await there.stores.keyed_runs.claim(GONE)
        there.later(seconds=KEY_TTL_MS // 1000)
        report = await run_once(there.orchestrator, ASKED, "a")
        assert await stored(there) == [report["run_id"]]
        assert (await run_once(there.orchestrator, ASKED, "a"))["run_id"] == report["run_id"]
        assert await there.locks.held() == ()


async def test_a_run_whose_process_died_is_stored_as_failed_and_never_run_again() -> None:
    async with world(EAGER) as there:
        record = run("gone")
        await there.stores.keyed_runs.claim(GONE)
        await there.stores.runs.start(record, {record.config_digest: {}})
        for _ in range(2):
            with pytest.raises(RunBrokenOffError, match="gone"):
                await run_once(there.orchestrator, ASKED, "a")
        kept = await there.stores.runs.run("gone")
        assert kept == evolve(record, status=RunStatus.FAILED, finished_ms=there.clock.now_ms())
        assert await stored(there) == ["gone"]


async def test_a_process_that_was_asleep_while_its_key_went_to_another_does_not_begin() -> None:
    """It sleeps between the lock and the start of its run, for longer than the lock lives."""
    async with world(EAGER) as there:
        (late,) = (await there.locks.acquire([LOCK], "gone", KEY_TTL_MS)).values()
        assert isinstance(late, Acquired)
        await there.stores.keyed_runs.claim(GONE)
        there.later(seconds=KEY_TTL_MS // 1000)
        report = await run_once(there.orchestrator, ASKED, "a")
        with pytest.raises(LockLostError):
            await there.orchestrator.run(ASKED, run_id="gone", key_lock=late)
        assert await stored(there) == [report["run_id"]]


@pytest.mark.parametrize("key", ["", "x" * 201, "ключ", "a\nb"])
async def test_a_key_is_a_short_printable_text(key: str) -> None:
    async with world(EAGER) as there:
        with pytest.raises(InvalidRequestError, match="Idempotency-Key"):
            await run_once(there.orchestrator, ASKED, key)
