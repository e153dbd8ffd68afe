"""Waiting for something that may hang: no longer than it is worth, and without breaking it off."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from attrs import define, field

Value = TypeVar("Value")


@define(eq=False)
class Patience(Generic[Value]):
    """One kind of call that may hang. While one hangs no other is begun, so that none pile up.

    What hangs is not broken off: a write that was broken off may still have happened.
    """

    _running: asyncio.Task[Value] | None = field(default=None, init=False)

    async def result_of(self, call: Coroutine[Any, Any, Value], wait_ms: float) -> Value | None:
        """What the call gave; None where it did not answer in time. Raises what the call raised.

        Where an earlier one still hangs, `call` is not made, and the earlier one's answer is what is waited for.
        """
        if self._running is None:
            self._running = asyncio.ensure_future(call)
        else:
            call.close()
        running = self._running
        await asyncio.wait({running}, timeout=wait_ms / 1000)
        if not running.done():
            return None
        if self._running is running:
            self._running = None
        return running.result()

    async def end(self) -> None:
        """Breaks off what still hangs."""
        if self._running is not None:
            running, self._running = self._running, None
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
