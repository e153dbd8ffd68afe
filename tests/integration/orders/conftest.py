"""Databases of one life each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.integration.conftest import drop_database
from tests.integration.sql.postgres_server import PostgresServer


@pytest.fixture
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Each call gives the URL of a database of its own with its tables, all empty."""
    if request.param == "sqlite":
        copy, numbers = request.getfixturevalue("migrated_sqlite"), count()

        def new_file() -> str:
            path = tmp_path / f"mtf-{next(numbers)}.db"
            copy(path)
            return f"sqlite:///{path}"

        yield new_file
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    request.getfixturevalue("migrated_postgres_url")  # emptied
    template: str = request.getfixturevalue("migrated_postgres")
    made: list[str] = []

    def new_copy() -> str:
        made.append(f"life_{len(made)}")
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {made[-1]} TEMPLATE {template}")
        return server.url(made[-1])

    yield new_copy
    for name in made:
        drop_database(server, name)
