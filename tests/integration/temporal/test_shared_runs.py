"""Runs that workers share, on a real Temporal server: the same summary, few and small events, no silent loss."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from attrs import evolve
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, Worker

from mtf_core.records import ShardDone
from mtf_core.runs import ShardedRuns
from mtf_entrypoints.container import Container
from mtf_entrypoints.settings import TemporalOptions
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.asking_here import AskingHere
from mtf_entrypoints.temporal.connecting import connected
from mtf_entrypoints.temporal.worker import activities_of
from mtf_entrypoints.temporal.workflows import WORKFLOWS
from tests.integration.temporal.test_workflows import Place, working

WHOLE: dict[str, Any] = {"profile": "regular"}
SHARED: dict[str, Any] = {**WHOLE, names.SHARD_SYMBOLS: 5}


async def activities_in(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """The activities that a workflow had scheduled."""
    history = await handle.fetch_history()
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]


def without(summary: dict[str, Any], *names_: str) -> dict[str, Any]:
    return {name: value for name, value in summary.items() if name not in names_}


def lines_of(summary: dict[str, Any], *but: str) -> list[str]:
    return [line for line in summary["text"].splitlines() if not line.startswith(but)]


async def test_a_shared_run_leaves_the_summary_of_one_that_a_worker_makes_alone(
    client: Client, container: Container
) -> None:
    async with working(client, container) as place:
        alone = await place.result(names.MTF_RUN, WHOLE)
        handle = await place.start(names.MTF_RUN, SHARED)
        together = await handle.result()
    differ = ("run_id", "lateness_s", "seconds", "text")
    assert without(together, *differ) == without(alone, *differ)
    assert lines_of(together, "run", "calls", "slowest") == lines_of(alone, "run", "calls", "slowest")
    requested = alone["counts"]["requested"]
    shards = -(-requested // 5)
    assert sorted(await activities_in(handle)) == sorted(
        [names.OPEN_ACTIVITY, *[names.SHARD_ACTIVITY] * shards, names.CLOSE_ACTIVITY]
    )
    await Replayer(workflows=WORKFLOWS).replay_workflow(await handle.fetch_history())


async def test_what_passes_through_the_server_is_small(client: Client, container: Container) -> None:
    async with working(client, container) as place:
        handle = await place.start(names.MTF_RUN, SHARED)
        await handle.result()
    history = await handle.fetch_history()
    assert max(event.ByteSize() for event in history.events) < 5_000


async def test_a_shared_run_is_counted_by_the_worker_that_closes_it(client: Client, container: Container) -> None:
    async with working(client, container) as place:
        result = await place.result(names.MTF_RUN, SHARED)
    text = container.metrics().text().decode()
    assert f'mtf_runs_total{{profile="{result["profile"]}",status="completed"}} 1.0' in text
    assert "mtf_run_stage_seconds_count" in text


async def test_two_workers_share_a_run(client: Client, temporal_address: str, container: Container) -> None:
    queue = f"test-{token_hex(6)}"

    activities = activities_of(container, AskingHere(container.orchestrator()))

    def a_worker(there: Client) -> Worker:
        """With caches of its own."""
        own = evolve(activities, shared=evolve(activities.shared, runs=ShardedRuns(container.orchestrator())))
        return Worker(there, task_queue=queue, workflows=WORKFLOWS, activities=own.all, max_concurrent_activities=1)

    another = await connected(TemporalOptions(temporal_address))  # one client has one worker of a queue
    async with a_worker(client), a_worker(another):
        place = Place(client, queue, container)
        result = await place.result(names.MTF_RUN, {**WHOLE, names.SHARD_SYMBOLS: 2})
    record = await container.environment().stores.runs.run(result["run_id"])
    assert record is not None
    assert record.report is not None
    assert record.report.summary.requested == result["counts"]["requested"] > 2


class Losing(ShardedRuns):
    """Loses some shards."""

    def __init__(self, runs: ShardedRuns, lost: Iterable[int]) -> None:
        super().__init__(runs.orchestrator)
        self.lost = set(lost)

    async def decide(self, run_id: str, number: int, *rest: Any) -> ShardDone:
        if number in self.lost:
            raise ApplicationError("the machine is on fire", type="refused", non_retryable=True)
        return await super().decide(run_id, number, *rest)


async def test_a_shard_that_fails_is_told_by_its_symbols_and_fails_the_workflow_alone(
    client: Client, container: Container
) -> None:
    queue = f"test-{token_hex(6)}"
    activities = activities_of(container, AskingHere(container.orchestrator()))
    losing = Losing(ShardedRuns(container.orchestrator()), [0])
    broken = evolve(activities, shared=evolve(activities.shared, runs=losing))
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=broken.all):
        kind, words = await Place(client, queue, container).failure(names.MTF_RUN, SHARED)
    assert kind == names.RUN_FAILED
    assert words.startswith("shards_failed: 1 of ")
    assert "were not decided: refused: the machine is on fire" in words.splitlines()[0]
    newest = (await container.environment().stores.runs.history(1)).items[0]
    run = await container.environment().stores.runs.run(newest.run_id)
    assert run is not None
    assert run.report is not None
    results = run.report.results or {}
    lost = [symbol for symbol, one in results.items() if one.reason == "shard_not_decided"]
    assert 0 < len(lost) <= 5
    assert run.report.summary.errors == len(lost)
    assert run.report.summary.processed == len(results) - len(lost) > 0


async def test_a_shared_run_whose_worker_dies_before_it_is_closed_is_closed_by_another(
    client: Client, container: Container
) -> None:
    """The first worker goes away with its shards decided; the next one closes the run from what is stored."""
    queue = f"test-{token_hex(6)}"
    activities = activities_of(container, AskingHere(container.orchestrator()))
    without_closing = (activities.shared.open, activities.shared.shard)
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=without_closing):
        handle = await client.start_workflow(
            names.MTF_RUN, SHARED, id=f"test-{token_hex(6)}", task_queue=queue, execution_timeout=timedelta(minutes=2)
        )
        async for event in handle.fetch_history_events(wait_new_event=True):
            scheduled = event.activity_task_scheduled_event_attributes
            if scheduled.activity_type.name == names.CLOSE_ACTIVITY:
                break
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=activities.all):
        result = await handle.result()
    assert result["counts"]["errors"] == 0
    assert result["counts"]["requested"] > 5


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({names.SHARD_SYMBOLS: 1.5}, "shard_symbols: found 1.5; allowed is a whole number from 0 to 5000"),
        ({names.SHARD_SYMBOLS: 2, "ends_within_sec": -1}, "ends_within_sec: found -1"),
        ({names.SHARD_SYMBOLS: 2, "profile": "nobody"}, "nobody"),
        ({names.SHARD_SYMBOLS: 2, "sybmols": []}, "unknown fields: sybmols"),
        ({names.SHARD_SYMBOLS: 2, "lock_per_symbol": True}, "lock_per_symbol"),
    ],
)
async def test_what_a_shared_run_cannot_be_asked_with_fails_it_by_name(
    client: Client, container: Container, request_: dict[str, Any], says: str
) -> None:
    async with working(client, container) as place:
        kind, words = await place.failure(names.MTF_RUN, {**WHOLE, **request_})
        assert await place.runs() == 0
    assert kind == "refused"
    assert says in words


async def test_a_worker_whose_runs_are_made_elsewhere_shares_none(client: Client, container: Container) -> None:
    queue = f"test-{token_hex(6)}"
    activities = activities_of(container, AskingHere(container.orchestrator()), shares=False)
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=activities.all):
        kind, words = await Place(client, queue, container).failure(names.MTF_RUN, SHARED)
    assert kind == "refused"
    assert "MTF_RUN_URL" in words


async def test_a_shared_run_that_comes_too_late_to_a_worker_is_not_begun(client: Client, container: Container) -> None:
    async with working(client, container) as place:
        result = await place.result(names.MTF_RUN, {**SHARED, "max_age_sec": 0})
        assert await place.runs() == 0
    assert result["skipped"] == "stale_minute"


class Hanging(ShardedRuns):
    """Never comes to an end with a shard."""

    async def decide(self, run_id: str, number: int, *rest: Any) -> ShardDone:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_shared_run_waits_for_its_shards_no_longer_than_it_may(client: Client, container: Container) -> None:
    """All of it has to end within `ends_within_sec`, and the last 15 s of that are for closing it."""
    queue = f"test-{token_hex(6)}"
    activities = activities_of(container, AskingHere(container.orchestrator()))
    hanging = Hanging(container.orchestrator())
    broken = evolve(activities, shared=evolve(activities.shared, runs=hanging))
    request = {**SHARED, names.SHARD_SYMBOLS: 100, "ends_within_sec": 18}
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=broken.all):
        kind, words = await Place(client, queue, container).failure(names.MTF_RUN, request)
    assert kind == names.RUN_FAILED
    assert words.startswith("shards_failed: 1 of 1 were not decided: ")
    assert "timeout" in words.splitlines()[0].lower()
