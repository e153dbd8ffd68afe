"""How many positions could be left at once, by the rate limits of what that would call."""

from __future__ import annotations

from mtf_adapters.bitmart.limits import BUCKETS, exits_left
from mtf_adapters.limits import Unlimited
from mtf_adapters.limits.local import LocalBudget
from mtf_core.ports import Priority


async def test_the_scarcest_of_the_calls_of_an_exit_counts() -> None:
    """24 orders of 2 each; after 5 of them 19 are left, which is enough for 9 positions."""
    budget = LocalBudget(BUCKETS, timer=lambda: 0.0)
    assert exits_left(budget) == 12
    for _ in range(5):
        async with budget.permit("submit-order", Priority.EXIT):
            pass
    assert exits_left(budget) == 9
    async with budget.permit("kline", Priority.MARKET):
        assert exits_left(budget) == 9


async def test_a_pause_that_the_exchange_asked_for_leaves_none() -> None:
    budget = LocalBudget(BUCKETS, timer=lambda: 0.0)
    budget.refused("cancel-plan-order", 2000)
    assert exits_left(budget) == 0


def test_without_limits_there_is_no_end() -> None:
    assert exits_left(Unlimited()) is None
