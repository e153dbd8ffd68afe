"""Counting what is asked of an exchange, and where the time of a run goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mtf_core.market import AccountState, Candles, Contract, MarkPrice, Timeframe, TopOfBook
from mtf_core.ports import Account, MarketData


class MeteredExchange:
    """An exchange's read side that counts its calls by endpoint."""

    def __init__(self, market: MarketData, account: Account) -> None:
        self._market = market
        self._account = account
        self.calls: Counter[str] = Counter()

    async def server_time_ms(self) -> int:
        self.calls["server_time"] += 1
        return await self._market.server_time_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        self.calls["contracts"] += 1
        return await self._market.contracts()

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        self.calls["candles"] += 1
        return await self._market.candles(symbol, timeframe, first_open_ms, last_open_ms)

    async def top_of_book(self, symbol: str) -> TopOfBook:
        self.calls["top_of_book"] += 1
        return await self._market.top_of_book(symbol)

    async def mark_price(self, symbol: str) -> MarkPrice:
        self.calls["mark_price"] += 1
        return await self._market.mark_price(symbol)

    async def account_state(self) -> AccountState:
        self.calls["account_state"] += 1
        return await self._account.account_state()


class Stopwatch:
    """Seconds per stage."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self._timer = timer
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = self._timer()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + self._timer() - started, 6)
