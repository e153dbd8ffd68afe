"""What may wait, and may hang: told and written beside supervision, never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from attrs import define, field

from mtf_core.ending import ended
from mtf_core.ports import PortError

_MOST = 200
"""More than so many at once are not begun: whatever they wait for does not answer."""


@define(eq=False)
class SideJobs:
    """Jobs that go on by themselves. What fails outside is dropped: none of them is what safety rests on."""

    _running: set[asyncio.Task[object]] = field(factory=set, init=False)

    def begin(self, job: Coroutine[Any, Any, object]) -> None:
        if len(self._running) >= _MOST:
            job.close()
            return
        task = asyncio.ensure_future(job)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def settle(self, wait_ms: float) -> None:
        """Waits for those that are on their way, no longer than given."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=wait_ms / 1000)

    async def end(self) -> None:
        """Breaks off what still hangs."""
        await ended(*self._running)

    def _ended(self, task: asyncio.Task[object]) -> None:
        """What failed outside is dropped; a fault of this program is told as the loop tells of such."""
        self._running.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, PortError):
            context = {"message": "a side job of supervision broke off", "exception": fault, "task": task}
            task.get_loop().call_exception_handler(context)
