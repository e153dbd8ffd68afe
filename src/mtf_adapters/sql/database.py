"""A database: opened, checked, upgraded, and its transactions."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mtf_adapters.sql import engines
from mtf_adapters.sql.errors import TRANSLATED, UPGRADE_HINT, translated
from mtf_adapters.sql.locations import (
    Location,
    Postgres,
    SqliteFile,
    SqliteMemory,
    default_database_path,
    default_database_url,
    parse_location,
)
from mtf_adapters.sql.schema import SCHEMA_REVISION
from mtf_core.ports import StoreOutdatedError, StoreUnavailableError

if TYPE_CHECKING:
    from mtf_adapters.sql.sqlite_connections import SqliteCalls, SqliteConnections


class Database:
    """One database and its pool of connections. Build with `Database.open`, end with `close`.

    Every method but `open` and `close` raises `StoreError` or one of its kinds, nothing else.
    """

    def __init__(
        self,
        location: Location,
        engine: AsyncEngine,
        connections: SqliteConnections | None = None,
        keeper: sqlite3.Connection | None = None,
    ) -> None:
        self._location = location
        self._engine = engine
        self._connections = connections
        self._keeper = keeper
        self._errors = (*TRANSLATED, engine.dialect.loaded_dbapi.Error)

    @classmethod
    def open(
        cls, url: str | None = None, *, pool_size: int = 5, sqlite_calls: Callable[[], SqliteCalls] | None = None
    ) -> Self:
        """A database that connects when first used; without a URL, the file in the user's data folder.

        `sqlite_calls` makes what carries out the calls of a connection to SQLite; None: each has a thread of its own.
        A database in memory has its tables at once. Raises `InvalidDatabaseUrlError`.
        """
        location = parse_location(url or default_database_url())
        if isinstance(location, Postgres):
            return cls(location, engines.postgres_engine(location, pool_size))
        # Its driver is imported only where it is used, as SQLAlchemy does with PostgreSQL's.
        from mtf_adapters.sql.sqlite_connections import SqliteConnections  # noqa: PLC0415

        connections = SqliteConnections(sqlite_calls)
        if isinstance(location, SqliteFile):
            return cls(location, engines.sqlite_file_engine(location, pool_size, connections), connections)
        engine, keeper = engines.memory_engine(connections)
        return cls(location, engine, connections, keeper)

    @property
    def location(self) -> str:
        """Where the database is, for people: without its password."""
        return str(self._location)

    @property
    def is_postgres(self) -> bool:
        return isinstance(self._location, Postgres)

    @property
    def outlives_process(self) -> bool:
        """Whether what is stored is there after the process that stored it."""
        return not isinstance(self._location, SqliteMemory)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection; closing again does nothing. What was in memory is gone."""
        await self._engine.dispose()
        if self._connections is not None:
            await self._connections.stopped()
        if self._keeper is not None:
            self._keeper.close()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads."""
        async with self._transaction(self._engine, writes=False) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: all of it is stored when the block ends, none of it when the block raises."""
        async with self._transaction(self._engine, writes=True) as connection:
            yield connection

    async def check(self) -> None:
        """Raises `StoreUnavailableError` or `StoreOutdatedError`, whose one line says what to do."""
        if isinstance(self._location, SqliteMemory):
            return
        if isinstance(self._location, SqliteFile):
            _check_file(self._location)
        async with self.reading() as connection:
            revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
            read_only = (
                self.is_postgres
                and (await connection.execute(text("SELECT current_setting('transaction_read_only')"))).scalar_one()
            )
        if read_only == "on":
            raise StoreUnavailableError(f"{self.location}: the database can only be read; is it a standby?")
        if revision != SCHEMA_REVISION:
            raise StoreOutdatedError(
                f"{self.location}: the tables are at revision {revision}, this version of mtf needs {SCHEMA_REVISION};"
                f" {UPGRADE_HINT}, or install the mtf that made them if they are newer"
            )

    async def is_new(self) -> bool:
        """Whether it is an SQLite file that does not exist yet, or one in which nothing was ever committed."""
        if not isinstance(self._location, SqliteFile):
            return False
        if not self._location.path.exists():
            return True
        async with self.reading() as connection:
            return not (await connection.execute(text("SELECT count(*) FROM sqlite_master"))).scalar_one()

    async def upgrade(self, *, beside_others: bool = False) -> None:
        """Brings the tables to the revision that this version needs; does nothing when they are there.

        Creates an SQLite file, and the user's data folder for the default one, but no other folder. All migrations
        are one transaction; of several processes that upgrade at once, one does it and the others wait. Raises
        `StoreNotOursError` where another program keeps its tables, unless `beside_others`.
        """
        if isinstance(self._location, SqliteMemory):
            return
        if not isinstance(self._location, SqliteFile) or self._connections is None:
            await self._migrate(self._engine, beside_others)
            return
        _prepare_folder(self._location)
        creating = engines.sqlite_creating_engine(self._location, self._connections)
        try:
            await self._migrate(creating, beside_others)
        except StoreOutdatedError as error:
            if self._location.path.exists():
                raise
            message = (
                f"{self.location}: the file cannot be created; may this user write in {self._location.path.parent}?"
            )
            raise StoreUnavailableError(message) from error
        finally:
            await creating.dispose()

    async def _migrate(self, engine: AsyncEngine, beside_others: bool) -> None:
        # Alembic takes longer to import than a run's candles take to read, so only an upgrade pays for it.
        from mtf_adapters.sql.upgrade import upgrade_schema  # noqa: PLC0415

        async with self._transaction(engine, writes=True) as connection:
            await connection.run_sync(partial(upgrade_schema, beside_others=beside_others))

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        try:
            async with engine.connect() as plain, self._not_reused_when_cancelled(plain):
                if not writes:
                    yield plain  # ends when it is closed: to commit a reading would be one more answer to wait for
                    return
                connection = await plain.execution_options(**{engines.WRITES: True})
                async with connection.begin():
                    yield connection
        except AssertionError as error:
            # psycopg's pipeline answers a cancellation at some moments with a failed assertion of its own.
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                raise
            raise asyncio.CancelledError from error
        except self._errors as error:
            raise self._as_store_error(error) from error

    @asynccontextmanager
    async def _not_reused_when_cancelled(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """PostgreSQL may still be at work on what was cancelled: whoever got the connection next would fail."""
        try:
            yield
        except (asyncio.CancelledError, AssertionError):
            if self.is_postgres:
                await connection.invalidate()
            raise

    def _as_store_error(self, error: Exception) -> Exception:
        if isinstance(self._location, SqliteFile):
            try:
                _check_file(self._location)  # SQLite itself only says "unable to open database file"
            except (StoreUnavailableError, StoreOutdatedError) as clearer:
                return clearer
        return translated(error, self._location)


def _check_file(location: SqliteFile) -> None:
    path = location.path
    if path.is_dir():
        raise StoreUnavailableError(f"{location}: this is a folder, not a database file")
    if path.exists():
        if not os.access(path, os.R_OK | os.W_OK):
            raise StoreUnavailableError(f"{location}: this user may not read and write it")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise StoreUnavailableError(
                f"{location}: this user may not write in its folder, where SQLite keeps two more files beside it"
            )
        return
    if not path.parent.is_dir() and path != default_database_path():
        raise StoreUnavailableError(f"{location}: the folder {path.parent} does not exist")
    raise StoreOutdatedError(f"{location}: there is no database yet; {UPGRADE_HINT} to create it")


def _prepare_folder(location: SqliteFile) -> None:
    path = location.path
    try:
        if path == default_database_path():
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise StoreUnavailableError(f"{location}: this is a folder, not a database file")
        if not path.parent.is_dir():
            raise StoreUnavailableError(f"{location}: the folder {path.parent} does not exist")
    except OSError as error:
        raise translated(error, location) from error
