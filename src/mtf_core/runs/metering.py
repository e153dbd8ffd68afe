"""Counting what is asked of an exchange, and where the time of a run goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from mtf_core.market import AccountState, Candles, Contract, Quote, Timeframe
from mtf_core.ports import Account, ExchangeError, MarketData
from mtf_core.runs.observing import UNOBSERVED, RunObserver


class MeteredExchange:
    """An exchange's read side that counts its calls by endpoint, and how long they waited for rate limits."""

    def __init__(
        self,
        market: MarketData,
        account: Account,
        waited: Callable[[], float] = lambda: 0.0,
        observer: RunObserver = UNOBSERVED,
    ) -> None:
        self._market = market
        self._account = account
        self._waited = waited
        self._observer = observer
        self._waited_before = waited()
        self.calls: Counter[str] = Counter()

    @property
    def waited_seconds(self) -> float:
        """Waits of all calls since this began, also of those that waited side by side."""
        return round(self._waited() - self._waited_before, 6)

    async def server_time_ms(self) -> int:
        with self._called("server_time"):
            return await self._market.server_time_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        with self._called("contracts"):
            return await self._market.contracts()

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        with self._called("candles"):
            return await self._market.candles(symbol, timeframe, first_open_ms, last_open_ms)

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        with self._called("quotes"):
            return await self._market.quotes(symbols)

    async def account_state(self) -> AccountState:
        with self._called("account_state"):
            return await self._account.account_state()

    def _called(self, endpoint: str) -> AbstractContextManager[None]:
        self.calls[endpoint] += 1
        return self._observer.call(endpoint)


class Stopwatch:
    """Seconds per stage."""

    def __init__(self, timer: Callable[[], float], observer: RunObserver = UNOBSERVED) -> None:
        self._timer = timer
        self._observer = observer
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = self._timer()
        try:
            with self._observer.stage(name):
                yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + self._timer() - started, 6)

    def order(self, decision_key: str) -> AbstractContextManager[None]:
        """Around one entry; its time is part of its stage's."""
        return self._observer.order(decision_key)
