"""One order to try an exchange with: it never stays, and what cannot be proven gone is told to a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from mtf_core.inquiry import refuse_real_money, try_an_order
from mtf_core.market import (
    Contract,
    EntryOrder,
    MarginMode,
    OpenOrder,
    PositionMode,
    WriteOutcome,
    WriteResult,
)
from mtf_core.ports import ExchangeError, ExchangeWorld, TradingRefusedError, Venue, VenueFinding
from tests.unit.inquiry.test_venue_check import Otherwise, account, raising
from tests.venues.stages import Stage, native


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with native() as one:
        yield one


async def no_pause(_: float) -> None:
    return None


async def tried(venue: Venue, contract: Contract, client_order_id: str = "mtfcheck1") -> VenueFinding:
    return await try_an_order(venue, contract, client_order_id, no_pause)


def trading(venue: Venue, **answers: Any) -> Venue:
    return evolve(venue, trading=Otherwise(venue.trading, **answers))


async def test_an_order_is_placed_read_cancelled_and_proven_gone(stage: Stage) -> None:
    found = await tried(stage.venue, stage.contract)
    assert (found.ok, found.do) == (True, "")
    assert "accepted, read, cancelled, and gone" in found.found
    state = await stage.trading.sync()
    assert (state.open_orders, state.positions) == ((), ())
    (sent,) = await stage.trading.order_history(stage.contract.symbol, 0, stage.world.now_ms)
    assert (sent.size, sent.filled, sent.client_order_id) == (stage.contract.min_size, Decimal(0), "mtfcheck1")
    last = stage.world.quote(stage.contract.symbol).last
    assert sent.price is not None
    assert Decimal("0.94") < sent.price / last < Decimal("0.96")


async def test_the_size_reaches_the_least_notional_on_the_grid(stage: Stage) -> None:
    contract = evolve(stage.contract, min_notional=Decimal(1000))
    sent: list[EntryOrder] = []

    async def submit(order: EntryOrder) -> WriteOutcome:
        sent.append(order)
        return WriteOutcome(WriteResult.REJECTED)

    await tried(trading(stage.venue, submit_entry=submit), contract)
    (order,) = sent
    assert order.post_only
    assert order.price is not None
    assert order.size % contract.size_step == 0
    assert contract.notional(order.size, order.price) >= 1000 > contract.notional(order.size - 1, order.price)
    assert order.margin_mode is MarginMode.CROSS


@pytest.mark.parametrize("world", ExchangeWorld)
async def test_only_play_money_is_tried_with(stage: Stage, world: ExchangeWorld) -> None:
    venue = trading(evolve(stage.venue, world=world), submit_entry=raising(AssertionError("it was sent")))
    if world is ExchangeWorld.LIVE:
        with pytest.raises(TradingRefusedError, match="on a demo or an exchange of this machine only"):
            refuse_real_money(venue)
        with pytest.raises(TradingRefusedError):
            await tried(venue, stage.contract)
    else:
        refuse_real_money(venue)
        with pytest.raises(AssertionError, match="it was sent"):
            await tried(venue, stage.contract)


async def test_where_it_could_not_be_told_what_it_did_nothing_is_sent(stage: Stage) -> None:
    never = raising(AssertionError("it was sent"))
    hedged = evolve(
        stage.venue, capabilities=evolve(stage.venue.capabilities, position_modes=frozenset({PositionMode.HEDGE}))
    )
    for venue, said in (
        (evolve(stage.venue, trading=None), "there is no key"),
        (account(hedged, position_mode=PositionMode.ONE_WAY), "the account is in mode one_way"),
        (trading(stage.venue, sync=raising(ExchangeError("away"))), "away"),
        (evolve(stage.venue, market=Otherwise(stage.market, quotes=raising(ExchangeError("no book")))), "no book"),
    ):
        unsent = venue if venue.trading is None else trading(venue, submit_entry=never)
        found = await tried(unsent, stage.contract)
        assert (found.ok, found.found) == (False, f"nothing was sent: {said}")


@pytest.mark.parametrize(
    ("result", "do"),
    [(WriteResult.AUTH, "rights"), (WriteResult.NOT_ALLOWED_HERE, "its mode"), (WriteResult.REJECTED, "")],
)
async def test_a_refusal_is_told_in_the_exchange_s_words(stage: Stage, result: WriteResult, do: str) -> None:
    async def submit(_: EntryOrder) -> WriteOutcome:
        return WriteOutcome(result, code="51000", text="no posSide")

    found = await tried(trading(stage.venue, submit_entry=submit), stage.contract)
    assert not found.ok
    assert found.found.endswith(f"refused: {result} 51000 no posSide")
    assert do in found.do


async def test_a_lost_answer_is_resolved_by_the_order_s_own_id(stage: Stage) -> None:
    async def submit(order: EntryOrder) -> WriteOutcome:
        await stage.trading.submit_entry(order)
        return WriteOutcome(WriteResult.UNKNOWN, text="no answer within 10 s")

    assert (await tried(trading(stage.venue, submit_entry=submit), stage.contract)).ok
    assert (await stage.trading.sync()).open_orders == ()


async def test_reads_that_fail_now_and_then_are_made_again(stage: Stage) -> None:
    asked = 0

    async def open_orders(symbol: str | None = None) -> tuple[OpenOrder, ...]:
        nonlocal asked
        asked += 1
        if asked % 2:
            raise ExchangeError("away")
        return await stage.trading.open_orders(symbol)

    assert (await tried(trading(stage.venue, open_orders=open_orders), stage.contract)).ok


async def test_what_cannot_be_proven_is_left_to_a_person_with_the_order_s_id(stage: Stage) -> None:
    async def lost(_: EntryOrder) -> WriteOutcome:
        return WriteOutcome(WriteResult.UNKNOWN, text="no answer")

    async def kept(*_: Any) -> WriteOutcome:
        return WriteOutcome(WriteResult.ACCEPTED)

    async def filled(symbol: str, order_id: str) -> OpenOrder | None:
        order = await stage.trading.order(symbol, order_id)
        return None if order is None else evolve(order, filled=Decimal(1))

    broken = (
        (trading(stage.venue, submit_entry=lost), "not among the open orders"),
        (trading(stage.venue, order=filled), "1 of it filled before it was cancelled"),
        (trading(stage.venue, cancel=kept), "and it still shows"),
    )
    for number, (venue, said) in enumerate(broken):
        found = await tried(venue, stage.contract, f"mtfcheck{number}")
        assert (found.ok, said in found.found) == (False, True), found
        assert f"mtfcheck{number}" in found.do
