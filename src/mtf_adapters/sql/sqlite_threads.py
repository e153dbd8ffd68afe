"""Threads in which SQLite may block: waiting for another process to write, and for the disk.

They are daemons: a process must be able to end without closing its database. A loop that is closed by then is no news
to them; the user would see a traceback where one line is meant to be.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias, TypeVar

Value = TypeVar("Value")

Job: TypeAlias = Callable[[], Value]
"""Something that blocks."""


class SqliteJobs(Protocol):
    """Carries out jobs of one database in an SQLite file; there are never more at once than it has connections."""

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        """As `sqlite3.connect`; called within a job."""
        ...

    def begin(self, job: Job[Value]) -> asyncio.Future[Value]:
        """Starts a job; the future is the running loop's. A job that has begun goes on whoever waits for it."""
        ...

    def end(self) -> None:
        """No job is under way; the next one may come all the same."""
        ...


class SqliteThreads:
    """Implements `SqliteJobs`: as many threads as there were ever jobs at once, each started when it is needed."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Begun | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._under_way = 0

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        """Whichever thread is free works with it, one at a time."""
        connection: sqlite3.Connection = sqlite3.connect(database, check_same_thread=False, **options)
        return connection

    def begin(self, job: Job[Value]) -> asyncio.Future[Value]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Value] = loop.create_future()
        future.add_done_callback(self._ended)
        self._under_way += 1
        if self._under_way > len(self._threads):
            thread = threading.Thread(target=_work, args=(self._jobs,), name="sqlite", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._jobs.put(_Begun(loop, future, job))
        return future

    def end(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()  # each has nothing left to do but to hear of it
        self._threads.clear()

    def _ended(self, _: asyncio.Future[Any]) -> None:
        self._under_way -= 1


class _Begun:
    """A job, and who waits for what comes of it."""

    __slots__ = ("_future", "_job", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], job: Job[Any]) -> None:
        self._loop, self._future, self._job = loop, future, job

    def carry_out(self) -> None:
        try:
            found = self._job()
        except BaseException as error:  # whoever waits is told, whatever it is
            self._tell(self._future.set_exception, error)
        else:
            self._tell(self._future.set_result, found)

    def _tell(self, how: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, how, what)

    def _answer(self, how: Callable[[Any], None], what: Any) -> None:
        if not self._future.done():
            how(what)


def _work(jobs: SimpleQueue[_Begun | None]) -> None:
    while (begun := jobs.get()) is not None:
        begun.carry_out()
        del begun  # while the thread waits, nothing of the last job is kept alive
