"""Arithmetic that loses no digit unseen: whatever rounds is one of these functions, all else is exact or fails."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

ZERO = Decimal(0)

GRAIN = Decimal("0.00000001")
"""What is booked is a multiple of this, in quote currency."""

EXACT = Context(prec=300, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""The engine's context: digits enough for any product of its numbers, and an error where they would not do."""

_NEAREST = Context(prec=300, rounding=ROUND_HALF_EVEN)
_UPWARDS = Context(prec=300, rounding=ROUND_CEILING)
_QUOTIENTS = Context(prec=50, rounding=ROUND_HALF_EVEN)

_LONGEST_EXPONENT = 24
_MOST_DIGITS = 32


def booked(amount: Decimal) -> Decimal:
    """The amount to the nearest grain: how profits, fees and margins enter the books, each once."""
    return amount.quantize(GRAIN, context=_NEAREST)


def reserved(amount: Decimal) -> Decimal:
    """The amount to the next grain above: what is set aside suffices."""
    return amount.quantize(GRAIN, context=_UPWARDS)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """To 50 digits: for what is shown or rounded to the grain next."""
    return _QUOTIENTS.divide(dividend, divisor)


def floor_to(number: Decimal, step: Decimal) -> Decimal:
    """The highest multiple of the step that is not above a number, which is not below zero."""
    return number // step * step


def is_usable(number: Decimal) -> bool:
    """Whether a number from outside can be reckoned with: finite, of at most 32 digits, between 1e-24 and 1e24."""
    if not number.is_finite():
        return False
    _, digits, exponent = number.as_tuple()
    return len(digits) <= _MOST_DIGITS and isinstance(exponent, int) and abs(exponent) <= _LONGEST_EXPONENT


def is_multiple(number: Decimal, step: Decimal) -> bool:
    return not number % step
