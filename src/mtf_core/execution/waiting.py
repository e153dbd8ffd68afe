"""Waiting for something that may hang: no longer than it is worth, and without breaking it off."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from attrs import define, field

from mtf_core.ending import ended

Value = TypeVar("Value")


@define(eq=False)
class Patience(Generic[Value]):
    """One kind of call that may hang. While one hangs no other is begun, so that none pile up.

    What hangs is not broken off: a write that was broken off may still have happened. A read can be, after
    `longest_ms`: then it is made anew, for the next one may be answered all the same.
    """

    longest_ms: float | None = None
    _running: asyncio.Task[Value] | None = field(default=None, init=False)
    _since_s: float = field(default=0.0, init=False)
    """When it began, by the loop's clock."""

    async def result_of(self, call: Coroutine[Any, Any, Value], wait_ms: float) -> Value | None:
        """What the call gave; None where it did not answer in time. Raises what the call raised.

        Where an earlier one still hangs, `call` is not made, and the earlier one's answer is what is waited for.
        """
        self._break_off_what_is_too_long()
        if self._running is None:
            self._running, self._since_s = asyncio.ensure_future(call), _now_s()
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
            await ended(running)

    def _break_off_what_is_too_long(self) -> None:
        running = self._running
        if running is None or running.done() or self.longest_ms is None:
            return
        if (_now_s() - self._since_s) * 1000 >= self.longest_ms:
            _break_off(running)
            self._running = None


async def within(call: Coroutine[Any, Any, Value], wait_ms: float) -> Value | None:
    """What a read, or a wait, gave; None where that took longer: then it is broken off. Raises what it raised.

    Nobody waits until it has broken off, which lasts seconds where the network swallows what is sent to a database.
    """
    running = asyncio.ensure_future(call)
    try:
        await asyncio.wait({running}, timeout=wait_ms / 1000)
    finally:
        if not running.done():
            _break_off(running)
    return running.result() if running.done() else None


def _break_off(running: asyncio.Task[Any]) -> None:
    running.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody waits for it any more
    running.cancel()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
