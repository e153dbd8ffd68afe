"""A database in memory whose calls are carried out in the event loop's own thread."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from mtf_adapters.sql import Database
from mtf_adapters.sql.calls_at_once import CallsAtOnce
from mtf_core.ports import StoreError


async def test_no_thread_is_started_and_everything_is_there() -> None:
    before = set(threading.enumerate())
    async with Database.open("memory", sqlite_calls=CallsAtOnce) as database:
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE kept (number INTEGER PRIMARY KEY)"))
            await connection.execute(text("INSERT INTO kept VALUES (1), (2)"))
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT sum(number) FROM kept"))).scalar_one() == 3
        assert set(threading.enumerate()) == before


async def insert_twice(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO kept VALUES (1)"))
        await connection.execute(text("INSERT INTO kept VALUES (1)"))


async def test_what_sqlite_refuses_reaches_who_asked_and_leaves_nothing_behind() -> None:
    async with Database.open("memory", sqlite_calls=CallsAtOnce) as database:
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE kept (number INTEGER PRIMARY KEY)"))
        with pytest.raises(StoreError):
            await insert_twice(database)
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 0


async def test_many_at_once_take_turns() -> None:
    async with Database.open("memory", sqlite_calls=CallsAtOnce) as database:
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE kept (number INTEGER PRIMARY KEY)"))

        async def insert(number: int) -> None:
            async with database.writing() as connection:
                await asyncio.sleep(0)
                await connection.execute(text("INSERT INTO kept VALUES (:number)"), {"number": number})

        await asyncio.gather(*map(insert, range(20)))
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 20
