"""The account as one sync saw it: balance, positions, open orders and trigger orders."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market.side import Side


class OrderKind(StrEnum):
    """What an order on the exchange is for."""

    LIMIT = "limit"
    MARKET = "market"
    TRIGGER = "trigger"
    """Waits for a price: stop, target or conditional entry."""


@frozen
class Position:
    """An open position; size in contracts, prices and profit in quote currency."""

    symbol: str
    side: Side
    size: Decimal
    entry_price: Decimal
    leverage: Decimal
    unrealised_profit: Decimal


@frozen
class OpenOrder:
    """An order that is live on the exchange."""

    symbol: str
    order_id: str
    client_order_id: str
    kind: OrderKind
    side: Side
    size: Decimal
    price: Decimal | None
    reduce_only: bool


@frozen
class AccountState:
    """Everything the guards read, from one and the same sync at `time_ms`."""

    time_ms: int
    available_balance: Decimal
    equity: Decimal
    positions: tuple[Position, ...]
    open_orders: tuple[OpenOrder, ...]

    def busy_symbols(self) -> frozenset[str]:
        """Symbols that hold a position or any live order."""
        positions = {position.symbol for position in self.positions}
        return frozenset(positions | {order.symbol for order in self.open_orders})

    def live_symbols(self) -> int:
        """How many symbols hold a position, or an order that may open one."""
        held = {position.symbol for position in self.positions}
        return len(held | {order.symbol for order in self.open_orders if not order.reduce_only})
