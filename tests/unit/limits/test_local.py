"""Waiting for the budget of one process."""

from __future__ import annotations

import asyncio

import pytest

from mtf_adapters.limits import Bucket, BucketTable, BudgetSpentError, Scope
from mtf_adapters.limits.local import LocalBudget
from mtf_core.ports import Priority

WINDOW_MS = 60


def budget(limit: int = 2, exits_share: float = 0.0) -> LocalBudget:
    bucket = Bucket("order", limit, WINDOW_MS, Scope.KEY, exits_share)
    return LocalBudget(BucketTable({"order": bucket}, group="BITMART"))


async def call(limiter: LocalBudget, order: list[str], name: str, priority: Priority) -> None:
    async with limiter.permit("order", priority):
        order.append(name)


async def test_the_more_urgent_go_first_and_equals_in_the_order_they_came() -> None:
    limiter, order = budget(limit=1), list[str]()
    await call(limiter, order, "first", Priority.MARKET)
    wanted = [("candles", Priority.MARKET), ("entry 1", Priority.ENTRY), ("entry 2", Priority.ENTRY)]
    wanted += [("sync", Priority.ACCOUNT), ("stop", Priority.EXIT)]
    await asyncio.gather(*(call(limiter, order, name, priority) for name, priority in wanted))
    assert order == ["first", "stop", "sync", "entry 1", "entry 2", "candles"]


async def test_patience_that_ends_raises_and_leaves_the_slot_to_others() -> None:
    limiter = budget(limit=1)
    async with limiter.permit("order", Priority.MARKET):
        with pytest.raises(BudgetSpentError, match="the rate limit of order left no room within"):
            async with limiter.permit("order", Priority.ENTRY, timeout_s=0.01):
                raise AssertionError("the slot was taken")
    async with limiter.permit("order", Priority.ENTRY):
        pass


async def test_those_who_are_cancelled_while_they_wait_take_nothing() -> None:
    limiter, order = budget(limit=1), list[str]()
    async with limiter.permit("order", Priority.MARKET):
        waiting = [asyncio.create_task(call(limiter, order, str(number), Priority.ENTRY)) for number in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == ["1", "2"]


async def test_a_call_that_fails_has_used_the_budget_all_the_same() -> None:
    limiter = budget(limit=1)
    with pytest.raises(RuntimeError):
        async with limiter.permit("order", Priority.MARKET):
            raise RuntimeError("the answer never came")
    with pytest.raises(BudgetSpentError):
        async with limiter.permit("order", Priority.MARKET, timeout_s=0.005):
            pass


async def test_a_ban_stops_everything_but_exits() -> None:
    limiter = budget(limit=5)
    limiter.banned(60_000)
    async with limiter.permit("order", Priority.EXIT, timeout_s=1):
        pass
    for priority in (Priority.ACCOUNT, Priority.ENTRY, Priority.MARKET):
        with pytest.raises(BudgetSpentError):
            async with limiter.permit("order", priority, timeout_s=0.005):
                pass


async def test_the_time_that_calls_waited_is_told_by_bucket() -> None:
    limiter = budget(limit=1)
    assert limiter.waited == {}
    async with limiter.permit("order", Priority.MARKET):
        pass
    async with limiter.permit("order", Priority.MARKET):
        pass
    assert limiter.waited["order"] >= WINDOW_MS / 1000
