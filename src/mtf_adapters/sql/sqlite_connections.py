"""SQLite connections whose worker threads are waited for, or whose calls someone else carries out.

aiosqlite runs each connection in a thread. When connecting fails, or SQLAlchemy drops a connection because its task was
cancelled, the thread is told to stop but nobody waits for it. If the event loop is closed first, the thread dies of
"Event loop is closed" and prints a traceback, where the user should see one line.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeAlias
from weakref import WeakSet

import aiosqlite

_ROWS_PER_STEP = 64  # aiosqlite's own default, for iterating over a cursor


Job: TypeAlias = "tuple[asyncio.Future[Any] | None, Callable[[], Any]]"
"""A call to SQLite, which blocks, and the future that gets its result or its exception; None: nobody waits."""


class SqliteCalls(Protocol):
    """Carries out the calls of one connection, one after the other, in the order in which they come.

    After each, the future is given the result in its own event loop, unless it is done by then.
    """

    def start(self) -> None:
        """Called once, before the first job."""
        ...

    def put_nowait(self, job: Job) -> None:
        """Takes a job and returns at once."""
        ...


class SqliteConnections:
    """Opens connections (SQLAlchemy's `async_creator_fn`) and knows which of their threads are still stopping.

    `calls` makes what carries out the calls of one connection; None: each connection has a thread of its own.
    """

    def __init__(self, calls: Callable[[], SqliteCalls] | None = None) -> None:
        self._calls = calls
        self._stopping: set[asyncio.Future[Any]] = set()

    def connect(self, database: str, **options: Any) -> aiosqlite.Connection:
        """A connection that opens when it is awaited."""
        if self._calls is not None:
            options["check_same_thread"] = False  # one call at a time, but in whatever thread
        connecting = partial(sqlite3.connect, database, factory=_WithCursors, **options)
        connection = _Connection(connecting, _ROWS_PER_STEP)
        connection.stopping = self._stopping
        # As SQLAlchemy does for the connections it makes: a process must be able to end without closing them.
        connection._thread.daemon = True
        if self._calls is not None:
            connection.leave_calls_to(self._calls())
        return connection

    async def stopped(self) -> None:
        """Waits until the threads that were told to stop, in this event loop, have done so."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(future for future in self._stopping if future.get_loop() is loop))
        self._stopping.clear()


class _Connection(aiosqlite.Connection):
    stopping: set[asyncio.Future[Any]]

    def leave_calls_to(self, calls: SqliteCalls) -> None:
        """Instead of the queue, and of the thread that would work through it, which has not started yet."""
        self._tx = self._thread = calls  # type: ignore[assignment]  # all that is asked of either is in the protocol

    # A cursor that a cancelled task still holds keeps SQLite's connection, and its lock, alive after the close: so
    # cursors and transaction end first, on both ways on which SQLAlchemy lets a connection go.

    async def close(self) -> None:
        if self._connection is not None and self._running:
            await self._execute(self._roll_back)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped
        await super().close()

    def stop(self) -> asyncio.Future[Any] | None:
        self._tx.put_nowait((None, self._roll_back))
        future = super().stop()
        if future is not None:
            self.stopping.add(future)
            future.add_done_callback(self.stopping.discard)
        return future

    def _roll_back(self) -> None:
        if isinstance(self._connection, _WithCursors):
            self._connection.close_cursors()
        if self._connection is not None:
            self._connection.rollback()


class _WithCursors(sqlite3.Connection):
    """Knows the cursors that somebody still holds. One with rows left keeps its table locked in a shared memory."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        cursor = super().cursor(*arguments, **options)
        self._cursors.add(cursor)
        return cursor

    def close_cursors(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
