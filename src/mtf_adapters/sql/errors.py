"""Everything that drivers raise, as the few errors of the store ports; each message is one line without secrets."""

from __future__ import annotations

import sqlite3
import zlib

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from mtf_adapters.sql.locations import Location, Postgres
from mtf_core.ports import StoreError, StoreOutdatedError, StoreUnavailableError

TRANSLATED = (SQLAlchemyError, sqlite3.Error, OSError, ValueError, ArithmeticError, zlib.error)
"""What can come out of a transaction besides the driver's own errors: ValueError and ArithmeticError are values that
a column cannot hold, or rows that are no longer what was written."""

UPGRADE_HINT = "run `mtf db upgrade`"

_UNAVAILABLE_SQLITE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOTADB,
    }
)
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, authorization, no such database, no
# resources, operator intervention, system error; then read-only transaction, no privilege, lock not available.
_UNAVAILABLE_POSTGRES_CLASSES = ("08", "28", "3D", "53", "57", "58")
_UNAVAILABLE_POSTGRES = frozenset({"25006", "42501", "55P03"})
_MISSING_POSTGRES = frozenset({"42P01", "42703"})
_MISSING_SQLITE = ("no such table", "no such column", "has no column")


def translated(error: Exception, location: Location) -> StoreError:
    """The port's error for one of a driver, of SQLAlchemy, or of a value that could not be stored."""
    cause = error
    if isinstance(error, StatementError) and isinstance(error.orig, Exception):
        cause = error.orig
    if isinstance(cause, StoreError):
        return cause
    message = f"{location}: {_one_line(cause, location)}"
    if _says_missing_table(cause):
        return StoreOutdatedError(f"{message}; {UPGRADE_HINT}")
    if isinstance(error, PoolTimeoutError | OSError) or _says_unavailable(cause):
        return StoreUnavailableError(message)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StoreUnavailableError(message)
    return StoreError(message)


def _says_missing_table(cause: Exception) -> bool:
    if isinstance(cause, sqlite3.OperationalError):
        return any(words in str(cause) for words in _MISSING_SQLITE)  # SQLite has no code of its own for this
    return getattr(cause, "sqlstate", None) in _MISSING_POSTGRES


def _says_unavailable(cause: Exception) -> bool:
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)  # absent on errors of the Python layer
        return code is not None and code & 0xFF in _UNAVAILABLE_SQLITE
    if not hasattr(cause, "sqlstate"):
        return False
    if cause.sqlstate is None:
        # psycopg sets no state when the server never answered, or when the connection broke.
        return type(cause).__name__ in {"OperationalError", "ConnectionTimeout", "InterfaceError"}
    return cause.sqlstate in _UNAVAILABLE_POSTGRES or cause.sqlstate.startswith(_UNAVAILABLE_POSTGRES_CLASSES)


def _one_line(cause: Exception, location: Location) -> str:
    # Of PostgreSQL's answers the primary message is enough; the rest shows where in our own SQL it found fault.
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    text = " ".join((primary or str(cause)).split()) or type(cause).__name__
    if isinstance(location, Postgres) and location.url.password:
        text = text.replace(str(location.url.password), "***")
    return text
