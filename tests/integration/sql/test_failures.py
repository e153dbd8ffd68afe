"""What goes wrong with real databases: each becomes one clear line of the port's errors, without a password."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from mtf_adapters.local import places
from mtf_adapters.sql import (
    Database,
    SqlAuditStore,
    SqlCandleStore,
    SqlContractStore,
    SqlRunStore,
    SqlSwitchStore,
)
from mtf_adapters.sql.transactions import changing, value_or_none
from mtf_core.market import Timeframe
from mtf_core.ports import StoreError, StoreOutdatedError, StoreUnavailableError
from mtf_core.risk import Switch
from tests.integration.sql.examples import WORLD, candles, contract, event, run
from tests.integration.sql.postgres_server import PostgresServer

M1 = Timeframe.M1


async def every_operation(database: Database) -> list[Exception | None]:
    """Calls each method of each store once; what each raised."""
    contracts, series, runs = (
        SqlContractStore(database, WORLD),
        SqlCandleStore(database, WORLD),
        SqlRunStore(database, WORLD),
    )
    switches, audit = SqlSwitchStore(database, WORLD), SqlAuditStore(database, WORLD)
    calls = (
        contracts.replace_all([contract("BTCUSDT")], 1),
        contracts.all(),
        contracts.synced_ms(),
        series.write({("BTCUSDT", M1): candles(M1, range(2))}),
        series.read(["BTCUSDT"], M1, 0, 1),
        series.delete("BTCUSDT", M1, 0, 1),
        series.gaps("BTCUSDT", M1),
        series.spans(),
        runs.start(run("r1"), {"sha-1": {}}),
        runs.finish(run("r1"), []),
        runs.seal("r1"),
        runs.run("r1"),
        runs.history(1),
        anext(runs.tallies_since(0), None),
        runs.decisions("r1"),
        runs.decision("r1", "BTCUSDT"),
        runs.last_decision("BTCUSDT"),
        runs.document("sha-1"),
        switches.all(),
        switches.put([Switch("BTCUSDT", True, None, "", 1)]),
        audit.append([event(1)]),
        audit.history(1),
        audit.history(1),
        database.check(),
    )
    return [await raised(call) for call in calls]


async def raised(call: Awaitable[object]) -> Exception | None:
    try:
        await call
    except Exception as error:
        return error
    return None


def assert_all_are(errors: list[Exception | None], kind: type[StoreError]) -> None:
    assert [type(error) for error in errors] == [kind] * len(errors)
    assert all("\n" not in str(error) for error in errors)


async def test_a_file_in_a_folder_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    async with Database.open(f"sqlite:///{tmp_path / 'missing' / 'mtf.db'}") as database:
        assert_all_are(await every_operation(database), StoreUnavailableError)
        with pytest.raises(StoreUnavailableError, match=r"the folder .*missing does not exist"):
            await database.upgrade()
    assert list(tmp_path.iterdir()) == []


async def test_a_path_below_a_regular_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with Database.open(f"sqlite:///{tmp_path / 'file' / 'mtf.db'}") as database:
        assert_all_are(await every_operation(database), StoreUnavailableError)
        with pytest.raises(StoreUnavailableError):
            await database.upgrade()


async def test_an_upgrade_that_cannot_create_the_file_says_so_and_does_not_advise_an_upgrade(tmp_path: Path) -> None:
    (tmp_path / "mtf.db").symlink_to(tmp_path / "unmounted" / "mtf.db")
    async with Database.open(f"sqlite:///{tmp_path / 'mtf.db'}") as database:
        with pytest.raises(StoreUnavailableError, match="cannot be created; may this user write in") as refusal:
            await database.upgrade()
    assert "mtf db upgrade" not in str(refusal.value)


async def test_a_folder_in_place_of_the_file_is_unavailable(tmp_path: Path) -> None:
    async with Database.open(f"sqlite:///{tmp_path}") as database:
        assert_all_are(await every_operation(database), StoreUnavailableError)
        with pytest.raises(StoreUnavailableError, match="this is a folder"):
            await database.upgrade()


async def test_a_file_that_is_no_database_is_unavailable_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("to do: " + "nothing " * 200)
    before = path.read_bytes()
    async with Database.open(f"sqlite:///{path}") as database:
        assert_all_are(await every_operation(database), StoreUnavailableError)
        with pytest.raises(StoreUnavailableError, match=r"notes\.txt: file is not a database"):
            await database.upgrade()
    assert path.read_bytes() == before


def test_a_database_closed_right_after_a_failure_leaves_no_thread(tmp_path: Path) -> None:
    """The event loop ends at once; a thread that still had to answer it would have nobody to answer."""
    before = set(threading.enumerate())

    async def fail_to_connect() -> Exception | None:
        async with Database.open(f"sqlite:///{tmp_path / 'mtf.db'}") as database:
            return await raised(SqlSwitchStore(database, WORLD).all())

    assert isinstance(asyncio.run(fail_to_connect()), StoreOutdatedError)
    assert set(threading.enumerate()) == before


async def test_only_an_upgrade_creates_the_file(tmp_path: Path) -> None:
    async with Database.open(f"sqlite:///{tmp_path / 'mtf.db'}") as database:
        assert_all_are(await every_operation(database), StoreOutdatedError)
        assert list(tmp_path.iterdir()) == []
        await database.upgrade()
        assert set(await every_operation(database)) == {None}


async def test_an_upgrade_creates_the_folder_of_the_default_file_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places.platformdirs, "user_data_path", lambda *_, **__: tmp_path / "share" / "mtf")
    async with Database.open() as database:
        with pytest.raises(StoreOutdatedError, match="there is no database yet; run `mtf db upgrade`"):
            await database.check()
        await database.upgrade()
        await database.check()
    assert (tmp_path / "share" / "mtf" / "mtf.db").is_file()


async def test_a_database_without_our_tables_is_outdated(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "mtf.db").touch()  # for SQLite, an empty file is an empty database
    async with Database.open(empty_database_url) as database:
        assert_all_are(await every_operation(database), StoreOutdatedError)
        with pytest.raises(StoreOutdatedError, match="run `mtf db upgrade`"):
            await database.check()


async def test_sqlite_refusing_to_write_is_unavailable(migrated_sqlite_url: str) -> None:
    """As with a file that may only be read; the pragma works for root too, whom file permissions do not stop."""
    async with Database.open(migrated_sqlite_url, pool_size=1) as database:
        await database.read(changing(text("PRAGMA query_only=ON")))
        with pytest.raises(StoreUnavailableError, match="readonly"):
            await SqlAuditStore(database, WORLD).append([event(1)])
        with pytest.raises(StoreUnavailableError, match="readonly"):
            await SqlCandleStore(database, WORLD).write({("BTCUSDT", M1): candles(M1, range(2))})
        assert (await SqlAuditStore(database, WORLD).history(1)).items == ()


async def test_a_full_disk_is_unavailable_and_keeps_what_was_there(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url, pool_size=1) as database:
        store = SqlCandleStore(database, WORLD)
        await store.write({("BTCUSDT", M1): candles(M1, range(10))})
        pages = await database.read(value_or_none(text("PRAGMA page_count")))
        await database.read(changing(text(f"PRAGMA max_page_count={pages}")))
        with pytest.raises(StoreUnavailableError, match="full"):
            await store.write({("ETHUSDT", M1): candles(M1, range(20_000))})
        assert await store.spans() == (("BTCUSDT", M1, 0, 9 * M1.ms, 10),)


async def test_a_damaged_row_is_a_store_error(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        await SqlContractStore(database, WORLD).replace_all([contract("BTCUSDT")], synced_ms=1)
        with sqlite3.connect(migrated_sqlite_url.removeprefix("sqlite:///")) as plain:
            plain.execute("UPDATE contracts SET tick_size = '-1'")
        plain.close()
        with pytest.raises(StoreError, match="tick_size must be above zero"):
            await SqlContractStore(database, WORLD).all()


async def test_a_wrong_password_is_unavailable_and_not_shown(postgres: PostgresServer) -> None:
    async with Database.open(postgres.url(password="not-the-password")) as database:
        errors = await every_operation(database)
    assert_all_are(errors, StoreUnavailableError)
    assert all("password authentication failed" in str(error) for error in errors)
    assert not any("not-the-password" in str(error) for error in errors)


async def test_a_database_that_the_server_does_not_have_is_unavailable(postgres: PostgresServer) -> None:
    async with Database.open(postgres.url("nowhere")) as database:
        with pytest.raises(StoreUnavailableError, match='database "nowhere" does not exist'):
            await database.check()


async def test_a_database_that_can_only_be_read_is_unavailable(migrated_postgres_url: str) -> None:
    as_reader = f"{migrated_postgres_url}?options=-cdefault_transaction_read_only%3Don"
    async with Database.open(as_reader) as database:
        with pytest.raises(StoreUnavailableError, match="can only be read"):
            await database.check()
        with pytest.raises(StoreUnavailableError, match="read-only transaction"):
            await SqlAuditStore(database, WORLD).append([event(1)])


async def test_a_server_that_stops_is_unavailable_and_back_when_it_is(
    postgres: PostgresServer, migrated_postgres_url: str
) -> None:
    async with Database.open(migrated_postgres_url) as database:
        await SqlAuditStore(database, WORLD).append([event(1)])
        await asyncio.to_thread(postgres.stop)
        try:
            errors = await every_operation(database)
        finally:
            await asyncio.to_thread(postgres.start)
        assert_all_are(errors, StoreUnavailableError)
        await database.check()
        assert (await SqlAuditStore(database, WORLD).history(5)).items == (event(1),)


async def test_a_connection_that_breaks_within_a_transaction_stores_nothing(migrated_postgres_url: str) -> None:
    async with Database.open(migrated_postgres_url) as database:
        with pytest.raises(StoreUnavailableError, match="terminat"):
            await write_over_a_breaking_connection(database, migrated_postgres_url)
        assert await SqlContractStore(database, WORLD).synced_ms() is None


async def write_over_a_breaking_connection(database: Database, url: str) -> None:

    def work(connection: Connection) -> None:
        connection.execute(text(f"INSERT INTO contract_sync VALUES ('{WORLD}', 5)"))
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [own])
        connection.execute(text("SELECT 1"))

    await database.write(work)
