"""The limits of the sheet (§3), less the reserve, and what is left of them for exits."""

from __future__ import annotations

import pytest

from mtf_adapters.limits import Scope, Unlimited
from mtf_adapters.limits.local import LocalBudget
from mtf_adapters.okx import endpoints
from mtf_adapters.okx.endpoints import Endpoint
from mtf_adapters.okx.limits import BUCKETS, exits_left
from mtf_core.ports import Priority

ENDPOINTS = [one for one in vars(endpoints).values() if isinstance(one, Endpoint)]
ORDERS_OF_THE_SUB_ACCOUNT = ("order", "amend-order", "order-algo", "amend-algos", "close-position")


def test_every_endpoint_has_a_bucket_of_its_own() -> None:
    buckets = [one.bucket for one in ENDPOINTS]
    assert set(buckets) <= set(BUCKETS.buckets)
    assert len(set(buckets)) == len(buckets)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.bucket)
def test_an_endpoint_is_named_as_on_the_wire(endpoint: Endpoint) -> None:
    assert endpoint.path.startswith("/api/v5/")
    bucket = endpoint.bucket
    assert endpoint.path.rpartition("/")[2] in {bucket, bucket.removeprefix("get-")}
    assert endpoint.method == ("POST" if endpoint.writes else "GET")
    assert endpoint.is_private or not endpoint.writes
    assert (BUCKETS.buckets[endpoint.bucket].scope is Scope.IP) is not endpoint.is_private


@pytest.mark.parametrize(
    ("bucket", "limit", "window_ms"),
    [
        ("candles", 40, 2000),
        ("history-candles", 20, 2000),
        ("time", 10, 2000),
        ("order", 60, 2000),
        ("get-order", 60, 2000),
        ("order-algo", 20, 2000),
        ("config", 5, 2000),
        ("status", 1, 5000),
        ("cancel-all-after", 1, 1000),
    ],
)
def test_a_tenth_of_each_limit_is_left_alone(bucket: str, limit: int, window_ms: int) -> None:
    kept = BUCKETS.buckets[bucket]
    assert kept.limit / kept.window_ms <= 0.92 * limit / window_ms
    assert kept.limit / kept.window_ms >= 0.8 * limit / window_ms


def test_the_cap_of_a_sub_account_cannot_be_reached_by_all_buckets_of_orders_together() -> None:
    """So no order has to be counted twice: 1000 new and amended ones in 2 s."""
    assert {BUCKETS.buckets[name].window_ms for name in ORDERS_OF_THE_SUB_ACCOUNT} == {2000}
    assert sum(BUCKETS.buckets[name].limit for name in ORDERS_OF_THE_SUB_ACCOUNT) < 1000


@pytest.mark.parametrize("bucket", ["order", "order-algo", "cancel-algos", "amend-algos", "get-order", "positions"])
async def test_what_an_exit_needs_keeps_a_share_for_it(bucket: str) -> None:
    budget = LocalBudget(BUCKETS, timer=lambda: 0.0)
    kept = BUCKETS.buckets[bucket]
    for _ in range(kept.for_others):
        async with budget.permit(bucket, Priority.ENTRY, timeout_s=0.01):
            pass
    assert 0 < kept.for_others < kept.limit
    assert budget.exits_left(bucket) == kept.limit - kept.for_others


async def test_the_scarcest_of_the_calls_of_an_exit_counts() -> None:
    """18 stops of 2 each; after 3 of them 15 are left, which is enough for 7 positions."""
    budget = LocalBudget(BUCKETS, timer=lambda: 0.0)
    assert exits_left(budget) == 9
    for _ in range(3):
        async with budget.permit("order-algo", Priority.EXIT):
            pass
    assert exits_left(budget) == 7
    async with budget.permit("candles", Priority.MARKET):
        assert exits_left(budget) == 7


async def test_a_pause_that_the_exchange_asked_for_leaves_none() -> None:
    budget = LocalBudget(BUCKETS, timer=lambda: 0.0)
    budget.refused("order", 2000)
    assert exits_left(budget) == 0


def test_without_limits_there_is_no_end() -> None:
    assert exits_left(Unlimited()) is None


def test_a_limit_can_be_set_lower_by_its_name() -> None:
    set_lower = BUCKETS.overridden({"OKX_RATE_GET_ORDER": "10/2s"})
    assert (set_lower.buckets["get-order"].limit, set_lower.buckets["order"].limit) == (10, 54)
