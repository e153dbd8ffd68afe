"""The market side of a paper venue: the real venue's answers, which the account hears as well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from mtf_adapters.paper.desk import LOOK_EVERY_S, PaperDesk
from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_core.market import Candles, Contract, Quote, Timeframe
from mtf_core.ports import ExchangeError, MarketData, Sleep, Streams
from mtf_core.ports.streams import AccountEvent, CandleEvent, Disconnected


class PaperMarket:
    """Implements `MarketData`."""

    def __init__(self, market: MarketData, desk: PaperDesk) -> None:
        self._market = market
        self._desk = desk

    async def server_time_ms(self) -> int:
        return await self._market.server_time_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        return await self._market.contracts()

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        return await self._market.candles(symbol, timeframe, first_open_ms, last_open_ms)

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        quotes = await self._market.quotes(symbols)
        self._desk.hear(quotes)
        return quotes


class PaperStreams:
    """Implements `Streams`: candles of the real venue, and pushes of the account where this process trades on it."""

    def __init__(self, streams: Streams, desk: PaperDesk, clock_ms: Callable[[], int], sleep: Sleep) -> None:
        self._streams = streams
        self._desk = desk
        self._clock_ms = clock_ms
        self._sleep = sleep

    def candles(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[CandleEvent]:
        return self._streams.candles(symbols, timeframe)

    async def account(self) -> AsyncIterator[AccountEvent]:
        while True:
            try:
                watched = await self._desk.opened()
                async for event in NativeStreams(watched.world, self._desk.account, sleep=self._sleep).account():
                    yield event
            except ExchangeError as error:
                yield Disconnected(self._clock_ms(), str(error))
                await self._sleep(LOOK_EVERY_S)
