"""Expressions compiled once into a flat list of steps over arrays, each sub-expression a single step.

A step computes one array from the arrays of earlier steps. Evaluating is then a loop without recursion, dispatch or
look-ups: with few candles these would cost more than the arithmetic. A program grows as tests are added to it, and
is shared by every evaluation of the same tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
from attrs import field, frozen

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
    Positive,
    Test,
    WithinBars,
    children,
    operand_leaves,
)
from mtf_core.rules.truth import FALSE, TRUE, UNKNOWN, Truth, at_least, greater

Array: TypeAlias = "Floats | Truth | float"


@frozen(eq=False)
class Workspace:
    """What steps read: where features and metrics come from, and the results of the steps before."""

    axis: Axis
    metrics: Mapping[str, Floats]
    results: list[Array] = field(factory=list)


Step = Callable[[Workspace], Array]
Key = tuple[Test | Operand, int]
"""A test or operand, and how many candles before each column it is asked for."""


@frozen(eq=False)
class Program:
    """Steps in the order in which they can be taken, and where the result of each sub-expression is.

    `over_all` programs are for axes that hold every candle of a series: there, a test some candles ago is the same
    test's truth moved by as many columns, and is not computed again.
    """

    over_all: bool = False
    steps: list[Step] = field(factory=list)
    _places: dict[Key, int] = field(factory=dict)

    def place(self, expression: Test | Operand, ago: int = 0) -> int:
        """The index of the step that gives this expression's array; compiled when it is new."""
        key = (expression, ago)
        if key not in self._places:
            same = self._same_as(expression, ago)
            if same is None:
                step = self._step(expression, ago)  # what it needs is compiled first
                self.steps.append(step)
                self._places[key] = len(self.steps) - 1
            else:
                self._places[key] = self.place(*same)
        return self._places[key]

    def _same_as(self, expression: Test | Operand, ago: int) -> Key | None:
        """Another expression, and how many candles ago, whose array is this one's, too; None when it needs its own."""
        match expression:
            case Named(_, inner):
                return inner, ago
            case Known(inner) if not any(_comparisons(inner, ago)):
                return inner, ago  # nothing in it can be missing
            case Compare() if self.over_all and not ago and (common := _common_ago(expression)):
                return _without_ago(expression, common), common
            case _:
                return None

    def _step(self, expression: Test | Operand, ago: int) -> Step:
        if self.over_all and ago and isinstance(expression, Test):
            return _moved(self.place(expression, 0), ago, without_candles(expression))
        match expression:
            case Compare(op, left, right):
                return _compare(op, self.place(left, ago), self.place(right, ago))
            case AllOf(tests):
                return _fold(np.minimum, [self.place(test, ago) for test in tests])
            case AnyOf(tests):
                return _fold(np.maximum, [self.place(test, ago) for test in tests])
            case Not(inner):
                return _negative(self.place(inner, ago))
            case WithinBars(bars, inner):
                return _fold(np.maximum, [self.place(inner, ago + back) for back in range(bars)])
            case Constantly(truth):
                return _constant(TRUE if truth else FALSE)
            case Known(inner, unless_true):
                return self._known(inner, unless_true, ago)
            case Named():
                raise AssertionError("a name is compiled as what it stands for")
            case _:
                return self._operand(expression, ago)

    def _operand(self, operand: Operand, ago: int) -> Step:
        match operand:
            case Number(value):
                return lambda space: value
            case Feature():
                return lambda space: space.axis.value(operand, ago)
            case Metric(name):
                return lambda space: _metric(space, name)
            case Absolute(inner):
                place = self.place(inner, ago)
                return lambda space: np.abs(space.results[place])
            case Positive(inner):
                return _positive(self.place(inner, ago))
            case Computed(sign, left, right):
                return _compute(sign, self.place(left, ago), self.place(right, ago))

    def _known(self, inner: Test, unless_true: bool, ago: int) -> Step:
        place = self.place(inner, ago)
        comparisons = sorted({self.place(test, back) for test, back in _comparisons(inner, ago)})
        return lambda space: _hidden_where_missing(space, place, comparisons, unless_true)


def _common_ago(test: Compare) -> int:
    """By how many candles every feature of a comparison looks back; 0 when one does not."""
    agos = [leaf.ago for side in (test.left, test.right) for leaf in operand_leaves(side) if isinstance(leaf, Feature)]
    return min(agos, default=0)


def _without_ago(test: Compare, common: int) -> Compare:
    """The comparison as it was asked `common` candles earlier."""
    return Compare(test.op, _forward(test.left, common), _forward(test.right, common))


def _forward(operand: Operand, common: int) -> Operand:
    match operand:
        case Feature(name, ago, timeframe):
            return Feature(name, ago - common, timeframe)
        case Computed(sign, left, right):
            return Computed(sign, _forward(left, common), _forward(right, common))
        case Absolute(inner):
            return Absolute(_forward(inner, common))
        case Positive(inner):
            return Positive(_forward(inner, common))
        case _:
            return operand


def _moved(place: int, ago: int, before: np.int8) -> Step:
    """The truth of so many candles earlier; before the first candle, what it is without any."""

    def step(space: Workspace) -> Truth:
        truth = _truth(space, place)
        moved = np.full_like(truth, before)
        moved[:, ago:] = truth[:, : max(truth.shape[1] - ago, 0)]
        return moved

    return step


def without_candles(test: Test) -> np.int8:
    """The truth of a test where every feature is missing: unknown, unless constants alone decide."""
    match test:
        case Constantly(always):
            return TRUE if always else FALSE
        case Compare():
            return UNKNOWN
        case AllOf(tests):
            return min(map(without_candles, tests))
        case AnyOf(tests):
            return max(map(without_candles, tests))
        case Not(inner):
            return np.int8(-without_candles(inner))
        case Named(_, inner) | WithinBars(_, inner):
            return without_candles(inner)
        case Known(inner, unless_true):
            truth = without_candles(inner)
            stands = (unless_true and truth == TRUE) or not any(_comparisons(inner, 0))
            return truth if stands else UNKNOWN


def _comparisons(test: Test, ago: int) -> Iterator[tuple[Compare, int]]:
    """Every comparison below a test, with how many candles back it is asked for."""
    match test:
        case Compare():
            yield test, ago
        case WithinBars(bars, inner):
            for back in range(bars):
                yield from _comparisons(inner, ago + back)
        case _:
            for child in children(test):
                yield from _comparisons(child, ago)


def _hidden_where_missing(space: Workspace, place: int, comparisons: list[int], unless_true: bool) -> Truth:
    """Unknown where one of the comparisons is: a comparison is unknown exactly when something it reads is missing."""
    truth = _truth(space, place)
    missing = np.equal(_truth(space, comparisons[0]), UNKNOWN)
    for one in comparisons[1:]:
        missing |= np.equal(_truth(space, one), UNKNOWN)
    if unless_true:
        missing &= truth < TRUE
    if not missing.any():
        return truth
    return np.where(missing, UNKNOWN, truth)


def _truth(space: Workspace, place: int) -> Truth:
    found = space.results[place]
    assert isinstance(found, np.ndarray)
    return found  # type: ignore[return-value]


def _compare(op: Comparison, left: int, right: int) -> Step:
    test = greater if op in (Comparison.GT, Comparison.LTE) else at_least
    opposite = op in (Comparison.LT, Comparison.LTE)

    def step(space: Workspace) -> Truth:
        one, other = space.results[left], space.results[right]
        if isinstance(one, float):
            one = np.full(space.axis.shape, one)
        truth = test(one, other)  # type: ignore[arg-type]  # operands are never truths
        return np.negative(truth, out=truth) if opposite else truth

    return step


def _fold(combine: np.ufunc, places: list[int]) -> Step:
    first, rest = places[0], places[1:]

    def step(space: Workspace) -> Truth:
        result = _truth(space, first)
        for place in rest:
            result = combine(result, space.results[place])
        return result

    return step


def _negative(place: int) -> Step:
    return lambda space: np.negative(_truth(space, place))


def _constant(truth: np.int8) -> Step:
    return lambda space: np.full(space.axis.shape, truth)


def _metric(space: Workspace, name: str) -> Floats:
    """A selector metric; missing where it was not given or is not finite."""
    found = space.metrics.get(name)
    if found is None:
        return np.full(space.axis.shape, np.nan)
    return np.broadcast_to(np.where(np.isfinite(found), found, np.nan), space.axis.shape)


def _positive(place: int) -> Step:
    def step(space: Workspace) -> Array:
        values = space.results[place]
        if isinstance(values, float):
            return values if values > 0 else float("nan")
        return np.where(np.greater(values, 0), values, np.nan)

    return step


def _compute(sign: Arithmetic, left: int, right: int) -> Step:
    if sign is Arithmetic.OVER:
        return lambda space: _divided(space.results[left], space.results[right])
    combine = {Arithmetic.PLUS: np.add, Arithmetic.MINUS: np.subtract, Arithmetic.TIMES: np.multiply}[sign]

    def step(space: Workspace) -> Array:
        result = combine(space.results[left], space.results[right])
        return result if isinstance(result, np.ndarray) else float(result)

    return step


def _divided(left: Array, right: Array) -> Array:
    """left / right; missing where right is zero."""
    if isinstance(left, float) and isinstance(right, float):
        return left / right if right else float("nan")
    quotient = np.full(np.broadcast_shapes(np.shape(left), np.shape(right)), np.nan)
    np.divide(left, right, out=quotient, where=np.not_equal(right, 0))
    return quotient
