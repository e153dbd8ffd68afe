"""The account as one sync saw it: balance, positions, open orders and trigger orders."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market.new_order import TriggerLevel
from mtf_core.market.order import MarginMode, OrderState, PositionMode, TimeInForce, TriggerPurpose
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
    margin_mode: MarginMode = MarginMode.ISOLATED
    margin: Decimal | None = None
    """What the position may lose of its own; None where the exchange does not say."""
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    """None where there is none, or the exchange does not say."""
    opened_ms: int = 0


@frozen
class OpenOrder:
    """An order that is, or was, on the exchange: live ones in the account's state, ended ones in its history."""

    symbol: str
    order_id: str
    client_order_id: str
    kind: OrderKind
    side: Side
    """The side of the position that it opens or reduces."""
    size: Decimal | None
    """In contracts; None: the whole position, whatever it is."""
    price: Decimal | None
    """None for one that executes at market."""
    reduce_only: bool
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    state: OrderState = OrderState.LIVE
    time_in_force: TimeInForce | None = None
    """None where the exchange does not say."""
    trigger: TriggerLevel | None = None
    purpose: TriggerPurpose | None = None
    """What it waits for; None when it waits for no price, or when the exchange's history does not say."""
    stop: TriggerLevel | None = None
    """The stop that travels inside the order, not armed yet."""
    target: TriggerLevel | None = None
    created_ms: int = 0
    updated_ms: int = 0

    @property
    def may_open(self) -> bool:
        """Whether a position may come of it."""
        return not self.reduce_only


@frozen
class AccountState:
    """Everything the guards read, from one and the same sync at `time_ms`."""

    time_ms: int
    available_balance: Decimal
    equity: Decimal
    positions: tuple[Position, ...]
    open_orders: tuple[OpenOrder, ...]
    position_mode: PositionMode | None = None
    """None where the exchange was not asked, or does not say."""

    def busy_symbols(self) -> frozenset[str]:
        """Symbols that hold a position or any live order."""
        positions = {position.symbol for position in self.positions}
        return frozenset(positions | {order.symbol for order in self.open_orders})

    def live_symbols(self) -> int:
        """How many symbols hold a position, or an order that may open one."""
        held = {position.symbol for position in self.positions}
        return len(held | {order.symbol for order in self.open_orders if not order.reduce_only})
