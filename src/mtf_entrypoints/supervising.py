"""A supervisor beside something else: in a service, or in a process that runs at each close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from mtf_adapters.telemetry.logs import Area
from mtf_core.execution import open_desk
from mtf_core.execution.supervisor import Status, Supervisor, SupervisorState
from mtf_core.market import format_instant
from mtf_core.orders import Alarm, Intent
from mtf_core.ports import Environment
from mtf_core.records import ProcessKind, ProcessState, RunningProcess
from mtf_entrypoints.presence import shown

_LOG = Area.ORDERS.logger


def heard(alarm: Alarm) -> None:
    """One error line for each new alarm; the row is in the store."""
    _LOG.error("alarm %s (%s): %s", alarm.kind, alarm.subject, alarm.text)


@asynccontextmanager
async def supervised(environment: Environment, *, wanted: bool) -> AsyncIterator[None]:
    """Supervises the account until the block ends, and then in good order; nothing where it is not wanted.

    Raises what `open_desk` raises, before the block begins.
    """
    if not wanted:
        yield
        return
    stop = asyncio.Event()
    supervisor = Supervisor(await open_desk(environment), heard)
    task = asyncio.create_task(supervisor.run_until(stop))
    try:
        async with shown_supervising(supervisor):
            yield
    finally:
        stop.set()
        await task


def shown_supervising(supervisor: Supervisor) -> AbstractAsyncContextManager[RunningProcess]:
    """Shows this process as one that supervises the account, or stands by to do so."""

    def state() -> ProcessState:
        is_seated = supervisor.status.state is SupervisorState.SUPERVISING
        return ProcessState.SUPERVISING if is_seated else ProcessState.STANDING_BY

    desk = supervisor.desk
    return shown(desk.environment, ProcessKind.SUPERVISE, state, owner=supervisor.owner, account=desk.account)


def status_to_json(status: Status) -> dict[str, Any]:
    """What a look came to, for machines."""
    return {
        "time": format_instant(status.venue_ms),
        "state": status.state.value,
        "supervisor": status.holder,
        "read": format_instant(status.read_ms) if status.read_ms else None,
        "account": {"condition": status.standing.condition.value, "why": status.standing.why},
        "store_is_behind": status.store_is_behind,
        "intents": [intent_to_json(intent) for intent in status.live],
        "alarms": [{"kind": alarm.kind.value, "subject": alarm.subject, "text": alarm.text} for alarm in status.alarms],
    }


def intent_to_json(intent: Intent) -> dict[str, Any]:
    """One live intent, as it is supervised."""
    return {
        "decision_key": intent.decision_key,
        "symbol": intent.symbol,
        "side": str(intent.side),
        "entry": intent.entry.value,
        "position": intent.position.value,
        "size": f"{intent.wanted.size:f}",
        "filled": f"{intent.filled:f}",
        "held": f"{intent.progress.held:f}",
        "stop": f"{intent.stop.price:f}",
        "targets": [f"{target.price:f}" for target in intent.targets],
    }
