"""Transactions in SQLite: those of a file where they may block, those of a database in memory at once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from typing import TypeVar

from attrs import define, field
from sqlalchemy import Connection, Engine

from mtf_adapters.sql import engines
from mtf_adapters.sql.locations import SqliteFile
from mtf_adapters.sql.prepared import driver_of
from mtf_adapters.sql.sqlite_threads import SqliteJobs
from mtf_adapters.sql.transactions import Work
from mtf_core.ports import StoreUnavailableError

Value = TypeVar("Value")

_LONGEST_WAIT_S = 30.0
"""For a connection that is free: as long as SQLite waits for another process."""


@define(eq=False)
class Caller:
    """Who waits for a transaction, as long as anybody does."""

    is_gone: bool = False


@define(eq=False)
class SqliteConnection:
    """One connection, opened when it is first needed. One transaction at a time, in whatever thread.

    SQLAlchemy takes all of them for one that never ends: what begins and ends is the driver's.
    """

    engine: Engine
    _open: Connection | None = field(default=None, init=False)

    def transaction(self, work: Work[Value], caller: Caller, *, writes: bool) -> Value:
        """Blocks. Nothing is stored where `work` raises, or where the caller is gone before the commit."""
        connection = self._connected()
        driver = driver_of(connection)
        try:
            # A writer takes the lock at once and waits for it, up to the busy timeout. A transaction that reads first
            # and writes later would instead fail without waiting when another process wrote in between.
            driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            found = work(connection)
            if writes and not caller.is_gone:
                driver.commit()
            else:
                driver.rollback()
        except BaseException:
            _roll_back(driver)
            if not _is_whole(connection, driver):
                self.close()  # the next transaction gets another one
            raise
        return found

    def close(self) -> None:
        """Closing again does nothing; the next transaction opens it anew."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _connected(self) -> Connection:
        if self._open is None:
            self._open = self.engine.connect()
        return self._open


def _roll_back(driver: sqlite3.Connection) -> None:
    """Whatever is still open, also where it was the commit that failed.

    Closing is not enough: SQLite keeps a closed connection, and its lock, until the last statement is given up, and
    whoever holds the error holds that.
    """
    with suppress(sqlite3.Error):
        if driver.in_transaction:
            driver.rollback()


def _unheard(under_way: asyncio.Future[Value]) -> None:
    """What nobody waits for any more may fail without a complaint."""
    if not under_way.cancelled():
        under_way.exception()


def _is_whole(connection: Connection, driver: sqlite3.Connection) -> bool:
    """Whether what failed could be rolled back."""
    try:
        return not (connection.closed or connection.invalidated or driver.in_transaction)
    except sqlite3.Error:
        return False


class FileTransactions:
    """Transactions in a file. One connection writes, so that those who write in this process wait in their order and
    not for SQLite; the others read. Where there is only one, it does both."""

    def __init__(self, location: SqliteFile, size: int, jobs: SqliteJobs) -> None:
        self._location = location
        self._jobs = jobs
        engine = engines.sqlite_file_engine(location, jobs)
        self._all = [SqliteConnection(engine) for _ in range(size)]
        self._writing: asyncio.Queue[SqliteConnection] = asyncio.Queue()
        # The one that was used last goes first: what it read lies in its memory.
        self._reading: asyncio.Queue[SqliteConnection] = asyncio.LifoQueue() if size > 1 else self._writing
        self._writing.put_nowait(self._all[0])
        for connection in self._all[1:]:
            self._reading.put_nowait(connection)

    async def carry_out(self, work: Work[Value], *, writes: bool) -> Value:
        """As one job, with one answer. Raises `StoreUnavailableError` where no connection becomes free."""
        free = self._writing if writes else self._reading
        connection, caller = await self._taken(free), Caller()
        under_way = self._jobs.begin(partial(connection.transaction, work, caller, writes=writes))

        def ended(under_way: asyncio.Future[Value]) -> None:
            free.put_nowait(connection)
            _unheard(under_way)

        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            caller.is_gone = True
            raise
        finally:
            if under_way.done():
                ended(under_way)  # at once: a callback would only come after whoever goes on from here
            else:
                under_way.add_done_callback(ended)

    async def carry_out_creating(self, work: Work[Value]) -> Value:
        """Writes over a connection of its own, which makes the file where there is none."""
        connection = SqliteConnection(engines.sqlite_creating_engine(self._location, self._jobs))

        def whole() -> Value:
            try:
                return connection.transaction(work, Caller(), writes=True)
            finally:
                connection.close()

        under_way = self._jobs.begin(whole)
        try:
            return await asyncio.shield(under_way)
        finally:
            under_way.add_done_callback(_unheard)

    async def close(self) -> None:
        """Waits for what is under way; a database that is used again opens its connections anew."""
        free = [self._writing, *([self._reading] * (len(self._all) - 1))]
        held = [(await queue.get(), queue) for queue in free]
        for connection, queue in held:
            await self._jobs.begin(connection.close)
            queue.put_nowait(connection)
        self._jobs.end()

    async def _taken(self, free: asyncio.Queue[SqliteConnection]) -> SqliteConnection:
        if not free.empty():
            return free.get_nowait()
        try:
            async with asyncio.timeout(_LONGEST_WAIT_S):
                return await free.get()
        except TimeoutError as error:
            message = f"{self._location}: no connection became free within {_LONGEST_WAIT_S:.0f} s"
            raise StoreUnavailableError(message) from error


class MemoryTransactions:
    """Transactions of a database in memory: carried out where they are asked for, in the event loop's own thread.

    Each takes microseconds, handing it to a thread takes longer, and when a thread answers is a matter of chance, which
    a process that is to repeat itself cannot have.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection = SqliteConnection(engine)

    async def carry_out(self, work: Work[Value], *, writes: bool) -> Value:
        return self._connection.transaction(work, Caller(), writes=writes)

    async def close(self) -> None:
        self._connection.close()
