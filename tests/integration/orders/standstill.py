"""When a process stood still because a machine was busy: what a test that speaks of seconds must leave out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

_TICK_S = 0.02
_USUAL_S = 0.05
"""Late by so much is what a process is by its own work."""

Span: TypeAlias = tuple[float, float]
"""From when to when, by the machine's monotonic clock, which all of its processes share."""


@asynccontextmanager
async def standstills() -> AsyncIterator[list[Span]]:
    """Those of this process while the block runs."""
    found: list[Span] = []

    async def tick() -> None:
        while True:
            due_s = time.monotonic() + _TICK_S
            await asyncio.sleep(_TICK_S)
            now_s = time.monotonic()
            if now_s - due_s > _USUAL_S:
                found.append((due_s, now_s))

    ticking = asyncio.create_task(tick())
    try:
        yield found
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


def seconds_within(whole: Span, parts: Iterable[Span]) -> float:
    """How much of a span the parts cover, each moment once."""
    covered_s, until_s = 0.0, whole[0]
    for first_s, last_s in sorted(parts):
        begin_s, end_s = max(first_s, until_s), min(last_s, whole[1])
        covered_s += max(0.0, end_s - begin_s)
        until_s = max(until_s, end_s)
    return covered_s
