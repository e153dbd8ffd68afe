"""Signs of life of an activity, with how far its work is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field
from temporalio import activity

from mtf_core.ending import ended

BEAT_S = 5.0


@define(eq=False)
class Stage:
    """How far the work is; implements `Progress`."""

    words: dict[str, Any] = field(factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.words = {"stage": stage, "done": done, "total": total}


@asynccontextmanager
async def alive(stage: Stage, every_s: float = BEAT_S) -> AsyncIterator[None]:
    """Signs of life within the block."""

    async def beat() -> None:
        while True:
            activity.heartbeat(stage.words)
            await asyncio.sleep(every_s)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        await ended(beating)
