"""The worker: takes jobs from a Temporal server until it is told to stop, and finishes what it has begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

from mtf_adapters.local.places import default_data_folder
from mtf_core.runs import ShardedRuns
from mtf_entrypoints.archiving import archive_of
from mtf_entrypoints.container import Container
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.activities import Activities
from mtf_entrypoints.temporal.answers import Asking
from mtf_entrypoints.temporal.asking_here import AskingHere
from mtf_entrypoints.temporal.asking_over_http import AskingOverHttp
from mtf_entrypoints.temporal.connecting import connected_at_last, know_attributes
from mtf_entrypoints.temporal.measures import WorkerMetrics
from mtf_entrypoints.temporal.names import USUAL_JOBS
from mtf_entrypoints.temporal.searching import SearchActivities
from mtf_entrypoints.temporal.sharing import SharedRunActivities
from mtf_entrypoints.temporal.workflows import WORKFLOWS, SearchTask

_DRAIN = timedelta(seconds=30)


async def work(
    container: Container,
    stopping: asyncio.Event,
    sdk_metrics: str | None,
    said: Callable[[str], None],
    *,
    once: bool = False,
    jobs: int = USUAL_JOBS,
    search_jobs: int = 0,
) -> None:
    """Works on up to `jobs` at once until `stopping`, then drains for up to 30 s; `once`: only until it is ready.
    `search_jobs`: so many trials of searches at once besides, each in a process of its own.

    `sdk_metrics` is where Prometheus may ask what Temporal's SDK counts, as `host:port`; None: nowhere.

    Raises `TemporalUnavailableError` when the server could not be reached 30 times.
    """
    settings: Settings = container.settings()
    runtime = _runtime(sdk_metrics)
    client = await connected_at_last(settings.temporal, stopping, said, runtime)
    if client is None:
        return
    await know_attributes(client, settings.temporal)
    async with AsyncExitStack() as working:
        if jobs:
            await working.enter_async_context(_worker(client, container, settings, jobs))
        if search_jobs:
            await working.enter_async_context(_search_worker(client, settings, search_jobs, working))
        said(_ready_line(settings, jobs, search_jobs))
        if not once:
            await stopping.wait()
            said("draining: what has begun is finished, nothing new is taken")


def _ready_line(settings: Settings, jobs: int, search_jobs: int) -> str:
    queue, where = settings.temporal.task_queue, settings.temporal.run_url or "this process"
    runs = [f"jobs of {queue}"] if jobs else []
    searches = [f"trials of {queue}{names.SEARCH_QUEUE}"] if search_jobs else []
    at = f"at {settings.temporal.address} (namespace {settings.temporal.namespace})"
    return f"ready: {' and '.join(runs + searches)} {at}" + (f", runs in {where}" if jobs else "")


def _search_worker(client: Client, settings: Settings, jobs: int, working: AsyncExitStack) -> Worker:
    """Of the queue of searches; its processes end after it."""
    cache = default_data_folder() / "search"
    activities = working.enter_context(SearchActivities.working(archive_of(settings), cache, jobs))
    return Worker(
        client,
        task_queue=settings.temporal.task_queue + names.SEARCH_QUEUE,
        workflows=[SearchTask],
        activities=activities.all,
        max_concurrent_activities=jobs,
        graceful_shutdown_timeout=_DRAIN,
    )


def asking_of(container: Container, settings: Settings) -> Asking:
    """Where runs are carried out."""
    if settings.temporal.run_url is not None:
        return AskingOverHttp(settings.temporal.run_url, settings.api_token)
    return AskingHere(container.orchestrator())


def activities_of(container: Container, asking: Asking, *, shares: bool = True) -> Activities:
    """What a worker carries out; `shares`: also steps of runs that workers share."""
    metrics = WorkerMetrics(container.metrics())
    runs = ShardedRuns(container.orchestrator()) if shares else None
    return Activities(asking, SharedRunActivities(runs, metrics), container.environment(), metrics)


def _worker(client: Client, container: Container, settings: Settings, jobs: int) -> Worker:
    activities = activities_of(container, asking_of(container, settings), shares=settings.temporal.run_url is None)
    return Worker(
        client,
        task_queue=settings.temporal.task_queue,
        workflows=WORKFLOWS,
        activities=activities.all,
        max_concurrent_activities=jobs,
        graceful_shutdown_timeout=_DRAIN,
    )


def _runtime(sdk_metrics: str | None) -> Runtime | None:
    if sdk_metrics is None:
        return None
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=sdk_metrics)))
