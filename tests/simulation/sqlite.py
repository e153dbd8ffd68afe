"""SQLite without threads: each transaction in the loop, with everything that can go wrong at each of its steps.

Two processes of one loop are one thread, so nobody may ever wait inside SQLite: whoever finds the database locked tries
again in virtual time, as long as SQLite itself would have waited. A transaction is a plain function that blocks; where
it has to wait, in the middle of a statement or of its commit, it is left standing there (a greenlet) with everything
that it holds, and a task of its process goes on with it.

    connecting, PRAGMA    a statement like others
    BEGIN IMMEDIATE       fails, hangs; finds the database locked, tries again
    each statement        fails, hangs while the lock is held
    commit                fails, the disk is full, takes long while the lock is held; the process dies before or after
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from greenlet import getcurrent, greenlet

from tests.simulation.processes import Process

Value = TypeVar("Value")

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


class Jobs:
    """The program's `SqliteJobs`: carries out the transactions of one process."""

    def __init__(self, process: Process, trouble: Trouble, seed: str) -> None:
        self.process = process
        self.trouble = trouble
        self._random = random.Random(seed)

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(database, factory=_Connection, **options | {"timeout": 0})
        connection.jobs = self
        self.process.connections.append(connection)
        return connection

    def begin(self, job: Callable[[], Value]) -> asyncio.Future[Value]:
        future: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        if self.process.is_dead:
            return future  # nobody hears of it
        run = greenlet(job)
        if self.process.is_paused:
            asyncio.get_running_loop().create_task(self._goes_on(run, future, None))
            return future
        # What neither commits, nor waits, nor fails takes no time: most jobs do not, and nobody could tell.
        waits_for = _next(run, future)
        if waits_for is not None:
            asyncio.get_running_loop().create_task(self._goes_on(run, future, waits_for))
        return future

    def end(self) -> None:
        pass

    async def _goes_on(self, run: greenlet, future: asyncio.Future[Any], waits_for: Awaitable[Any] | None) -> None:
        while True:
            if waits_for is not None:
                await waits_for
            waits_for = _next(run, future)
            if waits_for is None:
                return

    # The steps of a transaction, within its greenlet

    def carry_out(self, call: Callable[[], Value]) -> Value:
        """A statement."""
        self._trouble_of("execute")
        return self._unless_locked(call)

    def commit(self, call: Callable[[], None]) -> None:
        self._trouble_of("commit")
        _wait(asyncio.sleep(0))
        if self._dies(after=False):
            _wait(asyncio.get_running_loop().create_future())
        self._unless_locked(call)
        self.trouble.committed(self.process)
        if self._dies(after=True):
            _wait(asyncio.get_running_loop().create_future())

    def _trouble_of(self, name: str) -> None:
        seconds, error = self.trouble.of_call(self.process, name)
        if seconds:
            _wait(asyncio.sleep(seconds))
        if error is not None:
            raise error

    def _unless_locked(self, call: Callable[[], Value]) -> Value:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + _BUSY_S, 0.001
        while True:
            try:
                return call()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or loop.time() >= until:
                    raise
            _wait(asyncio.sleep(pause * (0.5 + self._random.random())))
            pause = min(_MOST_PAUSE_S, pause * 2)

    def _dies(self, *, after: bool) -> bool:
        """Whether the process dies at this commit; it is counted before."""
        planned = self.process.dies_at_commit
        if planned is None:
            return False
        left, then = planned
        if not after:
            left -= 1
            self.process.dies_at_commit = (left, then)
        if left <= 0 and then is after:
            self.process.die()
            return True
        return False


class _Connection(sqlite3.Connection):
    """What the program takes for SQLite."""

    jobs: Jobs

    def cursor(self, *_: Any) -> sqlite3.Cursor:
        return super().cursor(_Cursor)

    def execute(self, *asked: Any) -> sqlite3.Cursor:
        return self.cursor().execute(*asked)

    def commit(self) -> None:
        if self.in_transaction:
            self.jobs.commit(super().commit)


class _Cursor(sqlite3.Cursor):
    def execute(self, *asked: Any) -> sqlite3.Cursor:
        return _jobs(self).carry_out(lambda: super(_Cursor, self).execute(*asked))

    def executemany(self, *asked: Any) -> sqlite3.Cursor:
        return _jobs(self).carry_out(lambda: super(_Cursor, self).executemany(*asked))


def _jobs(cursor: sqlite3.Cursor) -> Jobs:
    connection = cursor.connection
    assert isinstance(connection, _Connection)
    return connection.jobs


def _wait(awaitable: Awaitable[Any]) -> None:
    """Leaves the transaction standing until that is over."""
    getcurrent().parent.switch(awaitable)


def _next(run: greenlet, future: asyncio.Future[Any]) -> Awaitable[Any] | None:
    """Goes on with a transaction; returns what it waits for, or None when it has ended: the future knows how."""
    run.parent = getcurrent()
    try:
        left = run.switch()
    except Exception as error:
        if not future.done():
            future.set_exception(error)
        return None
    if not run.dead:
        return left
    if not future.done():
        future.set_result(left)
    return None
