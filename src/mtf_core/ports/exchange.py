"""What the core asks of an exchange. No venue's name or wire format appears here.

Times are integer milliseconds UTC. Every method raises `ExchangeError` or one of its kinds, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from mtf_core.market import AccountState, Candles, Contract, MarkPrice, Timeframe, TopOfBook
from mtf_core.ports.clock import Clock


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


@frozen(eq=False)
class Venue:
    """One exchange and market type, as a run uses it: public data, account and the clock they live by.

    `namespace` keeps what is stored of different worlds apart (an exchange, a sandbox's seed, a set of files).
    `as_of` gives the same venue at a past instant; None where the past cannot be visited (a real exchange).
    """

    exchange: str
    market_type: str
    namespace: str
    market: MarketData
    account: Account
    clock: Clock
    as_of: Callable[[int], Venue] | None = None
