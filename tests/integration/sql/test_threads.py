"""Transactions of an SQLite file in threads: who waits for whom, and what becomes of those whose caller is gone."""

import asyncio
import gc
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from mtf_adapters.sql import Database, sqlite_transactions
from mtf_adapters.sql.transactions import Work, changing, value_or_none
from mtf_core.ports import StoreUnavailableError
from tests.integration.sql.standing import Standing, standing

_COUNT = value_or_none(text("SELECT count(*) FROM contract_sync"))


def insert(number: int) -> Work[int]:
    return changing(text(f"INSERT INTO contract_sync VALUES ('world-{number}', {number})"))


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def test_the_loop_goes_on_while_a_transaction_waits_for_another_process(migrated_sqlite_url: str) -> None:
    other = sqlite3.connect(file_of(migrated_sqlite_url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with Database.open(migrated_sqlite_url) as database:
        writing = asyncio.create_task(database.write(insert(1)))
        await asyncio.sleep(0.1)
        assert await database.read(_COUNT) == 0
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing
        assert await database.read(_COUNT) == 1
    other.close()


async def test_writers_of_a_process_go_one_after_the_other_in_the_order_in_which_they_asked(
    migrated_sqlite_url: str,
) -> None:
    order: list[int] = []

    def work(number: int) -> None:
        order.append(number)

    async with Database.open(migrated_sqlite_url) as database:
        async with standing(database, insert(100)):
            asked = [asyncio.create_task(database.write(lambda _, n=n: work(n))) for n in range(10)]  # type: ignore[misc]
            await asyncio.sleep(0.05)
            assert order == []
        await asyncio.gather(*asked)
    assert order == list(range(10))


async def test_what_has_not_begun_when_its_caller_is_cancelled_never_begins(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        async with standing(database, insert(1)):
            waiting = asyncio.create_task(database.write(insert(2)))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert await database.read(_COUNT) == 1
        await database.write(insert(2))


async def test_what_is_under_way_when_its_caller_is_cancelled_is_rolled_back(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        work = Standing(insert(1), insert(2))
        writing = asyncio.create_task(database.write(work))
        await work.stands.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        work.goes_on.set()
        await database.write(insert(3))
        assert await database.read(_COUNT) == 1


async def test_what_fails_after_its_caller_is_gone_is_no_complaint(migrated_sqlite_url: str) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with Database.open(migrated_sqlite_url) as database:
        work = Standing(insert(1), changing(text("INSERT INTO nowhere VALUES (1)")))
        writing = asyncio.create_task(database.write(work))
        await work.stands.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        work.goes_on.set()
        await database.write(insert(2))
        del writing
        gc.collect()
        await asyncio.sleep(0)
    assert complaints == []


async def test_who_closes_a_database_waits_for_what_is_under_way(migrated_sqlite_url: str) -> None:
    database = Database.open(migrated_sqlite_url)
    work = Standing(insert(1))
    writing = asyncio.create_task(database.write(work))
    await work.stands.wait()
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    work.goes_on.set()
    await closing
    await writing
    with sqlite3.connect(file_of(migrated_sqlite_url)) as plain:
        assert plain.execute("SELECT count(*) FROM contract_sync").fetchone() == (1,)
    plain.close()


async def test_a_closed_database_leaves_no_thread_and_opens_again_when_it_is_used(migrated_sqlite_url: str) -> None:
    before = set(threading.enumerate())
    database = Database.open(migrated_sqlite_url)
    for number in range(2):
        await database.write(insert(number))
        assert set(threading.enumerate()) - before
        await database.close()
        assert set(threading.enumerate()) == before
    await database.close()


async def test_who_reads_one_thing_after_the_other_needs_one_thread(migrated_sqlite_url: str) -> None:
    before = set(threading.enumerate())
    async with Database.open(migrated_sqlite_url) as database:
        for number in range(5):
            await database.write(insert(number))
            assert await database.read(_COUNT) == number + 1
        assert len(set(threading.enumerate()) - before) == 1


async def test_who_gets_no_connection_for_long_is_told_that_the_store_does_not_answer(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_transactions, "_LONGEST_WAIT_S", 0.05)
    async with Database.open(migrated_sqlite_url) as database, standing(database, insert(1)):
        with pytest.raises(StoreUnavailableError, match="no connection became free"):
            await database.write(insert(2))
        assert await database.read(_COUNT) == 0


async def test_a_connection_that_could_not_be_rolled_back_is_replaced(migrated_sqlite_url: str) -> None:
    def breaks(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.close()

    async with Database.open(migrated_sqlite_url, pool_size=1) as database:
        with pytest.raises(Exception, match="closed database"):
            await database.write(breaks)
        await database.write(insert(1))
        assert await database.read(_COUNT) == 1


async def test_a_commit_that_fails_holds_up_nobody_however_long_its_error_is_kept(migrated_sqlite_url: str) -> None:
    """The lock was held by a connection that was closed already, for the error held the last statement."""
    with sqlite3.connect(file_of(migrated_sqlite_url)) as made:
        made.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        made.execute("CREATE TABLE children (of INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)")
    made.close()
    kept: list[object] = []

    def orphaned(connection: Connection) -> None:
        kept.append(connection.connection.cursor().execute("SELECT 1 UNION SELECT 2"))
        connection.exec_driver_sql("INSERT INTO children VALUES (7)")

    async with Database.open(migrated_sqlite_url) as database:
        with pytest.raises(Exception, match="FOREIGN KEY") as error:
            await database.write(orphaned)
        kept.append(error)
        other = sqlite3.connect(file_of(migrated_sqlite_url), isolation_level=None, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.close()
        await database.write(insert(1))
        assert await database.read(_COUNT) == 1


def test_a_loop_that_is_closed_while_a_transaction_is_under_way_hears_no_complaint(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a process ends without closing its database: the user would see a traceback in place of one line."""
    complaints: list[object] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    before, ended = set(threading.enumerate()), threading.Event()

    def slow(_: Connection) -> None:
        ended.wait(20)

    async def leaves() -> None:
        writing = asyncio.ensure_future(Database.open(migrated_sqlite_url).write(slow))
        await asyncio.sleep(0.05)
        writing.cancel()

    asyncio.run(leaves())
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon
    ended.set()
    time.sleep(0.1)
    assert complaints == []
    assert thread.is_alive(), "it waits for another job, and ends with the process"
