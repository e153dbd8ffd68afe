"""What the core asks of an exchange. No venue's name or wire format appears here.

Times are integer milliseconds UTC. Every method raises `ExchangeError` or one of its kinds, nothing else.
"""

from __future__ import annotations

from typing import Protocol

from mtf_core.market import AccountState, Candles, Contract, MarkPrice, Timeframe, TopOfBook


class MarketData(Protocol):
    """Public data of one exchange and market type."""

    async def server_time_ms(self) -> int:
        """The exchange's clock."""
        ...

    async def contracts(self) -> tuple[Contract, ...]:
        """Every contract the exchange lists, whatever its status, with its leverage brackets if known."""
        ...

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        """Closed candles that open within [first, last]; holes stay holes. Raises `UnknownSymbolError`."""
        ...

    async def top_of_book(self, symbol: str) -> TopOfBook:
        """Best bid and ask now."""
        ...

    async def mark_price(self, symbol: str) -> MarkPrice:
        """The fair price now."""
        ...


class Account(Protocol):
    """The account of one exchange, read side."""

    async def account_state(self) -> AccountState:
        """Balance, positions, open and plan orders of one and the same sync."""
        ...
