"""Expressions over arrays: one evaluator for a live run, a replay and an explanation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import Factory, field, frozen

from mtf_core.market.candles import Floats
from mtf_core.rules.axis import Axis
from mtf_core.rules.expressions import (
    Absolute,
    AllOf,
    AnyOf,
    Arithmetic,
    Compare,
    Comparison,
    Computed,
    Constantly,
    Feature,
    Known,
    Metric,
    Named,
    Not,
    Number,
    Operand,
    Test,
    WithinBars,
    operand_leaves,
    used,
)
from mtf_core.rules.truth import FALSE, TRUE, UNKNOWN, Truth, at_least, greater


@frozen(eq=False)
class Evaluator:
    """Truths and values of expressions on one axis, each computed once. Arrays have the axis' shape.

    `metrics` are the selector metrics, of the axis' shape (or one that broadcasts to it); one that is not given is
    missing. Results are shared: never write to them.
    """

    axis: Axis
    metrics: Mapping[str, Floats] = field(factory=dict)
    _truths: dict[tuple[Test, int], Truth] = Factory(dict)
    _values: dict[tuple[Operand, int], Floats | float] = Factory(dict)

    def truth(self, test: Test, ago: int = 0) -> Truth:
        """The three-valued truth of a test, `ago` candles before each column."""
        key = (test, ago)
        found = self._truths.get(key)
        if found is None:
            found = self._truths[key] = self._truth(test, ago)
        return found

    def value(self, operand: Operand, ago: int = 0) -> Floats | float:
        """The numbers of an operand; a constant is a plain float."""
        key = (operand, ago)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = self._value(operand, ago)
        return found

    def _truth(self, test: Test, ago: int) -> Truth:
        match test:
            case Named(_, inner):
                return self.truth(inner, ago)
            case Compare(op, left, right):
                return self._compared(op, self.value(left, ago), self.value(right, ago))
            case AllOf(tests):
                return _folded(np.minimum, [self.truth(item, ago) for item in tests])
            case AnyOf(tests):
                return _folded(np.maximum, [self.truth(item, ago) for item in tests])
            case Not(inner):
                return np.negative(self.truth(inner, ago))
            case WithinBars(bars, inner):
                return _folded(np.maximum, self._earlier(inner, ago, bars))
            case Constantly(truth):
                return np.full(self.axis.shape, TRUE if truth else FALSE)
            case Known(inner, unless_true):
                return self._known(inner, unless_true, ago)

    def _compared(self, op: Comparison, left: Floats | float, right: Floats | float) -> Truth:
        if isinstance(left, float):
            left = np.full(self.axis.shape, left)
        match op:
            case Comparison.GT:
                truth = greater(left, right)
            case Comparison.GTE:
                truth = at_least(left, right)
            case Comparison.LT:
                truth = np.negative(at_least(left, right))
            case Comparison.LTE:
                truth = np.negative(greater(left, right))
        return truth

    def _earlier(self, inner: Test, ago: int, bars: int) -> list[Truth]:
        """The inner test now and up to bars − 1 candles earlier."""
        return [self.truth(inner, ago + back) for back in range(bars)]

    def _known(self, inner: Test, unless_true: bool, ago: int) -> Truth:
        truth = self.truth(inner, ago)
        missing = self.missing(inner, ago)
        if not missing.any():
            return truth
        hidden = missing & (truth < TRUE) if unless_true else missing
        return np.where(hidden, UNKNOWN, truth)

    def missing(self, test: Test, ago: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Where a feature or metric below the test is missing."""
        missing = np.zeros(self.axis.shape, dtype=np.bool_)
        for leaf, back in {(leaf, back) for leaf, back in used(test, ago)}:
            own = leaf.ago if isinstance(leaf, Feature) else 0
            missing |= np.isnan(self.value(leaf, back - own))
        return missing

    def _value(self, operand: Operand, ago: int) -> Floats | float:
        match operand:
            case Number(value):
                return value
            case Feature():
                return self.axis.value(operand, ago)
            case Metric(name):
                found = self.metrics.get(name)
                return np.full(self.axis.shape, np.nan) if found is None else np.broadcast_to(found, self.axis.shape)
            case Absolute(inner):
                return np.abs(self.value(inner, ago))
            case Computed(sign, left, right):
                return _computed(sign, self.value(left, ago), self.value(right, ago))


def _folded(combine: np.ufunc, truths: list[Truth]) -> Truth:
    result = truths[0]
    for truth in truths[1:]:
        result = combine(result, truth)
    return result


def _computed(sign: Arithmetic, left: Floats | float, right: Floats | float) -> Floats | float:
    match sign:
        case Arithmetic.PLUS:
            return left + right
        case Arithmetic.MINUS:
            return left - right
        case Arithmetic.TIMES:
            return left * right
        case Arithmetic.OVER:
            return _divided(left, right)


def _divided(left: Floats | float, right: Floats | float) -> Floats | float:
    """left / right; missing where right is zero."""
    if isinstance(left, float) and isinstance(right, float):
        return left / right if right else float("nan")
    quotient = np.full(np.broadcast_shapes(np.shape(left), np.shape(right)), np.nan)
    np.divide(left, right, out=quotient, where=np.not_equal(right, 0))
    return quotient


def leaves(test: Compare) -> tuple[Feature | Metric, ...]:
    """The features and metrics that a comparison reads, left to right, each once."""
    found = [leaf for side in (test.left, test.right) for leaf in operand_leaves(side)]
    return tuple(dict.fromkeys(leaf for leaf in found if not isinstance(leaf, Number)))
