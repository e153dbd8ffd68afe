"""A copy of an SQLite file as it is at one moment, while others read and write it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from attrs import frozen

from mtf_adapters.local.durable import flush_folder
from mtf_adapters.sql.errors import translated
from mtf_adapters.sql.locations import SqliteFile, default_database_url, parse_location
from mtf_core.ports import StoreError, StoreNotOursError, StoreUnavailableError

_PATIENT_S = 30.0


@frozen
class BackUp:
    """What was written."""

    location: str
    file: Path
    size_bytes: int
    revision: str
    """Of the tables: the version of mtf that it belongs to."""


def back_up(url: str | None, target: Path) -> BackUp:
    """Copies the database of a URL into a new file; on the disk, and checked, when it returns.

    Tables of any version are copied, so also before an upgrade. Raises `StoreError`, and then leaves no file behind.
    """
    location = parse_location(url or default_database_url())
    if not isinstance(location, SqliteFile):
        raise StoreError(
            f"{location}: only an SQLite file is backed up by this command; a PostgreSQL database is by its own pg_dump"
            " (docs/operate.md)"
        )
    if not location.path.is_file():
        raise StoreUnavailableError(f"{location}: there is no such file")
    if target.exists():
        raise StoreError(f"{target} is there already; name a new file")
    if not target.parent.is_dir():
        raise StoreError(f"the folder {target.parent} does not exist")
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        revision = _copied(location, unfinished)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        os.link(unfinished, target)  # not a rename, which would replace a file that was made meanwhile
    except FileExistsError:
        raise StoreError(f"{target} is there already; name a new file") from None
    except (sqlite3.Error, OSError) as error:
        raise translated(error, location) from error
    finally:
        for leftover in (unfinished, *(unfinished.with_name(f"{unfinished.name}-{end}") for end in ("wal", "shm"))):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
    flush_folder(target.parent)
    return BackUp(str(location), target, target.stat().st_size, revision)


def _copied(location: SqliteFile, target: Path) -> str:
    """The revision of what was copied; raises `StoreError` where it is not whole, or not ours."""
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"{location.path.as_uri()}?mode=ro", uri=True, timeout=_PATIENT_S)) as source:
        if not source.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]:
            raise StoreNotOursError(f"{location}: this file holds no tables of mtf")
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(target)) as copy:
            source.backup(copy)  # all pages in one step: what is committed meanwhile is not in it
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreError(f"{location}: the copy is not whole: {found}")
            return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])
