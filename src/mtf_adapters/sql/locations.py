"""Where a database is: the URLs that users write, and what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import platformdirs
from attrs import frozen
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mtf_core.ports import StoreError

ALLOWED_FORMS = "sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE, memory"

_SQLITE_SCHEMES = ("sqlite", "sqlite+aiosqlite")
_POSTGRES_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")
_MEMORY_PATHS = ("", "/", "/:memory:")


class InvalidDatabaseUrlError(StoreError):
    """The text names no database that can be used; the message lists the allowed forms, never the password."""


@frozen
class SqliteFile:
    """An SQLite file; the path is absolute."""

    path: Path

    def __str__(self) -> str:
        return f"SQLite file {self.path}"


@frozen
class SqliteMemory:
    """A database that lives as long as it is open."""

    def __str__(self) -> str:
        return "database in memory"


@frozen
class Postgres:
    """A PostgreSQL database; the URL's driver is psycopg."""

    url: URL

    def __str__(self) -> str:
        return f"PostgreSQL {self.url.set(drivername='postgresql', query={}).render_as_string(hide_password=True)}"


Location: TypeAlias = SqliteFile | SqliteMemory | Postgres


def default_database_path() -> Path:
    """The file that is used when nothing is configured, in the user's data folder (which may not exist yet)."""
    return platformdirs.user_data_path("mtf", appauthor=False) / "mtf.db"


def default_database_url() -> str:
    """The URL of `default_database_path`."""
    return f"sqlite:///{default_database_path()}"


def parse_location(url: str) -> Location:
    """The database that a URL names; raises `InvalidDatabaseUrlError`. Nothing is opened."""
    text = url.strip()
    if text == "memory":
        return SqliteMemory()
    scheme, separator, rest = text.partition("://")
    if separator and scheme in _SQLITE_SCHEMES:
        return _sqlite(rest)
    if separator and scheme in _POSTGRES_SCHEMES:
        return _postgres(f"postgresql+psycopg://{rest}")
    # Without a scheme the text may be a password that landed in the wrong variable: it is not repeated.
    found = f"found the scheme {scheme!r}" if separator else "found no scheme"
    raise InvalidDatabaseUrlError(f"the database URL cannot be used: {found}; allowed: {ALLOWED_FORMS}")


def _sqlite(rest: str) -> Location:
    if rest in _MEMORY_PATHS:
        return SqliteMemory()
    path, question_mark, _ = rest.partition("?")
    if question_mark:
        raise InvalidDatabaseUrlError(f"sqlite://{rest}: options after '?' have no effect here; write sqlite:///FILE")
    if not path.startswith("/"):
        raise InvalidDatabaseUrlError(
            f"sqlite://{rest} has two slashes; write sqlite:///{rest} for a relative path, sqlite:////{rest} for an"
            " absolute one"
        )
    return SqliteFile(Path(unquote(path[1:])).expanduser().absolute())


def _postgres(url: str) -> Postgres:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # What was read as a port may be part of a password, so neither the text nor the cause is repeated.
        raise InvalidDatabaseUrlError(
            "the PostgreSQL URL cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special"
            " characters of the password percent-encoded (@ is %40, : is %3A, / is %2F)"
        ) from None
    if not parsed.database:
        raise InvalidDatabaseUrlError(f"{Postgres(parsed)} names no database; write postgresql://…/DATABASE")
    return Postgres(parsed)
