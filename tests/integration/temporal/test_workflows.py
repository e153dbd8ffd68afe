"""Workflows on a real Temporal server, carried out by a worker in this process, over a real service's use cases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest
from attrs import evolve, frozen
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, Worker

from mtf_core.market import Timeframe
from mtf_core.ports import Progress
from mtf_core.records.json import JsonObject
from mtf_core.records.reports import ErrorLine
from mtf_core.upkeep import fetch_candles
from mtf_entrypoints.container import Container
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.answers import Answer, Asking, Finished, Held
from mtf_entrypoints.temporal.asking_here import AskingHere
from mtf_entrypoints.temporal.worker import activities_of
from mtf_entrypoints.temporal.workflows import WORKFLOWS
from tests.integration.http.server import AT_MS
from tests.unit.temporal.reports import report

ONE_SYMBOL: dict[str, Any] = {"symbols": ["BTCUSDT"], "profile": "regular"}


@frozen(eq=False)
class Place:
    """A worker that works, and whom to ask."""

    client: Client
    queue: str
    container: Container

    async def start(self, workflow: str, request: dict[str, Any]) -> WorkflowHandle[Any, Any]:
        return await self.client.start_workflow(
            workflow, request, id=f"test-{token_hex(6)}", task_queue=self.queue, execution_timeout=timedelta(minutes=2)
        )

    async def result(self, workflow: str, request: dict[str, Any]) -> dict[str, Any]:
        return dict(await (await self.start(workflow, request)).result())

    async def failure(self, workflow: str, request: dict[str, Any]) -> tuple[str, str]:
        """Kind and words of the error that a workflow ends with."""
        with pytest.raises(WorkflowFailureError) as failed:
            await self.result(workflow, request)
        cause: Any = failed.value
        while getattr(cause, "cause", None) is not None:
            cause = cause.cause
        assert isinstance(cause, ApplicationError)
        return str(cause.type), cause.message

    async def runs(self) -> int:
        page = await self.container.environment().stores.runs.history(100)
        return len(page.items)


@asynccontextmanager
async def working(client: Client, container: Container, asking: Asking | None = None) -> AsyncIterator[Place]:
    queue = f"test-{token_hex(6)}"
    activities = activities_of(container, asking or AskingHere(container.orchestrator()))
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=activities.all):
        yield Place(client, queue, container)


async def test_a_run_leaves_its_summary_and_is_found_by_what_it_was(client: Client, container: Container) -> None:
    async with working(client, container) as place:
        handle = await place.start(names.MTF_RUN, {"profile": "regular"})
        result = await handle.result()
    described = await handle.describe()
    found = {pair.key.name: pair.value for pair in described.typed_search_attributes if pair.key.name[:3] == "Mtf"}
    assert result["text"].startswith(f"run {result['run_id'][:8]} regular · dry run · minute ")
    assert result["counts"]["requested"] > 1
    assert found == {
        names.PROFILE: "regular",
        names.DRY_RUN: True,
        names.RUN_ID: result["run_id"],
        names.READY: result["counts"]["ready"],
        names.SUBMITTED: 0,
    }
    assert (await container.environment().stores.runs.run(result["run_id"])) is not None


async def test_the_history_of_a_workflow_plays_again(client: Client, container: Container) -> None:
    async with working(client, container) as place:
        handles = [await place.start(names.MTF_RUN, ONE_SYMBOL), await place.start(names.CLEANUP, {"dry_run": True})]
        for handle in handles:
            await handle.result()
    replayer = Replayer(workflows=WORKFLOWS)
    for handle in handles:
        await replayer.replay_workflow(await handle.fetch_history())


@pytest.mark.parametrize(
    ("workflow", "request_", "says"),
    [
        (names.MTF_RUN, {"worker": 8, "sybmols": []}, "unknown fields: sybmols, worker"),
        (names.MTF_RUN, {"workers": 0}, "workers"),
        (names.MTF_RUN, {"profile": "nobody"}, "nobody"),
        (names.MTF_RUN, {"max_age_sec": -1}, "max_age_sec: found -1; allowed is a number from 0 to 3600"),
        (names.MTF_RUN, {"max_error_share": True}, "max_error_share"),
        (names.CLEANUP, {"dry_run": "no"}, "dry_run: found 'no'; allowed are true and false"),
        (names.CONTRACT_SYNC, {"symbol": "BTCUSDT"}, "unknown fields: symbol; known are none"),
        (names.KLINE_REPAIR, {"hours": 3}, "unknown fields: hours; known are none"),
    ],
)
async def test_what_no_job_can_be_asked_with_fails_the_workflow_by_name(
    client: Client, container: Container, workflow: str, request_: dict[str, Any], says: str
) -> None:
    async with working(client, container) as place:
        kind, words = await place.failure(workflow, request_)
    assert kind == "refused"
    assert says in words


async def test_a_minute_that_is_too_old_is_skipped_and_the_workflow_is_well(
    client: Client, container: Container
) -> None:
    async with working(client, container) as place:
        result = await place.result(names.MTF_RUN, {**ONE_SYMBOL, "max_age_sec": 0})
        assert result["skipped"] == "stale_minute"
        assert await place.runs() == 0


@frozen
class Says:
    """A place where runs are carried out that has one answer."""

    answer: Answer

    async def run(self, document: JsonObject, key: str, progress: Progress) -> Answer:
        return self.answer

    async def of_key(self, key: str) -> Answer:
        raise AssertionError("nothing is to be looked up")


async def test_another_run_of_the_profile_is_told_as_skipped(client: Client, container: Container) -> None:
    async with working(client, container, Says(Held("run 1 holds the lock"))) as place:
        result = await place.result(names.MTF_RUN, ONE_SYMBOL)
    assert (result["skipped"], result["words"]) == ("run_lock_held", "run 1 holds the lock")


async def test_a_run_of_which_too_many_symbols_fail_fails_its_workflow_and_keeps_the_summary(
    client: Client, container: Container
) -> None:
    async with working(client, container, Says(Finished(report(ready=1, errors=3)))) as place:
        kind, words = await place.failure(names.MTF_RUN, {**ONE_SYMBOL, "max_error_share": 0.7})
        assert kind == names.RUN_FAILED
        assert words.startswith("too_many_errors: 3 of 4 symbols failed\nrun 3bdc1af3 regular")
        result = await place.result(names.MTF_RUN, {**ONE_SYMBOL, "max_error_share": 0.75})
        assert result["counts"]["errors"] == 3


async def test_a_run_that_could_not_read_the_account_fails_its_workflow(client: Client, container: Container) -> None:
    blind = evolve(report(ready=1), errors=(ErrorLine(None, "account_state_unknown", "the key was refused"),))
    async with working(client, container, Says(Finished(blind))) as place:
        kind, words = await place.failure(names.MTF_RUN, ONE_SYMBOL)
    assert kind == names.RUN_FAILED
    assert words.startswith("account_state_unknown: the key was refused")


async def test_contracts_cleanup_and_candles_are_jobs_like_any_other(client: Client, container: Container) -> None:
    async with working(client, container) as place:
        assert (await place.result(names.CONTRACT_SYNC, {}))["count"] == 12
        assert (await place.result(names.CLEANUP, {"dry_run": True}))["runs"] == 0
        environment, hour_ms = container.environment(), Timeframe.H1.ms
        for first_ms in (AT_MS - 9 * hour_ms, AT_MS - 3 * hour_ms):
            await fetch_candles(environment, "BTCUSDT", Timeframe.H1, first_ms, first_ms + 2 * hour_ms)
        repaired = await place.result(names.KLINE_REPAIR, {})
    assert repaired == {"series": 1, "with_holes": 1, "still_with_holes": 0, "candles_written": 3}


async def test_one_minute_of_a_schedule_runs_once_however_often_it_is_triggered(
    client: Client, container: Container
) -> None:
    from mtf_entrypoints.temporal.plan import Planned  # noqa: PLC0415
    from mtf_entrypoints.temporal.schedules import Schedules  # noqa: PLC0415

    async with working(client, container) as place:
        schedules, name = Schedules(client, place.queue), f"test-{token_hex(6)}"
        await schedules.create(Planned(id=name, workflow=names.MTF_RUN, cron="0 0 1 1 *", request=ONE_SYMBOL), "a test")
        while datetime.now(UTC).second > 50:  # all starts are to be of one minute
            await asyncio.sleep(0.5)
        for _ in range(3):
            await schedules.trigger(name)
        for _ in range(300):
            status = await schedules.status(name, 5)
            if [one.status for one in status.history] == ["completed"] * len(status.history) and status.started == 3:
                break
            await asyncio.sleep(0.1)
        await schedules.delete(name)
        assert await place.runs() == 1
    assert {one.run_id for one in status.history} == {status.history[0].run_id}
