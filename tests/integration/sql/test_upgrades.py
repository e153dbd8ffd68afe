"""Databases as earlier versions left them, on SQLite and PostgreSQL: upgraded, they lose nothing and work on.

`stored/schema_0017.db.xz` was written by the last version before runs could be shared: half an hour of a session that
really trades (`mtf sandbox session --seed 16 --universe-size 12 --minutes 25 --until-flat 5`), with an entry that ended
unfilled and a position that is open. The others are told of in `test_older_records.py`. Versions wrote the same rows
into PostgreSQL; they are brought there from the file, into the tables of that version.
"""

from __future__ import annotations

import lzma
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from attrs import frozen
from sqlalchemy import Connection, MetaData, Table, create_engine, func, inspect, select, text

from mtf_adapters.local import WallClock
from mtf_adapters.sql import Database, SqlProcessStore
from mtf_adapters.sql.schema import SCHEMA_REVISION, metadata
from mtf_adapters.sql.transactions import value_or_none
from mtf_adapters.sql.upgrade import migration_config
from mtf_core.inquiry import verify_run, why
from mtf_core.orders import EntryState, PositionState
from mtf_core.ports import StoreOutdatedError
from mtf_core.records import ProcessKind, ProcessState, RunningProcess
from mtf_core.risk import AccountCondition
from mtf_entrypoints.stores import build_stores

_DECIDED_AGAIN = 3
"""Of a version's last runs: each takes a while."""
STORED = Path(__file__).parent / "stored"
_MOVED = {"candles", "decision_details", "risk_locks"}
"""Tables whose rows a later version keeps elsewhere."""


@frozen
class Older:
    """A database of an earlier version."""

    revision: str
    namespace: str
    runs: int


OLDER = [Older("0001", "sandbox-seed-1-60", 1), Older("0011", "test", 1), Older("0017", "sandbox-seed-16-12", 25)]
PREVIOUS = OLDER[-1]


@asynccontextmanager
async def left_by(older: Older, url: str, folder: Path) -> AsyncIterator[Database]:
    """Open, and not upgraded yet."""
    content = lzma.decompress((STORED / f"schema_{older.revision}.db.xz").read_bytes())
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).write_bytes(content)
        async with Database.open(url) as database:
            yield database
        return
    file = folder / "older.db"
    file.write_bytes(content)

    def brought(connection: Connection) -> None:
        command.upgrade(migration_config(connection), older.revision)
        _bring(file, connection)

    async with Database.open(url) as database:
        await database.write(brought)
        yield database


def _bring(file: Path, connection: Connection) -> None:
    """Every row of an SQLite file, into tables of the same version."""
    here = MetaData()
    here.reflect(connection)
    with create_engine(f"sqlite:///{file}").connect() as source:
        for table in here.sorted_tables:
            if table.name == "alembic_version":
                continue
            rows = [
                dict(row._mapping)
                for row in source.execute(select(Table(table.name, MetaData(), autoload_with=source)))
            ]
            connection.execute(table.delete())  # what a migration begins with
            if rows:
                connection.execute(table.insert(), rows)
            for column in table.columns:  # what counts by itself goes on from there
                sequence = text("SELECT pg_get_serial_sequence(:table, :column)")
                counter = connection.execute(sequence, {"table": table.name, "column": column.name}).scalar()
                highest = max((row[column.name] for row in rows), default=None) if counter else None
                if highest is not None:
                    connection.execute(
                        text("SELECT setval(:counter, :highest)"), {"counter": counter, "highest": highest}
                    )


def counted(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = set(inspect(connection).get_table_names()) - {"alembic_version"}
    tables = {name: Table(name, MetaData(), autoload_with=connection) for name in names}
    return {
        name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for name, table in tables.items()
    }


def lost(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int, int | None]]:
    return {
        name: (count, after.get(name))
        for name, count in before.items()
        if after.get(name) != count and name not in _MOVED
    }


@pytest.mark.parametrize("older", OLDER, ids=lambda older: older.revision)
async def test_no_row_is_lost_and_every_run_is_read_and_decided_again_as_it_was(
    older: Older, empty_database_url: str, tmp_path: Path
) -> None:
    async with left_by(older, empty_database_url, tmp_path) as database:
        with pytest.raises(
            StoreOutdatedError, match=f"at revision {older.revision}, this version of mtf needs {SCHEMA_REVISION}"
        ):
            await database.check()
        before = await database.read(counted)
        await database.upgrade()
        await database.check()
        assert lost(before, await database.read(counted)) == {}
        stores = build_stores(database, older.namespace)
        history = (await stores.runs.history(100)).items
        assert len(history) == older.runs
        for place, run in enumerate(history):
            whole = await stores.runs.run(run.run_id)
            assert whole is not None
            assert whole.unreadable is None
            records = await stores.runs.decisions(run.run_id)
            assert {record.unreadable for record in records} == {None}
            if older.revision != "0001" and place < _DECIDED_AGAIN:  # what differs there is told in test_older_records
                found = await verify_run(stores, run.run_id)
                assert found is not None
                assert (found.differences, found.decisions > 0) == ((), True)
        assert await stores.candles.spans()
        assert await why(stores.runs, (await stores.contracts.all())[0].symbol) is not None


async def test_an_open_position_of_the_version_before_is_supervised_on_with_its_story(
    empty_database_url: str, tmp_path: Path
) -> None:
    async with left_by(PREVIOUS, empty_database_url, tmp_path) as database:
        await database.upgrade()
        orders = build_stores(database, PREVIOUS.namespace).orders
        account = await database.read(value_or_none(text("SELECT account FROM order_books")))
        assert account is not None
        identity = await orders.bind(account)
        assert (identity.counter, identity.account) == (2, account)
        (live,) = await orders.live()
        assert (live.symbol, live.entry, live.position) == ("LTCUSDT", EntryState.DONE, PositionState.PROTECTED)
        assert (live.filled, live.progress.stop_order_id) == (112, "3")
        story = [stored.event.kind.value for stored in await orders.events(live.decision_key)]
        assert (story[:3], "protected" in story) == (["planned", "submitted", "accepted"], True)
        assert (await orders.standing()).condition is AccountCondition.NORMAL


async def test_what_is_new_since_then_works_in_an_upgraded_database(empty_database_url: str, tmp_path: Path) -> None:
    async with left_by(PREVIOUS, empty_database_url, tmp_path) as database:
        await database.upgrade()
        processes = SqlProcessStore(database, PREVIOUS.namespace, WallClock())
        await processes.beat(RunningProcess(ProcessKind.SERVE, "serve-1", "box", 1, "0.1.0"), ProcessState.WORKING)
        assert [one.process.owner for one in await processes.all()] == ["serve-1"]
        present = await database.read(lambda connection: set(inspect(connection).get_table_names()))
        assert set(metadata.tables) <= present


async def test_an_upgrade_that_is_done_changes_nothing_more(empty_database_url: str, tmp_path: Path) -> None:
    async with left_by(PREVIOUS, empty_database_url, tmp_path) as database:
        await database.upgrade()
        before = await database.read(counted)
        await database.upgrade()
        assert await database.read(counted) == before


async def test_tables_of_a_later_version_are_refused_and_left_as_they_are(
    empty_database_url: str, tmp_path: Path
) -> None:
    """There is no way back but a back-up: an older version neither works on newer tables nor takes them back."""

    def later(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    async with left_by(PREVIOUS, empty_database_url, tmp_path) as database:
        await database.upgrade()
        await database.write(later)
        before = await database.read(counted)
        with pytest.raises(StoreOutdatedError, match="or install the mtf that made them if they are newer"):
            await database.check()
        with pytest.raises(StoreOutdatedError, match="they may be of a newer version of mtf"):
            await database.upgrade()
        assert await database.read(counted) == before


def test_no_migration_pretends_that_there_is_a_way_back() -> None:
    versions = STORED.parents[3] / "src/mtf_adapters/sql/migrations/versions"
    found: list[Any] = [path.name for path in versions.glob("0*.py") if "def downgrade" in path.read_text()]
    assert found == []
