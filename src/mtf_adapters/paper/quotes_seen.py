"""What was seen of the venue's market: the engine knows these prices, and nothing between them.

A book is made around bid and ask, for the venue's port shows no sizes: levels by the contract's turnover, as the
sandbox makes them. Looking at the same quote again does not fill the book up again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import numpy as np
from attrs import evolve

from mtf_adapters.sandbox.depth import tick_around
from mtf_adapters.sandbox.market import Moment, Prices
from mtf_adapters.sandbox.matching.commands import Tick
from mtf_core.market import MINUTE_MS, Candles, Contract, Quote, Timeframe, on_grid_at_or_below
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError

STALE_MS = 10_000
"""By a quote that is older than this nothing is placed and nothing fires."""
FUNDING_RATE = Decimal("0.0001")
"""Of every settlement, against the position: the port does not tell the venue's rate."""


class QuotesSeen:
    """Implements the sandbox's `Market` of the contracts and quotes that came from a venue."""

    def __init__(self) -> None:
        self.listed: tuple[Contract, ...] = ()
        self._quotes: dict[str, Quote] = {}
        self._shown: dict[str, Quote] = {}
        """Of which quote the engine's book is."""
        self.pays: Callable[[str], int] = lambda _: 1
        """The sign of a symbol's rate at which its position pays."""

    def see(self, quotes: Mapping[str, Quote | ExchangeError]) -> None:
        """Takes what is newer than what was there."""
        for symbol, quote in quotes.items():
            known = self._quotes.get(symbol)
            if isinstance(quote, Quote) and (known is None or quote.book.time_ms >= known.book.time_ms):
                self._quotes[symbol] = quote

    def of_ms(self, symbol: str) -> int:
        """The venue's time of the newest quote; KeyError where there is none."""
        return self._quotes[symbol].book.time_ms

    def forget_shown(self, symbol: str | None = None) -> None:
        """The engine was shown something else (None: is another one): the next tick is the whole quote again."""
        if symbol is None:
            self._shown.clear()
        else:
            self._shown.pop(symbol, None)

    def tick(self, contract: Contract, prices: Prices, now_ms: int, left: Tick | None) -> Tick:
        """The newest quote as a tick; `left` is what the engine has of the one before."""
        quote, shown = self._quotes[contract.symbol], self._shown.get(contract.symbol)
        self._shown[contract.symbol] = quote
        if shown is not None and left is not None and shown.book == quote.book:
            return evolve(left, mark=prices.mark, traded=Decimal(0))
        return tick_around(contract, prices, now_ms, Decimal(0))

    # The sandbox's `Market`

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        return self.listed

    def prices(self, symbol: str, now_ms: int) -> Prices:
        quote = self._quotes.get(symbol)
        contract = next((one for one in self.listed if one.symbol == symbol), None)
        if contract is None:
            raise UnknownSymbolError(f"the venue lists no contract {symbol!r}")
        if quote is None or now_ms - quote.book.time_ms > STALE_MS or now_ms - quote.mark.time_ms > MINUTE_MS:
            raise ExchangeUnavailableError(f"{symbol}: no quote of the venue is younger than {STALE_MS // 1000} s")
        last = on_grid_at_or_below(quote.book.mid, contract.tick_size)
        return Prices(quote.book.best_bid, quote.book.best_ask, last, quote.mark.price)

    def moment(self, symbol: str, now_ms: int) -> Moment:
        """Nothing is known of what traded: an order that rests fills by quotes that reach it alone."""
        return Moment(self.prices(symbol, now_ms), now_ms // MINUTE_MS * MINUTE_MS, Decimal(0))

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        return FUNDING_RATE * self.pays(symbol)

    def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int) -> Candles:
        """None: candles are asked of the venue itself."""
        return Candles.checked(timeframe, np.array([], dtype=np.int64), [], [], [], [], [])
