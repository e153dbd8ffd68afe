"""The budget that processes share, on a real Redis."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import time
from bisect import bisect_right
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mtf_adapters.limits import Bucket, BucketTable, BudgetSpentError, Limiter, Reading, Scope
from mtf_adapters.limits.shared import Callers, SharedBudget
from mtf_adapters.redis import RedisConnection
from mtf_core.ports import Priority
from mtf_entrypoints.settings import read_settings
from mtf_entrypoints.sharing import build_limiter

LIMIT, WINDOW_MS = 8, 300
TABLE = BucketTable(
    {
        "kline": Bucket("kline", LIMIT, WINDOW_MS, Scope.IP, exits_share=0.25),
        "order": Bucket("order", LIMIT, WINDOW_MS, Scope.KEY, exits_share=0.25),
    },
    group="BITMART",
)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RedisConnection]:
    connection = RedisConnection(redis_url)
    await connection.client.flushall()
    yield connection
    await connection.close()


async def hammer(redis_url: str, seconds: float) -> list[float]:
    """When calls were allowed, by a clock that all processes share."""
    connection = RedisConnection(redis_url)
    budget, sent, end = (
        SharedBudget(connection, Callers("sandbox", "k"), TABLE),
        list[float](),
        time.monotonic() + seconds,
    )

    async def calls() -> None:
        while time.monotonic() < end:
            async with budget.permit("kline", Priority.MARKET):
                sent.append(time.monotonic())

    await asyncio.gather(*(calls() for _ in range(4)))
    await budget.settled()
    await connection.close()
    return sent


def hammer_in_a_process(redis_url: str, seconds: float) -> list[float]:
    return asyncio.run(hammer(redis_url, seconds))


async def test_processes_together_never_exceed_the_limit_in_any_window(redis: RedisConnection, redis_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        answers = [pool.apply_async(hammer_in_a_process, (redis_url, 2.0)) for _ in range(3)]
        sent = [await asyncio.to_thread(answer.get, 60) for answer in answers]
    times = sorted(moment for moments in sent for moment in moments)
    held = [bisect_right(times, start + WINDOW_MS / 1000) - index for index, start in enumerate(times)]
    assert len(times) > 2 * TABLE.buckets["kline"].for_others
    assert max(held) <= TABLE.buckets["kline"].for_others


async def test_the_more_urgent_of_another_process_goes_first(redis: RedisConnection) -> None:
    one, other, order = (
        SharedBudget(redis, Callers("a", "k"), TABLE),
        SharedBudget(redis, Callers("a", "k"), TABLE),
        list[str](),
    )

    async def call(budget: SharedBudget, name: str, priority: Priority) -> None:
        async with budget.permit("kline", priority):
            order.append(name)

    await asyncio.gather(*(call(one, "first", Priority.MARKET) for _ in range(TABLE.buckets["kline"].for_others)))
    candles = asyncio.create_task(call(one, "candles", Priority.MARKET))
    await asyncio.sleep(0.03)
    await asyncio.gather(candles, call(other, "sync", Priority.ACCOUNT))
    assert order[-2:] == ["sync", "candles"]


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (Callers("a", "k", "home"), Callers("a", "k", "home"), {"kline", "order"}),
        (Callers("a", "k", "home"), Callers("a", "another", "home"), {"kline"}),
        (Callers("a", "k", "home"), Callers("a", "", "home"), {"kline"}),
        (Callers("a", "k", "home"), Callers("a", "k", "away"), {"order"}),
        (Callers("a", "k", "home"), Callers("a", "another", "away"), set()),
        (Callers("a", "k"), Callers("b", "k"), set()),
    ],
)
async def test_a_limit_by_address_is_of_all_keys_there_and_a_limit_by_key_of_all_addresses(
    redis: RedisConnection, one: Callers, other: Callers, together: set[str]
) -> None:
    mine, theirs = SharedBudget(redis, one, TABLE), SharedBudget(redis, other, TABLE)
    for bucket in TABLE.buckets:
        mine.refused(bucket, 60_000)
    await mine.settled()
    stopped = set()
    for bucket in TABLE.buckets:
        try:
            async with theirs.permit(bucket, Priority.MARKET, timeout_s=0.1):
                pass
        except BudgetSpentError:
            stopped.add(bucket)
    assert stopped == together


@pytest.mark.parametrize(("name", "is_stopped"), [("home", True), ("away", False)])
async def test_the_name_of_the_address_is_a_setting(
    redis: RedisConnection, redis_url: str, tmp_path: Path, name: str, is_stopped: bool
) -> None:
    def budget_at(address: str) -> Limiter:
        environ = {"REDIS_URL": redis_url, "MTF_EGRESS": address}
        return build_limiter(TABLE, "a", "k", read_settings(None, environ, tmp_path / ".env"), redis)

    mine, theirs = budget_at("home"), budget_at(name)
    assert isinstance(mine, SharedBudget)
    mine.refused("kline", 60_000)
    await mine.settled()
    try:
        async with theirs.permit("kline", Priority.MARKET, timeout_s=0.1):
            pass
    except BudgetSpentError:
        assert is_stopped
    else:
        assert not is_stopped


@pytest.mark.parametrize(("address", "is_banned"), [("home", True), ("away", False)])
async def test_a_ban_is_of_an_address_and_of_every_key_there(
    redis: RedisConnection, address: str, is_banned: bool
) -> None:
    met, other = (SharedBudget(redis, one, TABLE) for one in (Callers("a", "k", "home"), Callers("a", "b", address)))
    met.banned(60_000)
    await met.settled()
    for bucket in TABLE.buckets:
        try:
            async with other.permit(bucket, Priority.ENTRY, timeout_s=0.1):
                pass
        except BudgetSpentError:
            assert is_banned
        else:
            assert not is_banned


async def test_worlds_do_not_share_a_budget(redis: RedisConnection) -> None:
    for world in ("live", "demo"):
        budget = SharedBudget(redis, Callers(world, "k"), TABLE)
        for _ in range(TABLE.buckets["kline"].for_others):
            async with budget.permit("kline", Priority.MARKET, timeout_s=1):
                pass


async def test_what_the_venue_counted_of_others_is_shared_too(redis: RedisConnection) -> None:
    one, other = SharedBudget(redis, Callers("a", "k"), TABLE), SharedBudget(redis, Callers("a", "k"), TABLE)
    one.learn("kline", Reading(used=LIMIT, limit=LIMIT, window_ms=WINDOW_MS))
    await one.settled()
    with pytest.raises(BudgetSpentError):
        async with other.permit("kline", Priority.MARKET, timeout_s=0.05):
            pass


async def test_a_ban_that_one_process_met_stops_the_others_but_their_exits(redis: RedisConnection) -> None:
    one, other = SharedBudget(redis, Callers("a", "k"), TABLE), SharedBudget(redis, Callers("a", "k"), TABLE)
    one.banned(60_000)
    await one.settled()
    with pytest.raises(BudgetSpentError):
        async with other.permit("kline", Priority.ENTRY, timeout_s=0.05):
            pass
    async with other.permit("kline", Priority.EXIT, timeout_s=1):
        pass


async def test_the_slots_of_those_who_gave_up_are_free_at_once(redis: RedisConnection) -> None:
    budget = SharedBudget(redis, Callers("a", "k"), TABLE)
    async with budget.permit("kline", Priority.MARKET):
        await redis.client.set("mtf:limits:{a}:ip::kline:paused", 1, px=150)
        with pytest.raises(BudgetSpentError):
            async with budget.permit("kline", Priority.MARKET, timeout_s=0.02):
                pass
    await budget.settled()
    assert await redis.client.zcard("mtf:limits:{a}:ip::kline:waiting") == 0
    assert await redis.client.zcard("mtf:limits:{a}:ip::kline:slots") == 1


async def test_an_exit_goes_alone_when_the_shared_budget_hangs_and_an_entry_does_not(tmp_path: Path) -> None:
    path = str(tmp_path / "hung")
    with socket.socket(socket.AF_UNIX) as hung:  # takes what it is sent, and never answers
        hung.bind(path)
        hung.listen()
        connection = RedisConnection(f"unix://{path}")
        budget = SharedBudget(connection, Callers("a", "k"), TABLE)
        async with budget.permit("kline", Priority.EXIT):
            pass
        with pytest.raises(BudgetSpentError):
            async with budget.permit("kline", Priority.ENTRY, timeout_s=0.3):
                pass
        await budget.settled(patience_s=0.01)
        await connection.close()


async def test_a_redis_that_is_not_there_leaves_exits_to_the_processes_own_budget(tmp_path: Path) -> None:
    connection = RedisConnection(f"unix://{tmp_path / 'nobody'}")
    budget = SharedBudget(connection, Callers("a", "k"), TABLE)
    async with budget.permit("kline", Priority.EXIT):
        pass
    with pytest.raises(BudgetSpentError):
        async with budget.permit("kline", Priority.MARKET, timeout_s=0.3):
            pass
    await budget.settled()
    await connection.close()
