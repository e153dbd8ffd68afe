"""The activities: what workflows have carried out, with signs of life while it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen
from temporalio import activity
from temporalio.exceptions import ApplicationError

from mtf_core.market import format_instant
from mtf_core.ports import Environment, PortError
from mtf_core.upkeep import cleanup, find_gaps, repair_gaps, sync_contracts
from mtf_entrypoints.documents import cleanup_to_json, contract_sync_to_json
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.alive import Stage, alive
from mtf_entrypoints.temporal.answers import Asking
from mtf_entrypoints.temporal.asked import only, refused, split
from mtf_entrypoints.temporal.measures import WorkerMetrics
from mtf_entrypoints.temporal.requests import FIELDS, MAX_AGE_SEC, MAX_ERROR_SHARE
from mtf_entrypoints.temporal.settling import Job, JobFailedError, Ran, Settling
from mtf_entrypoints.temporal.sharing import SharedRunActivities
from mtf_entrypoints.temporal.summary import result_of


@frozen(eq=False)
class Activities:
    """Methods are registered under the names of `names`."""

    asking: Asking
    shared: SharedRunActivities
    environment: Environment
    metrics: WorkerMetrics
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    @activity.defn(name=names.RUN_ACTIVITY)
    async def mtf_run(self, asked: dict[str, Any]) -> dict[str, Any]:
        document, limits = split(asked["request"])
        nominal_ms = int(asked["minute_ms"])
        nominal = format_instant(nominal_ms)
        job = Job(document, f"{asked['schedule']}@{nominal}", int(asked["due_ms"]), limits[MAX_AGE_SEC])
        profile, stage = str(document.get("profile") or ""), Stage()
        settling = Settling(self.asking, job, self.environment.wall.now_ms, self.sleep, stage)
        async with alive(stage):
            try:
                outcome = await settling.outcome(is_first=activity.info().attempt == 1)
            except JobFailedError as failed:
                self.metrics.ended(profile, failed.code)
                raise ApplicationError(str(failed), type=failed.code, non_retryable=True) from None
        if not isinstance(outcome, Ran):
            self.metrics.ended(profile, outcome.code)
            return {"skipped": outcome.code, "words": outcome.words, "nominal": nominal}
        result = result_of(outcome.report, nominal_ms, limits[MAX_ERROR_SHARE])
        self.metrics.ran(outcome.report.profile, "failed" not in result, result["lateness_s"])
        return result

    @activity.defn(name=names.SYNC_ACTIVITY)
    async def contract_sync(self, asked: dict[str, Any]) -> dict[str, Any]:
        only(asked["request"], FIELDS[names.CONTRACT_SYNC])
        async with alive(Stage()), _told("contract_sync", self.metrics):
            done = contract_sync_to_json(await sync_contracts(self.environment))
        return {name: len(value) if isinstance(value, list) else value for name, value in done.items()}

    @activity.defn(name=names.CLEANUP_ACTIVITY)
    async def clean(self, asked: dict[str, Any]) -> dict[str, Any]:
        request = asked["request"]
        only(request, FIELDS[names.CLEANUP])
        dry_run = request.get("dry_run", True)
        if not isinstance(dry_run, bool):
            raise refused(f"dry_run: found {dry_run!r}; allowed are true and false")
        async with alive(Stage()), _told("cleanup", self.metrics):
            retention = self.environment.profiles(None).trading.retention
            return cleanup_to_json(await cleanup(self.environment, retention, "temporal", dry_run=dry_run))

    @activity.defn(name=names.REPAIR_ACTIVITY)
    async def kline_repair(self, asked: dict[str, Any]) -> dict[str, Any]:
        only(asked["request"], FIELDS[names.KLINE_REPAIR])
        stage = Stage()
        async with alive(stage), _told("kline_repair", self.metrics):
            found = await find_gaps(self.environment)
            repaired = await repair_gaps(self.environment, found, stage)
        return {
            "series": len(found),
            "with_holes": sum(bool(one.gaps) for one in found),
            "still_with_holes": sum(bool(one.gaps) for one in repaired),
            "candles_written": sum(one.written for one in repaired),
        }

    @property
    def all(self) -> tuple[Callable[..., Awaitable[Any]], ...]:
        return self.mtf_run, self.contract_sync, self.clean, self.kline_repair, *self.shared.all


@asynccontextmanager
async def _told(kind: str, metrics: WorkerMetrics) -> AsyncIterator[None]:
    """A dependency that fails ends the job; the schedule's next one tries again."""
    try:
        yield
    except PortError as error:
        metrics.ended(kind, "failed")
        raise ApplicationError(str(error), type="dependency_down", non_retryable=True) from None
    metrics.ended(kind, "done")
