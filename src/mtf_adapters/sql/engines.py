"""Engines: how each kind of database is connected to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import NullPool, Pool, StaticPool

from mtf_adapters.sql.documents import to_json
from mtf_adapters.sql.locations import Postgres, SqliteFile
from mtf_adapters.sql.sqlite_threads import SqliteJobs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_BUSY_TIMEOUT_S = 30.0
_MOST_TRIES = 100
"""Of putting a new file in WAL mode while others do the same; each waits for a writer to end."""
_CONNECT_TIMEOUT_S = "10"
_LONGEST_PAUSE_S = 30.0
_OPTIONS: Mapping[str, Any] = {"uri": True, "timeout": _BUSY_TIMEOUT_S, "isolation_level": None}
"""Of a connection to an SQLite file. No isolation level: the driver then leaves BEGIN to us."""


def postgres_engine(location: Postgres, pool_size: int) -> AsyncEngine:
    # Who works with SQLite need not wait for it to be imported.
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    url = location.url
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_TIMEOUT_S})
    # Pre-ping: after a restart of the server the pool's old connections are replaced without an error.
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, json_serializer=to_json)
    event.listen(engine.sync_engine, "connect", _end_what_is_frozen)
    return engine


def _end_what_is_frozen(connection: DBAPIConnection, _record: object) -> None:
    # A process that is paused within a transaction holds its locks, the account's book among them: others wait for it
    # no longer than for a writer in SQLite. When it goes on, its transaction is gone, and it is told.
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {round(_LONGEST_PAUSE_S * 1000)}")
    cursor.close()
    connection.commit()


def sqlite_file_engine(location: SqliteFile, jobs: SqliteJobs) -> Engine:
    """An engine that never creates the file: a mistyped path must not become an empty database."""
    return _sqlite_engine(partial(jobs.connect, _uri(location, "rw"), **_OPTIONS))


def sqlite_creating_engine(location: SqliteFile, jobs: SqliteJobs) -> Engine:
    """An engine for the upgrade: creates the file, and puts it in WAL mode, in which it stays.

    With a write-ahead log readers and a writer do not wait for each other, in this process or another.
    """
    engine = _sqlite_engine(partial(jobs.connect, _uri(location, "rwc"), **_OPTIONS))
    event.listen(engine, "connect", use_write_ahead_log)
    return engine


def memory_engine() -> Engine:
    """An engine on a database in memory that has its tables; it is gone with the connection."""
    from mtf_adapters.sql.whole_schema import metadata  # noqa: PLC0415  # only here are tables created without Alembic

    connect = partial(sqlite3.connect, ":memory:", isolation_level=None, check_same_thread=False)
    engine = _sqlite_engine(connect, StaticPool)
    metadata.create_all(engine)
    return engine


def _uri(location: SqliteFile, mode: str) -> str:
    return f"{location.path.as_uri()}?mode={mode}"


def _sqlite_engine(connect: Callable[[], sqlite3.Connection], pool: type[Pool] = NullPool) -> Engine:
    """No pool: each connection is kept by who opened it."""
    engine = create_engine("sqlite://", creator=connect, poolclass=pool, json_serializer=to_json)
    event.listen(engine, "connect", _enforce_foreign_keys)
    event.listen(engine, "connect", _wait_for_the_disk)
    return engine


def _enforce_foreign_keys(connection: DBAPIConnection, _record: object) -> None:
    _pragma(connection, "foreign_keys=ON")


def _wait_for_the_disk(connection: DBAPIConnection, _record: object) -> None:
    # An intent is committed before its order leaves. SQLite can be built to wait less in WAL mode.
    _pragma(connection, "synchronous=FULL")


def use_write_ahead_log(connection: DBAPIConnection, _record: object = None) -> None:
    """Puts the connection's file in WAL mode, in which it stays."""
    # Before the first table of a new file; in an older one it changes nothing, and freed pages are used again.
    _pragma(connection, "auto_vacuum=INCREMENTAL")
    for _ in range(_MOST_TRIES):
        try:
            _pragma(connection, "journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            _wait_for_the_writer(connection)
    _pragma(connection, "journal_mode=WAL")


def _wait_for_the_writer(connection: DBAPIConnection) -> None:
    # Changing the journal is the one thing for which SQLite does not wait: while another process makes the same file
    # it says "database is locked" at once. So we wait for the write lock, up to the busy timeout, and ask again.
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("ROLLBACK")
    cursor.close()


def _pragma(connection: DBAPIConnection, setting: str) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA {setting}")
    cursor.close()
