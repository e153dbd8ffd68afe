"""Time that passes only while nobody works: an event loop that goes to its next timer as soon as all wait for one.

Threads and sockets are the real ones. While a thread works for the loop, or somebody waits for a socket, time stands;
so a process meets the market as it would on a machine that is never slow, and a day lasts as long as its work.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
from collections.abc import Callable
from selectors import DefaultSelector, SelectorKey
from typing import Any

from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sql.sqlite_threads import Job, SqliteThreads, Value

_PATIENT_S = 0.2
"""Of this machine. Both ends of each connection are in this process: where nothing came for so long, whoever waits for
a socket waits for somebody who waits for a timer."""
_MOST_S = 60.0
"""Of this machine. A thread that works for longer is told of, by an error: the loop would wait for ever."""


_SHORTEST_PAUSE_S = 1.0


async def sleep(seconds: float) -> None:
    """What looks again and again looks no more often than once a second: hundreds of looks a minute at what stands
    still would take most of the time."""
    await asyncio.sleep(max(seconds, _SHORTEST_PAUSE_S))


class StuckThreadError(Exception):
    """A thread took work of the loop and gives no answer."""


class IdleLoop(asyncio.SelectorEventLoop):
    """Made for `asyncio.Runner(loop_factory=…)`; moves the clock by itself."""

    def __init__(self, clock: SteppedClock) -> None:
        self._clock, self._begun_ms = clock, clock.now_ms()
        self._idle = _IdleSelector(clock)
        super().__init__(self._idle)
        self._idle.own = frozenset(key.fd for key in self._idle.get_map().values())

    def time(self) -> float:
        """The clock's seconds since the loop was made."""
        return (self._clock.now_ms() - self._begun_ms) / 1000

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = super().run_in_executor(executor, func, *args)
        self.works(future)
        return future

    def works(self, future: asyncio.Future[Any]) -> None:
        """Time stands until the future is done."""
        self._idle.at_work += 1
        future.add_done_callback(self._rests)

    def _rests(self, _: asyncio.Future[Any]) -> None:
        self._idle.at_work -= 1

    @property
    def went_on(self) -> int:
        """How often time went on although somebody waited for a socket."""
        return self._idle.went_on


class IdleThreads(SqliteThreads):
    """SQLite's threads, for which time stands while they work."""

    def begin(self, job: Job[Value]) -> asyncio.Future[Value]:
        future = super().begin(job)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, IdleLoop)
        loop.works(future)
        return future


class _IdleSelector(DefaultSelector):
    """Asked to wait until the next timer, it moves the clock there, unless somebody works."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__()
        self._clock = clock
        self.own: frozenset[int] = frozenset()
        """What the loop itself listens to, by which threads wake it."""
        self.at_work = self.went_on = 0
        self._known: dict[int, tuple[SelectorKey, bool]] = {}

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        found = super().select(0)
        if found or timeout == 0:
            return found
        if self.at_work:
            found = super().select(_MOST_S)
            if not found:
                raise StuckThreadError(f"{self.at_work} threads gave no answer within {_MOST_S:.0f} s")
            return found
        if self._somebody_waits():
            found = super().select(_PATIENT_S)
            if found:
                return found
            self.went_on += 1
        if timeout is None:
            return super().select(_PATIENT_S)
        self._clock.advance(max(1, math.ceil(timeout * 1000)))
        return []

    def _somebody_waits(self) -> bool:
        """For a socket that is neither the loop's own nor one on which connections are waited for."""
        return any(not self._listens(key) for number, key in (self.get_map() or {}).items() if number not in self.own)

    def _listens(self, key: SelectorKey) -> bool:
        known = self._known.get(key.fd)
        if known is None or known[0] is not key:  # a number is given again to another socket
            with socket.socket(fileno=os.dup(key.fd)) as same:
                known = key, bool(same.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
            self._known[key.fd] = known
        return known[1]
