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
from tests.integration.sql.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session; each test makes its own database in it."""
    with postgres_server() as server:
        yield server


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
    """The name of a database that has its tables, to be used as a template."""
    create_database(postgres, "migrated")
    _upgrade(postgres.url("migrated"))
    return "migrated"


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of this test alone, without tables; the SQLite file does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mtf.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url(create_database(server))


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database of this test alone, with its tables; other processes may use it too."""
    return str(request.getfixturevalue(f"migrated_{request.param}_url"))


@pytest.fixture
def migrated_sqlite_url(migrated_sqlite: Callable[[Path], None], tmp_path: Path) -> str:
    """The URL of an SQLite file of this test alone, with its tables."""
    migrated_sqlite(tmp_path / "mtf.db")
    return f"sqlite:///{tmp_path / 'mtf.db'}"


@pytest.fixture
def migrated_postgres_url(postgres: PostgresServer, migrated_postgres: str) -> str:
    """The URL of a PostgreSQL database of this test alone, with its tables."""
    return postgres.url(create_database(postgres, template=migrated_postgres))


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """As `database_url`, and also the database in memory."""
    return "memory" if request.param == "memory" else str(request.getfixturevalue(f"migrated_{request.param}_url"))


@pytest_asyncio.fixture
async def database(any_database_url: str) -> AsyncIterator[Database]:
    """An open database of this test alone, with its tables, of every kind there is."""
    async with Database.open(any_database_url) as opened:
        yield opened


def create_database(server: PostgresServer, name: str | None = None, template: str = "template0") -> str:
    """Creates a database and returns its name."""
    chosen = name or f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {chosen} TEMPLATE {template}")
    return chosen


def _upgrade(url: str) -> None:
    async def upgrade() -> None:
        async with Database.open(url) as opened:
            await opened.upgrade()

    asyncio.run(upgrade())
