"""Where an isolated position would be liquidated, and what keeps that beyond its stop.

With base quantity Q, entry E, margin M = E·Q/L, maintenance margin ratio m, maintenance amount c (the exchange's cum)
and taker fee t, the exchange closes a position when what is left of the margin no longer covers the maintenance margin
and the fee of closing, both at the price P of that moment. Long: M + (P − E)·Q = (m + t)·P·Q − c, so that

    long   P = (E·(1 − 1/L) − c/Q) / (1 − m − t)
    short  P = (E·(1 + 1/L) + c/Q) / (1 + m + t)

m and c are those of the bracket of the notional at entry. A position is safe when P lies at P₀ or farther, P₀ being the
nearest price that is. Solved for the quantity:

    c/Q ≥ |E − P₀·(1 ∓ (m + t))| − E/L
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import Contract, LeverageBracket, Side, on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.exact import divide_down, divide_up

_UNLIMITED = Decimal("Infinity")


@frozen
class Exposure:
    """A position of unknown size as far as its liquidation depends on it; `taker_fee` is a ratio, never negative."""

    side: Side
    entry: Decimal
    bracket: LeverageBracket
    taker_fee: Decimal
    tick: Decimal

    @property
    def keep_ratio(self) -> Decimal:
        """What is left of a price when maintenance margin and closing fee are taken off: 1 ∓ (m + t)."""
        return 1 - self.side.sign * (self.bracket.maintenance_margin_ratio + self.taker_fee)


def exposure_at(contract: Contract, side: Side, entry: Decimal, bracket: LeverageBracket) -> Exposure:
    """A rebate on closing is not counted on."""
    return Exposure(side, entry, bracket, max(contract.taker_fee, Decimal(0)), contract.tick_size)


def liquidation_price(exposure: Exposure, quantity: Decimal, leverage: int) -> Decimal:
    """On the tick grid toward the entry, so never farther than it is; 0 when a long cannot be liquidated."""
    value, amount = exposure.entry * quantity, exposure.bracket.maintenance_amount * leverage
    # Both sides of the fraction are multiplied by L·Q, so that only one division rounds.
    if exposure.side is Side.LONG:
        raw = divide_up(value * (leverage - 1) - amount, leverage * quantity * exposure.keep_ratio)
        return max(on_grid_at_or_above(raw, exposure.tick), Decimal(0))
    raw = divide_down(value * (leverage + 1) + amount, leverage * quantity * exposure.keep_ratio)
    return on_grid_at_or_below(raw, exposure.tick)


def safe_liquidation(exposure: Exposure, stop: Decimal, ratio: Decimal) -> Decimal:
    """The liquidation price nearest to the entry that is safe: `ratio` stop distances away, and beyond the stop."""
    distance, tick = abs(exposure.entry - stop), exposure.tick
    if exposure.side is Side.LONG:
        return min(on_grid_at_or_below(exposure.entry - ratio * distance, tick), stop - tick)
    return max(on_grid_at_or_above(exposure.entry + ratio * distance, tick), stop + tick)


def needed_margin(exposure: Exposure, stop: Decimal, ratio: Decimal) -> Decimal | None:
    """Margin per base unit, before the maintenance amount, for a liquidation at the safe price; None: out of reach."""
    safe = safe_liquidation(exposure, stop, ratio)
    if safe < 0:
        return None  # a long loses all of its value before it has lost that much
    return (exposure.entry - safe * exposure.keep_ratio) * exposure.side.sign


def largest_safe_quantity(exposure: Exposure, leverage: int, stop: Decimal, ratio: Decimal) -> Decimal:
    """The largest base quantity of the bracket that is safe at a leverage; 0: none."""
    return largest_quantity(exposure, leverage, needed_margin(exposure, stop, ratio))


def largest_quantity(exposure: Exposure, leverage: int, needed: Decimal | None) -> Decimal:
    """The same by the margin that is needed, which no leverage changes."""
    if needed is None:
        return Decimal(0)
    # E/L is the margin per base unit; what is missing from it the maintenance amount must cover.
    missing = needed * leverage - exposure.entry
    if missing <= 0:
        return _UNLIMITED
    return divide_down(exposure.bracket.maintenance_amount * leverage, missing)
