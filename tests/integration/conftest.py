"""Real databases for the integration tests: an SQLite file, a PostgreSQL server, a database in memory."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from mtf_adapters.sql import Database
from mtf_adapters.sql.schema import SCHEMA_REVISION, metadata
from tests.integration.sql.postgres_server import PostgresServer, postgres_server
from tests.redis_server import redis_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Redis for the whole session; those who use it empty it before."""
    with redis_server(tmp_path_factory.mktemp("redis")) as path:
        yield f"unix://{path}"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Copies a database file that has its tables."""
    template = tmp_path_factory.mktemp("template") / "migrated.db"

    def copy_to(path: Path) -> None:
        shutil.copy(template, path)

    _upgrade(f"sqlite:///{template}")
    return copy_to


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> str:
    """The name of the database that has its tables; every test that gets its URL finds the tables empty."""
    create_database(postgres, "migrated")
    _upgrade(postgres.url("migrated"))
    return "migrated"


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of this test alone, without tables; the SQLite file does not exist yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'mtf.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = create_database(server)
    yield server.url(name)
    drop_database(server, name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with its tables, empty, and of this test alone; other processes may use it too."""
    return str(request.getfixturevalue(f"migrated_{request.param}_url"))


@pytest.fixture
def migrated_sqlite_url(migrated_sqlite: Callable[[Path], None], tmp_path: Path) -> str:
    """The URL of an SQLite file of this test alone, with its tables."""
    migrated_sqlite(tmp_path / "mtf.db")
    return f"sqlite:///{tmp_path / 'mtf.db'}"


@pytest.fixture
def migrated_postgres_url(postgres: PostgresServer, migrated_postgres: str) -> str:
    """The URL of a PostgreSQL database with its tables, empty and at their revision whatever the test before did.

    One database for all: a copy for each test is 300 files, and was a third of the time of these tests.
    """
    url = postgres.url(migrated_postgres)
    with psycopg.connect(url) as connection:
        # A test that left a transaction open would make this wait for ever.
        connection.execute("SET lock_timeout = '10s'")
        for table in reversed(metadata.sorted_tables):
            connection.execute(f"DELETE FROM {table.name}")
        connection.execute("UPDATE alembic_version SET version_num = %s", [SCHEMA_REVISION])
    return url


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """As `database_url`, and also the database in memory."""
    return "memory" if request.param == "memory" else str(request.getfixturevalue(f"migrated_{request.param}_url"))


@pytest_asyncio.fixture
async def database(any_database_url: str) -> AsyncIterator[Database]:
    """An open database of this test alone, with its tables, of every kind there is."""
    async with Database.open(any_database_url) as opened:
        yield opened


@pytest_asyncio.fixture
async def shared_database(database_url: str) -> AsyncIterator[Database]:
    """The same but in memory, where no transaction ever meets another."""
    async with Database.open(database_url) as opened:
        yield opened


def create_database(server: PostgresServer, name: str | None = None) -> str:
    """Creates a database without tables and returns its name."""
    chosen = name or f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {chosen} TEMPLATE template0")
    return chosen


def drop_database(server: PostgresServer, name: str) -> None:
    """Drops a database, whoever is still connected to it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _upgrade(url: str) -> None:
    async def upgrade() -> None:
        async with Database.open(url) as opened:
            await opened.upgrade()

    asyncio.run(upgrade())
