"""Database URLs as users write them."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@pytest.mark.parametrize("url", ["memory", " memory\n", "sqlite:///:memory:"])
def test_memory_can_be_asked_for_by_name_and_as_sqlite_spells_it(url: str) -> None:
    assert parse_location(url) == SqliteMemory()


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite://", "sqlite+aiosqlite:///", "sqlite:////"])
def test_an_sqlite_url_without_a_file_is_refused_because_a_variable_was_not_set(url: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError, match=r"names no file; write sqlite:///FILE, or memory"):
        Database.open(url)


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


@pytest.mark.parametrize("url", ["mysql://u:s3cret@host/db", "postgresql+asyncpg://u:s3cret@host/db", "/s3cret.db"])
def test_an_unknown_scheme_is_refused_with_the_allowed_forms(url: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError, match=r"allowed: sqlite:///FILE, postgresql://.*, memory"):
        Database.open(url)


# What people type as passwords, and what a shell or a copy leaves of them: pieces, with separators of a URL between.
_PIECES = st.sampled_from(["S3kr", "Qx7z", "90210", "W0rt%", "%4Zq"])
_SECRETS = st.lists(_PIECES, min_size=1, max_size=4).flatmap(
    lambda pieces: st.lists(st.sampled_from("@:/?#%[] \\&=+'\""), min_size=len(pieces), max_size=len(pieces)).map(
        lambda between: "".join(a + b for a, b in zip(pieces, between, strict=True))
    )
)
_FORMS = st.sampled_from(
    [
        "postgresql://trader:{}@host/mtf",
        "postgres://trader:{}@host:5432/mtf",
        "postgresql://trader:{}@host",
        "postgresql://trader:{}",
        "postgresql://{}@host/mtf?sslmode=require",
        "postgresql://:{}@/mtf",
        "postgresql://host/mtf?password={}",
        "postgresql:trader:{}@host/mtf",
        "mysql://trader:{}@host/mtf",
        "sqlite://trader:{}@host/mtf",
        "sqlite:///trader:{}@host/mtf",
        "{}",
        "{}://host/mtf",
    ]
)


@given(secret=_SECRETS, form=_FORMS)
@settings(max_examples=300)
def test_a_password_is_read_whole_or_the_url_is_refused_and_no_part_of_it_is_shown(secret: str, form: str) -> None:
    url = form.format(secret)
    try:
        location = parse_location(url)
    except InvalidDatabaseUrlError as refusal:
        shown = f"{refusal} {refusal.__cause__} {'' if refusal.__suppress_context__ else refusal.__context__}"
        assert not any(piece in shown for piece in ("S3kr", "Qx7z", "90210", "W0rt", "4Zq"))
        return
    assert isinstance(location, Postgres)
    if form.startswith("postgresql://{}"):  # without a colon it is a user's name, which is no secret
        assert location.url.host == "host"
        return
    if "password=" not in form:
        assert location.url.password == unquote(secret)
    assert not any(piece in str(location) for piece in ("S3kr", "Qx7z", "90210", "W0rt", "4Zq"))


def test_a_postgres_url_without_a_database_is_refused() -> None:
    with pytest.raises(InvalidDatabaseUrlError, match="names no database"):
        parse_location("postgresql://trader:s3cret@host")


def test_two_slashes_before_a_file_are_refused_with_the_right_spelling() -> None:
    with pytest.raises(InvalidDatabaseUrlError, match="write sqlite:///FILE for a relative path"):
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
