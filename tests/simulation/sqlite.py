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

from attrs import define
from greenlet import getcurrent, greenlet

from tests.simulation.processes import Process
from tests.simulation.virtual import now_s

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
        self._idle: list[greenlet] = []
        """Those that carry out one job after the other: to make one takes longer than most jobs do."""

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(database, factory=_Connection, **options | {"timeout": 0})
        connection.jobs = self
        self.process.connections.append(connection)
        return connection

    def begin(self, job: Callable[[], Value]) -> asyncio.Future[Value]:
        future: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        if self.process.is_dead:
            return future  # nobody hears of it
        worker = self._idle.pop() if self._idle else greenlet(_works)
        if self.process.is_paused:
            asyncio.get_running_loop().create_task(self._goes_on(worker, future, None, job))
            return future
        # What neither commits, nor waits, nor fails takes no time: most jobs do not, and nobody could tell.
        waits_for = self._next(worker, future, job)
        if waits_for is not None:
            asyncio.get_running_loop().create_task(self._goes_on(worker, future, waits_for))
        return future

    def end(self) -> None:
        pass

    def let_go(self) -> None:
        """The episode is over: connections that SQLAlchemy still knows keep nothing of the process alive."""
        del self.process, self.trouble
        self._idle.clear()

    async def _goes_on(
        self, worker: greenlet, future: asyncio.Future[Any], waits_for: Awaitable[Any] | None, *job: Callable[[], Any]
    ) -> None:
        while True:
            if waits_for is not None:
                await waits_for
            waits_for, job = self._next(worker, future, *job), ()
            if waits_for is None:
                return

    def _next(self, worker: greenlet, future: asyncio.Future[Any], *job: Callable[[], Any]) -> Awaitable[Any] | None:
        """Begins a job, or goes on with it; returns what it waits for, or None when it has ended: the future knows
        how."""
        worker.parent = getcurrent()
        left = worker.switch(*job)
        if not isinstance(left, _Ended):
            return left
        self._idle.append(worker)
        value, error = left.taken()
        if not future.done():
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)
        return None

    # The steps of a transaction, within its greenlet

    def carry_out(self, call: Callable[..., Value], *asked: Any) -> Value:
        """A statement."""
        self._trouble_of("execute")
        return self._unless_locked(call, *asked)

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

    def _unless_locked(self, call: Callable[..., Value], *asked: Any) -> Value:
        until_s, pause_s = None, 0.001
        while True:
            try:
                return call(*asked)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if until_s is None:
                    until_s = now_s() + _BUSY_S
                elif now_s() >= until_s:
                    raise
            _wait(asyncio.sleep(pause_s * (0.5 + self._random.random())))
            pause_s = min(_MOST_PAUSE_S, pause_s * 2)

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
        return self.jobs.carry_out(super().cursor().execute, *asked)

    def commit(self) -> None:
        if self.in_transaction:
            self.jobs.commit(super().commit)


class _Cursor(sqlite3.Cursor):
    def execute(self, *asked: Any) -> sqlite3.Cursor:
        return _jobs(self).carry_out(super().execute, *asked)

    def executemany(self, *asked: Any) -> sqlite3.Cursor:
        return _jobs(self).carry_out(super().executemany, *asked)


def _jobs(cursor: sqlite3.Cursor) -> Jobs:
    connection = cursor.connection
    assert isinstance(connection, _Connection)
    return connection.jobs


def _wait(awaitable: Awaitable[Any]) -> None:
    """Leaves the transaction standing until that is over."""
    getcurrent().parent.switch(awaitable)


@define(eq=False)
class _Ended:
    """What came of a job. It is taken out, for a worker that rests still holds this."""

    value: Any = None
    error: Exception | None = None

    def taken(self) -> tuple[Any, Exception | None]:
        value, error = self.value, self.error
        self.value = self.error = None
        return value, error


def _works(job: Callable[[], Any] | None) -> None:
    """Carries out one job after the other, in a greenlet of its own.

    What lies in it while it rests is never found by the collector, so nothing of its last job does.
    """
    while job is not None:
        ended, job = _came_of(job), None
        job = getcurrent().parent.switch(ended)


def _came_of(job: Callable[[], Any]) -> _Ended:
    try:
        return _Ended(job())
    except Exception as error:
        return _Ended(error=error)
