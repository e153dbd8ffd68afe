"""What an operator does by hand: `mtf switch`, `kill`, `unkill`, `locks` and `audit`."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mtf_core.market import format_instant
from mtf_core.ports import Environment, HeldBy
from mtf_core.records import AuditEvent, Page
from mtf_core.risk import QueuedSymbol, Switch
from mtf_core.upkeep import operators as use_cases
from mtf_core.upkeep.cleanup import Asked, Cleanup
from mtf_core.upkeep.cleanup import cleanup as use_case_cleanup
from mtf_core.upkeep.operators import BY_HAND, SwitchStates
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.working import working
from mtf_entrypoints.documents import audit_event_to_json, cleanup_to_json, lock_to_json, queued_to_json, switch_to_json

Answer = TypeVar("Answer")


def switch_on(world: World, key: str, reason: str | None, as_json: bool) -> None:
    _show_switch(_asked(world, lambda env: use_cases.switch_on(env, key, actor(), reason or BY_HAND)), as_json)


def switch_off(world: World, key: str, minutes: int | None, reason: str | None, as_json: bool) -> None:
    done = _asked(world, lambda env: use_cases.switch_off(env, key, actor(), reason or BY_HAND, minutes))
    _show_switch(done, as_json)


def kill(world: World, reason: str | None, as_json: bool) -> None:
    _show_switch(_asked(world, lambda env: use_cases.kill(env, actor(), reason or BY_HAND)), as_json)


def unkill(world: World, reason: str | None, as_json: bool) -> None:
    _show_switch(_asked(world, lambda env: use_cases.unkill(env, actor(), reason or BY_HAND)), as_json)


def queue(world: World, symbol: str, as_json: bool) -> None:
    """The symbol waits for the next run."""
    queued: QueuedSymbol = _asked(world, lambda env: use_cases.queue_symbol(env, symbol, actor()))
    if as_json:
        output.write_json(queued_to_json(queued))
    else:
        output.write_line(f"{queued.symbol} is in the next run that chooses its symbols")


def list_switches(world: World, as_json: bool) -> None:
    """The switches, those that are off first."""
    states: SwitchStates = _asked(world, use_cases.list_switches)
    if as_json:
        output.write_json(
            {
                "kill_switch_on": states.kill_switch_on,
                "switches": [switch_to_json(switch, states.now_ms) for switch in states.switches],
                "queued": [queued_to_json(queued) for queued in states.queued],
            }
        )
        return
    if states.kill_switch_on:
        output.write_line("The kill switch is on: no new entries. `mtf unkill` turns it off.")
    if states.switches:
        table = output.table("switch", "state", "until", "reason", "changed", prose=("reason",), optional=("changed",))
        for switch in sorted(states.switches, key=lambda switch: not switch.is_off(states.now_ms)):
            table.add_row(
                switch.key,
                _state(switch, states.now_ms),
                _until(switch),
                switch.reason,
                format_instant(switch.changed_ms),
            )
        output.console().print(table)
    else:
        output.write_line("no switch was ever thrown: everything is on")
    for queued in states.queued:
        output.write_line(f"{queued.symbol} waits for the next run, queued by {queued.actor}")


def list_locks(world: World, as_json: bool) -> None:
    """Every lock that is held."""
    held: tuple[HeldBy, ...] = _asked(world, use_cases.list_locks)
    if as_json:
        output.write_json([lock_to_json(lock) for lock in held])
    elif not held:
        output.write_line("no lock is held")
    else:
        table = output.table("lock", "owner", "expires")
        for lock in held:
            table.add_row(lock.name, lock.owner, format_instant(lock.expires_at_ms))
        output.console().print(table)


def release_lock(world: World, name: str, as_json: bool) -> None:
    """Takes the lock away."""
    taken: HeldBy = _asked(world, lambda env: use_cases.release_lock(env, name, actor()))
    if as_json:
        output.write_json(lock_to_json(taken))
    else:
        output.write_line(f"{taken.name} is free; it was held by {taken.owner}")


def audit(world: World, action: str | None, limit: int, cursor: str | None, as_json: bool) -> None:
    """A page of the trail, the newest first."""
    page: Page[AuditEvent] = _asked(world, lambda env: env.stores.audit.history(limit, cursor, action=action))
    if as_json:
        output.write_json({"events": [audit_event_to_json(event) for event in page.items], "next": page.next})
    elif not page.items:
        output.write_line("the audit trail is empty" + (f" of {action}" if action else ""))
    else:
        table = output.table("time", "who", "action", "subject", "details", prose=("details",), optional=("details",))
        for event in page.items:
            details = ", ".join(f"{name} {value}" for name, value in event.details.items() if value is not None)
            table.add_row(format_instant(event.time_ms), event.actor, event.action, event.subject, details)
        output.console().print(table)
        if page.next is not None:
            output.write_line(f"older ones: --cursor {page.next}")


_CLEANED = ("table", "rows", "goes", "held", "rule", "floor")


def cleanup(world: World, dry_run: bool, numbers: tuple[int | None, ...], as_json: bool) -> None:
    """Counts, or deletes, what the retention, or what is asked for in its place, does not keep."""
    asked = Asked(*numbers)
    done: Cleanup = _asked(world, lambda env: _cleanup(env, asked, dry_run))
    if as_json:
        output.write_json(cleanup_to_json(done))
        return
    table = output.table(*_CLEANED, right=_CLEANED[1:4], prose=("rule", "floor"), optional=("floor", "held"))
    for one in done.tables:
        held = str(one.held) if one.held else ""
        table.add_row(one.table, str(one.rows), str(one.goes), held, one.rule, one.floor or "")
    output.console().print(table)
    for line in done.floors:
        output.write_line(f"candles of {line}")
    *some, last = done.words
    counts = f"{', '.join(some)} and {last}"
    if dry_run:
        output.write_line(f"{counts} are what the retention does not keep; --no-dry-run deletes them")
    else:
        output.write_line(f"{counts} deleted")


async def _cleanup(environment: Environment, asked: Asked, dry_run: bool) -> Cleanup:
    retention = environment.profiles(None).trading.retention
    return await use_case_cleanup(environment, retention, actor(), asked=asked, dry_run=dry_run)


def _asked(world: World, use_case: Callable[[Environment], Awaitable[Answer]]) -> Answer:
    async def ask() -> Answer:
        async with working(world) as environment:
            return await use_case(environment)

    return asyncio.run(ask())


def actor() -> str:
    """Who sits at this machine, as far as it knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a user database
        return "operator"


def _show_switch(switch: Switch, as_json: bool) -> None:
    if as_json:
        output.write_json(switch_to_json(switch, switch.changed_ms))
    else:
        output.write_line(f"{switch.key} is {_state(switch, switch.changed_ms)}{_ending(switch)}: {switch.reason}")


def _state(switch: Switch, now_ms: int) -> str:
    return "off" if switch.is_off(now_ms) else "on"


def _until(switch: Switch) -> str:
    if switch.on:
        return ""
    return "switched on again" if switch.until_ms is None else format_instant(switch.until_ms)


def _ending(switch: Switch) -> str:
    return f" until {_until(switch)}" if _until(switch) else ""
