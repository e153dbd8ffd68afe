"""The formulas that a plan and its preview share: of one trade in Decimals, or of many in float64 arrays.

A number is a Decimal or an array; in one call all are of the same kind. Constants are whole numbers, so that no float
comes near a Decimal. In arrays a missing number is NaN, and so is whatever depends on it; a plan never gets there.
`sign` is +1 for a long and −1 for a short; ratios are 0..1.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeVar

import numpy as np

from mtf_core.market.candles import Floats
from mtf_core.settings.trade_entry_choices import RoundingMode

Number = TypeVar("Number", Decimal, Floats)


def least(first: Number, second: Number) -> Number:
    return min(first, second) if isinstance(first, Decimal) else np.minimum(first, second)


def most(first: Number, second: Number) -> Number:
    return max(first, second) if isinstance(first, Decimal) else np.maximum(first, second)


def _constant(value: int, like: Number) -> Number:
    return Decimal(value) if isinstance(like, Decimal) else np.asarray(float(value))


def clamp(value: Number, low: Number, high: Number) -> Number:
    """`value` within [low, high]; where low > high, `low`."""
    return most(least(value, high), low)


def whole_down(value: Number) -> Number:
    return value.to_integral_value(rounding=ROUND_FLOOR) if isinstance(value, Decimal) else np.floor(value)


def whole_up(value: Number) -> Number:
    return value.to_integral_value(rounding=ROUND_CEILING) if isinstance(value, Decimal) else np.ceil(value)


def rounded(leverage: Number, mode: RoundingMode) -> Number:
    """A whole leverage; half goes up with `round`: 2.5 is 3."""
    match mode:
        case RoundingMode.FLOOR:
            return whole_down(leverage)
        case RoundingMode.CEIL:
            return whole_up(leverage)
        case RoundingMode.ROUND:
            return whole_down((2 * leverage + 1) / 2)


def fixed_leverage(wanted: Number, cap: Number, mode: RoundingMode) -> Number:
    """A whole leverage that is wanted whatever the stop, within a cap."""
    return least(rounded(wanted, mode), whole_down(cap))


def leverage_limits(floor: Number, cap: Number) -> tuple[Number, Number]:
    """The lowest and the highest whole leverage; a cap below the floor wins."""
    high = whole_down(cap)
    return least(whole_up(floor), high), high


def leverage_between(
    raw: Number, low: Number, high: Number, affordable: Number, mode: RoundingMode, *, toward_initial_margin: bool
) -> Number:
    """A whole leverage within its limits, and high enough for the budget to cover the margin.

    Margin never exceeds the initial margin, so the leverage nearest to it is the lowest that can be afforded.
    """
    return most(low if toward_initial_margin else clamp(rounded(raw, mode), low, high), affordable)


def zone_half_width(k_atr: Number, atr: Number, anchor: Number, w_min: Number, w_max: Number) -> Number:
    """Half the width of the entry zone, in price."""
    return clamp(k_atr * atr, anchor * w_min, anchor * w_max)


def pivot_stop_distance(entry: Number, level: Number, sign: int, buffer: Number, keep: Number) -> Number:
    """How far a stop behind a pivot level is from the entry, the buffer included."""
    buffered = level * (1 - sign * buffer)
    return most(abs(entry - buffered), keep * abs(entry - level))


def risk_stop_distance(risk: Number, lost: Number, sign: int, exit_fee: Number) -> Number:
    """How far the price may go until a risk is used up; everything per unit of base currency.

    `lost` is what is gone whatever the stop: fees of entry and, at the entry's price, of the exit, and slippage. Where
    that alone uses up the risk the result is negative or zero.
    """
    return (risk - lost) / (1 - sign * exit_fee)


def least_stop_distance(entry: Number, share: Number) -> Number:
    """`min_stop_distance_pct` of the entry."""
    return share * entry


def volatility_factor(atr: Number, entry: Number) -> Number:
    """1.25 − 75 · ATR ratio, within 0.5 and 1.25: calm markets bear more leverage."""
    quarters = clamp(5 - 300 * atr / entry, _constant(2, entry), _constant(5, entry))
    return quarters / 4


def dynamic_leverage(
    risk_ratio: Number, entry: Number, distance: Number, multiplier: Number, volatility: Number
) -> Number:
    """Risk ratio over the stop's ratio of the entry, scaled by timeframe and volatility."""
    return risk_ratio * entry / distance * multiplier * volatility


def dynamic_cap(k_dynamic: Number, entry: Number, distance: Number) -> Number:
    """The highest leverage at a stop distance."""
    return k_dynamic * entry / distance


def before_level(level: Number, sign: int, buffer: Number) -> Number:
    """A price short of a pivot level by the buffer, seen from the entry."""
    return level * (1 - sign * buffer)


def aligned_distance(ahead: Number, r: Number, distance: Number, keep: Number, extra: Number) -> Number:
    """How far a target before a pivot level is, at least `keep` of R and at most R and `extra`."""
    return clamp(ahead, keep * r * distance, (r + extra) * distance)
