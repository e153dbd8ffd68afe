"""What a wire can do to a call: each is one clear outcome, and evidence tells what became of a write."""

from __future__ import annotations

import asyncio

import pytest

from mtf_core.market import OrderKind, WriteResult
from mtf_core.ports import ExchangeError
from tests.venues.stages import AT_MS, WIRED, Stage

UNKNOWN = WriteResult.UNKNOWN
FAULTS = [
    ("lost_request", UNKNOWN, False),
    ("lost_answer", UNKNOWN, True),
    ("reset", UNKNOWN, False),
    ("reset_mid_body", UNKNOWN, True),
    ("server_error", UNKNOWN, False),
    ("server_error_after", UNKNOWN, True),
    ("cdn_page", UNKNOWN, False),
    ("cdn_page_after", UNKNOWN, True),
    ("malformed", UNKNOWN, True),
    ("truncated", UNKNOWN, True),
    ("empty", UNKNOWN, True),
    ("null_data", UNKNOWN, True),
    ("no_data", UNKNOWN, True),
    ("unknown_code", UNKNOWN, True),
    ("rate_limited", WriteResult.RATE_LIMITED, False),
    ("banned", WriteResult.RATE_LIMITED, False),
    ("maintenance", WriteResult.MAINTENANCE, False),
]
"""What goes wrong with a submit, what its outcome is, and whether the order is there all the same."""


@pytest.mark.parametrize(("kind", "result", "is_there"), FAULTS)
async def test_a_broken_submit_claims_nothing_and_is_resolved_by_evidence(
    wired: Stage, kind: str, result: WriteResult, is_there: bool
) -> None:
    await wired.levers()
    order = wired.entry(price=wired.price("0.99"))
    wired.break_calls(kind, wired.terms.entry_call)
    outcome = await wired.trading.submit_entry(order)
    expected = wired.terms.maintenance if result is WriteResult.MAINTENANCE else result
    assert (outcome.result, outcome.client_order_id) == (expected, order.client_order_id)
    wired.mend()
    found = [one.client_order_id for one in await wired.trading.open_orders(wired.symbol)]
    assert found == ([order.client_order_id] if is_there else [])
    assert len(wired.world.engine.orders_of(wired.account, wired.symbol, AT_MS)) == is_there, "it left once"
    if outcome.result.nothing_exists:
        assert not is_there
    if is_there:
        assert (await wired.trading.submit_entry(order)).result is WriteResult.DUPLICATE


async def test_a_submit_that_arrives_after_its_deadline_has_no_effect(wired: Stage) -> None:
    """What a frozen process or a slow network still delivers is refused by the exchange itself."""
    await wired.levers()
    wired.break_calls("late_request", wired.terms.entry_call, delay_ms=1500)
    outcome = await wired.trading.submit_entry(wired.entry(price=wired.price("0.99")))
    assert outcome.result is UNKNOWN
    wired.mend()
    await wired.step(31_000)
    await asyncio.sleep(1.0)
    assert wired.world.engine.orders_of(wired.account, wired.symbol, wired.world.now_ms) == ()
    assert wired.world.engine.history(wired.account, wired.symbol, wired.world.now_ms) == ()


async def test_a_submit_that_arrives_late_and_in_time_is_found(wired: Stage) -> None:
    await wired.levers()
    order = wired.entry(price=wired.price("0.99"))
    wired.break_calls("late_request", wired.terms.entry_call, delay_ms=1500)
    assert (await wired.trading.submit_entry(order)).result is UNKNOWN
    wired.mend()
    assert await wired.trading.open_orders(wired.symbol) == ()
    await asyncio.sleep(1.0)
    assert [one.client_order_id for one in await wired.trading.open_orders(wired.symbol)] == [order.client_order_id]


@pytest.mark.parametrize(
    "kind", ["lost_answer", "reset", "server_error_after", "cdn_page", "unknown_code", "null_data"]
)
async def test_a_broken_cancel_claims_at_most_what_holds(wired: Stage, kind: str) -> None:
    await wired.levers()
    entry = await wired.trading.submit_entry(wired.entry(price=wired.price("0.99")))
    wired.break_calls(kind, wired.terms.cancel_call)
    outcome = await wired.trading.cancel(wired.symbol, entry.order_id, OrderKind.LIMIT)
    live = wired.world.engine.orders_of(wired.account, wired.symbol, AT_MS)
    if outcome.is_done:
        assert live == ()
    else:
        assert outcome.result is UNKNOWN


@pytest.mark.parametrize(
    "kind",
    [
        *("lost_request", "reset_mid_body", "server_error", "cdn_page", "rate_limited", "banned", "maintenance"),
        *("malformed", "truncated", "null_data", "no_data", "unknown_code"),
    ],
)
async def test_a_broken_read_of_the_account_is_an_error_and_no_empty_account(wired: Stage, kind: str) -> None:
    await wired.holds(6)
    wired.break_calls(kind, wired.terms.positions_call)
    with pytest.raises(ExchangeError, match=wired.terms.positions_call):
        await wired.trading.sync()
    wired.mend()
    assert len((await wired.trading.sync()).positions) == 1


@pytest.mark.parametrize("venue", WIRED)
async def test_an_order_that_is_not_visible_yet_is_found_when_it_is(venue: str) -> None:
    async with WIRED[venue]("rate_limits: false, visible_after_ms: 500") as stage:
        await stage.levers()
        outcome = await stage.trading.submit_entry(stage.entry(price=stage.price("0.99")))
        assert outcome.result is WriteResult.ACCEPTED
        assert await stage.trading.order(stage.symbol, outcome.order_id) is None, "which is no proof that there is none"
        assert stage.venue.capabilities.visibility_lag_ms >= 500
        await stage.step(stage.venue.capabilities.visibility_lag_ms)
        assert await stage.trading.order(stage.symbol, outcome.order_id) is not None
