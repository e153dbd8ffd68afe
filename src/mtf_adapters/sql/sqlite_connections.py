"""SQLite connections whose worker threads are waited for.

aiosqlite runs each connection in a thread. When connecting fails, or SQLAlchemy drops a connection because its task was
cancelled, the thread is told to stop but nobody waits for it. If the event loop is closed first, the thread dies of
"Event loop is closed" and prints a traceback, where the user should see one line.
"""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import Any

import aiosqlite

_ROWS_PER_STEP = 64  # aiosqlite's own default, for iterating over a cursor


class SqliteConnections:
    """Opens connections (SQLAlchemy's `async_creator_fn`) and knows which of their threads are still stopping."""

    def __init__(self) -> None:
        self._stopping: set[asyncio.Future[Any]] = set()

    def connect(self, database: str, **options: Any) -> aiosqlite.Connection:
        """A connection that opens when it is awaited."""
        connection = _Connection(partial(sqlite3.connect, database, **options), _ROWS_PER_STEP)
        connection.stopping = self._stopping
        # As SQLAlchemy does for the connections it makes: a process must be able to end without closing them.
        connection._thread.daemon = True
        return connection

    async def stopped(self) -> None:
        """Waits until the threads that were told to stop, in this event loop, have done so."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(future for future in self._stopping if future.get_loop() is loop))
        self._stopping.clear()


class _Connection(aiosqlite.Connection):
    stopping: set[asyncio.Future[Any]]

    # A cursor that a cancelled task still holds keeps SQLite's connection, and its lock, alive after the close: so the
    # transaction ends first, on both ways on which SQLAlchemy lets a connection go.

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
