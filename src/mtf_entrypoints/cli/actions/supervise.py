"""`mtf supervise` and `mtf recover`."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from contextlib import AsyncExitStack

from attrs import define, field
from rich.live import Live

from mtf_core.execution import Desk, open_desk
from mtf_core.execution.recovery import Recovery, confirm_recovery, look_into_recovery
from mtf_core.execution.supervisor import Status, Supervisor, SupervisorState
from mtf_core.execution.waiting import within
from mtf_core.market import format_instant
from mtf_core.ports import Environment, ExchangeUnavailableError, StoreUnavailableError
from mtf_core.records import ProcessKind, ProcessState
from mtf_core.risk import AccountCondition
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.sheets import Sheet
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.working import announced, measured, metrics_place, working
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.presence import shown
from mtf_entrypoints.supervising import heard, shown_supervising, status_to_json

_AGAIN_S = 2
"""Between two attempts to begin."""


def supervise(world: World, once: bool, as_json: bool) -> None:
    """Supervises until it is told to stop (SIGTERM, SIGINT), or looks once."""
    asyncio.run(_supervise(world, once, as_json))


async def _supervise(world: World, once: bool, as_json: bool) -> None:
    stopping = told_to_stop()
    settings, place = settings_of(world, stays=True), metrics_place(world)
    if settings.at_ms is not None:
        raise CommandError("--at: a supervisor follows the present; leave it out")
    async with announced(settings) as container:
        environment = container.environment()
        if once:
            await _once(Supervisor(await open_desk(environment), heard), as_json)
            return
        async with measured(container, place):
            desk = await _opened(environment, stopping)
            if desk is None:
                return
            supervisor, label = Supervisor(desk, heard), environment.venue.label
            output.warn(f"supervising account {desk.account} on {label}; stop with Ctrl-C")
            if settings.paper:
                from mtf_adapters.paper import HOW_TO_TRADE, ONE_PROCESS  # noqa: PLC0415  (only on paper)

                output.warn(f"{ONE_PROCESS}: while this one supervises, nothing enters. To trade: {HOW_TO_TRADE}")
            async with shown_supervising(supervisor):
                with _shown(as_json) as sheet:
                    await supervisor.run_until(stopping, sheet.show)
    output.warn("stopped; stops stay at the exchange, and nobody supervises the account unless another process does")


async def _opened(environment: Environment, stopping: asyncio.Event) -> Desk | None:
    """The desk, asked for until it can be opened: positions may be open, and nobody else looks after them.

    None where the process was told to stop meanwhile. What will not get better by waiting is raised.
    """
    async with AsyncExitStack() as waiting:
        is_shown = False
        while not stopping.is_set():
            try:
                return await open_desk(environment)
            except (ExchangeUnavailableError, StoreUnavailableError) as error:
                output.warn(f"nothing is supervised yet: {error}; asked again in {_AGAIN_S} s")
            if not is_shown:
                is_shown = True
                starts = shown(environment, ProcessKind.SUPERVISE, lambda: ProcessState.STARTING)
                await waiting.enter_async_context(starts)
            await within(stopping.wait(), _AGAIN_S * 1000)
    return None


async def _once(supervisor: Supervisor, as_json: bool) -> None:
    """One look; refused where another process supervises, for that one does it already."""
    try:
        await supervisor.look()
        status = supervisor.status
    finally:
        await supervisor.end()
    if status.state is SupervisorState.STANDING_BY:
        holder = status.holder or "nobody could say who"
        raise CommandError(f"another process supervises this account already ({holder})", REFUSED)
    if as_json:
        output.write_json(status_to_json(status))
    else:
        output.console().print(_sheet(status))
        for alarm in status.alarms:
            output.write_line(f"alarm {alarm.kind}: {alarm.text}")
    if not status.read_ms:
        raise CommandError("the account could not be read", FAILED)


@define(eq=False)
class _Shown:
    """What those who watch see of each look."""

    as_json: bool
    live: Live | None = None
    _said: tuple[object, ...] = field(default=(), init=False)

    def __enter__(self) -> _Shown:
        if not self.as_json and sys.stdout.isatty():
            self.live = Live(console=output.console(), auto_refresh=False, transient=True)
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()

    def show(self, status: Status) -> None:
        if self.as_json:
            output.write_line(json.dumps(status_to_json(status)))
            output.flush()
        elif self.live is not None:
            self.live.update(_sheet(status), refresh=True)
        elif (said := _told(status)) != self._said:  # a file gets a line when something changed
            self._said = said
            output.write_line(f"{format_instant(status.venue_ms)}  {_words(status)}")
            output.flush()


def _shown(as_json: bool) -> _Shown:
    return _Shown(as_json)


def _told(status: Status) -> tuple[object, ...]:
    states = tuple((intent.decision_key, intent.entry, intent.position) for intent in status.live)
    return (
        status.state,
        status.standing,
        status.store_is_behind,
        states,
        tuple((one.kind, one.subject) for one in status.alarms),
    )


def _words(status: Status) -> str:
    if status.state is SupervisorState.STANDING_BY:
        return f"standing by; supervised by {status.holder or 'nobody that could be asked'}"
    told = [f"{one.symbol} {one.side} entry {one.entry}, position {one.position}" for one in status.live]
    alarms = f"; {output.counted(len(status.alarms), 'alarm')}" if status.alarms else ""
    condition = status.standing.condition
    account = f"; the account is {_CONDITIONS[condition]}" if condition is not AccountCondition.NORMAL else ""
    return f"{'; '.join(told) or 'no live intent'}{account}{alarms}"


def _sheet(status: Status) -> Sheet:
    table = output.table(
        *("symbol", "side", "entry", "position", "filled", "held", "stop", "decision key"),
        right=("filled", "held", "stop"),
        optional=("decision key",),
    )
    for one in status.live:
        filled = f"{one.filled:f}/{one.wanted.size:f}"
        held, stop = f"{one.progress.held:f}", f"{one.stop.price:f}"
        states = (one.entry.value, one.position.value)
        table.add_row(one.symbol, str(one.side), *states, filled, held, stop, one.decision_key)
    return table


def recover(world: World, confirm: bool, as_json: bool) -> None:
    """Shows what is ahead of the store or different from it; `confirm` ends recovery."""
    asyncio.run(_recover(world, confirm, as_json))


async def _recover(world: World, confirm: bool, as_json: bool) -> None:
    async with working(world) as environment:
        desk = await open_desk(environment)
        found = await look_into_recovery(desk)
        if confirm and found.is_needed:
            await confirm_recovery(desk, found, getpass.getuser())
    done = confirm and found.is_needed
    if as_json:
        output.write_json(_recovery_to_json(found, done))
    else:
        _tell(found, done)


def _recovery_to_json(found: Recovery, done: bool) -> dict[str, object]:
    return {
        "condition": found.standing.condition.value,
        "since": format_instant(found.standing.since_ms) if found.standing.since_ms else None,
        "why": found.standing.why,
        "counter": found.counter,
        "highest": found.highest,
        "database_was_restored": found.is_another_life,
        "unknown": [{"kind": one.kind.value, "symbol": one.symbol, "text": one.text} for one in found.unknown],
        "noted": [note.decision_key for note in found.noted],
        "confirmed": done,
    }


def _tell(found: Recovery, done: bool) -> None:
    condition = found.standing.condition
    why = f": {found.standing.why}" if found.standing.why else ""
    output.write_line(f"the account is {_CONDITIONS[condition]}{why}")
    output.write_line(f"the store committed {output.counted(found.counter, 'intent')}")
    if found.highest > found.counter:
        output.write_line(f"the highest number that anything else bears is {found.highest}")
    if found.is_another_life:
        output.write_line("the database was restored, or is a copy of the one that was used before")
    for one in found.unknown:
        output.write_line(f"- {one.text}")
    for note in found.noted:
        output.write_line(f"- this machine noted an order of {note.decision_key}, which the store does not know")
    if done:
        output.write_line(f"confirmed: entries are allowed again, and the store counts on from {found.highest}")
    elif found.is_needed:
        output.write_line(
            "look at positions and orders at the exchange; when all is as you want it: mtf recover --confirm"
        )


_CONDITIONS = {
    AccountCondition.NORMAL: "in order",
    AccountCondition.RECOVERY: "in recovery",
    AccountCondition.SHARED: "shared with somebody else",
    AccountCondition.MODES_CHANGED: "in another mode than the settings say",
}
