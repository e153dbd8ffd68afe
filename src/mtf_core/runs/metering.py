"""Counting what is asked of an exchange, and where the time of a run goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from mtf_core.market import AccountState, Candles, Contract, Quote, Timeframe
from mtf_core.ports import Account, ExchangeError, MarketData


class MeteredExchange:
    """An exchange's read side that counts its calls by endpoint, and how long they waited for rate limits."""

    def __init__(self, market: MarketData, account: Account, waited: Callable[[], float] = lambda: 0.0) -> None:
        self._market = market
        self._account = account
        self._waited = waited
        self._waited_before = waited()
        self.calls: Counter[str] = Counter()

    @property
    def waited_seconds(self) -> float:
        """Waits of all calls since this began, also of those that waited side by side."""
        return round(self._waited() - self._waited_before, 6)

    async def server_time_ms(self) -> int:
        self.calls["server_time"] += 1
        return await self._market.server_time_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        self.calls["contracts"] += 1
        return await self._market.contracts()

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        self.calls["candles"] += 1
        return await self._market.candles(symbol, timeframe, first_open_ms, last_open_ms)

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        self.calls["quotes"] += 1
        return await self._market.quotes(symbols)

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
