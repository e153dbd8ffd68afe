"""The marks of stores in a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from mtf_adapters.redis import RedisConnection, RedisHighWater
from mtf_core.ports import StoreError, StoreUnavailableError


async def test_a_mark_rises_and_never_falls_for_each_store_by_itself(connection: RedisConnection) -> None:
    marks = RedisHighWater(connection)
    assert await marks.read("one") is None
    for counter, expected in ((9, 9), (10, 10), (9, 10), (10, 10), (100, 100)):
        await marks.raise_to("one", counter)
        assert await RedisHighWater(connection).read("one") == expected
    assert await marks.read("two") is None


async def test_of_many_that_raise_it_at_once_the_highest_stays(connection: RedisConnection) -> None:
    marks = RedisHighWater(connection)
    await asyncio.gather(*(marks.raise_to("one", counter * 7 % 30) for counter in range(30)))
    assert await marks.read("one") == 29


async def test_what_is_no_number_is_told(connection: RedisConnection) -> None:
    await connection.client.hset("mtf:{orders}:high_water", "one", "many")
    with pytest.raises(StoreError, match="no number"):
        await RedisHighWater(connection).read("one")


async def test_a_redis_that_does_not_answer_is_told_without_its_address() -> None:
    connection = RedisConnection("redis://:secret@127.0.0.1:1/0")
    for ask in (RedisHighWater(connection).read("one"), RedisHighWater(connection).raise_to("one", 1)):
        with pytest.raises(StoreUnavailableError, match="cannot be reached") as told:
            await ask
        assert "secret" not in str(told.value)
    await connection.close()
