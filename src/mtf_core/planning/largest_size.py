"""How much of a contract one order may be for."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import Contract, OrderType


def largest_size(contract: Contract, order_type: OrderType) -> Decimal:
    """Most contracts of one order; market orders have their own limit."""
    if order_type is OrderType.MARKET:
        return min(contract.max_size, contract.max_market_size)
    return contract.max_size
