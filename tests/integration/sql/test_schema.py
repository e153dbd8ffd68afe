"""Migrations: from nothing to the schema of this version, on both databases."""

import asyncio
import sqlite3
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from mtf_adapters.sql import Database, SqlContractStore
from mtf_adapters.sql.engines import use_write_ahead_log
from mtf_adapters.sql.schema import SCHEMA_REVISION
from mtf_adapters.sql.transactions import all_rows, changing
from mtf_adapters.sql.upgrade import newest_revision
from mtf_adapters.sql.whole_schema import metadata
from mtf_core.ports import StoreError, StoreNotOursError, StoreOutdatedError
from tests.integration.sql.examples import WORLD, contract


def test_the_revision_that_the_code_needs_is_the_newest_migration() -> None:
    assert newest_revision() == SCHEMA_REVISION


async def test_an_upgrade_makes_an_empty_database_current(empty_database_url: str) -> None:
    async with Database.open(empty_database_url) as database:
        with pytest.raises(StoreOutdatedError, match="mtf db upgrade"):
            await database.check()
        await database.upgrade()
        await database.check()
        await SqlContractStore(database, WORLD).replace_all([contract("BTCUSDT")], synced_ms=1)


async def test_upgrading_again_changes_nothing(database_url: str) -> None:
    async with Database.open(database_url) as database:
        await SqlContractStore(database, WORLD).replace_all([contract("BTCUSDT")], synced_ms=1)
        await database.upgrade()
        await database.check()
        assert await SqlContractStore(database, WORLD).all() == (contract("BTCUSDT"),)


async def test_the_migrated_tables_are_those_that_the_code_describes(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, metadata)

    async with Database.open(database_url) as database:
        assert await database.read(differences) == []


async def test_the_tables_of_a_database_in_memory_are_the_migrated_ones(migrated_sqlite_url: str) -> None:
    query = text("SELECT name FROM sqlite_schema WHERE name NOT LIKE '%alembic%' ORDER BY name")

    async def names(database: Database) -> list[str]:
        return [row.name for row in await database.read(all_rows(query))]

    async with Database.open("memory") as memory, Database.open(migrated_sqlite_url) as file:
        assert await names(memory) == await names(file)


async def test_several_upgrades_at_once_of_one_database_all_succeed(empty_database_url: str) -> None:
    databases = [Database.open(empty_database_url) for _ in range(4)]
    await asyncio.gather(*(database.upgrade() for database in databases))
    for database in databases:
        await database.check()
        await database.close()


def test_a_file_that_another_connection_begins_to_write_is_waited_for_before_its_journal_changes(
    tmp_path: Path,
) -> None:
    """SQLite itself does not wait then: of several upgrades at once of a new file, one was refused as locked."""
    other, mine = (sqlite3.connect(tmp_path / "mtf.db", isolation_level=None) for _ in range(2))
    asked: list[str] = []

    def acts_in_between(statement: str) -> None:
        asked.append(statement)
        if statement == "PRAGMA journal_mode=WAL" and len(asked) == 2:
            other.execute("BEGIN IMMEDIATE")
        elif statement == "BEGIN IMMEDIATE":
            other.execute("ROLLBACK")

    mine.set_trace_callback(acts_in_between)
    use_write_ahead_log(mine)
    mine.set_trace_callback(None)
    turns = ["PRAGMA journal_mode=WAL", "BEGIN IMMEDIATE", "ROLLBACK", "PRAGMA journal_mode=WAL"]
    assert asked == ["PRAGMA auto_vacuum=INCREMENTAL", *turns]
    assert mine.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    mine.close()
    other.close()


async def test_tables_of_a_newer_version_are_refused_by_the_check_and_by_the_upgrade(database_url: str) -> None:
    async with Database.open(database_url) as database:
        await database.write(changing(text("UPDATE alembic_version SET version_num = '9999'")))
        with pytest.raises(StoreOutdatedError, match=f"revision 9999, this version of mtf needs {SCHEMA_REVISION}"):
            await database.check()
        with pytest.raises(StoreOutdatedError, match="9999"):
            await database.upgrade()


async def test_an_upgrade_that_fails_half_way_leaves_the_database_as_it_was(empty_database_url: str) -> None:
    async with Database.open(empty_database_url) as database:
        in_the_way = "CREATE TABLE audit (id INTEGER)"  # the last table that the migration makes
        await run_alone(empty_database_url, in_the_way)
        with pytest.raises(StoreError, match="audit"):
            await database.upgrade(beside_others=True)
        await run_alone(empty_database_url, "DROP TABLE audit")
        await database.upgrade()
        await database.check()


async def test_a_database_with_the_tables_of_another_program_is_left_alone_unless_asked_for(
    empty_database_url: str,
) -> None:
    """The other program uses Alembic, too, and is at a revision with one of our names."""
    theirs = ["CREATE TABLE alembic_version (version_num VARCHAR(32))", "CREATE TABLE invoices (id INTEGER)"]
    for statement in (*theirs, "INSERT INTO alembic_version VALUES ('0001')"):
        await run_alone(empty_database_url, statement)
    async with Database.open(empty_database_url) as database:
        with pytest.raises(StoreNotOursError, match=r"another program \(alembic_version, invoices\)"):
            await database.upgrade()
        await run_alone(empty_database_url, "DROP TABLE alembic_version")
        with pytest.raises(StoreNotOursError, match=r"\(invoices\).*--beside-others"):
            await database.upgrade()
        await database.upgrade(beside_others=True)
        await database.check()
        await database.upgrade()


async def run_alone(url: str, statement: str) -> None:
    """Runs one statement with the plain driver, outside of the code under test."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        connection.close()
    else:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute(statement)
