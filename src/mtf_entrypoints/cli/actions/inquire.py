"""`mtf funnel` and `mtf verify`."""

from __future__ import annotations

import asyncio

from mtf_core.inquiry import Funnel, Verification, funnel, verify_run
from mtf_core.market import format_instant, parse_instant, to_ms
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stored import stored_run

MOST_DIFFERENCES = 30


def show_funnel(
    world: World, run: str | None, since: str | None, profile: str | None, limit: int, as_json: bool
) -> None:
    """Stages and blocking conditions of one run or many."""
    since_ms = None if since is None else to_ms(parse_instant(since))
    found = asyncio.run(_funnel(world, run, since_ms, profile))
    if found is None:
        raise CommandError("no finished run is stored that fits; `mtf run` stores one", FAILED)
    if as_json:
        output.write_json(found.to_json())
    else:
        _print_funnel(found, limit)


async def _funnel(world: World, run: str | None, since_ms: int | None, profile: str | None) -> Funnel | None:
    with output.progress() as progress:
        async with stored_run(world, run) as stored:
            if stored is None:
                return None
            return await funnel(stored.stores, stored.run_id, since_ms, profile, progress)


def _print_funnel(found: Funnel, limit: int) -> None:
    span = format_instant(found.first_instant_ms)
    if found.runs > 1:
        span += f" to {format_instant(found.last_instant_ms)}, {output.counted(found.runs, 'run')}"
    stages = output.table(
        "stage", "reached", "passed", "stopped by", right=("reached", "passed"), prose=("stopped by",)
    )
    for stage in found.stages:
        reasons = ", ".join(f"{reason} {count}" for reason, count in stage.stopped.items())
        stages.add_row(str(stage.stage), str(stage.reached), str(stage.passed), reasons)
    output.write_line(f"{found.profile} at {span}")
    output.console().print(stages)
    for short in found.short:
        output.write_line(short.in_words)
    columns = ("blocks", "decides", "admits")
    conditions = output.table("timeframe", "tree", "condition", *columns, right=columns, optional=columns[:2])
    for one in found.conditions[:limit]:
        counts = (str(one.blocks), str(one.decides), str(one.admits))
        conditions.add_row(str(one.key.timeframe), one.key.tree, one.key.name, *counts)
    output.console().print(conditions)
    for line in _summary(found, limit):
        output.write_line(line)


def _summary(found: Funnel, limit: int) -> list[str]:
    lines = []
    if len(found.conditions) > limit:
        lines.append(f"… and {output.counted(len(found.conditions) - limit, 'more condition')} (--limit)")
    most, best = found.most_blocking, found.most_admitting
    if most is not None:
        blocked = output.counted(most.blocks, "symbol")
        lines.append(f"most in the way: {most.key.name} ({most.key.timeframe} {most.key.tree}), {blocked}")
    if best is not None:
        key = best.key
        lines.append(f"dropping {key.name} ({key.timeframe} {key.tree}) alone would admit {best.admits} more")
    elif most is not None:
        lines.append("dropping any single condition would admit no symbol")
    lines.extend(found.unknown_words)
    if found.unread:
        unread = f"{output.counted(found.unread, 'run')} {'is' if found.unread == 1 else 'are'}"
        lines.append(f"{unread} without conditions: another version's trees, or refused configuration")
    return lines


def verify(world: World, run: str, as_json: bool) -> None:
    """Decides a run again; exit 1 when anything differs."""
    found = asyncio.run(_verify(world, run))
    if found is None:
        raise CommandError(f"no run {run!r} is stored", FAILED)
    if as_json:
        output.write_json(found.to_json())
    else:
        _print_verification(found)
    if not found.ok:
        raise CommandError(
            f"run {run} cannot be confirmed: {output.counted(len(found.differences), 'difference')}", FAILED
        )


async def _verify(world: World, run: str) -> Verification | None:
    with output.progress() as progress:
        async with stored_run(world, run) as stored:
            return None if stored is None else await verify_run(stored.stores, stored.run_id or run, progress)


def _print_verification(found: Verification) -> None:
    if found.ok:
        counts = f"{output.counted(found.decisions, 'decision')} and {output.counted(found.plans, 'plan')}"
        output.write_line(f"run {found.run_id} ({found.profile}): {counts} made again, bit for bit the same")
        return
    table = output.table("found", "symbol", "what", "recorded", "now", prose=("what", "recorded", "now"))
    for one in found.differences[:MOST_DIFFERENCES]:
        table.add_row(str(one.finding), one.symbol or "", one.what, one.recorded, one.found)
    output.console().print(table)
    if len(found.differences) > MOST_DIFFERENCES:
        output.write_line(f"… and {len(found.differences) - MOST_DIFFERENCES} more (--json shows all)")
