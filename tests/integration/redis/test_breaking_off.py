"""Whatever is asked of Redis can be broken off at any moment: no cancellation is lost on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mtf_adapters.limits import Bucket, BucketTable, Scope
from mtf_adapters.limits.shared import Callers, SharedBudget
from mtf_adapters.redis import RedisConnection, RedisHighWater, RedisLocks
from mtf_core.ports import Mark, Priority

_TABLE = BucketTable({"kline": Bucket("kline", 1000, 1000, Scope.IP, exits_share=0.25)}, group="BITMART")


async def take(connection: RedisConnection) -> object:
    return await RedisLocks(connection).acquire(["run:scalper"], "owner", 60_000)


async def mark(connection: RedisConnection) -> object:
    water = RedisHighWater(connection)
    await water.hand_over("account", Mark("store", 1))
    await water.raise_to("account", Mark("store", 2))
    return await water.read("account")


async def call(connection: RedisConnection) -> object:
    async with SharedBudget(connection, Callers("world", "k"), _TABLE).permit("kline", Priority.MARKET):
        return True


@pytest.mark.parametrize("work", [take, mark, call])
async def test_what_is_broken_off_ends_wherever_it_was(
    redis_url: str, work: Callable[[RedisConnection], Awaitable[object]]
) -> None:
    was_whole, turns = False, 0
    while not was_whole:
        connection = RedisConnection(redis_url)
        task = asyncio.ensure_future(work(connection))
        for _ in range(turns):
            if task.done():
                break
            await asyncio.sleep(0.0002)
        was_whole = not task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() is not was_whole, f"lost at the {turns}th turn"
        await connection.close()
        turns += 1
    assert turns > 3
