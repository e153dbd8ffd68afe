"""The workflows: one job each, carried out by one activity. Only data passes here, so that a history plays again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from mtf_entrypoints.temporal import names

_STARTED_FOR = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_STARTED_BY = SearchAttributeKey.for_keyword("TemporalScheduledById")
_PROFILE = SearchAttributeKey.for_keyword(names.PROFILE)
_DRY_RUN = SearchAttributeKey.for_bool(names.DRY_RUN)
_RUN_ID = SearchAttributeKey.for_keyword(names.RUN_ID)
_READY = SearchAttributeKey.for_int(names.READY)
_SUBMITTED = SearchAttributeKey.for_int(names.SUBMITTED)


@workflow.defn(name=names.MTF_RUN)
class MtfRun:
    """One run of one minute. Its result is the summary; the report stays in the store."""

    @workflow.run
    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        shares = bool(request.get(names.SHARD_SYMBOLS))
        result = await (_shared(request) if shares else _carried_out(names.RUN_ACTIVITY, request))
        if "run_id" in result:
            workflow.upsert_search_attributes(
                [
                    _PROFILE.value_set(result["profile"]),
                    _DRY_RUN.value_set(result["dry_run"]),
                    _RUN_ID.value_set(result["run_id"]),
                    _READY.value_set(result["counts"]["ready"]),
                    _SUBMITTED.value_set(result["orders"].get("submitted", 0)),
                ]
            )
        if result.get("failed"):
            raise ApplicationError(
                f"{result['failed']}\n{result['text']}", result, type=names.RUN_FAILED, non_retryable=True
            )
        return result


@workflow.defn(name=names.CONTRACT_SYNC)
class ContractSync:
    """Replaces the stored contracts by the exchange's list."""

    @workflow.run
    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        return await _carried_out(names.SYNC_ACTIVITY, request)


@workflow.defn(name=names.CLEANUP)
class Cleanup:
    """Deletes what is older than it is to be kept."""

    @workflow.run
    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        return await _carried_out(names.CLEANUP_ACTIVITY, request)


@workflow.defn(name=names.KLINE_REPAIR)
class KlineRepair:
    """Asks for the candles that are missing between others."""

    @workflow.run
    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        return await _carried_out(names.REPAIR_ACTIVITY, request)


@workflow.defn(name=names.SEARCH_TASK)
class SearchTask:
    """Some trials of a search. Begun again wherever its worker died: the same trials give the same results."""

    @workflow.run
    async def run(self, task: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = await workflow.execute_activity(
            names.SEARCH_ACTIVITY,
            task,
            schedule_to_close_timeout=timedelta(hours=names.SEARCH_HOURS),
            heartbeat_timeout=timedelta(seconds=names.SEARCH_HEARTBEAT_S),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
            ),
            cancellation_type=workflow.ActivityCancellationType.TRY_CANCEL,
        )
        return result


WORKFLOWS = (MtfRun, ContractSync, Cleanup, KlineRepair)
"""What the queue of runs and upkeep serves."""


async def _carried_out(activity: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the activity; begun again where its worker died, and nowhere else."""
    result: dict[str, Any] = await workflow.execute_activity(
        activity,
        _asked(request),
        start_to_close_timeout=timedelta(seconds=names.START_TO_CLOSE_S),
        schedule_to_close_timeout=timedelta(seconds=names.SCHEDULE_TO_CLOSE_S),
        heartbeat_timeout=timedelta(seconds=names.HEARTBEAT_S),
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=2), backoff_coefficient=2.0, maximum_attempts=names.MOST_ATTEMPTS
        ),
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
    return result


async def _shared(request: Mapping[str, Any]) -> dict[str, Any]:
    """A run that workers share: opened by one of them, its shards decided side by side, closed by one."""
    opened = await _step(names.OPEN_ACTIVITY, _asked(request), timedelta(seconds=names.OPENING_S))
    if "shards" not in opened:
        return opened
    decided = await asyncio.gather(*(_shard(opened, number) for number in range(opened["shards"])))
    asked = {
        "digests": {str(one["number"]): one["digest"] for one in decided if "digest" in one},
        "failed": {str(one["number"]): one["failed"] for one in decided if "failed" in one},
        **{name: value for name, value in opened.items() if name != "shards"},
    }
    return await _step(names.CLOSE_ACTIVITY, asked, _left(opened))


async def _shard(opened: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What one shard told; a shard that fails is told of, and does not end the others."""
    try:
        within = _left(opened) - timedelta(seconds=names.CLOSING_S)
        return await _step(names.SHARD_ACTIVITY, {"run_id": opened["run_id"], "number": number}, within)
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        return {"number": number, "failed": str(error.cause or error)}


async def _step(activity: str, asked: Mapping[str, Any], within: timedelta) -> dict[str, Any]:
    """One step of a shared run; it is begun again as often as there is time, for each counts once."""
    within = max(within, timedelta(seconds=1))
    result: dict[str, Any] = await workflow.execute_activity(
        activity,
        dict(asked),
        schedule_to_close_timeout=within,
        heartbeat_timeout=timedelta(seconds=names.SHARED_HEARTBEAT_S),
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=1), backoff_coefficient=1.5, maximum_interval=timedelta(seconds=5)
        ),
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
    return result


def _left(opened: Mapping[str, Any]) -> timedelta:
    """How long the run may still take."""
    return timedelta(milliseconds=opened["ends_by_ms"] - _ms(workflow.now()))


def _asked(request: Mapping[str, Any]) -> dict[str, Any]:
    due = _due()
    minute = due.replace(second=0, microsecond=0)
    return {"request": dict(request), "schedule": _schedule(), "due_ms": _ms(due), "minute_ms": _ms(minute)}


def _due() -> datetime:
    """When the schedule meant this to start, not when the worker came to it."""
    info = workflow.info()
    return info.typed_search_attributes.get(_STARTED_FOR) or info.workflow_start_time


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _schedule() -> str:
    info = workflow.info()
    return info.typed_search_attributes.get(_STARTED_BY) or info.workflow_id
