"""What leverage brackets ask for: maintenance margin, the largest position at a leverage, the price of liquidation."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mtf_adapters.sandbox.matching.money import ZERO, floor_to, quotient
from mtf_core.market import Contract, LeverageBracket, Side


def bracket_of(contract: Contract, notional: Decimal) -> LeverageBracket | None:
    """The row that a notional falls into, the last one above all caps; None: the contract has no brackets."""
    for bracket in contract.brackets:
        if notional <= bracket.notional_cap:
            return bracket
    return contract.brackets[-1] if contract.brackets else None


def maintenance_margin(contract: Contract, notional: Decimal) -> Decimal:
    """ratio · notional − amount of its bracket; zero without brackets."""
    bracket = bracket_of(contract, notional)
    if bracket is None:
        return ZERO
    return max(ZERO, notional * bracket.maintenance_margin_ratio - bracket.maintenance_amount)


def largest_notional(contract: Contract, leverage: Decimal) -> Decimal | None:
    """Up to where a position may have the leverage; None: no bound."""
    if not contract.brackets:
        return None
    return max((row.notional_cap for row in contract.brackets if row.max_leverage >= leverage), default=ZERO)


def liquidation_price(contract: Contract, side: Side, size: Decimal, cost: Decimal, margin: Decimal) -> Decimal | None:
    """Where margin + profit = maintenance margin, on the tick next to it that is nearer to the entry; None: nowhere.

    `size` in contracts, `cost` its value at entry, `margin` all that it may lose.
    """
    base = size * contract.contract_size
    if not base:
        return None
    for ratio, amount, floor, cap in _rows(contract):
        # long: margin + base·p − cost = ratio·base·p − amount; short: margin + cost − base·p = ratio·base·p − amount
        numerator = cost - (margin + amount) * side.sign
        denominator = base * (1 - ratio * side.sign)
        if denominator <= 0:
            continue
        price = quotient(numerator, denominator)
        if price <= 0:
            continue
        notional = base * price
        if floor < notional and (cap is None or notional <= cap):
            below = floor_to(price, contract.tick_size)
            return below + contract.tick_size if side is Side.LONG and below != price else below
    return None


def _rows(contract: Contract) -> Iterator[tuple[Decimal, Decimal, Decimal, Decimal | None]]:
    """Ratio, amount, floor and cap of each bracket; the last one has no cap, its row serves all above it."""
    if not contract.brackets:
        yield ZERO, ZERO, ZERO, None
    last = len(contract.brackets) - 1
    for number, row in enumerate(contract.brackets):
        cap = None if number == last else row.notional_cap
        yield row.maintenance_margin_ratio, row.maintenance_amount, row.notional_floor, cap
