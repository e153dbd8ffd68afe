"""The marks of stores in a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from mtf_adapters.redis import RedisConnection, RedisHighWater
from mtf_core.ports import Mark, StoreError, StoreNotOursError, StoreUnavailableError


def mark(counter: int, store_id: str = "one") -> Mark:
    return Mark(store_id, counter)


async def test_a_mark_rises_and_never_falls_for_each_account_by_itself(connection: RedisConnection) -> None:
    marks = RedisHighWater(connection)
    assert await marks.read("mine") is None
    for counter, expected in ((9, 9), (10, 10), (9, 10), (10, 10), (100, 100)):
        await marks.raise_to("mine", mark(counter))
        assert await RedisHighWater(connection).read("mine") == mark(expected)
    assert await marks.read("yours") is None


async def test_of_an_account_that_is_anothers_nothing_is_raised_until_it_is_handed_over(
    connection: RedisConnection,
) -> None:
    marks = RedisHighWater(connection)
    await marks.raise_to("mine", mark(5))
    for counter in (1, 5, 9):
        with pytest.raises(StoreNotOursError, match="another database"):
            await marks.raise_to("mine", mark(counter, "two"))
    assert await marks.read("mine") == mark(5)
    await marks.hand_over("mine", mark(2, "two"))
    with pytest.raises(StoreNotOursError):
        await marks.raise_to("mine", mark(6))
    await marks.raise_to("mine", mark(3, "two"))
    assert await marks.read("mine") == mark(3, "two")


async def test_of_many_that_raise_it_at_once_the_highest_stays(connection: RedisConnection) -> None:
    marks = RedisHighWater(connection)
    await asyncio.gather(*(marks.raise_to("mine", mark(counter * 7 % 30)) for counter in range(30)))
    assert await marks.read("mine") == mark(29)


@pytest.mark.parametrize("held", ["many", "one", "one x", "", "one 5 6"])
async def test_what_is_no_mark_is_told_and_raised_by_nobody(connection: RedisConnection, held: str) -> None:
    await connection.client.hset("mtf:{orders}:marks", "mine", held)
    with pytest.raises(StoreError, match="no mark"):
        await RedisHighWater(connection).read("mine")
    with pytest.raises(StoreError):
        await RedisHighWater(connection).raise_to("mine", mark(9))


async def test_a_redis_that_does_not_answer_is_told_without_its_address() -> None:
    connection = RedisConnection("redis://:secret@127.0.0.1:1/0")
    for ask in (RedisHighWater(connection).read("mine"), RedisHighWater(connection).raise_to("mine", mark(1))):
        with pytest.raises(StoreUnavailableError, match="cannot be reached") as told:
            await ask
        assert "secret" not in str(told.value)
    await connection.close()
