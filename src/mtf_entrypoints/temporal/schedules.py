"""Schedules on a Temporal server: made as the file wants them, shown, paused, started, deleted."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from attrs import frozen
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionResult,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowExecutionStatus,
    WorkflowFailureError,
)
from temporalio.service import RPCError, RPCStatusCode

from mtf_entrypoints.temporal.plan import Overlap, Planned

Value = TypeVar("Value")

_PLAN = "plan"
"""In the memo of what a schedule starts: the plan that it was applied from, to compare the next one with."""
_LONGEST = timedelta(seconds=400)
"""A job that no worker has taken by then ends as timed out."""
_OVERLAPS = {
    Overlap.SKIP: ScheduleOverlapPolicy.SKIP,
    Overlap.BUFFER_ONE: ScheduleOverlapPolicy.BUFFER_ONE,
    Overlap.CANCEL_OTHER: ScheduleOverlapPolicy.CANCEL_OTHER,
    Overlap.ALLOW_ALL: ScheduleOverlapPolicy.ALLOW_ALL,
}


class NoSuchScheduleError(Exception):
    """The server has no schedule of that id."""


class ScheduleExistsError(Exception):
    """The server has a schedule of that id already."""


@frozen
class Change:
    """What applying a plan does to one schedule."""

    id: str
    is_new: bool
    differences: tuple[tuple[str, str, str], ...]
    """Field, as it is, as it is wanted."""


@frozen
class Execution:
    """One start of a schedule, and what came of it."""

    scheduled: datetime
    workflow_id: str
    status: str
    seconds: float | None
    """How long it took; None: it goes on."""
    run_id: str | None
    words: str
    """Of its result, or of its failure; empty while it goes on."""


@frozen
class Status:
    """A schedule as the server has it."""

    id: str
    workflow: str
    is_paused: bool
    note: str
    next_times: tuple[datetime, ...]
    started: int
    missed: int
    """Starts that the catch-up let pass."""
    skipped: int
    """Starts whose predecessor still went on."""
    history: tuple[Execution, ...]
    """The newest first."""


@frozen(eq=False)
class Schedules:
    """Those of one namespace."""

    client: Client
    task_queue: str

    async def change(self, planned: Planned) -> Change:
        """What `apply` would do."""
        before = await self._applied_plan(planned.id)
        if before is None:
            return Change(planned.id, True, tuple((name, "", value) for name, value in planned.shown().items()))
        wanted = planned.shown()
        differences = [
            (name, before.get(name, ""), wanted.get(name, ""))
            for name in dict.fromkeys((*wanted, *before))
            if before.get(name, "") != wanted.get(name, "")
        ]
        return Change(planned.id, False, tuple(differences))

    async def create(self, planned: Planned, note: str) -> None:
        """Raises `ScheduleExistsError`."""
        try:
            await self.client.create_schedule(planned.id, self._schedule(planned, note))
        except ScheduleAlreadyRunningError:
            raise ScheduleExistsError(
                f"there is a schedule {planned.id} already; `mtf schedules apply` changes it"
            ) from None

    async def apply(self, planned: Planned, note: str) -> Change:
        """Makes the schedule as it is planned; one that is paused stays paused."""
        change = await self.change(planned)
        if change.is_new:
            await self.create(planned, note)
        elif change.differences:

            def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
                changed = self._schedule(planned, note)
                changed.state.paused = current.description.schedule.state.paused
                return ScheduleUpdate(schedule=changed)

            await self._handle(planned.id).update(update)
        return change

    async def pause(self, schedule_id: str, note: str) -> None:
        await self._found(schedule_id, self._handle(schedule_id).pause(note=note))

    async def resume(self, schedule_id: str, note: str) -> None:
        await self._found(schedule_id, self._handle(schedule_id).unpause(note=note))

    async def trigger(self, schedule_id: str) -> None:
        """Starts it once, now, also where it is paused or its last start still goes on."""
        await self._found(schedule_id, self._handle(schedule_id).trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL))

    async def delete(self, schedule_id: str) -> None:
        await self._found(schedule_id, self._handle(schedule_id).delete())

    async def all(self, history: int = 1) -> tuple[Status, ...]:
        """Every schedule of the namespace that starts a workflow on our queue, sorted by id."""
        names = sorted([entry.id async for entry in await self.client.list_schedules()])
        described = [(name, await self._handle(name).describe()) for name in names]
        return tuple([await self._status(name, one, history) for name, one in described if self._is_ours(one)])

    async def status(self, schedule_id: str, history: int = 1) -> Status:
        """Raises `NoSuchScheduleError`."""
        described = await self._found(schedule_id, self._handle(schedule_id).describe())
        return await self._status(schedule_id, described, history)

    async def _status(self, schedule_id: str, described: ScheduleDescription, history: int) -> Status:
        action, info = described.schedule.action, described.info
        recent = list(reversed(info.recent_actions))[:history]
        return Status(
            id=schedule_id,
            workflow=action.workflow if isinstance(action, ScheduleActionStartWorkflow) else "?",
            is_paused=described.schedule.state.paused,
            note=described.schedule.state.note or "",
            next_times=tuple(info.next_action_times[:3]),
            started=info.num_actions,
            missed=info.num_actions_missed_catchup_window,
            skipped=info.num_actions_skipped_overlap,
            history=tuple([await self._execution(one) for one in recent]),
        )

    async def _execution(self, result: ScheduleActionResult) -> Execution:
        started = cast(ScheduleActionExecutionStartWorkflow, result.action)
        handle = self.client.get_workflow_handle(started.workflow_id, run_id=started.first_execution_run_id)
        try:
            described = await handle.describe()
        except RPCError:
            return Execution(result.scheduled_at, started.workflow_id, "no longer kept", None, None, "")
        words, run_id = "", None
        if described.status not in {None, WorkflowExecutionStatus.RUNNING}:
            words, run_id = await _came_of(handle)
        seconds = None
        if described.close_time is not None:
            seconds = (described.close_time - described.start_time).total_seconds()
        status = "?" if described.status is None else described.status.name.lower()
        return Execution(result.scheduled_at, started.workflow_id, status, seconds, run_id, words)

    def _is_ours(self, described: ScheduleDescription) -> bool:
        action = described.schedule.action
        return isinstance(action, ScheduleActionStartWorkflow) and action.task_queue == self.task_queue

    async def _applied_plan(self, schedule_id: str) -> dict[str, str] | None:
        """The plan that a schedule was applied from; empty for one that was made otherwise; None: there is none."""
        try:
            described = await self._handle(schedule_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        action = described.schedule.action
        memo = action.memo if isinstance(action, ScheduleActionStartWorkflow) else None
        if not memo or _PLAN not in memo:
            return {}
        (plan,) = await self.client.data_converter.decode([cast(Any, memo[_PLAN])])
        return {str(name): str(value) for name, value in plan.items()} if isinstance(plan, dict) else {}

    def _handle(self, schedule_id: str) -> ScheduleHandle:
        return self.client.get_schedule_handle(schedule_id)

    async def _found(self, schedule_id: str, asking: Awaitable[Value]) -> Value:
        try:
            return await asking
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise NoSuchScheduleError(
                    f"there is no schedule {schedule_id}; `mtf schedules status` lists them"
                ) from None
            raise

    def _schedule(self, planned: Planned, note: str) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                planned.workflow,
                dict(planned.request),
                id=planned.id,
                task_queue=self.task_queue,
                execution_timeout=_LONGEST,
                memo={_PLAN: planned.shown()},
            ),
            spec=ScheduleSpec(
                intervals=[] if planned.every is None else [ScheduleIntervalSpec(planned.every, planned.offset)],
                cron_expressions=[] if planned.cron is None else [planned.cron],
                jitter=planned.jitter or None,
            ),
            policy=SchedulePolicy(
                overlap=_OVERLAPS[planned.overlap],
                catchup_window=planned.catch_up,
                pause_on_failure=planned.pause_on_failure,
            ),
            state=ScheduleState(note=note),
        )


async def _came_of(handle: Any) -> tuple[str, str | None]:
    """The first line of what came of a workflow that ended, and the id of its run."""
    try:
        result = await handle.result()
    except WorkflowFailureError as error:
        cause: BaseException = error
        while (inner := getattr(cause, "cause", None)) is not None:
            cause = inner
        return (str(cause).splitlines() or [""])[0], None
    if not isinstance(result, dict):
        return "", None
    words = str(result.get("text") or result.get("words") or "").splitlines() or [""]
    skipped = f"skipped: {result['skipped']}" if result.get("skipped") else ""
    return skipped or words[0], result.get("run_id")
