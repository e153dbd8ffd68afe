"""The native face: the core's ports on a world."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.sandbox.generated import REFERENCE_MS, GeneratedMarket
from mtf_adapters.sandbox.matching.commands import OpenAccount, StatusChange
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import Refusal
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_adapters.sandbox.native_words import RESULTS
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import FlowingClock, SteppedClock
from mtf_core.market import (
    MINUTE_MS,
    Amendment,
    CashFlow,
    ContractStatus,
    EntryOrder,
    ExitOrder,
    FlowKind,
    MarginMode,
    OrderKind,
    OrderState,
    OrderType,
    PositionMode,
    ProtectiveOrder,
    Quote,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteResult,
)
from mtf_core.ports import Account, MarketData, Streams, Trading, UnknownSymbolError
from mtf_core.ports.streams import BalancePushed, CandleUpdate, Connected, OrderPushed, PositionPushed
from tests.unit.matching.exchange import D

BTC = "BTCUSDT"
FOREVER = 10**15


@pytest.fixture(params=[PositionMode.HEDGE, PositionMode.ONE_WAY])
def world(request: pytest.FixtureRequest) -> World:
    market = GeneratedMarket(7, symbols=3)
    world = World(market, MatchingEngine(market.contracts(REFERENCE_MS)), SteppedClock(REFERENCE_MS))
    world.do(OpenAccount("me", D(10_000), request.param))
    return world


@pytest.fixture
def exchange(world: World) -> NativeExchange:
    return NativeExchange(world, "me")


def entry(price: Decimal | None, **more: Any) -> EntryOrder:
    given = {
        "symbol": BTC,
        "side": Side.LONG,
        "size": D(20),
        "order_type": OrderType.MARKET if price is None else OrderType.LIMIT,
        "price": price,
        "time_in_force": TimeInForce.GTC,
        "post_only": False,
        "leverage": D(5),
        "margin_mode": MarginMode.ISOLATED,
        "client_order_id": "e1",
        "not_after_ms": FOREVER,
    }
    return EntryOrder(**(given | more))


def test_it_implements_the_ports(world: World, exchange: NativeExchange) -> None:
    market: MarketData = exchange
    account: Account = exchange
    trading: Trading = exchange
    streams: Streams = NativeStreams(world, "me")
    assert None not in (market, account, trading, streams)


def test_every_refusal_of_the_engine_has_a_meaning_for_writes() -> None:
    assert set(RESULTS) == set(Refusal)


async def test_public_data_are_those_of_the_market_and_quotes_those_of_the_book(
    world: World, exchange: NativeExchange
) -> None:
    assert await exchange.server_time_ms() == REFERENCE_MS
    assert await exchange.contracts() == world.market.contracts(REFERENCE_MS)
    quotes = await exchange.quotes([BTC, "NONEUSDT"])
    prices = world.market.prices(BTC, REFERENCE_MS)
    assert quotes[BTC] == prices.as_quote(BTC, REFERENCE_MS)
    assert isinstance(quotes["NONEUSDT"], UnknownSymbolError)
    last = REFERENCE_MS - MINUTE_MS
    candles = await exchange.candles(BTC, Timeframe.M1, last, last + MINUTE_MS)
    assert candles.open_ms.tolist() == [last]
    fees = await exchange.fee_rates(BTC)
    assert (fees.maker, fees.taker) == (D("0.0002"), D("0.0006"))


async def test_a_contract_that_is_closed_for_entries_is_listed_so_and_refuses_them(
    world: World, exchange: NativeExchange
) -> None:
    world.happen(StatusChange(BTC, ContractStatus.CLOSE_ONLY))
    [listed] = [contract for contract in await exchange.contracts() if contract.symbol == BTC]
    assert listed.status is ContractStatus.CLOSE_ONLY
    assert (await exchange.submit_entry(entry(None))).result is WriteResult.NOT_ALLOWED_HERE


async def test_an_entry_is_filled_protected_and_exited(world: World, exchange: NativeExchange) -> None:
    quote = (await exchange.quotes([BTC]))[BTC]
    assert isinstance(quote, Quote)
    stop = TriggerLevel(quote.book.best_bid - 1000, TriggerPrice.MARK)
    done = await exchange.submit_entry(entry(None, stop=stop))
    assert (done.result, done.client_order_id) == (WriteResult.ACCEPTED, "e1")
    state = await exchange.account_state()
    [position], [armed] = state.positions, state.open_orders
    assert (position.side, position.size, position.entry_price) == (Side.LONG, D(20), quote.book.best_ask)
    assert (armed.kind, armed.side, armed.purpose, armed.trigger, armed.size) == (
        OrderKind.TRIGGER,
        Side.LONG,
        TriggerPurpose.STOP,
        stop,
        D(20),
    )
    assert armed.reduce_only
    assert state.busy_symbols() == {BTC}
    found = await exchange.order(BTC, done.order_id)
    assert found is not None
    assert (found.state, found.filled, found.stop) == (OrderState.FILLED, D(20), None)
    target = TriggerLevel(quote.book.best_ask + 1000, TriggerPrice.LAST)
    whole = ProtectiveOrder(BTC, Side.LONG, TriggerPurpose.TARGET, target, None, "t1")
    assert (await exchange.submit_protection(whole)).is_done
    world.advance(1000)
    leave = ExitOrder(BTC, Side.LONG, D(20), OrderType.MARKET, None, TimeInForce.IOC, "x1")
    assert (await exchange.submit_exit(leave)).is_done
    state = await exchange.sync()
    assert (state.positions, state.open_orders) == ((), ())
    fills = await exchange.fills(BTC, REFERENCE_MS, world.now_ms)
    assert [(fill.client_order_id, fill.opens, fill.side) for fill in fills] == [
        ("e1", True, Side.LONG),
        ("x1", False, Side.LONG),
    ]
    flows = await exchange.cash_flows(REFERENCE_MS, world.now_ms)
    assert state.equity == state.available_balance == _sum(flows)
    assert {flow.kind for flow in flows} <= {FlowKind.TRANSFER, FlowKind.FEE, FlowKind.REALISED_PROFIT}
    assert await exchange.fills(BTC, world.now_ms + 1, FOREVER) == ()


def _sum(flows: tuple[CashFlow, ...]) -> Decimal:
    return sum((flow.amount for flow in flows), Decimal(0))


async def test_a_resting_entry_is_seen_amended_and_cancelled_once(world: World, exchange: NativeExchange) -> None:
    low = world.quote(BTC).last // 2
    stop = TriggerLevel(low - 100, TriggerPrice.LAST)
    done = await exchange.submit_entry(entry(low, post_only=True, stop=stop))
    [resting] = await exchange.open_orders(BTC)
    assert (resting.order_id, resting.price, resting.stop, resting.may_open) == (done.order_id, low, stop, True)
    assert (await exchange.amend(Amendment(BTC, done.order_id, price=low + 1, size=D(30)))).is_done
    [resting] = await exchange.open_orders()
    assert (resting.price, resting.size) == (low + 1, D(30))
    answers = [await exchange.cancel(BTC, done.order_id, OrderKind.LIMIT) for _ in range(2)]
    assert [answer.result for answer in answers] == [WriteResult.ACCEPTED, WriteResult.ALREADY_SO]
    assert await exchange.open_orders() == ()
    [ended] = await exchange.order_history(BTC, REFERENCE_MS, world.now_ms)
    assert (ended.order_id, ended.state) == (done.order_id, OrderState.CANCELLED)


async def test_a_stop_is_moved_by_its_own_id(world: World, exchange: NativeExchange) -> None:
    await exchange.submit_entry(entry(None))
    mark = world.quote(BTC).mark
    level = TriggerLevel(mark - 1000, TriggerPrice.MARK)
    placed = await exchange.submit_protection(ProtectiveOrder(BTC, Side.LONG, TriggerPurpose.STOP, level, None, "s1"))
    nearer = TriggerLevel(mark - 500, TriggerPrice.LAST)
    assert (await exchange.amend(Amendment(BTC, placed.order_id, trigger=nearer))).is_done
    [stop] = await exchange.open_orders()
    assert stop.trigger == nearer


async def test_what_is_late_does_not_leave(world: World, exchange: NativeExchange) -> None:
    late = await exchange.submit_entry(entry(None, not_after_ms=REFERENCE_MS - 1))
    assert late.result is WriteResult.EXPIRED_BEFORE_SENT
    assert (await exchange.submit_entry(entry(None, not_after_ms=REFERENCE_MS))).is_done


@pytest.mark.parametrize("looks_until_late", range(4))
async def test_an_entry_never_takes_effect_after_its_last_instant_however_long_it_is_under_way(
    looks_until_late: int,
) -> None:
    """The clock stands for some looks and is then a minute further: between a look at it and what follows, too."""
    market = GeneratedMarket(7, symbols=3)
    seconds = itertools.chain([0.0] * (4 + looks_until_late), itertools.repeat(60.0))
    clock = FlowingClock(REFERENCE_MS, timer=lambda: next(seconds))
    world = World(market, MatchingEngine(market.contracts(REFERENCE_MS)), clock)
    world.do(OpenAccount("me", D(100_000)))
    outcome = await NativeExchange(world, "me").submit_entry(entry(None, not_after_ms=REFERENCE_MS + 1000))
    assert outcome.result in (WriteResult.ACCEPTED, WriteResult.EXPIRED_BEFORE_SENT)
    fills = world.engine.fills("me", BTC, REFERENCE_MS + 2 * MINUTE_MS)
    assert outcome.is_done is (fills != ())
    assert all(fill.time_ms <= REFERENCE_MS + 1000 for fill in fills)


async def test_answers_to_writes_say_what_they_mean(world: World, exchange: NativeExchange) -> None:
    low = world.quote(BTC).last // 2
    assert (await exchange.submit_entry(entry(low))).result is WriteResult.ACCEPTED
    again = await exchange.submit_entry(entry(low))
    assert (again.result, again.code) == (WriteResult.DUPLICATE, "duplicate_client_id")
    off = await exchange.submit_entry(entry(low + D("0.01"), client_order_id="e2"))
    assert (off.result, off.code) == (WriteResult.REJECTED, "price_off_tick")
    gone = await exchange.cancel(BTC, "999", OrderKind.LIMIT)
    assert gone.result is WriteResult.NOT_FOUND
    assert (await exchange.cancel(BTC, "no-number", OrderKind.LIMIT)).result is WriteResult.NOT_FOUND
    with pytest.raises(ValueError, match="names its order"):
        await exchange.cancel(BTC, "", OrderKind.LIMIT)
    assert (await exchange.cancel_all_after(BTC, 2)).result is WriteResult.REJECTED
    assert await exchange.order(BTC, "999") is None


async def test_modes_and_leverage_that_are_so_already_are_success(world: World, exchange: NativeExchange) -> None:
    mode = (await exchange.account_state()).position_mode
    assert mode is not None
    assert (await exchange.set_position_mode(mode)).result is WriteResult.ALREADY_SO
    answers = [await exchange.set_leverage("ETHUSDT", D(7), MarginMode.CROSS) for _ in range(2)]
    assert [answer.result for answer in answers] == [WriteResult.ACCEPTED, WriteResult.ALREADY_SO]
    assert (await exchange.set_leverage("ETHUSDT", D(999), MarginMode.CROSS)).result is WriteResult.REJECTED


async def test_a_timer_cancels_what_rests_unless_it_is_disarmed(world: World, exchange: NativeExchange) -> None:
    low = world.quote(BTC).last // 2
    await exchange.submit_entry(entry(low))
    await exchange.cancel_all_after(BTC, 5)
    await exchange.cancel_all_after(BTC, 0)
    world.advance(6000)
    assert len(await exchange.open_orders()) == 1
    await exchange.cancel_all_after(BTC, 5)
    world.advance(6000)
    assert await exchange.open_orders() == ()


async def _next(stream: AsyncIterator[Any], count: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


async def test_the_accounts_stream_tells_orders_positions_and_balance(world: World, exchange: NativeExchange) -> None:
    stream = NativeStreams(world, "me", poll_seconds=0.001).account()
    assert await _next(stream, 1) == [Connected(REFERENCE_MS)]
    done = await exchange.submit_entry(entry(None))
    placed, filled, position, balance = await _next(stream, 4)
    assert isinstance(placed, OrderPushed)
    assert isinstance(filled, OrderPushed)
    assert (placed.order.order_id, placed.order.state) == (done.order_id, OrderState.LIVE)
    assert (filled.order.state, filled.order.filled) == (OrderState.FILLED, D(20))
    assert (position, balance) == (PositionPushed(BTC, REFERENCE_MS), BalancePushed(REFERENCE_MS))


async def test_the_candle_stream_tells_each_candle_once_when_it_has_closed(world: World) -> None:
    stream = NativeStreams(world, "me", poll_seconds=0.001).candles([BTC, "ETHUSDT", "NONEUSDT"], Timeframe.M1)
    assert await _next(stream, 1) == [Connected(REFERENCE_MS)]
    world.advance(2 * MINUTE_MS)
    updates = await _next(stream, 4)
    assert [(update.symbol, update.open_ms) for update in updates] == [
        (symbol, REFERENCE_MS + minute * MINUTE_MS) for symbol in (BTC, "ETHUSDT") for minute in (0, 1)
    ]
    first: CandleUpdate = updates[0]
    known = world.market.candles(BTC, Timeframe.M1, REFERENCE_MS, REFERENCE_MS, world.now_ms)
    assert (first.close, first.volume, first.is_closed) == (known.close[0], known.volume[0], True)
    world.advance(MINUTE_MS)
    assert [update.open_ms for update in await _next(stream, 2)] == [REFERENCE_MS + 2 * MINUTE_MS] * 2


def test_an_account_that_there_is_not_has_no_face(world: World) -> None:
    with pytest.raises(ValueError, match="no account 'nobody'"):
        NativeExchange(world, "nobody")
