"""A market whose contracts bear other names: so that whole sandboxes speak the names of one venue."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox.market import Market, Moment, Prices
from mtf_core.market import Candles, Contract, Timeframe
from mtf_core.ports import UnknownSymbolError

NameOf = Callable[[Contract], str]
TermsOf = Callable[[Contract, int], Contract]


class RenamedMarket:
    """Another market, in which `name_of` says what each contract is called. Two contracts never get the same name.

    `terms_of` says what else of a contract is different there, by the market's own contract and the instant.
    """

    def __init__(self, market: Market, name_of: NameOf, terms_of: TermsOf | None = None) -> None:
        self._market = market
        self._terms_of = terms_of
        self._name_of = name_of
        self._own: dict[str, str] = {}
        """The market's own symbol by the new name, of every contract that was ever listed here."""

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        """Sorted by their new names."""
        named = []
        for contract in self._market.contracts(now_ms):
            name = self._name_of(contract)
            if self._own.setdefault(name, contract.symbol) != contract.symbol:
                raise ValueError(f"two contracts would be called {name}: {self._own[name]} and {contract.symbol}")
            offered = self._terms_of(contract, now_ms) if self._terms_of else contract
            named.append(evolve(offered, symbol=name))
        return tuple(sorted(named, key=lambda contract: contract.symbol))

    def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int) -> Candles:
        return self._market.candles(self._own_name(symbol, now_ms), timeframe, first_open_ms, last_open_ms, now_ms)

    def prices(self, symbol: str, now_ms: int) -> Prices:
        return self._market.prices(self._own_name(symbol, now_ms), now_ms)

    def moment(self, symbol: str, now_ms: int) -> Moment:
        return self._market.moment(self._own_name(symbol, now_ms), now_ms)

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        return self._market.funding_rate(self._own_name(symbol, settles_ms), settles_ms)

    def _own_name(self, symbol: str, now_ms: int) -> str:
        if symbol not in self._own:
            self.contracts(now_ms)  # it may have been listed since
        own = self._own.get(symbol)
        if own is None:
            raise UnknownSymbolError(f"the sandbox lists no contract {symbol!r}")
        return own
