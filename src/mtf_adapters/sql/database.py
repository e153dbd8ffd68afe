"""A database: opened, checked, upgraded, and its transactions."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Self, TypeVar

from sqlalchemy import text

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
from mtf_adapters.sql.sqlite_threads import SqliteJobs, SqliteThreads
from mtf_adapters.sql.sqlite_transactions import FileTransactions, MemoryTransactions
from mtf_adapters.sql.transactions import Transactions, Work, value_or_none
from mtf_core.ports import StoreError, StoreOutdatedError, StoreUnavailableError

Value = TypeVar("Value")
Heard = Callable[[str, str, float], None]
"""Is told of every transaction: `read` or `write`; `done`, `failed` or `abandoned`; and how many seconds it took."""


class Database:
    """One database and its connections. Build with `Database.open`, end with `close`.

    Every method but `open` and `close` raises `StoreError` or one of its kinds, and what the given work raises.
    """

    def __init__(
        self,
        location: Location,
        transactions: Transactions,
        driver_error: type[Exception],
        heard: Heard | None = None,
    ) -> None:
        self._location = location
        self._heard = heard
        self._transactions = transactions
        self._errors = (*TRANSLATED, driver_error)

    @classmethod
    def open(
        cls,
        url: str | None = None,
        *,
        pool_size: int = 5,
        sqlite_jobs: SqliteJobs | None = None,
        heard: Heard | None = None,
    ) -> Self:
        """A database that connects when first used; without a URL, the file in the user's data folder.

        `sqlite_jobs` carries out the transactions of an SQLite file; None: threads of the database's own. A database in
        memory has its tables at once. `heard` is told of every transaction. Raises `InvalidDatabaseUrlError`.
        """
        location = parse_location(url or default_database_url())
        if isinstance(location, Postgres):
            # Its driver is imported only where it is used.
            from mtf_adapters.sql.postgres_transactions import PostgresTransactions  # noqa: PLC0415

            pooled = engines.postgres_engine(location, pool_size)
            return cls(location, PostgresTransactions(pooled), pooled.dialect.loaded_dbapi.Error, heard)
        if isinstance(location, SqliteMemory):
            return cls(location, MemoryTransactions(engines.memory_engine()), sqlite3.Error, heard)
        jobs = SqliteThreads() if sqlite_jobs is None else sqlite_jobs
        return cls(location, FileTransactions(location, pool_size, jobs), sqlite3.Error, heard)

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
        """Waits for what is under way and closes every connection; closing again does nothing. What was in memory is
        gone."""
        await self._transactions.close()

    async def read(self, work: Work[Value]) -> Value:
        """What `work` gives within one transaction that only reads."""
        return await self._told("read", self._transactions.carry_out(work, writes=False))

    async def write(self, work: Work[Value]) -> Value:
        """What `work` gives within one transaction: all of it is stored, or none of it when `work` raises.

        Where the caller is cancelled it may be either, and nobody else is held up by it.
        """
        return await self._told("write", self._transactions.carry_out(work, writes=True))

    async def check(self) -> None:
        """Raises `StoreUnavailableError` or `StoreOutdatedError`, whose one line says what to do."""
        if isinstance(self._location, SqliteMemory):
            return
        if isinstance(self._location, SqliteFile):
            _check_file(self._location)
        revision = await self.read(value_or_none(text("SELECT version_num FROM alembic_version")))
        read_only = ""
        if self.is_postgres:
            read_only = await self.read(value_or_none(text("SELECT current_setting('transaction_read_only')")))
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
        return not await self.read(value_or_none(text("SELECT count(*) FROM sqlite_master")))

    async def upgrade(self, *, beside_others: bool = False) -> None:
        """Brings the tables to the revision that this version needs; does nothing when they are there.

        Creates an SQLite file, and the user's data folder for the default one, but no other folder. All migrations
        are one transaction; of several processes that upgrade at once, one does it and the others wait. Raises
        `StoreNotOursError` where another program keeps its tables, unless `beside_others`.
        """
        if isinstance(self._location, SqliteMemory):
            return
        # Alembic takes longer to import than a run's candles take to read, so only an upgrade pays for it.
        from mtf_adapters.sql.upgrade import upgrade_schema  # noqa: PLC0415

        migrating = partial(upgrade_schema, beside_others=beside_others)
        if not isinstance(self._location, SqliteFile) or not isinstance(self._transactions, FileTransactions):
            await self.write(migrating)
            return
        _prepare_folder(self._location)
        try:
            await self._carried_out(self._transactions.carry_out_creating(migrating))
        except StoreOutdatedError as error:
            if self._location.path.exists():
                raise
            message = (
                f"{self.location}: the file cannot be created; may this user write in {self._location.path.parent}?"
            )
            raise StoreUnavailableError(message) from error

    async def _told(self, kind: str, transaction: Awaitable[Value]) -> Value:
        if self._heard is None:
            return await self._carried_out(transaction)
        started, outcome = time.perf_counter(), "done"
        try:
            return await self._carried_out(transaction)
        except StoreError as error:
            # What the work itself refuses, because the rows say so, was carried out all the same.
            outcome = "failed" if isinstance(error.__cause__, self._errors) else "done"
            raise
        except asyncio.CancelledError:
            outcome = "abandoned"
            raise
        finally:
            self._heard(kind, outcome, time.perf_counter() - started)

    async def _carried_out(self, transaction: Awaitable[Value]) -> Value:
        try:
            return await transaction
        except self._errors as error:
            raise self._as_store_error(error) from error

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
