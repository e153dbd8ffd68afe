"""Exact decimal arithmetic: one context for a whole plan, and divisions that say how they round.

The precision holds every product of a plan exactly, so only divisions round, and each is told in which direction.
Nothing traps: an impossible operation gives NaN, which fails every comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext
from math import isfinite

PLAN_CONTEXT = Context(prec=120, traps=[], Emin=-999_999, Emax=999_999)

SMALLEST = Decimal("1e-18")
LARGEST = Decimal("1e18")
"""Bounds of what a price, size or sum of money may be; beyond them a number is no market fact."""


def divide_down(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The quotient, never above the true one."""
    with localcontext() as context:
        context.rounding = ROUND_FLOOR
        return dividend / divisor


def divide_up(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The quotient, never below the true one."""
    with localcontext() as context:
        context.rounding = ROUND_CEILING
        return dividend / divisor


def whole_down(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_FLOOR))


def whole_up(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))


def decimal_of(value: float) -> Decimal | None:
    """The shortest decimal that reads back as this float; None when it is missing or beyond what a market shows."""
    if not isfinite(value):
        return None
    exact = Decimal(repr(float(value)))
    return exact if abs(exact) <= LARGEST else None


def tradable(values: Iterable[Decimal]) -> bool:
    """Whether every value is a finite number of a magnitude that a market shows."""
    return all(value.is_finite() and (value == 0 or SMALLEST <= abs(value) <= LARGEST) for value in values)
