"""What the exchange booked: executions of orders, and everything else that moved money."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market.side import Side


class FillCause(StrEnum):
    """Why something was executed."""

    ORDER = "order"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    """The exchange closed a winner to cover a loser."""
    SETTLEMENT = "settlement"
    """The contract ended and what was left of positions was closed at its last mark price."""


@frozen
class Fill:
    """One execution. Size in contracts, price and money in quote currency."""

    symbol: str
    fill_id: str
    """The exchange's key of the execution, unique within account and symbol."""
    order_id: str
    side: Side
    """The position's side."""
    opens: bool
    """Whether it opened or enlarged the position; else it reduced it."""
    price: Decimal
    size: Decimal
    fee: Decimal
    """Positive is a cost, negative a rebate."""
    realised_profit: Decimal
    """Before fees; 0 for what opens."""
    is_maker: bool
    time_ms: int
    client_order_id: str = ""
    """Empty where the exchange's executions do not carry it."""
    cause: FillCause = FillCause.ORDER


class FlowKind(StrEnum):
    """Why money came or went without an execution's own row, or beside it."""

    TRANSFER = "transfer"
    REALISED_PROFIT = "realised_profit"
    FUNDING = "funding"
    FEE = "fee"
    LIQUIDATION = "liquidation"


@frozen
class CashFlow:
    """One row of the account's history; `amount` in quote currency, negative when it left the account."""

    flow_id: str
    kind: FlowKind
    symbol: str
    """Empty for transfers."""
    amount: Decimal
    time_ms: int
