"""A supervisor that dies by SIGKILL at the numbered point that it was told; 0: it lives until its work is done.

A point stands before and after every call of the store, the exchange, the locks, the mark outside of the store and the
journal: before and after an action is committed, is written, and has its outcome stored, and each read between.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from attrs import evolve

from mtf_core.execution import Desk, open_desk
from mtf_core.execution.supervisor import Supervisor, SupervisorState
from mtf_core.orders import Intent, PositionState
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings
from tests.integration.execution.dying import Numbered, Points
from tests.integration.orders.standstill import standstills

PROTECTED, OVER = "protected", "over"
_MOST_S = 60.0
"""On a machine that does much else."""
_MORE_LOOKS = 3
_SEAT_S = 2
"""A seat outlives its owner by so much; the successor waits for it."""


class NumberedJournal:
    """A journal, whose calls do not wait, with a point before and after each."""

    def __init__(self, port: Any, points: Points) -> None:
        self._port, self._points = port, points

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            self._points.reach()
            answer = getattr(self._port, name)(*args)
            self._points.reach()
            return answer

        return call


def numbered(desk: Desk, points: Points) -> Desk:
    environment = evolve(desk.environment, locks=Numbered(desk.environment.locks, points))
    return evolve(
        desk,
        environment=environment,
        trading=Numbered(desk.trading, points),
        orders=Numbered(desk.orders, points),
        high_water=Numbered(desk.high_water, points),
        journal=NumberedJournal(desk.journal, points),
    )


def _is_reached(intent: Intent, aim: str) -> bool:
    if aim == PROTECTED:
        return intent.position is PositionState.PROTECTED and intent.entry.is_final
    return not intent.is_live


async def supervise(key: str, aim: str, die_at: int, changed: Callable[[Desk, Points], Desk]) -> dict[str, object]:
    """Supervises until the intent of the key is where it should be, and some looks more: targets come after stops."""
    points = Points(die_at)
    async with opened(read_settings()) as container, standstills() as still:
        real = await open_desk(container.environment())
        desk = changed(evolve(real, settings=evolve(real.settings, heartbeat_sec=_SEAT_S)), points)
        supervisor = Supervisor(desk)
        begun_s, seated_s, reached_s = time.monotonic(), None, None
        while reached_s is None and time.monotonic() < begun_s + _MOST_S:
            looked_s = time.monotonic()
            await supervisor.look()
            if supervisor.status.state is SupervisorState.SUPERVISING and seated_s is None:
                seated_s = looked_s
            intent = await real.orders.intent(key)
            if seated_s is not None and intent is not None and _is_reached(intent, aim):
                reached_s = time.monotonic()
            else:
                await asyncio.sleep(0.05)
        for _ in range(_MORE_LOOKS):
            await supervisor.look()
            await asyncio.sleep(0.2)
        alarms = [alarm.kind.value for alarm in supervisor.status.alarms]
        await supervisor.end()
    work = None if seated_s is None or reached_s is None else (seated_s, reached_s)
    return {"points": points.reached, "work": work, "still": still, "alarms": alarms}


def main(key: str, aim: str, die_at: str) -> None:
    sys.stdout.write(json.dumps(asyncio.run(supervise(key, aim, int(die_at), numbered))))
