"""A sandbox that goes with the clock can be traded on until its process ends; everything else of it is as before."""

import asyncio
from decimal import Decimal

import pytest

from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.market import (
    COLUMNS,
    EntryOrder,
    MarginMode,
    OrderType,
    Quote,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    WriteResult,
    parse_instant,
)
from mtf_core.ports import Clock, Trading, Venue
from mtf_entrypoints.container import Container
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS as NOW_MS
from mtf_entrypoints.sandbox_venue import sandbox_venue, sandbox_world
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError
from mtf_entrypoints.venue_options import BitmartOptions

OPTIONS = SandboxOptions(universe_size=12)


def venue(wall: Clock | None = None, options: SandboxOptions = OPTIONS, at_ms: int | None = None) -> Venue:
    return sandbox_venue(Settings(sandbox=options, at_ms=at_ms), Machine(wall or SandboxClock(NOW_MS)))


def trading_of(venue: Venue) -> Trading:
    assert venue.trading is not None
    return venue.trading


async def enter(venue: Venue) -> WriteResult:
    """A long position of BTCUSDT at market, with its stop."""
    (quote,) = (await venue.market.quotes(["BTCUSDT"])).values()
    assert isinstance(quote, Quote)
    contract = next(one for one in await venue.market.contracts() if one.symbol == "BTCUSDT")
    ticks = (quote.mark.price * Decimal("0.98") / contract.tick_size).to_integral_value()
    order = EntryOrder(
        symbol="BTCUSDT",
        side=Side.LONG,
        size=Decimal(10),
        order_type=OrderType.MARKET,
        price=None,
        time_in_force=TimeInForce.IOC,
        post_only=False,
        leverage=Decimal(5),
        margin_mode=MarginMode.ISOLATED,
        client_order_id="entry-1",
        stop=TriggerLevel(ticks * contract.tick_size, TriggerPrice.MARK),
        target=None,
        not_after_ms=venue.clock.now_ms() + 10_000,
    )
    return (await trading_of(venue).submit_entry(order)).result


async def test_now_it_can_be_traded_on() -> None:
    there = venue()
    assert await enter(there) is WriteResult.ACCEPTED
    state = await there.account.account_state()
    assert [(one.symbol, one.size) for one in state.positions] == [("BTCUSDT", Decimal(10))]
    assert [order.reduce_only for order in state.open_orders] == [True], "its stop"
    assert state == await trading_of(there).sync()


async def test_a_past_instant_is_looked_at_and_never_traded_on() -> None:
    there = venue()
    await enter(there)
    assert there.as_of is not None
    for past in (there.as_of(NOW_MS - 60_000), venue(at_ms=NOW_MS)):
        assert (past.trading, past.streams, past.is_passing) == (None, None, False)
        assert past.orders_namespace == past.namespace == there.namespace
        assert (await past.account.account_state()).positions == ()


async def test_every_process_has_an_account_and_orders_of_its_own() -> None:
    one, other = venue(), venue()
    assert (one.is_passing, other.is_passing) == (True, True)
    assert one.namespace == other.namespace, "contracts, candles and runs are those of the same market"
    assert one.orders_namespace != other.orders_namespace
    assert await trading_of(one).account_id() != await trading_of(other).account_id()


async def test_a_simulation_draws_the_life_from_its_own_chance() -> None:
    machine = Machine(SteppedClock(NOW_MS), random=lambda: 0.5)
    lives = [sandbox_venue(Settings(sandbox=OPTIONS), machine) for _ in range(2)]
    assert lives[0].orders_namespace == lives[1].orders_namespace == f"{lives[0].namespace}-life-800000000000"


async def test_contracts_candles_quotes_and_money_are_those_of_the_market_alone() -> None:
    """Bit for bit what a dry run saw before there was an engine behind it."""
    there = venue()
    plain = SandboxExchange(sandbox_world(Settings(sandbox=OPTIONS)).market, SandboxClock(NOW_MS))
    contracts = await there.market.contracts()
    assert contracts == await plain.contracts()
    symbols = [contract.symbol for contract in contracts]
    assert await there.market.quotes(symbols) == await plain.quotes(symbols)
    for timeframe in (Timeframe.M1, Timeframe.H4):
        window = ("BTCUSDT", timeframe, NOW_MS - 60 * timeframe.ms, NOW_MS)
        shown, expected = await there.market.candles(*window), await plain.candles(*window)
        for column in ("open_ms", *COLUMNS):
            assert getattr(shown, column).tobytes() == getattr(expected, column).tobytes()
    known, before = await there.account.account_state(), await plain.account_state()
    assert (known.available_balance, known.equity) == (before.available_balance, before.equity)


async def test_a_clock_that_is_set_back_stops_the_world_for_a_while_and_breaks_nothing() -> None:
    wall = SandboxClock(NOW_MS)
    there = venue(wall)
    await enter(there)
    wall.advance(5000)
    assert (await trading_of(there).sync()).time_ms == NOW_MS + 5000
    wall.set(NOW_MS - 60_000)
    assert (await trading_of(there).sync()).time_ms == there.clock.now_ms() == NOW_MS + 5000
    wall.set(NOW_MS + 6000)
    assert (await trading_of(there).sync()).time_ms == NOW_MS + 6000


@pytest.mark.parametrize("year", ["1900", "2106"])
def test_a_clock_that_is_far_off_has_nothing_to_trade(year: str) -> None:
    far = venue(SandboxClock(parse_instant(f"{year}-02-07T06:28:16Z")))
    assert (far.trading, far.is_passing) == (None, False)


async def test_the_balance_is_the_one_that_was_asked_for() -> None:
    there = venue(options=SandboxOptions(universe_size=2, balance=Decimal("123.45")))
    assert (await there.account.account_state()).equity == Decimal("123.45")
    with pytest.raises(SettingsError, match="--balance: a balance is a multiple of 1E-8"):
        venue(options=SandboxOptions(universe_size=2, balance=Decimal("0.000000001")))


async def test_the_container_s_waiting_and_chance_are_those_of_the_exchange_too() -> None:
    """What a simulation replaces reaches an exchange over a wire as well: its keeper of time waits as it is told."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.Event().wait()

    rest, pushes = "http://127.0.0.1:9", "ws://127.0.0.1:9"
    nowhere = BitmartOptions(public_api_url=rest, private_api_url=rest, ws_public_url=pushes, ws_private_url=pushes)
    settings = Settings(exchange="bitmart", bitmart=nowhere)
    wall = SandboxClock(NOW_MS)
    container = Container(settings=settings, wall_clock=wall, sleep=sleep, random=lambda: 0.25)
    machine, connection = container.machine(), container.venue().connection
    assert (machine.steady(), machine.random()) == (wall, 0.25)
    assert connection is not None
    async with connection():
        await asyncio.sleep(0)
        assert waited[-1] == 0.5
