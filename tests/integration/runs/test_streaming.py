"""A process that keeps candles fresh: whatever the stream and the calls do, the store ends with the truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any, cast

import numpy as np
import pytest
from attrs import define, evolve, field

from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_adapters.sandbox.world import World as TradedWorld
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.market import COLUMNS, Candles, Timeframe
from mtf_core.ports import (
    AccountEvent,
    CandleEvent,
    CandleUpdate,
    Connected,
    Disconnected,
    ExchangeUnavailableError,
    MarketData,
    Silent,
)
from mtf_core.upkeep.streaming import CandleStreamer, StreamChange, StreamMinute, StreamNews, StreamOptions, StreamState
from tests.integration.runs.world import MARKET, NOW_MS, World, eager, world

M1 = Timeframe.M1
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOTUSDT")
MINUTES = 6


@define(eq=False)
class Broken:
    """The sandbox's own stream, with what streams do: they lose, repeat, break, fall silent, and begin anew."""

    streams: NativeStreams
    draws: Random
    clock: SteppedClock
    worst: float = 0.15
    broken: int = field(default=0, init=False)

    async def candles(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[CandleEvent]:
        last: CandleUpdate | None = None
        async for event in self.streams.candles(symbols, timeframe):
            if not isinstance(event, CandleUpdate):
                yield event
                continue
            chance = self.draws.random()
            if chance < self.worst / 3:
                self.broken += 1
                yield Disconnected(self.clock.now_ms(), "the line broke")
                yield Connected(self.clock.now_ms())  # what came meanwhile was not heard
            elif chance < self.worst / 2:
                self.broken += 1
                yield Silent(self.clock.now_ms(), 30_000)
            elif chance < self.worst:
                self.broken += 1
                raise ExchangeUnavailableError("the stream cannot be read")
            else:
                yield event
                if last is not None and chance > 0.8:
                    yield last  # an old one comes again
                last = event

    async def account(self) -> AsyncIterator[AccountEvent]:
        raise NotImplementedError
        yield


@define(eq=False)
class Forgetful:
    """A stream that never says which word is the last, and loses some while its connection stands: what is left of a
    candle is then what the first word of the next one closes."""

    streams: NativeStreams
    draws: Random

    async def candles(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[CandleEvent]:
        async for event in self.streams.candles(symbols, timeframe):
            if not isinstance(event, CandleUpdate):
                yield event
                continue
            part = {"high": event.open, "low": event.open, "close": event.open, "volume": event.volume / 2}
            yield evolve(event, is_closed=None, **(part if self.draws.random() < 0.4 else {}))
            first = dict.fromkeys(("open", "high", "low", "close"), event.close)
            yield evolve(event, is_closed=None, open_ms=event.open_ms + timeframe.ms, volume=0.0, **first)

    async def account(self) -> AsyncIterator[AccountEvent]:
        raise NotImplementedError
        yield


@define(eq=False)
class Followed:
    """A world whose time moves by the pauses of the streamer alone."""

    there: World
    clock: SteppedClock
    news: list[StreamNews] = field(factory=list, init=False)

    def streamer(
        self, streams: NativeStreams | Broken | Forgetful | None, *, symbols: Sequence[str] = SYMBOLS
    ) -> CandleStreamer:
        async def sleep(seconds: float) -> None:
            self.clock.advance(int(seconds * 1000))
            self.there.clock.set(self.clock.now_ms())
            for _ in range(4):  # whoever waits for nothing but its turn gets it
                await asyncio.sleep(0)

        async def choose() -> Sequence[str]:
            return symbols

        venue = evolve(self.there.environment.venue, streams=streams)
        environment = evolve(self.there.environment, venue=venue, sleep=sleep)
        return CandleStreamer(environment, choose, StreamOptions(choose_again_ms=10**9), self.news.append)

    async def follow(self, streamer: CandleStreamer, minutes: int = MINUTES) -> None:
        stopping = asyncio.Event()
        end_ms = self.clock.now_ms() + minutes * M1.ms + 20_000
        working = asyncio.create_task(streamer.run(stopping))
        while self.clock.now_ms() < end_ms and not working.done():
            await asyncio.sleep(0)
        stopping.set()
        await working

    async def stored(self, symbol: str) -> Candles:
        return (await self.there.stores.candles.read([symbol], M1, NOW_MS - M1.ms, NOW_MS + MINUTES * M1.ms))[symbol]

    @property
    def minutes(self) -> list[StreamMinute]:
        return [one for one in self.news if isinstance(one, StreamMinute)]

    async def assert_true(self) -> None:
        """The store holds what the market has, every candle of it, and nothing else."""
        last = M1.last_closed_open(NOW_MS + MINUTES * M1.ms)
        for symbol in SYMBOLS:
            truth = MARKET.candles(symbol, M1, NOW_MS, last, self.clock.now_ms())
            held = (await self.stored(symbol)).between(NOW_MS, last)
            for name in ("open_ms", *COLUMNS):
                assert np.array_equal(getattr(held, name), getattr(truth, name)), (symbol, name)


@pytest.fixture
async def followed() -> AsyncIterator[Followed]:
    async with world(eager()) as there:
        yield Followed(there, SteppedClock(NOW_MS))


def native(clock: SteppedClock, market: GeneratedMarket = MARKET) -> NativeStreams:
    engine = MatchingEngine(market.contracts(clock.now_ms()))
    return NativeStreams(TradedWorld(market, engine, clock), "trader", poll_seconds=0)


async def test_with_a_stream_nothing_is_asked_for(followed: Followed) -> None:
    before = NOW_MS - M1.ms
    stored = {(symbol, M1): MARKET.candles(symbol, M1, before, before, NOW_MS) for symbol in SYMBOLS}
    await followed.there.stores.candles.write(stored)
    followed.there.exchange.faults["candles"] = ExchangeUnavailableError("nobody should ask")
    await followed.follow(followed.streamer(native(followed.clock)))
    streamed = followed.minutes[-MINUTES:]
    assert [(one.streamed, one.fetched, one.lacking) for one in streamed] == [(len(SYMBOLS), 0, 0)] * MINUTES
    assert all(one.after_ms <= 500 for one in streamed)
    await followed.assert_true()


async def test_without_a_stream_every_candle_is_asked_for_after_the_grace(followed: Followed) -> None:
    await followed.follow(followed.streamer(None))
    fetched = followed.minutes[-MINUTES:]
    assert [(one.streamed, one.fetched, one.lacking) for one in fetched] == [(0, len(SYMBOLS), 0)] * MINUTES
    await followed.assert_true()


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_the_stream_does_the_store_ends_with_the_truth(followed: Followed, seed: int) -> None:
    broken = Broken(native(followed.clock), Random(seed), followed.clock)
    await followed.follow(followed.streamer(broken))
    assert broken.broken > 0
    states = [one.state for one in followed.news if isinstance(one, StreamChange)]
    assert StreamState.CALLS in states[1:]
    await followed.assert_true()


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_only_pushed_is_confirmed_or_corrected_by_calls(followed: Followed, seed: int) -> None:
    """Without them every minute whose last word was lost stayed in the store as a part of the truth."""
    await followed.follow(followed.streamer(Forgetful(native(followed.clock), Random(seed))), minutes=MINUTES + 1)
    trail = (await followed.there.stores.audit.history(99)).items
    assert "candle_revised" in {event.action for event in trail}
    await followed.assert_true()


async def test_what_the_process_before_left_unconfirmed_is_confirmed_at_the_start(followed: Followed) -> None:
    before = NOW_MS - M1.ms
    truth = MARKET.candles("BTCUSDT", M1, before, before, NOW_MS)
    part = Candles.checked(M1, truth.open_ms, truth.open, truth.open, truth.open, truth.open, truth.volume / 2)
    await followed.there.stores.candles.write({("BTCUSDT", M1): part})
    await followed.follow(followed.streamer(native(followed.clock)))
    assert (await followed.stored("BTCUSDT")).close[0] == truth.close[0]
    await followed.assert_true()


async def test_calls_that_fail_are_made_again_until_they_succeed(followed: Followed) -> None:
    followed.there.exchange.faults["candles:ETHUSDT"] = ExchangeUnavailableError("not now")
    streamer = followed.streamer(None)
    await followed.follow(streamer, minutes=2)
    assert followed.minutes[-1].lacking == 1
    del followed.there.exchange.faults["candles:ETHUSDT"]
    await followed.follow(streamer, minutes=MINUTES - 2)
    await followed.assert_true()


async def test_what_closed_while_a_slow_round_of_calls_went_on_is_not_told_as_lacking(followed: Followed) -> None:
    """Nobody has asked for it yet."""
    market = followed.there.environment.venue.market

    class Slow:
        """A call takes 45 s at first: this round is over well after the next close."""

        def __getattr__(self, name: str) -> Any:
            return getattr(market, name)

        async def candles(self, *asked: Any) -> Candles:
            found = await market.candles(*asked)
            if followed.clock.now_ms() < NOW_MS + M1.ms:
                followed.clock.advance(45_000)
                followed.there.clock.set(followed.clock.now_ms())
            return found

    environment = followed.there.environment
    followed.there.environment = evolve(environment, venue=evolve(environment.venue, market=cast(MarketData, Slow())))
    await followed.follow(followed.streamer(None))
    assert {one.lacking for one in followed.minutes} == {0}
    await followed.assert_true()


async def test_no_candle_is_stored_before_it_has_closed(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    store, early = followed.there.stores.candles, []
    write = store.write

    async def watched(series: dict[tuple[str, Timeframe], Candles]) -> int:
        early.extend(symbol for (symbol, _), candles in series.items() if candles.end_ms > followed.clock.now_ms())
        return await write(series)

    monkeypatch.setattr(store, "write", watched)
    await followed.follow(followed.streamer(Broken(native(followed.clock), Random(9), followed.clock)))
    assert early == []


async def test_a_stream_that_was_lost_leaves_a_trace(followed: Followed) -> None:
    await followed.follow(followed.streamer(Broken(native(followed.clock), Random(1), followed.clock, worst=0.6)))
    trail = (await followed.there.stores.audit.history(99)).items
    assert {"stream_lost", "stream_heard"} <= {event.action for event in trail}


async def test_a_correction_reaches_the_longer_candles_that_hold_it(followed: Followed) -> None:
    """The last words of minutes are lost; a run builds five minutes of what there is, and calls correct it later."""
    store, m5 = followed.there.stores.candles, Timeframe.M5
    await followed.follow(followed.streamer(Forgetful(native(followed.clock), Random(0))), minutes=MINUTES + 1)
    for symbol in SYMBOLS:
        truth = MARKET.candles(symbol, m5, NOW_MS, NOW_MS, followed.clock.now_ms())
        part = Candles.checked(m5, truth.open_ms, truth.open, truth.open, truth.open, truth.open, truth.volume / 2)
        await store.write({(symbol, m5): part})
        minute = (await store.read([symbol], M1, NOW_MS, NOW_MS))[symbol]
        half = minute.volume / 2
        wrong = Candles.checked(M1, minute.open_ms, minute.open, minute.high, minute.low, minute.close, half)
        await store.write({(symbol, M1): wrong})
    streamer = followed.streamer(native(followed.clock))
    await followed.follow(streamer, minutes=1)
    for symbol in SYMBOLS:
        truth = MARKET.candles(symbol, m5, NOW_MS, NOW_MS, followed.clock.now_ms())
        held = (await store.read([symbol], m5, NOW_MS, NOW_MS))[symbol]
        assert np.array_equal(held.close, truth.close), symbol
        assert np.array_equal(held.volume, truth.volume), symbol
