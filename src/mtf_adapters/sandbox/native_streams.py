"""What the native face pushes: candles that close, and what happens to an account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from mtf_adapters.sandbox import native_words as words
from mtf_adapters.sandbox.matching.events import BalanceChanged, Event, OrderCause, OrderChanged, PositionChanged
from mtf_adapters.sandbox.world import World
from mtf_core.market import Timeframe
from mtf_core.ports import ExchangeError, Sleep
from mtf_core.ports.streams import (
    AccountEvent,
    BalancePushed,
    CandleEvent,
    CandleUpdate,
    Connected,
    OrderPushed,
    PositionPushed,
)


class NativeStreams:
    """Implements `Streams` for one account of a world. It never disconnects.

    `poll_seconds` is how often a stream looks at the world while nothing else moves it; `sleep` waits so long.
    """

    def __init__(self, world: World, account: str, poll_seconds: float = 0.05, sleep: Sleep = asyncio.sleep) -> None:
        self._world = world
        self._account = account
        self._poll_seconds = poll_seconds
        self._sleep = sleep

    async def candles(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[CandleEvent]:
        """Every candle that closes from now on, once, when it has closed."""
        heard_ms = self._world.now_ms
        yield Connected(heard_ms)
        while True:
            self._world.catch_up()
            now_ms = self._world.now_ms
            first, last = timeframe.open_at_or_before(heard_ms), timeframe.last_closed_open(now_ms)
            for symbol in symbols if first <= last else ():
                for update in self._closed(symbol, timeframe, first, last, now_ms):
                    yield update
            heard_ms = max(heard_ms, now_ms)
            await self._sleep(self._poll_seconds)

    async def account(self) -> AsyncIterator[AccountEvent]:
        """What happens to the account's orders, positions and balance, in order."""
        pushed: asyncio.Queue[AccountEvent] = asyncio.Queue()

        def hear(at_ms: int, event: Event) -> None:
            push = self._push_of(at_ms, event)
            if push is not None:
                pushed.put_nowait(push)

        stop = self._world.listen(hear)
        try:
            yield Connected(self._world.now_ms)
            while True:
                self._world.catch_up()
                while not pushed.empty():
                    yield pushed.get_nowait()
                await self._sleep(self._poll_seconds)
        finally:
            stop()

    def _closed(
        self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int
    ) -> list[CandleUpdate]:
        """Candles of a symbol as updates; a symbol without any at the instant has none to push."""
        try:
            candles = self._world.market.candles(symbol, timeframe, first_open_ms, last_open_ms, now_ms)
        except ExchangeError:
            return []
        columns = (candles.open_ms, candles.open, candles.high, candles.low, candles.close, candles.volume)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            CandleUpdate(symbol, timeframe, open_ms, start, high, low, end, volume, is_closed=True)
            for open_ms, start, high, low, end, volume in rows
        ]

    def _push_of(self, at_ms: int, event: Event) -> AccountEvent | None:
        """What a stream tells of an event; what a restart forgot, it does not tell."""
        if isinstance(event, OrderChanged) and event.order.account == self._account:
            if event.cause is OrderCause.FORGOTTEN:
                return None
            return OrderPushed(words.open_order(event.order, self._world.engine.rules), at_ms)
        if isinstance(event, PositionChanged) and event.position.account == self._account:
            return PositionPushed(event.position.symbol, at_ms)
        if isinstance(event, BalanceChanged) and event.balance.account == self._account:
            return BalancePushed(at_ms)
        return None
