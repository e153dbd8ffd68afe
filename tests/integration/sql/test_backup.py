"""A back-up of an SQLite file holds what was committed at one moment, whoever writes meanwhile."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from mtf_adapters.sql import Database, SqlAuditStore
from mtf_adapters.sql.backup import back_up
from mtf_adapters.sql.schema import SCHEMA_REVISION
from mtf_core.ports import StoreError, StoreNotOursError, StoreUnavailableError
from tests.integration.sql.examples import WORLD, event


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def test_what_was_committed_is_there_and_the_copy_works_as_the_database_did(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        await SqlAuditStore(database, WORLD).append([event(5, subject="before")])
        made = back_up(migrated_sqlite_url, tmp_path / "copy.db")
        await SqlAuditStore(database, WORLD).append([event(6, subject="after")])
    assert (made.revision, made.size_bytes) == (SCHEMA_REVISION, (tmp_path / "copy.db").stat().st_size)
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"], "one file is all of it"
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("wal",), "as the database's own"
        assert copy.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    async with Database.open(f"sqlite:///{tmp_path / 'copy.db'}") as copied:
        await copied.check()
        history = await SqlAuditStore(copied, WORLD).history(9)
        assert [one.subject for one in history.items] == ["before"]
        await SqlAuditStore(copied, WORLD).append([event(7, subject="goes on")])


def test_whatever_is_written_meanwhile_the_copy_is_of_one_moment(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """Two rows are written in each transaction; a copy that holds one of them was torn."""
    path, writing, stop = path_of(migrated_sqlite_url), threading.Event(), threading.Event()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE pairs (number INTEGER, filler TEXT)")

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            number = 0
            while not stop.is_set():
                rows = [(number, "x" * 2000)] * 2
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO pairs VALUES (?, ?)", rows)
                connection.execute("COMMIT")
                number += 1
                if number == 20:
                    writing.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert writing.wait(60)
        for number in range(5):
            back_up(migrated_sqlite_url, tmp_path / f"{number}.db")
    finally:
        stop.set()
        writer.join()
    counts = []
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
            counts.append(copy.execute("SELECT count(*) FROM pairs").fetchone()[0])
            torn = copy.execute("SELECT number FROM pairs GROUP BY number HAVING count(*) <> 2").fetchall()
            assert torn == []
    assert counts == sorted(counts)
    assert counts[0] >= 40


def test_tables_of_an_older_version_are_copied_as_well_before_they_are_upgraded(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(path_of(migrated_sqlite_url))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
        connection.commit()
    assert back_up(migrated_sqlite_url, tmp_path / "copy.db").revision == "0003"


def test_a_file_that_is_there_is_never_written_over(migrated_sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(StoreError, match="is there already; name a new file"):
        back_up(migrated_sqlite_url, tmp_path / "copy.db")
    with pytest.raises(StoreError, match="is there already"):
        back_up(migrated_sqlite_url, path_of(migrated_sqlite_url))
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_one_that_was_broken_off_leaves_nothing_that_hinders_the_next(migrated_sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "copy.db.unfinished").write_text("half of it")
    back_up(migrated_sqlite_url, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db.unfinished").exists()


def test_a_database_that_is_damaged_is_no_back_up(migrated_sqlite_url: str, tmp_path: Path) -> None:
    path = path_of(migrated_sqlite_url)
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(4096))
    with pytest.raises(StoreError):
        back_up(migrated_sqlite_url, tmp_path / "copy.db")
    assert list(tmp_path.glob("copy*")) == []


def test_what_is_no_file_of_mtf_is_refused(tmp_path: Path) -> None:
    for url in ("memory", "postgresql://mtf:hunter2@localhost/mtf"):
        with pytest.raises(StoreError, match="only an SQLite file is backed up") as refused:
            back_up(url, tmp_path / "copy.db")
        assert "hunter2" not in str(refused.value)
    with pytest.raises(StoreUnavailableError, match="there is no such file"):
        back_up(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE mine (x)")
    with pytest.raises(StoreNotOursError, match="holds no tables of mtf"):
        back_up(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "copy.db")
    with pytest.raises(StoreError, match="does not exist"):
        back_up(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "none" / "copy.db")
