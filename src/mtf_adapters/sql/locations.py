"""Where a database is: the URLs that users write, and what they mean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from attrs import frozen
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mtf_adapters.local.places import default_data_folder
from mtf_core.ports import StoreError

ALLOWED_FORMS = "sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE, memory"

_SQLITE_SCHEMES = ("sqlite", "sqlite+aiosqlite")
_POSTGRES_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")
_OTHER_SCHEMES = ("mysql", "mariadb", "oracle", "mssql", "mongodb", "redis", "file", "http", "https", "postgresql")
"""Worth naming when they are met; any other text before `://` may be a part of a password."""
_MEMORY_PATH = "/:memory:"
# A password with a separator in it (@ / ? #) moves the borders of the parts, and a part of it would be read, and shown,
# as host, port or database. So each part may hold only what it can hold, and what fits no part is refused unseen.
_POSTGRES_REST = re.compile(
    r"(?:[^:@/?#\s]+(?::[^@/?#\s]*)?@)?"
    r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::\d{1,5})?"
    r"(?:/(?P<database>[^@/?#\s]*))?"
    r"(?:\?[^@?#\s]*)?"
)
_USER_AND_PASSWORD = re.compile(r":[^/]*@")


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
    """The file that is used when nothing is configured, in the user's data folder."""
    return default_data_folder() / "mtf.db"


def default_database_url() -> str:
    """The URL of `default_database_path`."""
    return f"sqlite:///{default_database_path()}"


def folder_of_database(url: str | None) -> Path | None:
    """The folder of an SQLite file; None where the database is no file of this machine."""
    location = parse_location(url or default_database_url())
    return location.path.parent if isinstance(location, SqliteFile) else None


def parse_location(url: str) -> Location:
    """The database that a URL names; raises `InvalidDatabaseUrlError`. Nothing is opened.

    A refusal repeats nothing of the text: it may be, or hold, a password in the wrong place.
    """
    text = url.strip()
    if text == "memory":
        return SqliteMemory()
    scheme, separator, rest = text.partition("://")
    if separator and scheme in _SQLITE_SCHEMES:
        return _sqlite(rest)
    if separator and scheme in _POSTGRES_SCHEMES:
        return _postgres(rest)
    name = scheme.partition("+")[0]
    found = f"found the scheme {name!r}" if name in _OTHER_SCHEMES else "found no scheme that is known"
    raise InvalidDatabaseUrlError(f"the database URL cannot be used: {found}; allowed: {ALLOWED_FORMS}")


def _sqlite(rest: str) -> Location:
    if rest == _MEMORY_PATH:
        return SqliteMemory()
    path, question_mark, _ = rest.partition("?")
    if question_mark:
        raise _refusal("options after '?' have no effect here; write sqlite:///FILE")
    if path.strip("/") == "":
        # As `sqlite:///$FILE` is where FILE is not set: what would be stored in memory would be gone with the process.
        raise _refusal("it names no file; write sqlite:///FILE, or memory for a database that ends with the process")
    if not path.startswith("/"):
        raise _refusal(
            "after two slashes there is no file; write sqlite:///FILE for a relative path, sqlite:////FILE for an"
            " absolute one"
        )
    if _USER_AND_PASSWORD.search(path):
        raise _refusal("a file has no user and password; write sqlite:///FILE")
    return SqliteFile(Path(unquote(path[1:])).expanduser().absolute())


def _refusal(problem: str) -> InvalidDatabaseUrlError:
    return InvalidDatabaseUrlError(f"the SQLite URL cannot be used: {problem}")


def _postgres(rest: str) -> Postgres:
    parts = _POSTGRES_REST.fullmatch(rest)
    try:
        parsed = make_url(f"postgresql+psycopg://{rest}") if parts else None
    except (ArgumentError, ValueError):
        parsed = None
    if parts is None or parsed is None:
        raise InvalidDatabaseUrlError(
            "the PostgreSQL URL cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special"
            " characters of the password percent-encoded (@ is %40, : is %3A, / is %2F, ? is %3F, # is %23)"
        ) from None
    if not parts["database"]:
        raise InvalidDatabaseUrlError("the PostgreSQL URL names no database; write postgresql://…/DATABASE")
    return Postgres(parsed)
