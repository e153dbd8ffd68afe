"""What an operator asks is carried out by the real supervisor, and shows in the trades: order to ledger, end to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest_asyncio

from mtf_core.execution.by_hand import ask_book, ask_close, ask_protect, ask_targets, outcome_of, preview_targets
from mtf_core.inquiry.holdings import Holding, read_holdings
from mtf_core.inquiry.trades import TradeSelection, read_story, read_trades
from mtf_core.market import TriggerPurpose
from mtf_core.orders import Booking, EntryState, ExitReason, PositionState
from mtf_core.ports import Environment, Request
from tests.integration.execution.counter import SYMBOL
from tests.integration.supervision.shift import KEY, Shift, shift_on

PROTECTED = (EntryState.DONE, PositionState.PROTECTED)


@pytest_asyncio.fixture
async def shift(migrated_sqlite_url: str) -> AsyncIterator[Shift]:
    async with shift_on(migrated_sqlite_url) as opened:
        yield opened


def environment(shift: Shift) -> Environment:
    return shift.desk.environment


async def held(shift: Shift) -> None:
    """A long position that was entered, filled and protected by the program itself."""
    intent = await shift.enter()
    assert intent.attempt.price is not None
    shift.show(intent.attempt.price - 1)
    await shift.look(3)
    assert await shift.states() == PROTECTED
    shift.show(intent.attempt.price)


async def carried_out(shift: Shift, request: Request, looks: int = 8) -> str:
    """What became of the request once the supervisor looked so often at most."""
    for _ in range(looks):
        done = await outcome_of(environment(shift), request, 0)
        if done.is_done:
            return done.request.outcome
        await shift.look()
        await asyncio.sleep(0)
    return (await outcome_of(environment(shift), request, 0)).request.outcome


async def shown(shift: Shift) -> Holding:
    found = await read_holdings(environment(shift).venue, environment(shift).stores.orders)
    (position,) = found.positions
    return position


async def test_a_position_is_shown_with_the_stop_that_the_supervisor_confirmed(shift: Shift) -> None:
    await held(shift)
    position = await shown(shift)
    assert position.intent is not None
    assert (position.fault, position.foreign, position.intent.decision_key) == (None, 0, KEY)
    assert position.stop is not None
    assert position.stop.trigger == position.intent.stop
    assert len(position.targets) == 1


async def test_a_close_that_was_asked_ends_flat_and_is_a_trade_left_by_hand(shift: Shift) -> None:
    before = (await shift.exchange.sync()).equity
    await held(shift)
    request = await ask_close(environment(shift), SYMBOL, "anna")
    assert (await carried_out(shift, request)).startswith("done")
    assert await shift.position() is None
    assert await shift.live() == ()
    found = await read_trades(environment(shift).stores.orders, TradeSelection(), 10)
    (trade,) = found.trades
    assert (trade.exit_reason, trade.size, trade.closed_size) == (
        ExitReason.HAND,
        trade.planned_size,
        trade.planned_size,
    )
    assert trade.net_usdt == found.totals.net_usdt == (await shift.exchange.sync()).equity - before
    story = await read_story(environment(shift).stores.orders, KEY)
    assert story is not None
    assert story.trade == trade
    assert [one.opens for one in story.fills if one.opens]


async def test_a_stop_that_was_asked_for_stands_and_a_looser_one_only_when_it_was_meant(shift: Shift) -> None:
    await held(shift)
    intent = await shift.intent()
    tick = intent.terms.tick_size
    tighter, looser = intent.stop.price + 100 * tick, intent.stop.price - 100 * tick
    outcome = await carried_out(shift, await ask_protect(environment(shift), SYMBOL, tighter, None, "anna"))
    assert f"{tighter:f}" in outcome
    await shift.look(3)
    (stop,) = await shift.stops()
    assert stop.trigger is not None
    assert stop.trigger.price == tighter
    allowed = await ask_protect(environment(shift), SYMBOL, looser, None, "anna", looser=True)
    assert f"{looser:f}" in await carried_out(shift, allowed)
    await shift.look(3)
    (stop,) = await shift.stops()
    assert stop.trigger is not None
    assert stop.trigger.price == looser
    assert (await shown(shift)).fault is None


async def test_two_targets_that_were_previewed_are_the_ones_that_stand(shift: Shift) -> None:
    await held(shift)
    split = (Decimal("0.5"), Decimal("0.5"))
    preview = await preview_targets(environment(shift), SYMBOL, (Decimal(1), Decimal(2)), split, keep_stop=True)
    await carried_out(shift, await ask_targets(environment(shift), SYMBOL, preview, "anna"))
    await shift.look(6)
    targets = [one for one in await shift.live() if one.purpose is TriggerPurpose.TARGET]
    standing = sorted((one.trigger.price, one.size) for one in targets if one.trigger is not None)
    assert standing == [(one.price, size) for one, size in zip(preview.targets, preview.sizes, strict=True)]
    assert [order.size for order in (await shown(shift)).targets] == list(preview.sizes)


async def test_a_stop_that_fires_is_a_trade_with_its_slippage_and_about_minus_one_r(shift: Shift) -> None:
    before = (await shift.exchange.sync()).equity
    await held(shift)
    intent = await shift.intent()
    shift.show(intent.stop.price - intent.terms.tick_size)
    await shift.look(5)
    (trade,) = (await read_trades(environment(shift).stores.orders, TradeSelection(), 10)).trades
    assert trade.exit_reason is ExitReason.STOP
    assert trade.exit_slippage is not None
    assert trade.exit_slippage > 0
    assert trade.r_gross is not None
    assert Decimal("-1.1") < trade.r_gross < Decimal("-0.9")
    assert trade.mae_r is not None
    assert trade.mae_r <= 0
    assert trade.net_usdt == (await shift.exchange.sync()).equity - before


async def test_a_booked_close_ends_what_reads_cannot_explain_and_makes_no_execution(shift: Shift) -> None:
    """A person closed it, and the exchange's history does not show the executions that did."""
    await held(shift)
    intent = await shift.intent()
    orders = environment(shift).stores.orders
    stored = await orders.fills(SYMBOL, 0)
    shift.exchange.forgets = True
    await shift.by_hand(int(intent.filled))
    for _ in range(60):
        if (await shift.intent()).position is PositionState.STALE:
            break
        await shift.look(pause_ms=5000)
    assert (await shift.intent()).position is PositionState.STALE
    booking = Booking(intent.stop.price, intent.filled, Decimal("-1.5"), Decimal("0.1"), "closed in the app")
    request = await ask_book(environment(shift), SYMBOL, booking, "anna")
    assert (await carried_out(shift, request)).startswith("done")
    (trade,) = (await read_trades(orders, TradeSelection(), 10)).trades
    assert (trade.booked_by_hand, trade.note) == (True, "closed in the app")
    assert (trade.size, trade.closed_size, trade.gross_usdt) == (intent.filled, intent.filled, Decimal("-1.5"))
    assert await orders.fills(SYMBOL, 0) == stored


async def test_a_wish_for_a_symbol_without_an_intent_is_answered_so_that_nobody_waits(shift: Shift) -> None:
    wish = Request(0, SYMBOL, "close", {}, "anna", shift.desk.now_ms)
    request = await environment(shift).stores.orders.ask(wish)
    assert await carried_out(shift, request) == f"nothing was done: {SYMBOL} has no live intent any more"
