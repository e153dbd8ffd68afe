"""The local exchange behind the ports: a market, an account and a clock that can be set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.market import Market
from mtf_core.market import AccountState, Candles, Contract, Quote, Timeframe
from mtf_core.ports import Clock, ExchangeError


class SandboxExchange:
    """Implements the ports `MarketData` and `Account`. Everything it answers is as of its clock's instant.

    `faults` makes it fail on purpose, for drills and tests: an error under the name of a call (`candles`), of a symbol
    (`BTCUSDT`) or of both (`candles:BTCUSDT`) is raised by every call it fits, until it is removed.
    """

    def __init__(
        self,
        market: Market,
        clock: Clock,
        account: SandboxAccount | None = None,
        faults: Mapping[str, ExchangeError] | None = None,
    ) -> None:
        self.market = market
        self.clock = clock
        self.account = account or SandboxAccount()
        self.faults: dict[str, ExchangeError] = dict(faults or {})

    async def server_time_ms(self) -> int:
        self._fail_on_purpose("server_time_ms")
        return self.clock.now_ms()

    async def contracts(self) -> tuple[Contract, ...]:
        self._fail_on_purpose("contracts")
        return self.market.contracts(self.clock.now_ms())

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        self._fail_on_purpose("candles", symbol)
        return self.market.candles(symbol, timeframe, first_open_ms, last_open_ms, self.clock.now_ms())

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        self._fail_on_purpose("quotes")
        now_ms = self.clock.now_ms()
        return {symbol: self._quote(symbol, now_ms) for symbol in symbols}

    async def account_state(self) -> AccountState:
        self._fail_on_purpose("account_state")
        return self.account.state(self.clock.now_ms())

    def _quote(self, symbol: str, now_ms: int) -> Quote | ExchangeError:
        try:
            self._fail_on_purpose("quotes", symbol)
            return self.market.prices(symbol, now_ms).as_quote(symbol, now_ms)
        except ExchangeError as error:
            return error

    def _fail_on_purpose(self, call: str, symbol: str | None = None) -> None:
        keys = (call,) if symbol is None else (call, symbol, f"{call}:{symbol}")
        for key in keys:
            if key in self.faults:
                raise self.faults[key]
