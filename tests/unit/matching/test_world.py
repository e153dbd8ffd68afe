"""A market, an engine and a clock move together."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve

from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.contract_overrides import ContractOverrides
from mtf_adapters.sandbox.generated import REFERENCE_MS, GeneratedMarket
from mtf_adapters.sandbox.matching.commands import CancelAllAfter, CancelOrder, Level, OpenAccount, StatusChange, Tick
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import BalanceChanged, Event, Filled, OrderChanged, Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import FlowingClock, SteppedClock
from mtf_core.market import MINUTE_MS, Candles, ContractStatus, FlowKind, OrderState, Timeframe
from mtf_core.ports import InstantNotServedError, UnknownSymbolError
from tests.unit.matching.exchange import D, accepted, order, refused

BTC = "BTCUSDT"
HOUR_MS = 3_600_000


def generated_world(at_ms: int = REFERENCE_MS, symbols: int = 3) -> World:
    market = GeneratedMarket(7, symbols=symbols)
    world = World(market, MatchingEngine(market.contracts(at_ms)), SteppedClock(at_ms))
    world.do(OpenAccount("me", D(100_000)))
    return world


def file_world(*candles: tuple[float, float, float, float], volume: float = 10.0) -> World:
    """Candles of a minute, told as open, high, low, close; the world begins with the second one."""
    columns = np.array(candles).T
    opens = REFERENCE_MS + np.arange(len(candles)) * MINUTE_MS
    series = Candles.checked(Timeframe.M1, opens, *columns, np.full(len(candles), volume))
    grid = ContractOverrides(tick_size=D("0.1"), contract_size=D("0.001"), min_notional=D(0))
    market = CandleFileMarket({BTC: series}, {BTC: grid})
    at_ms = REFERENCE_MS + MINUTE_MS
    world = World(market, MatchingEngine(market.contracts(at_ms)), SteppedClock(at_ms))
    world.do(OpenAccount("me", D(100_000)))
    return world


def test_the_market_that_the_engine_sees_is_the_one_that_plans_are_made_from() -> None:
    world = generated_world()
    prices, tick = world.market.prices(BTC, world.now_ms), world.quote(BTC)
    assert (tick.bids[0].price, tick.asks[0].price, tick.last, tick.mark) == (
        prices.bid,
        prices.ask,
        prices.last,
        prices.mark,
    )


def test_a_book_has_levels_on_both_grids_that_lead_away_from_the_touch() -> None:
    world = generated_world()
    tick, contract = world.quote("ETHUSDT"), world.engine.contract("ETHUSDT")
    assert contract is not None
    assert [level.price for level in tick.bids] == sorted({level.price for level in tick.bids}, reverse=True)
    assert [level.price for level in tick.asks] == sorted({level.price for level in tick.asks})
    for level in (*tick.bids, *tick.asks):
        assert level.price % contract.tick_size == 0
        assert level.size > 0
        assert level.size % contract.size_step == 0
    assert min(tick.bids[-1].size, tick.asks[-1].size) >= contract.max_market_size


def test_the_same_world_gives_the_same_events_and_another_instant_another_book() -> None:
    def played() -> tuple[list[tuple[int, Event]], object]:
        world, heard = generated_world(), []
        world.listen(lambda at_ms, event: heard.append((at_ms, event)))
        world.do(order("open long", 50, symbol=BTC, leverage=D(5)))
        world.advance(90_000)
        return heard, world.quote(BTC)

    assert repr(played()) == repr(played())
    world = generated_world()
    before = world.quote(BTC)
    world.advance(1000)
    assert world.quote(BTC).bids != before.bids


def test_what_was_taken_comes_back_with_the_next_instant_and_not_by_looking_again() -> None:
    world = generated_world()
    size = world.quote(BTC).asks[0].size
    world.do(order("open long", size, symbol=BTC))
    looks = [world.quote(BTC).asks[0] for _ in range(2)]
    assert looks[0] == looks[1]
    world.advance(1)
    assert world.quote(BTC).asks[0] != looks[0]


def test_symbols_in_use_tick_at_every_step_and_others_only_when_asked() -> None:
    world = generated_world()
    world.do(order("open long", 10, symbol=BTC))
    world.advance(2500)
    assert world.engine.tick("ETHUSDT") is None
    assert world.engine.tick(BTC) is not None


def test_a_limit_that_a_candle_of_a_file_touches_is_filled_on_either_side() -> None:
    """The second minute goes 100 → 103 → 96 → 101: a buy at its low and a sell at its high are met."""
    for side, price in (("open long", 96), ("open short", 103)):
        world = file_world((100, 101, 99, 100), (100, 103, 96, 101), (101, 101, 101, 101))
        number = accepted(world.do(order(side, 5, price, symbol=BTC)))
        world.advance(MINUTE_MS)
        found = world.engine.order("me", number, world.now_ms)
        assert found is not None
        assert (found.state, found.average_price) == (OrderState.FILLED, D(price)), side


def test_the_path_through_a_candle_begins_ends_and_turns_where_the_candle_does() -> None:
    """Nearer extreme first: the high of 100.5 is nearer to the open than the low of 98."""
    world = file_world((100, 101, 99, 100), (100, 100.5, 98, 99), (99, 99, 99, 99))
    seen = {}
    for second in range(61):
        seen[second] = world.quote(BTC).last
        world.advance(1000)
    assert (seen[0], seen[15], seen[45], seen[60]) == (D(100), D("100.5"), D(98), D(99))
    assert (min(seen.values()), max(seen.values())) == (D(98), D("100.5"))


def test_nothing_of_a_candle_is_known_before_it_happens() -> None:
    """Until its first quarter a candle that will fall to 50 shows nothing below its open."""
    world = file_world((100, 100, 100, 100), (100, 101, 50, 60), (60, 60, 60, 60))
    for _ in range(14):
        assert world.quote(BTC).last >= 100
        world.advance(1000)


def test_trades_of_a_minute_are_spread_over_its_steps() -> None:
    """What the last second trades is not seen any more: at its end the next minute begins."""
    world = generated_world()
    world.do(order("open long", 10, symbol=BTC))
    traded = Decimal(0)
    for _ in range(60):
        world.advance(1000)
        tick = world.engine.tick(BTC)
        assert tick is not None
        traded += tick.traded
    minute = world.market.candles(BTC, Timeframe.M1, REFERENCE_MS, REFERENCE_MS, world.now_ms)
    volume = Decimal(float(minute.volume[0]))
    assert volume * 59 / 60 - 1 <= traded <= volume


def test_funding_is_settled_at_its_hours() -> None:
    world = generated_world(REFERENCE_MS + 8 * HOUR_MS - 2000)
    world.do(order("open long", 100, symbol=BTC, leverage=D(5)))
    world.advance(1000)
    funding = [flow for flow in world.engine.flows("me", world.now_ms) if flow.kind is FlowKind.FUNDING]
    assert not funding
    world.advance(1000)
    [flow] = [flow for flow in world.engine.flows("me", world.now_ms) if flow.kind is FlowKind.FUNDING]
    rate, tick = world.funding_rate(BTC, REFERENCE_MS + 8 * HOUR_MS), world.engine.tick(BTC)
    assert tick is not None
    assert flow.time_ms == REFERENCE_MS + 8 * HOUR_MS
    assert flow.amount == (-rate * tick.mark * 100 * D("0.001")).quantize(D("0.00000001"))


@pytest.mark.parametrize(("hours", "settled"), [(1, [1, 2, 3, 4]), (4, [4]), (8, [])])
def test_funding_comes_as_often_as_the_venue_says(hours: int, settled: list[int]) -> None:
    """Looked at for a minute around each of the first four hours."""
    found = []
    for hour in (1, 2, 3, 4):
        at_ms = REFERENCE_MS + hour * HOUR_MS - 30_000
        market = GeneratedMarket(7, symbols=1)
        rules = VenueRules(funding_interval_hours=hours)
        world = World(market, MatchingEngine(market.contracts(at_ms), rules), SteppedClock(at_ms), step_ms=15_000)
        world.do(OpenAccount("me", D(100_000)))
        world.do(order("open long", 100, symbol=BTC, leverage=D(2)))
        world.advance(MINUTE_MS)
        flows = world.engine.flows("me", world.now_ms)
        found += [(flow.time_ms - REFERENCE_MS) // HOUR_MS for flow in flows if flow.kind is FlowKind.FUNDING]
    assert found == settled


def test_timers_run_out_between_steps_at_their_own_time() -> None:
    world = generated_world()
    price = world.quote(BTC).last // 2
    number = accepted(world.do(order("open long", 10, price, symbol=BTC)))
    world.advance(250)
    world.do(CancelAllAfter("me", BTC, 5))
    heard: list[tuple[int, Event]] = []
    world.listen(lambda at_ms, event: heard.append((at_ms, event)))
    world.advance(6000)
    ended = [at_ms for at_ms, event in heard if isinstance(event, OrderChanged) and event.order.order_id == number]
    assert ended == [REFERENCE_MS + 5250]


def test_a_contract_that_expires_is_delisted_and_settled() -> None:
    """Of the invented contracts one in fifty has expired by the reference; an hour before it still trades."""
    market = GeneratedMarket(7, symbols=70)
    expiring = next(one for one in market.contracts(REFERENCE_MS) if one.expires_at_ms)
    before = expiring.expires_at_ms - 2000
    world = World(market, MatchingEngine(market.contracts(before)), SteppedClock(before))
    world.do(OpenAccount("me", D(100_000)))
    accepted(world.do(order("open long", expiring.min_size * 20, symbol=expiring.symbol, leverage=D(2))))
    world.advance(2000)
    contract = world.engine.contract(expiring.symbol)
    assert contract is not None
    assert contract.status is ContractStatus.DELISTED
    assert world.engine.positions("me") == ()


def test_a_status_that_was_set_by_hand_stays_when_the_market_is_looked_at_again() -> None:
    world = generated_world()
    world.happen(StatusChange(BTC, ContractStatus.CLOSE_ONLY))
    world.advance(3 * HOUR_MS)
    contract = world.engine.contract(BTC)
    assert contract is not None
    assert contract.status is ContractStatus.CLOSE_ONLY


def test_a_contract_that_the_market_lists_later_is_traded_from_then_on() -> None:
    """One in fifty of the invented contracts is young at the reference; the world begins before it opens."""
    market = GeneratedMarket(7, symbols=60)
    young = max(market.contracts(REFERENCE_MS), key=lambda contract: contract.opened_at_ms)
    before = young.opened_at_ms - HOUR_MS
    world = World(market, MatchingEngine(market.contracts(before)), SteppedClock(before))
    assert world.engine.contract(young.symbol) is None
    world.advance(HOUR_MS)
    assert world.quote(young.symbol).last > 0


def test_behind_the_end_of_a_file_the_world_stands_still_and_says_so_when_asked() -> None:
    world = file_world((100, 101, 99, 100), (100, 103, 96, 101))
    accepted(world.do(order("open long", 5, symbol=BTC)))
    resting = accepted(world.do(order("open long", 5, 50, symbol=BTC)))
    world.advance(10 * MINUTE_MS)
    accepted(world.do(CancelOrder("me", BTC, resting)))
    assert [position.size for position in world.engine.positions("me")] == [D(5)]
    with pytest.raises(InstantNotServedError):
        world.quote(BTC)
    assert refused(world.do(order("open long", 5, symbol=BTC))) is Refusal.NO_MARKET


def test_an_unknown_symbol_has_no_quote() -> None:
    with pytest.raises(UnknownSymbolError):
        generated_world().quote("NONEUSDT")


def test_listeners_hear_until_they_stop() -> None:
    world = generated_world()
    heard: Counter[type] = Counter()
    stop = world.listen(lambda at_ms, event: heard.update([type(event)]))
    world.do(order("open long", 10, symbol=BTC))
    assert heard[Filled] == heard[BalanceChanged] == 1
    stop()
    world.do(order("open long", 10, symbol=BTC))
    assert heard[Filled] == 1


def test_a_clock_that_flows_moves_the_world_by_itself_and_cannot_be_stepped() -> None:
    seconds = [0.0]
    clock = FlowingClock(REFERENCE_MS, 60, lambda: seconds[0])
    market = GeneratedMarket(7, symbols=2)
    world = World(market, MatchingEngine(market.contracts(REFERENCE_MS)), clock)
    world.do(OpenAccount("me", D(100_000)))
    world.do(order("open long", 10, symbol=BTC))
    seconds[0] = 1.5
    world.catch_up()
    assert world.now_ms == world.engine.now_ms == REFERENCE_MS + 90_000
    with pytest.raises(TypeError):
        world.advance(1000)


def test_steps_that_would_jump_over_the_turns_of_a_candle_are_refused() -> None:
    market = GeneratedMarket(7, symbols=1)
    with pytest.raises(ValueError, match="divide 15,000 ms"):
        World(market, MatchingEngine(()), SteppedClock(REFERENCE_MS), step_ms=7000)


@pytest.mark.parametrize("moves", [(96, 103, 96, 101), (96, 96, 96, 96)])
def test_a_candle_that_opens_at_its_low_or_stands_still_is_met_from_both_sides(
    moves: tuple[float, float, float, float],
) -> None:
    _, high, low, _ = moves
    for side, price in (("open long", low), ("open short", high)):
        world = file_world((100, 101, 99, 100), moves, (101, 101, 101, 101))
        number = accepted(world.do(order(side, 5, price, symbol=BTC)))
        world.advance(MINUTE_MS - 1000)
        found = world.engine.order("me", number, world.now_ms)
        assert found is not None
        assert (found.state, found.average_price) == (OrderState.FILLED, D(price)), side


@pytest.mark.parametrize("size", ["0", "-1", "NaN"])
def test_a_tick_of_numbers_that_nothing_can_be_traded_at_is_refused(size: str) -> None:
    world = generated_world()
    shown = world.quote(BTC)
    hollow = evolve(shown, asks=(Level(shown.asks[0].price, D(size)),))
    assert refused(world.happen(hollow)) is Refusal.INVALID
    assert world.quote(BTC) == shown


def test_what_a_listener_makes_happen_by_looking_is_told_after_what_it_was_told_of() -> None:
    """An order of another symbol was filled in the middle of the story of the one that somebody had just heard of."""
    world = generated_world()
    price = world.quote("ETHUSDT").bids[0].price
    accepted(world.do(order("open long", 5, price, symbol="ETHUSDT")))
    told: list[tuple[str, int]] = []

    def look(_: int, event: Event) -> None:
        if isinstance(event, Filled):
            told.append((event.fill.symbol, event.fill.fill_id))
        if isinstance(event, OrderChanged) and event.order.symbol == BTC:
            bids, asks = (Level(price - 2, D(1000)),), (Level(price - 1, D(1000)),)
            world.happen(Tick("ETHUSDT", bids, asks, last=price - 1, mark=price - 1))

    world.listen(look)
    accepted(world.do(order("open long", 1, symbol=BTC)))
    assert [symbol for symbol, _ in told] == [BTC, "ETHUSDT"]
    assert told == sorted(told, key=lambda one: one[1]), "in the order in which they happened"
