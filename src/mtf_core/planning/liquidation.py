"""Where an isolated position would be liquidated.

With base quantity Q, entry E, margin M = E·Q/L, maintenance margin ratio m, maintenance amount c (the exchange's cum)
and taker fee t, the exchange closes a position when what is left of the margin no longer covers the maintenance margin
and the fee of closing, both at the price P of that moment. Long: M + (P − E)·Q = (m + t)·P·Q − c, so that

    long   P = (E·(1 − 1/L) − c/Q) / (1 − m − t)
    short  P = (E·(1 + 1/L) + c/Q) / (1 + m + t)

m and c are those of the bracket of the notional at entry.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import LeverageBracket, Side, on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.exact import divide_down, divide_up


@frozen
class Exposure:
    """A position as far as its liquidation depends on it; `quantity` in base currency, `taker_fee` a ratio."""

    side: Side
    entry: Decimal
    quantity: Decimal
    bracket: LeverageBracket
    taker_fee: Decimal
    tick: Decimal


def liquidation_price(exposure: Exposure, leverage: int) -> Decimal:
    """On the tick grid toward the entry, so never farther than it is; 0 when a long cannot be liquidated.

    A rebate on closing is not counted on.
    """
    bracket, quantity = exposure.bracket, exposure.quantity
    rate = bracket.maintenance_margin_ratio + max(exposure.taker_fee, Decimal(0))
    value, amount = exposure.entry * quantity, bracket.maintenance_amount * leverage
    # Both sides of the fraction are multiplied by L·Q, so that only one division rounds.
    if exposure.side is Side.LONG:
        raw = divide_up(value * (leverage - 1) - amount, leverage * quantity * (1 - rate))
        return max(on_grid_at_or_above(raw, exposure.tick), Decimal(0))
    raw = divide_down(value * (leverage + 1) + amount, leverage * quantity * (1 + rate))
    return on_grid_at_or_below(raw, exposure.tick)


def is_safe(exposure: Exposure, leverage: int, stop: Decimal, ratio: Decimal) -> bool:
    """Whether liquidation lies beyond the stop, at `ratio` times its distance from the entry or farther."""
    away = (exposure.entry - liquidation_price(exposure, leverage)) * exposure.side.sign
    return away >= ratio * abs(exposure.entry - stop) and away > abs(exposure.entry - stop)


def highest_safe_leverage(exposure: Exposure, lowest: int, highest: int, stop: Decimal, ratio: Decimal) -> int | None:
    """The highest safe leverage in the range; None when even the lowest is not safe.

    A lower leverage moves liquidation away from the entry, so the safe ones are the lower ones: bisection.
    """
    if is_safe(exposure, highest, stop, ratio):
        return highest
    if not is_safe(exposure, lowest, stop, ratio):
        return None
    safe, unsafe = lowest, highest
    while unsafe - safe > 1:
        middle = (safe + unsafe) // 2
        if is_safe(exposure, middle, stop, ratio):
            safe = middle
        else:
            unsafe = middle
    return safe
