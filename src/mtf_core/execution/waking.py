"""When the next look begins: when it is due, when the exchange pushes something, or when a new intent was committed.

The stream saves time and nothing rests on it: what it does not say, the next look reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from attrs import define, field

from mtf_core.ending import ended
from mtf_core.execution.desk import Desk
from mtf_core.ports import Connected, OrderPushed, PortError, PositionPushed

SHORTEST_PAUSE_MS = 250.0
"""Between two looks, however often the stream wakes."""
_AGAIN_S = 1.0
"""Until a stream that ended is begun anew."""


@define(eq=False)
class _Bell:
    """For one who waits a moment, mostly in vain: an `asyncio.Event` under a timeout is a cancellation each time."""

    has_rung: bool = False
    _waiting: asyncio.Future[None] | None = field(default=None, init=False)

    def ring(self) -> None:
        self.has_rung = True
        if self._waiting is not None:
            _end(self._waiting)

    async def heard_within(self, wait_ms: float) -> None:
        """Until it has rung, no longer than given."""
        if self.has_rung:
            return
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(wait_ms / 1000, _end, self._waiting)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None


def _end(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


@define(eq=False)
class Waker:
    """Waits between looks."""

    desk: Desk
    stop: asyncio.Event
    _woken: _Bell = field(factory=_Bell, init=False)
    _stopped: _Bell = field(factory=_Bell, init=False)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hears the private stream within the block, where the exchange has one, and that it is to stop."""
        listening = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._hear_stop())]
        try:
            yield
        finally:
            await ended(*listening)

    async def pause(self, again_ms: float, has_news: Callable[[], Awaitable[bool]], tick_ms: float) -> None:
        """Until the next look is due, or there is a reason for one; asks every `tick_ms` whether the store has news."""
        left_ms = again_ms
        if left_ms > SHORTEST_PAUSE_MS and not self.stop.is_set():
            await self._stopped.heard_within(SHORTEST_PAUSE_MS)
            left_ms -= SHORTEST_PAUSE_MS
        while left_ms > 0 and not self.stop.is_set() and not self._woken.has_rung:
            await self._woken.heard_within(min(left_ms, tick_ms))
            left_ms -= tick_ms
            if left_ms > 0 and await has_news():
                break
        self._woken.has_rung = False

    async def _hear_stop(self) -> None:
        await self.stop.wait()
        self._stopped.ring()
        self._woken.ring()

    async def _listen(self) -> None:
        """For ever; a stream that fails, for whatever reason, never stops the looks."""
        streams = self.desk.environment.venue.streams
        while streams is not None:
            try:
                async for event in streams.account():
                    if isinstance(event, OrderPushed | PositionPushed | Connected):
                        self._woken.ring()
            except (PortError, ValueError, KeyError, TypeError):
                self._woken.ring()
            await self.desk.environment.sleep(_AGAIN_S)
