"""SQLite without threads: each connection's calls one after the other, in the loop, with everything that can go wrong.

Two processes of one loop are one thread, so nobody may ever wait inside SQLite: whoever finds the database locked tries
again in virtual time, as long as SQLite itself would have waited.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from tests.simulation.processes import Process

_BUSY_S = 30.0
_MOST_PAUSE_S = 0.25


class Trouble(Protocol):
    """What goes wrong with a call to the database, said by the episode."""

    def of_call(self, process: Process, name: str) -> tuple[float, Exception | None]:
        """How many seconds it takes, and what it raises then instead of being carried out; None: it is."""
        ...

    def committed(self, process: Process) -> None:
        """A transaction has just been committed."""
        ...


class Calls:
    """The program's `SqliteCalls`: carries out the calls of one connection."""

    def __init__(self, process: Process, trouble: Trouble, seed: str) -> None:
        self._process = process
        self._trouble = trouble
        self._random = random.Random(seed)
        self._jobs: deque[tuple[asyncio.Future[Any] | None, Callable[[], Any]]] = deque()
        self._is_busy = False
        self._drawn: tuple[float, Exception | None] | None = None

    def start(self) -> None:
        pass

    def put_nowait(self, job: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        if self._process.is_dead:
            return
        if not self._is_busy and not self._process.is_paused and self._is_done_at_once(job):
            return
        self._jobs.append(job)
        if not self._is_busy:
            self._is_busy = True
            asyncio.get_running_loop().create_task(self._work())

    def _is_done_at_once(self, job: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> bool:
        """What neither commits, nor waits, nor fails takes no time: most calls do not, and nobody could tell."""
        future, call = job
        name = _name(call)
        if name == "commit":
            return False
        self._drawn = self._trouble.of_call(self._process, name)
        if self._drawn != (0.0, None):
            return False
        self._drawn = None
        try:
            found = self._kept(call())
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            _set(future, error)
        except Exception as error:
            _set(future, error)
        else:
            _set(future, found)
        return True

    def _kept(self, found: Any) -> Any:
        if isinstance(found, sqlite3.Connection):
            found.execute("PRAGMA busy_timeout=0")
            self._process.connections.append(found)
        return found

    async def _work(self) -> None:
        while self._jobs:
            future, call = self._jobs.popleft()
            try:
                found = await self._carried_out(call)
            except Exception as error:
                _set(future, error)
            else:
                _set(future, found)
        self._is_busy = False

    async def _carried_out(self, call: Callable[[], Any]) -> Any:
        name = _name(call)
        drawn, self._drawn = self._drawn, None
        seconds, error = drawn or self._trouble.of_call(self._process, name)
        if seconds:
            await asyncio.sleep(seconds)
        if error is not None:
            raise error
        if name != "commit":
            return self._kept(await self._unless_locked(call))
        await asyncio.sleep(0)
        if self._dies(after=False):
            await asyncio.get_running_loop().create_future()
        found = await self._unless_locked(call)
        self._trouble.committed(self._process)
        if self._dies(after=True):
            await asyncio.get_running_loop().create_future()
        return found

    async def _unless_locked(self, call: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + _BUSY_S, 0.001
        while True:
            try:
                return call()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or loop.time() >= until:
                    raise
            await asyncio.sleep(pause * (0.5 + self._random.random()))
            pause = min(_MOST_PAUSE_S, pause * 2)

    def _dies(self, *, after: bool) -> bool:
        """Whether the process dies at this commit; it is counted before."""
        planned = self._process.dies_at_commit
        if planned is None:
            return False
        left, then = planned
        if not after:
            left -= 1
            self._process.dies_at_commit = (left, then)
        if left <= 0 and then is after:
            self._process.die()
            return True
        return False


def _name(call: Callable[[], Any]) -> str:
    return getattr(getattr(call, "func", call), "__name__", "")


def _set(future: asyncio.Future[Any] | None, found: Any) -> None:
    if future is None or future.done():
        return
    if isinstance(found, Exception):
        future.set_exception(found)
    else:
        future.set_result(found)
