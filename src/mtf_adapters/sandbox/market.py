"""What the sandbox exchange asks of a market, whether it is generated or comes from candle files."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from attrs import frozen

from mtf_core.market import Candles, Contract, MarkPrice, Quote, Timeframe, TopOfBook


@frozen
class Prices:
    """Best bid, best ask, last and mark price of one instant, on the contract's tick grid."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    mark: Decimal

    def as_quote(self, symbol: str, now_ms: int) -> Quote:
        """What the exchange shows of them."""
        return Quote(TopOfBook(symbol, self.bid, self.ask, now_ms), MarkPrice(symbol, self.mark, now_ms))


@frozen
class Moment:
    """An instant within a candle that forms, for a world that moves through it."""

    prices: Prices
    candle_ms: int
    """When the candle opened."""
    traded: Decimal
    """Contracts that traded since then, on the contract's grid of sizes."""


class Market(Protocol):
    """Prices of many symbols as a function of the instant; nothing that lies after `now_ms` is ever shown.

    Every method but `contracts` raises `UnknownSymbolError` for a symbol that is not listed at the instant.
    """

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        """Every contract listed at the instant, sorted by symbol, with the turnover of its last 24 hours."""
        ...

    def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int) -> Candles:
        """Candles that open within [first, last] and are closed at `now_ms`."""
        ...

    def prices(self, symbol: str, now_ms: int) -> Prices:
        """The prices at the instant."""
        ...

    def moment(self, symbol: str, now_ms: int) -> Moment:
        """The instant within its candle. Over a candle the prices begin at its open, reach its low and high where the
        market is made of candles, and end at its close."""
        ...

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        """What longs pay to shorts at a settlement, as a ratio of the notional; negative: shorts pay."""
        ...
