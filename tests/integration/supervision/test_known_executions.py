"""Executions that were read once and are shown no more: the store's rows stand in for them, for as long as it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from mtf_adapters.sandbox.native import NativeExchange
from tests.integration.execution.counter import SYMBOL
from tests.integration.supervision.shift import PROTECTED, Shift, protected, shift_on


@pytest_asyncio.fixture
async def shift(migrated_sqlite_url: str) -> AsyncIterator[Shift]:
    async with shift_on(migrated_sqlite_url, exit_wait_ms=50, view_sec=2) as opened:
        yield opened


async def partly_closed(shift: Shift) -> None:
    """Of two contracts one was closed by hand, and that is booked."""
    await protected(shift)
    await shift.by_hand(1)
    await shift.look(3)
    assert await shift.states() == PROTECTED
    progress = (await shift.intent()).progress
    assert (progress.opened, progress.closed) == (2, 1)


def counted(shift: Shift) -> list[str]:
    """The symbols whose executions the store is asked for, from now on."""
    asked, sound = list[str](), shift.store.fills

    async def fills(symbol: str, *values: Any, **named: Any) -> Any:
        asked.append(symbol)
        return await sound(symbol, *values, **named)

    shift.store.fills = fills
    return asked


async def test_while_the_exchange_shows_them_the_store_is_not_asked_for_them(shift: Shift) -> None:
    asked = counted(shift)
    await partly_closed(shift)
    assert "fills" in shift.exchange.reads
    assert asked == []


async def test_what_was_closed_and_is_shown_no_more_is_looked_up_and_stays_closed(shift: Shift) -> None:
    await partly_closed(shift)
    asked = counted(shift)
    shift.exchange.forgets = True
    await lose_the_target(shift)
    await shift.look()
    assert asked == [SYMBOL]
    await shift.look(3)
    assert (await shift.intent()).progress.closed == 1
    assert await shift.states() == PROTECTED


async def test_what_others_opened_does_not_stand_for_executions_that_are_shown_no_more(shift: Shift) -> None:
    """It did: a position that was closed already was closed again every half minute, out of what another had opened."""
    await partly_closed(shift)
    asked = counted(shift)
    shown = await NativeExchange.fills(shift.exchange, SYMBOL, 0, shift.desk.now_ms)
    shift.exchange.forgotten = {fill.fill_id for fill in shown}
    await shift.enter_past_the_store("hand-1", symbol=SYMBOL, price=None)
    await shift.by_hand(1)
    await shift.look(3)
    assert SYMBOL in asked
    progress = (await shift.intent()).progress
    assert (progress.opened, progress.closed, progress.held) == (2, 1, 1)
    assert shift.exchange.exits == []


async def test_a_store_that_does_not_answer_for_them_holds_up_no_stop(shift: Shift) -> None:
    await partly_closed(shift)
    shift.exchange.forgets = True
    shift.store.hanging = {"fills"}
    for stop in await shift.stops():
        await shift.exchange.cancel(SYMBOL, stop.order_id, stop.kind)
    await lose_the_target(shift)
    await shift.look()
    assert len(await shift.stops()) == 1


async def lose_the_target(shift: Shift) -> None:
    """So that the next look reads executions."""
    for order in await shift.live():
        if order.purpose is not None and order.purpose.value == "target":
            await shift.exchange.cancel(SYMBOL, order.order_id, order.kind)
