"""The worker: takes jobs from a Temporal server until it is told to stop, and finishes what it has begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

from mtf_core.runs import ShardedRuns
from mtf_entrypoints.container import Container
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.temporal.activities import Activities
from mtf_entrypoints.temporal.answers import Asking
from mtf_entrypoints.temporal.asking_here import AskingHere
from mtf_entrypoints.temporal.asking_over_http import AskingOverHttp
from mtf_entrypoints.temporal.connecting import connected_at_last, know_attributes
from mtf_entrypoints.temporal.measures import WorkerMetrics
from mtf_entrypoints.temporal.names import USUAL_JOBS
from mtf_entrypoints.temporal.sharing import SharedRunActivities
from mtf_entrypoints.temporal.workflows import WORKFLOWS

_DRAIN = timedelta(seconds=30)


async def work(
    container: Container,
    stopping: asyncio.Event,
    sdk_metrics: str | None,
    said: Callable[[str], None],
    *,
    once: bool = False,
    jobs: int = USUAL_JOBS,
) -> None:
    """Works on up to `jobs` at once until `stopping`, then drains for up to 30 s; `once`: only until it is ready.

    `sdk_metrics` is where Prometheus may ask what Temporal's SDK counts, as `host:port`; None: nowhere.

    Raises `TemporalUnavailableError` when the server could not be reached 30 times.
    """
    settings: Settings = container.settings()
    runtime = _runtime(sdk_metrics)
    client = await connected_at_last(settings.temporal, stopping, said, runtime)
    if client is None:
        return
    await know_attributes(client, settings.temporal)
    async with _worker(client, container, settings, jobs):
        where = settings.temporal.run_url or "this process"
        said(
            f"ready: jobs of {settings.temporal.task_queue} at {settings.temporal.address} "
            f"(namespace {settings.temporal.namespace}), runs in {where}"
        )
        if not once:
            await stopping.wait()
            said("draining: what has begun is finished, nothing new is taken")


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
