"""How large and how small an order of a contract may be."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import Contract, on_grid_at_or_above
from mtf_core.planning.exact import divide_up


def largest_size(contract: Contract) -> Decimal:
    """Most contracts of one entry: one market stop must be able to close it."""
    return min(contract.max_size, contract.max_market_size)


def smallest_size(contract: Contract, lowest_price: Decimal) -> Decimal:
    """Fewest contracts of one order whose notional reaches the contract's least even at the lowest of its prices."""
    by_notional = divide_up(contract.min_notional, contract.contract_size * lowest_price)
    return max(contract.min_size, on_grid_at_or_above(by_notional, contract.size_step))
