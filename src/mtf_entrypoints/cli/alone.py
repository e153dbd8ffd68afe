"""A command that only one process at a time may carry out for a venue and its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mtf_core.ending import ended
from mtf_core.market import format_instant
from mtf_core.ports import Environment, HeldBy, PortError
from mtf_core.records import ProcessKind
from mtf_core.runs.leases import Leases
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError

LOCK_MS = 30_000
"""So long after the death of one process the next one may begin."""


@asynccontextmanager
async def alone(
    environment: Environment, kind: ProcessKind, does: str, stopping: asyncio.Event, lock_ms: int = LOCK_MS
) -> AsyncIterator[str]:
    """Holds the lock of this kind of process while the block goes on; gives the name under which it holds it.

    `does` says what the process does, like "streams these candles". Raises `CommandError` where another process does
    it. One that loses its lock, because it stood still for longer than that lasts, is told to stop, and the same is
    raised at the end of the block.
    """
    name, owner = f"{kind}:{environment.venue.namespace}", f"{kind}-{environment.new_run_id()}"
    leases = Leases(environment.locks, owner, environment.sleep)
    async with leases.kept():
        answer = await leases.take(name, lock_ms)
        if isinstance(answer, HeldBy):
            until = format_instant(answer.expires_at_ms)
            raise CommandError(
                f"another process {does} already: {await _who(environment, answer.owner)}; its lock {name} lasts until "
                f"{until} and is renewed while it lives",
                REFUSED,
            )
        watching = asyncio.create_task(_stop_when_lost(leases, stopping))
        try:
            yield owner
        finally:
            await ended(watching)
        if leases.lost:
            text = f"the lock {name} was lost: this process stood still, and another one may hold it by now"
            raise CommandError(text, FAILED)


async def _stop_when_lost(leases: Leases, stopping: asyncio.Event) -> None:
    while not leases.lost:
        await asyncio.sleep(1)
    stopping.set()


async def _who(environment: Environment, owner: str) -> str:
    """The process that holds a lock, as it shows itself."""
    try:
        processes = await environment.stores.processes.all()
    except PortError:
        return owner
    for record in processes:
        if record.process.owner == owner:
            one = record.process
            return f"process {one.pid} on {one.host}, since {format_instant(record.started_ms)}"
    return owner
