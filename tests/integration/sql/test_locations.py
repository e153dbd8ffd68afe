"""Database URLs as users write them."""

from pathlib import Path

import pytest

from mtf_adapters.sql import Database, InvalidDatabaseUrlError, default_database_url
from mtf_adapters.sql.locations import Postgres, SqliteFile, SqliteMemory, default_database_path, parse_location


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////srv/mtf.db", Path("/srv/mtf.db")),
        ("sqlite+aiosqlite:////srv/mtf.db", Path("/srv/mtf.db")),
        (" sqlite:////srv/mtf.db\n", Path("/srv/mtf.db")),
        ("sqlite:////srv/with%20space.db", Path("/srv/with space.db")),
        ("sqlite:///var/mtf.db", Path.cwd() / "var/mtf.db"),
        ("sqlite:///~/mtf.db", Path.home() / "mtf.db"),
    ],
)
def test_an_sqlite_url_names_a_file(url: str, path: Path) -> None:
    assert parse_location(url) == SqliteFile(path)


@pytest.mark.parametrize("url", ["memory", "sqlite://", "sqlite+aiosqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_memory_can_be_asked_for_by_name_and_as_sqlite_spells_it(url: str) -> None:
    assert parse_location(url) == SqliteMemory()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgres_uses_the_same_driver_and_keeps_its_options(scheme: str) -> None:
    location = parse_location(f"{scheme}://trader:p%40ss@db.example:5433/mtf?sslmode=require")
    assert isinstance(location, Postgres)
    url = location.url
    assert (url.drivername, url.username, url.password, url.host, url.port, url.database) == (
        "postgresql+psycopg",
        "trader",
        "p@ss",
        "db.example",
        5433,
        "mtf",
    )
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@host/db", "postgresql+asyncpg://u:s3cret@host/db", "s3cret", "/s3cret.db"]
)
def test_an_unknown_scheme_is_refused_with_the_allowed_forms_and_without_the_text(url: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError, match=r"allowed: sqlite:///FILE, postgresql://.*, memory") as refusal:
        Database.open(url)
    assert "s3cret" not in str(refusal.value)


def test_the_refusal_of_an_unreadable_postgres_url_does_not_repeat_the_password() -> None:
    with pytest.raises(InvalidDatabaseUrlError, match="percent-encoded") as refusal:
        parse_location("postgresql://trader:s3/cret@host:s3cret/db")
    assert "s3" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_a_postgres_url_without_a_database_is_refused() -> None:
    with pytest.raises(InvalidDatabaseUrlError, match=r"trader:\*\*\*@host names no database"):
        parse_location("postgresql://trader:s3cret@host")


def test_two_slashes_before_a_file_are_refused_with_the_right_spelling() -> None:
    with pytest.raises(InvalidDatabaseUrlError, match=r"write sqlite:///mtf\.db for a relative path"):
        parse_location("sqlite://mtf.db")


def test_options_of_an_sqlite_url_are_refused_because_they_would_do_nothing() -> None:
    with pytest.raises(InvalidDatabaseUrlError, match="no effect"):
        parse_location("sqlite:///mtf.db?timeout=5")


def test_the_default_is_a_file_in_the_users_data_folder() -> None:
    assert parse_location(default_database_url()) == SqliteFile(default_database_path())
    assert default_database_path().name == "mtf.db"


async def test_a_location_is_shown_without_its_password() -> None:
    async with Database.open("postgres://trader:s3cret@db.example/mtf?sslpassword=s3cret") as database:
        assert database.location == "PostgreSQL postgresql://trader:***@db.example/mtf"
