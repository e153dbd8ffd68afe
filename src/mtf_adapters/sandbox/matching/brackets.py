"""What leverage brackets ask for: maintenance margin, the largest position at a leverage, the price of liquidation."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mtf_adapters.sandbox.matching.money import ZERO, floor_to, quotient
from mtf_core.market import BracketUnit, Contract, LeverageBracket, Side


def bracket_of(contract: Contract, size: Decimal, notional: Decimal) -> LeverageBracket | None:
    """The row that a position falls into, the last one above all caps; None: the contract has no brackets."""
    extent = size if contract.brackets_in is BracketUnit.CONTRACTS else notional
    for bracket in contract.brackets:
        if extent <= bracket.notional_cap:
            return bracket
    return contract.brackets[-1] if contract.brackets else None


def maintenance_margin(contract: Contract, size: Decimal, notional: Decimal) -> Decimal:
    """ratio · notional − amount of its bracket; zero without brackets."""
    bracket = bracket_of(contract, size, notional)
    if bracket is None:
        return ZERO
    return max(ZERO, notional * bracket.maintenance_margin_ratio - bracket.maintenance_amount)


def too_large(contract: Contract, leverage: Decimal, size: Decimal, notional: Decimal) -> str | None:
    """How large a position may be that has the leverage, where this one is larger; None: it may have it."""
    if not contract.brackets:
        return None
    largest = max((row.notional_cap for row in contract.brackets if row.max_leverage >= leverage), default=ZERO)
    if contract.brackets_in is BracketUnit.CONTRACTS:
        return f"at {leverage} a position has at most {largest} contracts" if size > largest else None
    return f"at {leverage} a position is worth at most {largest}" if notional > largest else None


def liquidation_price(contract: Contract, side: Side, size: Decimal, cost: Decimal, margin: Decimal) -> Decimal | None:
    """Where margin + profit = maintenance margin, on the tick next to it that is nearer to the entry; None: nowhere.

    `size` in contracts, `cost` its value at entry, `margin` all that it may lose.
    """
    base = size * contract.contract_size
    if not base:
        return None
    for ratio, amount, floor, cap in _rows(contract, size):
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


def _rows(contract: Contract, size: Decimal) -> Iterator[tuple[Decimal, Decimal, Decimal, Decimal | None]]:
    """Ratio, amount, and floor and cap in notional of each bracket that a size may fall into as the price moves.

    The last one has no cap, its row serves all above it; a size has one bracket where they are in contracts.
    """
    if not contract.brackets:
        yield ZERO, ZERO, ZERO, None
    if contract.brackets_in is BracketUnit.CONTRACTS:
        bracket = bracket_of(contract, size, ZERO)
        if bracket is not None:
            yield bracket.maintenance_margin_ratio, bracket.maintenance_amount, ZERO, None
        return
    last = len(contract.brackets) - 1
    for number, row in enumerate(contract.brackets):
        cap = None if number == last else row.notional_cap
        yield row.maintenance_margin_ratio, row.maintenance_amount, row.notional_floor, cap
