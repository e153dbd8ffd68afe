"""When the next look begins: when it is due, when the exchange pushes something, or when a new intent was committed.

The stream saves time and nothing rests on it: what it does not say, the next look reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from attrs import define, field

from mtf_core.execution.desk import Desk
from mtf_core.ports import Connected, OrderPushed, PortError, PositionPushed

SHORTEST_PAUSE_MS = 250.0
"""Between two looks, however often the stream wakes."""
_AGAIN_S = 1.0
"""Until a stream that ended is begun anew."""


@define(eq=False)
class Waker:
    """Waits between looks."""

    desk: Desk
    stop: asyncio.Event
    _woken: asyncio.Event = field(factory=asyncio.Event, init=False)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hears the private stream within the block, where the exchange has one."""
        listening = asyncio.ensure_future(self._listen())
        try:
            yield
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def pause(self, again_ms: float, has_news: Callable[[], Awaitable[bool]], tick_ms: float) -> None:
        """Until the next look is due, or there is a reason for one; asks every `tick_ms` whether the store has news."""
        left_ms = again_ms
        if left_ms > SHORTEST_PAUSE_MS and not self.stop.is_set():
            await self._wait((self.stop,), SHORTEST_PAUSE_MS)
            left_ms -= SHORTEST_PAUSE_MS
        while left_ms > 0 and not self.stop.is_set() and not self._woken.is_set():
            await self._wait((self.stop, self._woken), min(left_ms, tick_ms))
            left_ms -= tick_ms
            if left_ms > 0 and await has_news():
                break
        self._woken.clear()

    async def _wait(self, events: tuple[asyncio.Event, ...], wait_ms: float) -> None:
        waiting = [asyncio.ensure_future(event.wait()) for event in events]
        await asyncio.wait(waiting, timeout=wait_ms / 1000, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _listen(self) -> None:
        """For ever; a stream that fails, for whatever reason, never stops the looks."""
        streams = self.desk.environment.venue.streams
        while streams is not None:
            try:
                async for event in streams.account():
                    if isinstance(event, OrderPushed | PositionPushed | Connected):
                        self._woken.set()
            except (PortError, ValueError, KeyError, TypeError):
                self._woken.set()
            await self.desk.environment.sleep(_AGAIN_S)
