"""Engines: how each kind of database is connected to."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool

from mtf_adapters.sql.documents import to_json
from mtf_adapters.sql.locations import Postgres, SqliteFile

if TYPE_CHECKING:
    from mtf_adapters.sql.sqlite_connections import SqliteConnections

WRITES = "mtf_writes"
"""Execution option of a connection that is going to write."""

_BUSY_TIMEOUT_S = 30.0
_MOST_TRIES = 100
"""Of putting a new file in WAL mode while others do the same; each waits for a writer to end."""
_CONNECT_TIMEOUT_S = "10"
_LONGEST_PAUSE_S = 30.0


def postgres_engine(location: Postgres, pool_size: int) -> AsyncEngine:
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


def sqlite_file_engine(location: SqliteFile, pool_size: int, connections: SqliteConnections) -> AsyncEngine:
    """An engine that never creates the file: a mistyped path must not become an empty database."""
    return _sqlite_engine(_sqlite_url(location, "rw"), pool_size, connections)


def sqlite_creating_engine(location: SqliteFile, connections: SqliteConnections) -> AsyncEngine:
    """An engine for the upgrade: creates the file, and puts it in WAL mode, in which it stays.

    With a write-ahead log readers and a writer do not wait for each other, in this process or another.
    """
    engine = _sqlite_engine(_sqlite_url(location, "rwc"), 1, connections)
    event.listen(engine.sync_engine, "connect", use_write_ahead_log)
    return engine


def memory_engine(connections: SqliteConnections) -> tuple[AsyncEngine, sqlite3.Connection]:
    """An engine on a database in memory that has its tables, and the connection that keeps it alive until closed.

    One connection serves everyone in turn. Were it the only one, the database would be lost whenever SQLAlchemy
    drops it, as it does when a task is cancelled in mid-statement.
    """
    from mtf_adapters.sql.whole_schema import metadata  # noqa: PLC0415  # only here are tables created without Alembic

    database = f"file:mtf-{uuid4().hex}"
    query = {"mode": "memory", "cache": "shared", "uri": "true"}
    keeper = sqlite3.connect(f"{database}?mode=memory&cache=shared", uri=True, check_same_thread=False)
    creating = create_engine("sqlite://", creator=lambda: keeper, poolclass=StaticPool)
    metadata.create_all(creating)
    return _sqlite_engine(URL.create("sqlite+aiosqlite", database=database, query=query), 1, connections), keeper


def _sqlite_url(location: SqliteFile, mode: str) -> URL:
    return URL.create("sqlite+aiosqlite", database=location.path.as_uri(), query={"mode": mode, "uri": "true"})


def _sqlite_engine(url: URL, pool_size: int, connections: SqliteConnections) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        # No isolation level: the driver then leaves BEGIN to us (`_begin`).
        connect_args={
            "timeout": _BUSY_TIMEOUT_S,
            "isolation_level": None,
            "async_creator_fn": connections.connect,
        },
        json_serializer=to_json,
    )
    event.listen(engine.sync_engine, "connect", _enforce_foreign_keys)
    event.listen(engine.sync_engine, "connect", _wait_for_the_disk)
    event.listen(engine.sync_engine, "begin", _begin)
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


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once and waits for it, up to the busy timeout. A transaction that reads first and
    # writes later would instead fail without waiting when another process has written in between.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
