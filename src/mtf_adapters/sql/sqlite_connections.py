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
        connection = _Connection(partial(sqlite3.connect, database, **options), _ROWS_PER_STEP)
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

    # The transaction ends first, on both ways on which SQLAlchemy lets a connection go.

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
        if self._connection is not None:
            self._connection.rollback()

    def cursor(self) -> Any:
        """A cursor that SQLAlchemy enters and leaves, each statement of which is one call."""
        return _WholeCursor(self)


class _WholeCursor:
    """A statement and all its rows are one call to SQLite, where aiosqlite makes one each to open, execute, fetch and
    close: a transaction of ten statements waits ten times for the thread and not forty.

    No rows are left behind in SQLite, where they would keep a table of a shared memory locked.
    """

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> _WholeCursor:
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> _WholeCursor:
        await self._do(partial(_executed, statement, parameters))
        return self

    async def executemany(self, statement: str, parameters: Any) -> _WholeCursor:
        await self._do(partial(_executed, statement, parameters, many=True))
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    async def _do(self, executed: Callable[[sqlite3.Connection], _Executed]) -> None:
        driver = self._connection._conn  # raises ValueError where the connection is closed, as aiosqlite does
        done = await self._connection._execute(partial(executed, driver))  # type: ignore[no-untyped-call]
        self._rows, self.description, self.rowcount, self.lastrowid = done


_Executed: TypeAlias = "tuple[list[Any], Any, int, int | None]"
"""The rows of a statement, and what DB-API calls description, rowcount and lastrowid."""


def _executed(statement: str, parameters: Any, connection: sqlite3.Connection, *, many: bool = False) -> _Executed:
    """Executes a statement and reads all its rows; called in the connection's thread."""
    cursor = connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(statement, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
