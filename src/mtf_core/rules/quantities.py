"""Operands as sums of known quantities, with the range that each can take: the arithmetic behind the static analysis.

`close > ema_200`, `close/ema_200 − 1 > 0` and `close − ema_200 > 0` all speak of the ratio of two positive
quantities; written as sums they become the same quantity against a number. Exact fractions are used throughout, so
nothing is claimed that only rounding made true.
"""

from __future__ import annotations

import math
from fractions import Fraction

from attrs import frozen

from mtf_core.features.family import RatioOf, SumOf, Values
from mtf_core.features.names import feature_problem, feature_spec
from mtf_core.rules.expressions import Absolute, Arithmetic, Computed, Feature, Metric, Number, Operand, Positive

Bound = Fraction | float
"""Exact where finite; ±inf as floats."""


@frozen(cache_hash=True)
class Quantity:
    """One number that the analysis knows by name, and its closed range; `positive` excludes zero as well."""

    name: str
    low: Bound = -math.inf
    high: Bound = math.inf
    positive: bool = False
    over: tuple[Quantity, Quantity] | None = None
    """Numerator and denominator, when the quantity is a ratio of two others."""
    magnitude_of: Operand | None = None
    """The inner operand, when the quantity is an absolute value."""
    ago: int = 0
    """How many candles back `magnitude_of` is meant."""


@frozen
class Sum:
    """Σ coefficient · quantity + constant; terms are sorted by name, without zero coefficients."""

    terms: tuple[tuple[Quantity, Fraction], ...] = ()
    constant: Fraction = Fraction(0)

    def plus(self, other: Sum, factor: Fraction = Fraction(1)) -> Sum:
        """self + factor · other."""
        total = dict(self.terms)
        for quantity, coefficient in other.terms:
            total[quantity] = total.get(quantity, Fraction(0)) + coefficient * factor
        terms = sorted(((q, c) for q, c in total.items() if c), key=lambda term: term[0].name)
        return Sum(tuple(terms), self.constant + other.constant * factor)

    def times(self, factor: Fraction) -> Sum:
        return Sum().plus(self, factor)


def sum_of(operand: Operand, ago: int = 0) -> Sum:
    """The operand, `ago` candles earlier, as a sum of quantities."""
    match operand:
        case Number(value) if math.isfinite(value):
            return Sum((), Fraction(value))
        case Feature():
            return _feature(operand, ago)
        case Metric(name):
            return _single(_metric(name))
        case Computed(Arithmetic.PLUS, left, right):
            return sum_of(left, ago).plus(sum_of(right, ago))
        case Computed(Arithmetic.MINUS, left, right):
            return sum_of(left, ago).plus(sum_of(right, ago), Fraction(-1))
        case Computed(Arithmetic.TIMES, left, right):
            return _product(operand, sum_of(left, ago), sum_of(right, ago), ago)
        case Computed(Arithmetic.OVER, left, right):
            return _quotient(operand, sum_of(left, ago), sum_of(right, ago), ago)
        case Positive(inner):
            return sum_of(inner, ago)  # where it has a value, that of the inner one
        case Absolute(inner):
            name = f"{operand}@{ago}"
            return _single(Quantity(name, low=Fraction(0), magnitude_of=inner, ago=ago))
        case _:
            return _opaque(operand, ago)


def ratio(numerator: Quantity, denominator: Quantity) -> Quantity:
    """numerator/denominator; its sign is known when both signs are."""
    name = f"{numerator.name}/{denominator.name}"
    known = numerator.low >= 0 and denominator.low >= 0
    low: Bound = Fraction(0) if known else -math.inf
    positive = numerator.positive and denominator.positive
    return Quantity(name, low=low, positive=positive, over=(numerator, denominator))


def _single(quantity: Quantity) -> Sum:
    return Sum(((quantity, Fraction(1)),))


def _opaque(operand: Operand, ago: int) -> Sum:
    """Something that is known only to be equal to itself."""
    return _single(Quantity(f"{operand}@{ago}"))


def _product(operand: Operand, left: Sum, right: Sum, ago: int) -> Sum:
    if not left.terms:
        return right.times(left.constant)
    if not right.terms:
        return left.times(right.constant)
    return _opaque(operand, ago)


def _quotient(operand: Operand, top: Sum, bottom: Sum, ago: int) -> Sum:
    """Term by term over one quantity; anything else is opaque (also a division by a constant zero: always missing)."""
    if not bottom.terms:
        return top.times(1 / bottom.constant) if bottom.constant else _opaque(operand, ago)
    if len(bottom.terms) > 1 or bottom.constant or top.constant:
        return _opaque(operand, ago)
    ((denominator, scale),) = bottom.terms
    total = Sum()
    for quantity, coefficient in top.terms:
        one = quantity == denominator
        part = Sum((), Fraction(1)) if one else _single(ratio(quantity, denominator))
        total = total.plus(part, coefficient / scale)
    return total


# --- what is known of features and metrics --------------------------------------------------------------------

_POSITIVE_METRICS = {"leverage", "entry_price", "stop_loss", "expected_r_multiple"}
_HUNDRED_METRICS = {"adx_1h", "adx_5m", "adx_1m"}
_FLAGS = {"scalping", "trailing_after_tp1", "end_of_zone_fallback"}


def _feature(feature: Feature, ago: int) -> Sum:
    """A feature by its canonical name, or as what it is made of (the histogram, ATR bands, atr_pct)."""
    if feature_problem(feature.name) is not None:
        return _opaque(feature, ago)
    spec = feature_spec(feature.name)
    at = (feature.ago + ago, feature.timeframe)
    match spec.family.computation:
        case RatioOf(numerator, denominator):
            return _single(ratio(_quantity(numerator, *at), _quantity(denominator, *at)))
        case SumOf(terms):
            parts = terms(spec)
        case _:
            parts = spec.family.equals(spec) or ((spec.name, 1.0),)
    total = Sum()
    for name, coefficient in parts:
        total = total.plus(_single(_quantity(name, *at)), Fraction(coefficient))
    return total


def _quantity(name: str, ago: int, timeframe: object) -> Quantity:
    label = f"{f'{timeframe}.' if timeframe else ''}{name}@{ago}"
    match feature_spec(name).output.values:
        case Values.HUNDRED:
            return Quantity(label, Fraction(0), Fraction(100))
        case Values.POSITIVE:
            return Quantity(label, Fraction(0), positive=True)
        case Values.NOT_NEGATIVE:
            return Quantity(label, Fraction(0))
        case Values.ANY:
            return Quantity(label)


def _metric(name: str) -> Quantity:
    zero = Fraction(0)
    if name in _FLAGS:
        return Quantity(name, zero, Fraction(1))
    if name in _HUNDRED_METRICS:
        return Quantity(name, zero, Fraction(100))
    if name in _POSITIVE_METRICS:
        return Quantity(name, zero, positive=True)
    return Quantity(name) if name == "price_vs_ma21_k_atr" else Quantity(name, zero)
