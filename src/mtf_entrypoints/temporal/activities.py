"""The activities: what workflows have carried out, with signs of life while it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field, frozen
from temporalio import activity
from temporalio.exceptions import ApplicationError

from mtf_core.ending import ended
from mtf_core.market import format_instant
from mtf_core.ports import Environment, PortError
from mtf_core.records import ReportRecord
from mtf_core.run_request import OPTIONS
from mtf_core.upkeep import cleanup, find_gaps, repair_gaps, sync_contracts
from mtf_entrypoints.documents import cleanup_to_json, contract_sync_to_json
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.answers import Asking
from mtf_entrypoints.temporal.measures import WorkerMetrics
from mtf_entrypoints.temporal.requests import FIELDS, LIMITS, MAX_AGE_SEC, MAX_ERROR_SHARE
from mtf_entrypoints.temporal.settling import Job, JobFailedError, Ran, Settling
from mtf_entrypoints.temporal.summary import summary_of

_BEAT_S = 5.0


@define(eq=False)
class _Stage:
    """How far the run is, for the signs of life."""

    words: dict[str, Any] = field(factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.words = {"stage": stage, "done": done, "total": total}


@frozen(eq=False)
class Activities:
    """Methods are registered under the names of `names`."""

    asking: Asking
    environment: Environment
    metrics: WorkerMetrics
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    @activity.defn(name=names.RUN_ACTIVITY)
    async def mtf_run(self, asked: dict[str, Any]) -> dict[str, Any]:
        document, limits = _split(asked["request"])
        nominal_ms = int(asked["minute_ms"])
        nominal = format_instant(nominal_ms)
        job = Job(document, f"{asked['schedule']}@{nominal}", int(asked["due_ms"]), limits[MAX_AGE_SEC])
        profile, stage = str(document.get("profile") or ""), _Stage()
        settling = Settling(self.asking, job, self.environment.wall.now_ms, self.sleep, stage)
        async with _alive(stage):
            try:
                outcome = await settling.outcome(is_first=activity.info().attempt == 1)
            except JobFailedError as failed:
                self.metrics.ended(profile, failed.code)
                raise ApplicationError(str(failed), type=failed.code, non_retryable=True) from None
        if not isinstance(outcome, Ran):
            self.metrics.ended(profile, outcome.code)
            return {"skipped": outcome.code, "words": outcome.words, "nominal": nominal}
        summary = summary_of(outcome.report, nominal_ms)
        failure = _failure(outcome.report, limits[MAX_ERROR_SHARE])
        self.metrics.ran(summary.profile, failure is None, summary.lateness_s)
        return summary.to_json() | ({"failed": failure} if failure else {})

    @activity.defn(name=names.SYNC_ACTIVITY)
    async def contract_sync(self, asked: dict[str, Any]) -> dict[str, Any]:
        _only(asked["request"], FIELDS[names.CONTRACT_SYNC])
        async with _alive(_Stage()), _told("contract_sync", self.metrics):
            done = contract_sync_to_json(await sync_contracts(self.environment))
        return {name: len(value) if isinstance(value, list) else value for name, value in done.items()}

    @activity.defn(name=names.CLEANUP_ACTIVITY)
    async def clean(self, asked: dict[str, Any]) -> dict[str, Any]:
        request = asked["request"]
        _only(request, FIELDS[names.CLEANUP])
        dry_run = request.get("dry_run", True)
        if not isinstance(dry_run, bool):
            raise _refused(f"dry_run: found {dry_run!r}; allowed are true and false")
        async with _alive(_Stage()), _told("cleanup", self.metrics):
            retention = self.environment.profiles(None).trading.retention
            return cleanup_to_json(await cleanup(self.environment, retention, "temporal", dry_run=dry_run))

    @activity.defn(name=names.REPAIR_ACTIVITY)
    async def kline_repair(self, asked: dict[str, Any]) -> dict[str, Any]:
        _only(asked["request"], FIELDS[names.KLINE_REPAIR])
        stage = _Stage()
        async with _alive(stage), _told("kline_repair", self.metrics):
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
        return self.mtf_run, self.contract_sync, self.clean, self.kline_repair


def _split(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """The run's own fields, and the limits beside them by name; unknown fields are refused by name."""
    _only(request, FIELDS[names.MTF_RUN] | {alias for option in OPTIONS for alias in option.aliases})
    limits = {name: request.get(name, limit.usual) for name, limit in LIMITS.items()}
    for name, value in limits.items():
        if not LIMITS[name].fits(value):
            raise _refused(f"{name}: found {value!r}; allowed is {LIMITS[name].allowed}")
    return {name: value for name, value in request.items() if name not in LIMITS}, limits


def _only(request: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(request) - known)
    if unknown:
        raise _refused(f"unknown fields: {', '.join(unknown)}; known are {', '.join(sorted(known)) or 'none'}")


def _refused(words: str) -> ApplicationError:
    return ApplicationError(words, type="refused", non_retryable=True)


def _failure(report: ReportRecord, most_errors: float) -> str | None:
    """Why a run that ended counts as failed all the same; None: it does not."""
    if report.account_error is not None:
        return f"account_state_unknown: {report.account_error}"
    done = report.summary
    if done.requested and done.errors / done.requested > most_errors:
        return f"too_many_errors: {done.errors} of {done.requested} symbols failed"
    return None


@asynccontextmanager
async def _told(kind: str, metrics: WorkerMetrics) -> AsyncIterator[None]:
    """A dependency that fails ends the job; the schedule's next one tries again."""
    try:
        yield
    except PortError as error:
        metrics.ended(kind, "failed")
        raise ApplicationError(str(error), type="dependency_down", non_retryable=True) from None
    metrics.ended(kind, "done")


@asynccontextmanager
async def _alive(stage: _Stage) -> AsyncIterator[None]:
    """Signs of life within the block, with how far the work is."""

    async def beat() -> None:
        while True:
            activity.heartbeat(stage.words)
            await asyncio.sleep(_BEAT_S)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        await ended(beating)
