"""Streams: what a venue pushes, and what is told when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from mtf_core.market import OrderState, Timeframe
from mtf_core.ports import (
    BalancePushed,
    CandleUpdate,
    Connected,
    Disconnected,
    NotStreamed,
    OrderPushed,
    PositionPushed,
    Silent,
)
from tests.venues.stages import AT_MS, Stage

MINUTE = 60_000


async def until(events: AsyncIterator[Any], kind: type[Any], fits: Callable[[Any], bool] = lambda _: True) -> Any:
    """The next event of a kind that fits; whatever comes before it is passed over."""
    async with asyncio.timeout(10):
        async for event in events:
            if isinstance(event, kind) and fits(event):
                return event
    raise AssertionError("the stream ended")


async def test_a_candle_is_pushed_as_the_exchange_s_own_call_tells_it(stage: Stage) -> None:
    assert Timeframe.M1 in stage.venue.capabilities.candles.stream_timeframes
    async with aclosing(stage.streams.candles([stage.symbol, stage.terms.other_symbol], Timeframe.M1)) as events:
        await until(events, Connected)
        minute = Timeframe.M1.open_at_or_before(AT_MS)
        stepping = asyncio.create_task(stage.step(MINUTE + 2_000))
        heard: dict[int, CandleUpdate] = {}
        says_closed = stage.venue.capabilities.candles.stream_says_closed
        async with asyncio.timeout(20):
            async for event in events:
                if not isinstance(event, CandleUpdate) or event.symbol != stage.symbol:
                    continue
                heard[event.open_ms] = event
                # Where the exchange does not say that a candle has closed, the next one says it.
                if event.is_closed if says_closed else event.open_ms > minute:
                    break
        await stepping
    last = heard[minute]
    (true,) = stage.world.market.candles(stage.symbol, Timeframe.M1, minute, minute, AT_MS + 2 * MINUTE).close
    assert last.timeframe is Timeframe.M1
    if stage.terms.completes_candles:
        assert last.close == true
    assert last.is_closed is (True if says_closed else None)


async def test_an_order_wakes_whoever_listens_to_the_account(stage: Stage) -> None:
    await stage.levers()
    async with aclosing(stage.streams.account()) as events:
        await until(events, Connected)
        outcome = await stage.trading.submit_entry(stage.entry(6))
        pushed = await until(
            events, OrderPushed, lambda event: event.order.state is OrderState.FILLED and event.order.filled == 6
        )
        assert pushed.order.order_id == outcome.order_id
        heard = [await until(events, PositionPushed), await until(events, BalancePushed)]
    assert heard[0].symbol == stage.symbol


async def test_after_a_restart_one_is_told_of_the_gap_connected_again_and_finds_what_happened(wired: Stage) -> None:
    await wired.levers()
    assert wired.face is not None
    async with aclosing(wired.streams.account()) as events:
        await until(events, Connected)
        wired.face.restarted()
        await until(events, Disconnected)
        await wired.trading.submit_entry(wired.entry(6))
        await until(events, Connected)
        assert len((await wired.trading.sync()).positions) == 1
        await wired.trading.submit_exit(wired.exit(6))
        await until(events, OrderPushed, lambda event: event.order.reduce_only)


async def test_a_stream_that_stands_and_carries_nothing_is_told_as_silent(wired: Stage) -> None:
    wired.break_streams("silence", wired.terms.candle_topic)
    async with aclosing(wired.streams.candles([wired.symbol], Timeframe.M1)) as events:
        await until(events, Connected)
        await wired.step(3_000)
        silence = await until(events, Silent)
    assert silence.silent_ms >= 500


@pytest.mark.parametrize("kind", ["duplicated", "reordered", "dropped"])
async def test_whatever_a_stream_does_to_its_messages_the_account_is_read_as_it_is(wired: Stage, kind: str) -> None:
    await wired.levers()
    wired.break_streams(kind, wired.terms.order_topic)
    async with aclosing(wired.streams.account()) as events:
        await until(events, Connected)
        await wired.trading.submit_entry(wired.entry(6))
        await until(events, PositionPushed)
    (position,) = (await wired.trading.sync()).positions
    assert position.size == 6


async def test_a_symbol_that_is_not_pushed_does_not_silence_the_others(wired: Stage) -> None:
    async with aclosing(wired.streams.candles([wired.terms.unlisted, wired.symbol], Timeframe.M1)) as events:
        assert (await until(events, NotStreamed)).symbol == wired.terms.unlisted
        await until(events, Connected)
        await wired.step(3_000)
        assert (await until(events, CandleUpdate)).symbol == wired.symbol
