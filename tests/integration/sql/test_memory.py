"""A database in memory, whose transactions are carried out in the event loop's own thread."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text

from mtf_adapters.sql import Database
from mtf_adapters.sql.transactions import changing, value_or_none
from mtf_core.ports import StoreError

_MAKE = changing(text("CREATE TABLE kept (number INTEGER PRIMARY KEY)"))
_INSERT = text("INSERT INTO kept VALUES (:number)")
_COUNT = value_or_none(text("SELECT count(*) FROM kept"))


async def test_no_thread_is_started_and_everything_is_there() -> None:
    before = set(threading.enumerate())
    async with Database.open("memory") as database:
        await database.write(_MAKE)
        await database.write(changing(_INSERT, [{"number": 1}, {"number": 2}]))
        assert await database.read(_COUNT) == 2
        assert set(threading.enumerate()) == before


async def test_what_sqlite_refuses_reaches_who_asked_and_leaves_nothing_behind() -> None:
    def insert_twice(connection: Connection) -> None:
        connection.execute(_INSERT, {"number": 1})
        connection.execute(_INSERT, {"number": 1})

    async with Database.open("memory") as database:
        await database.write(_MAKE)
        with pytest.raises(StoreError):
            await database.write(insert_twice)
        assert await database.read(_COUNT) == 0


async def test_a_reading_changes_nothing() -> None:
    async with Database.open("memory") as database:
        await database.write(_MAKE)
        await database.read(changing(_INSERT, {"number": 1}))
        assert await database.read(_COUNT) == 0


async def test_many_at_once_take_turns() -> None:
    async with Database.open("memory") as database:
        await database.write(_MAKE)
        await asyncio.gather(*(database.write(changing(_INSERT, {"number": number})) for number in range(20)))
        assert await database.read(_COUNT) == 20


async def test_each_database_in_memory_is_one_of_its_own_and_ends_when_it_is_closed() -> None:
    first, second = Database.open("memory"), Database.open("memory")
    await first.write(_MAKE)
    with pytest.raises(StoreError):
        await second.read(_COUNT)
    await first.close()
    with pytest.raises(StoreError):
        await first.read(_COUNT)
    await second.close()
