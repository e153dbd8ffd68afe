"""Every command and every block of code of the hand-written pages, carried out as written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from docs.generating.walking import ROOT, walked

from tests.integration.conftest import create_database
from tests.integration.sql.postgres_server import PostgresServer

PAGES = [
    "tutorial.md",
    "rules.md",
    "operate.md",
    *(f"how-to/{page.name}" for page in sorted((ROOT / "docs/how-to").glob("*.md"))),
]
POSTGRES_PAGE = "how-to/run-against-postgresql.md"
URL_IN_PAGE = "postgresql://mtf:password@localhost:5432/mtf"
REDIS_PAGE = "how-to/share-redis.md"
FOREIGN_PAGE = "how-to/trade-on-the-sandbox.md"
FOREIGN_IN_PAGE = ".venv/foreign/bin/python"
REDIS_IN_PAGE = "redis://:password@localhost:6379/0"


@pytest.mark.parametrize("page", [page for page in PAGES if page not in {POSTGRES_PAGE, REDIS_PAGE, FOREIGN_PAGE}])
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    walked(page, tmp_path)


def test_the_page_on_postgresql_does_what_it_says_on_a_real_server(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.url(create_database(postgres))
    assert URL_IN_PAGE in (ROOT / "docs" / POSTGRES_PAGE).read_text()
    walked(POSTGRES_PAGE, tmp_path, {URL_IN_PAGE: url})


def test_the_page_on_redis_does_what_it_says_on_a_real_server(redis_url: str, tmp_path: Path) -> None:
    assert REDIS_IN_PAGE in (ROOT / "docs" / REDIS_PAGE).read_text()
    walked(REDIS_PAGE, tmp_path, {REDIS_IN_PAGE: redis_url})


def test_the_page_on_the_sandbox_does_what_it_says_with_a_foreign_client(tmp_path: Path) -> None:
    python = Path(sys.prefix) / "foreign" / "bin" / "python"
    assert python.exists(), f"{python} is missing; `make test` installs the foreign clients"
    assert FOREIGN_IN_PAGE in (ROOT / "docs" / FOREIGN_PAGE).read_text()
    walked(FOREIGN_PAGE, tmp_path, {FOREIGN_IN_PAGE: str(python)})
