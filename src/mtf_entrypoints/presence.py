"""How a process that stays shows itself to others: a row in the store, with a sign of life every few seconds."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from mtf_core._version import __version__
from mtf_core.ending import ended
from mtf_core.execution.waiting import within
from mtf_core.ports import Environment, PortError, ProcessStore
from mtf_core.records import ProcessKind, ProcessState, RunningProcess

BEAT_S = 5.0
_PATIENT_S = 1.0
"""How long the end of a process waits for its row to go; a row that stays is taken for that of a process that died."""


def _working() -> ProcessState:
    return ProcessState.WORKING


@asynccontextmanager
async def shown(
    environment: Environment,
    kind: ProcessKind,
    state: Callable[[], ProcessState] = _working,
    *,
    owner: str | None = None,
    account: str = "",
    beat_s: float = BEAT_S,
) -> AsyncIterator[RunningProcess]:
    """Shows this process while the block goes on. The row stays where the block raises: others notice then.

    `state` is asked at each beat. `owner` is the process's own name where it has one already. Nothing here waits for a
    store that does not answer, but the end, for two seconds.
    """
    name = owner or f"{kind}-{environment.new_run_id()}"
    process = RunningProcess(kind, name, socket.gethostname(), os.getpid(), __version__, account)
    store, stopping = environment.stores.processes, asyncio.Event()
    beating = asyncio.create_task(_beat(store, process, state, beat_s, stopping))
    try:
        yield process
        stopping.set()
        # A beat that is under way has to be stored first: it would bring the row back.
        await asyncio.wait([beating], timeout=_PATIENT_S)
        with suppress(PortError, TimeoutError):
            async with asyncio.timeout(_PATIENT_S):
                await store.remove(name)
    finally:
        await ended(beating)


async def _beat(
    store: ProcessStore,
    process: RunningProcess,
    state: Callable[[], ProcessState],
    beat_s: float,
    stopping: asyncio.Event,
) -> None:
    while not stopping.is_set():
        with suppress(PortError):  # it is tried again; meanwhile others find that the process is late
            await store.beat(process, state())
        await within(stopping.wait(), beat_s * 1000)
