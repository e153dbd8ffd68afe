"""How long a process stood still because a machine was busy: what a test that speaks of seconds must leave out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define

_TICK_S = 0.02
_USUAL_S = 0.05
"""Late by so much is what a process is by its own work."""


@define
class Standstill:
    """Seconds so far."""

    total_s: float = 0.0


@asynccontextmanager
async def standstills() -> AsyncIterator[Standstill]:
    """Notices those of this process while the block runs."""
    found = Standstill()

    async def tick() -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(_TICK_S)
            late_s = time.monotonic() - before_s - _TICK_S
            found.total_s += late_s if late_s > _USUAL_S else 0.0

    ticking = asyncio.create_task(tick())
    try:
        yield found
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
