"""`mtf schedules`."""

from __future__ import annotations

import asyncio
import getpass
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from mtf_adapters.files.config_dir import SCHEDULES_FILE, config_dir_in_use
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.temporal import sdk
from mtf_entrypoints.temporal.file import schedules_of
from mtf_entrypoints.temporal.plan import Planned

if TYPE_CHECKING:
    from mtf_entrypoints.temporal.schedules import Change, Schedules, Status


Value = TypeVar("Value")


def apply(world: World, schedule_id: str | None, *, preview: bool, live: bool, as_json: bool) -> None:
    """Makes the server's schedules as the file wants them, and shows what changed."""
    plans = _chosen(_plans(world), schedule_id)
    if preview:
        _show_plans(plans, as_json)
        return
    _refuse_live(plans, live)

    async def applied(there: Schedules) -> list[Change]:
        return [await there.apply(planned, _note("applied")) for planned in plans]

    changes = asyncio.run(_with(world, applied))
    if as_json:
        output.write_json([_change_to_json(change) for change in changes])
        return
    for change in changes:
        _show_change(change)


def create(world: World, schedule_id: str, *, live: bool) -> None:
    """Makes one schedule that is not there yet."""
    (planned,) = _chosen(_plans(world), schedule_id)
    _refuse_live([planned], live)
    asyncio.run(_with(world, lambda there: there.create(planned, _note("created"))))
    output.write_line(f"{schedule_id}: created; `mtf schedules status {schedule_id}` shows it")


def status(world: World, schedule_id: str | None, history: int, as_json: bool) -> None:
    """A row for each schedule, or one with its last starts."""

    async def seen(there: Schedules) -> tuple[Status, ...]:
        return await there.all(history) if schedule_id is None else (await there.status(schedule_id, history),)

    found = asyncio.run(_with(world, seen))
    if as_json:
        output.write_json([_status_to_json(one) for one in found])
        return
    if not found:
        output.write_line("the server has no schedule of ours; `mtf schedules apply` makes those of temporal.yaml")
        return
    table = output.table(
        "schedule", "state", "next (UTC)", "last", "took", "run", "started", "missed", "skipped", "note",
        right=("started", "missed", "skipped", "took"), prose=("last", "note"), optional=("note", "run"),
    )  # fmt: skip
    for one in found:
        table.add_row(*_row(one))
    output.console().print(table)
    if history > 1:
        for one in found:
            _show_history(one)


def pause(world: World, schedule_id: str, reason: str) -> None:
    """Nothing is started by it until it is resumed."""
    asyncio.run(_with(world, lambda there: there.pause(schedule_id, _note(reason))))
    output.write_line(f"{schedule_id}: paused")


def resume(world: World, schedule_id: str, reason: str) -> None:
    """It starts again what it is to start."""
    asyncio.run(_with(world, lambda there: there.resume(schedule_id, _note(reason))))
    output.write_line(f"{schedule_id}: resumed")


def trigger(world: World, schedule_id: str) -> None:
    """Once, now."""
    asyncio.run(_with(world, lambda there: there.trigger(schedule_id)))
    output.write_line(f"{schedule_id}: started; `mtf schedules status {schedule_id}` shows what comes of it")


def delete(world: World, schedule_id: str) -> None:
    """It is gone from the server; the file still has it."""
    asyncio.run(_with(world, lambda there: there.delete(schedule_id)))
    output.write_line(f"{schedule_id}: deleted")


def _plans(world: World) -> tuple[Planned, ...]:
    """What the file wants; raises `ConfigError` with everything that is wrong in it."""
    return schedules_of(config_dir_in_use(settings_of(world).config_dir))


def _chosen(plans: Sequence[Planned], schedule_id: str | None) -> tuple[Planned, ...]:
    chosen = tuple(one for one in plans if schedule_id in {None, one.id})
    if not chosen:
        known = ", ".join(one.id for one in plans)
        raise CommandError(f"{SCHEDULES_FILE} has no schedule {schedule_id}; it has {known}", FAILED)
    return chosen


def _refuse_live(plans: Sequence[Planned], live: bool) -> None:
    ids = [one.id for one in plans if one.is_live]
    if ids and not live:
        raise CommandError(
            f"{', '.join(ids)}: dry_run is false, so orders would leave; nothing was applied. If that is meant, give "
            "--live, and start the worker with MTF_LIVE=yes",
            REFUSED,
        )


@asynccontextmanager
async def _opened(world: World) -> AsyncIterator[Schedules]:
    """The schedules of the server; raises `CommandError`, one line, where it cannot be reached."""
    try:
        from temporalio.service import RPCError  # noqa: PLC0415  (the SDK takes a while to import)

        from mtf_entrypoints.temporal import schedules  # noqa: PLC0415
        from mtf_entrypoints.temporal.connecting import (  # noqa: PLC0415
            TemporalUnavailableError,
            connected,
            know_attributes,
        )
    except ModuleNotFoundError as error:
        if not sdk.is_missing(error):
            raise
        raise CommandError(sdk.MISSING, FAILED) from None
    options = settings_of(world).temporal
    try:
        client = await connected(options)
        await know_attributes(client, options)
        yield schedules.Schedules(client, options.task_queue)
    except (TemporalUnavailableError, schedules.NoSuchScheduleError, schedules.ScheduleExistsError) as error:
        raise CommandError(str(error), FAILED) from None
    except RPCError as error:
        raise CommandError(f"Temporal at {options.address}: {error}", FAILED) from None


async def _with(world: World, work: Callable[[Schedules], Awaitable[Value]]) -> Value:
    async with _opened(world) as there:
        return await work(there)


def _note(why: str) -> str:
    """Who and why."""
    try:
        who = getpass.getuser()
    except (OSError, KeyError):
        who = "somebody"
    return f"{why} ({who} at {socket.gethostname()})"


def _show_plans(plans: Sequence[Planned], as_json: bool) -> None:
    if as_json:
        output.write_json([{"id": one.id, **one.shown(), "live": one.is_live} for one in plans])
        return
    table = output.table("schedule", "workflow", "when", "overlap", "catch-up", "request", prose=("request",))
    for one in plans:
        shown = one.shown()
        table.add_row(one.id, *(shown[name] for name in ("workflow", "when", "overlap", "catch-up", "request")))
    output.console().print(table)


def _show_change(change: Change) -> None:
    if change.is_new:
        output.write_line(f"{change.id}: created")
    elif not change.differences:
        output.write_line(f"{change.id}: as it was")
    else:
        output.write_line(f"{change.id}: changed")
    if not change.is_new:
        for name, before, after in change.differences:
            output.write_line(f"  {name}: {before or 'nothing'} → {after or 'nothing'}")


def _change_to_json(change: Change) -> dict[str, Any]:
    differences = [{"field": name, "before": before, "after": after} for name, before, after in change.differences]
    return {"id": change.id, "created": change.is_new, "changes": [] if change.is_new else differences}


def _row(one: Status) -> tuple[str, ...]:
    last = one.history[0] if one.history else None
    took = "" if last is None or last.seconds is None else f"{last.seconds:.1f} s"
    came = "" if last is None else f"{last.status}{f': {last.words}' if last.words else ''}"
    run = (last.run_id or "")[:8] if last is not None else ""
    is_often = bool(one.next_times) and one.next_times[-1] - one.next_times[0] < timedelta(hours=12)
    times = ", ".join(f"{time:%H:%M:%S}" if is_often else f"{time:%d %b %H:%M}" for time in one.next_times)
    state = "paused" if one.is_paused else "active"
    return one.id, state, times, came, took, run, str(one.started), str(one.missed), str(one.skipped), one.note


def _show_history(one: Status) -> None:
    output.write_line(one.id)
    for each in one.history:
        took = "goes on" if each.seconds is None else f"{each.seconds:.1f} s"
        output.write_line(f"  {_instant(each.scheduled)}  {each.status}  {took}  {each.words}")


def _status_to_json(one: Status) -> dict[str, Any]:
    return {
        "id": one.id,
        "workflow": one.workflow,
        "paused": one.is_paused,
        "note": one.note,
        "next": [_instant(time) for time in one.next_times],
        "started": one.started,
        "missed": one.missed,
        "skipped": one.skipped,
        "history": [
            {
                "scheduled": _instant(each.scheduled),
                "workflow_id": each.workflow_id,
                "status": each.status,
                "seconds": each.seconds,
                "run_id": each.run_id,
                "words": each.words,
            }
            for each in one.history
        ],
    }


def _instant(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
