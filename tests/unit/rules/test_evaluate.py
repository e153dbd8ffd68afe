"""The evaluator over arrays against the plain one, candle by candle."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings

from mtf_core.rules.evaluate import Evaluator, leaves
from mtf_core.rules.expressions import (
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
    Not,
    Number,
    Operand,
    Test,
    WithinBars,
)
from mtf_core.rules.program import Program
from tests.unit.rules import reference
from tests.unit.rules.expression_strategies import (
    PlainAxis,
    axes,
    backwards,
    candle_trees,
    metrics,
    operands,
    trees,
)

CODES = {True: 1, None: 0, False: -1}
CLOSE, RSI = Feature("close"), Feature("rsi")


def evaluated(test: Test, axis: PlainAxis, given_metrics: dict[str, float] | None = None) -> list[list[int]]:
    arrays = {name: np.full(axis.shape, value) for name, value in (given_metrics or {}).items()}
    return Evaluator(axis, arrays).truth(test).tolist()  # type: ignore[no-any-return]


def one(values: list[float], **others: list[float]) -> PlainAxis:
    series = {"close": values, "rsi": [math.nan] * len(values), **others}
    return PlainAxis({name: np.array([numbers]) for name, numbers in series.items()}, len(values))


@settings(max_examples=600)
@given(trees(), axes(), metrics())
def test_every_column_is_what_the_plain_evaluator_says(test: Test, axis: PlainAxis, known: dict[str, float]) -> None:
    expected = [
        [CODES[reference.truth(test, backwards(axis, row, column), known)] for column in range(axis.columns)]
        for row in range(axis.shape[0])
    ]
    assert evaluated(test, axis, known) == expected


@given(operands(), axes(), metrics())
def test_every_number_is_what_the_plain_evaluator_says(
    operand: Operand, axis: PlainAxis, known: dict[str, float]
) -> None:
    arrays = {name: np.full(axis.shape, value) for name, value in known.items()}
    found = np.broadcast_to(Evaluator(axis, arrays).value(operand), axis.shape)
    for row in range(axis.shape[0]):
        for column in range(axis.columns):
            expected = reference.number(operand, backwards(axis, row, column), known, 0)
            assert np.isnan(found[row, column]) if expected is None else found[row, column] == expected


@given(trees(), trees(), axes())
def test_a_shared_program_changes_nothing(first: Test, second: Test, axis: PlainAxis) -> None:
    """Neither does the order in which tests are asked for."""
    program = Program()
    both = [Evaluator(axis, program=program), Evaluator(axis, program=program)]
    found = [
        [one.truth(test).tolist() for test in order]
        for one, order in zip(both, [(first, second), (second, first)], strict=True)
    ]
    alone = [evaluated(test, axis) for test in (first, second)]
    assert found == [alone, alone[::-1]]


@example(Not(WithinBars(9, AnyOf((Constantly(False),)))), one([1.0, 2.0]))
@given(candle_trees(), axes(whole=True))
def test_over_all_candles_and_at_the_last_ones_there_is_one_answer(test: Test, axis: PlainAxis) -> None:
    """Also on the first candles, where a test reaches back to before there were any."""
    over_all = Evaluator(axis, program=Program(over_all=True)).truth(test)
    assert over_all.tolist() == evaluated(test, axis)


def test_a_comparison_with_something_missing_is_unknown_and_so_is_its_opposite() -> None:
    axis = one([1.0, math.nan])
    for op in Comparison:
        assert evaluated(Compare(op, CLOSE, Number(1.0)), axis)[0][1] == 0
        assert evaluated(Compare(op, Number(1.0), CLOSE), axis)[0][1] == 0


def test_equality_satisfies_only_the_comparisons_that_include_it() -> None:
    axis = one([1.0])
    found = {op.value: evaluated(Compare(op, CLOSE, Number(1.0)), axis)[0][0] for op in Comparison}
    assert found == {">": -1, ">=": 1, "<": -1, "<=": 1}


def test_division_by_zero_is_missing_and_never_infinite() -> None:
    quotient = Computed(Arithmetic.OVER, Number(1.0), CLOSE)
    assert evaluated(Compare(Comparison.GT, quotient, Number(0.0)), one([0.0, -0.0, 2.0])) == [[0, 0, 1]]
    constant = Computed(Arithmetic.OVER, Number(1.0), Number(0.0))
    assert evaluated(Compare(Comparison.GT, constant, Number(0.0)), one([1.0])) == [[0]]


def test_an_infinite_metric_is_missing() -> None:
    test = Compare(Comparison.GT, Metric("leverage"), Number(1.0))
    for value, truth in ((math.inf, 0), (-math.inf, 0), (math.nan, 0), (2.0, 1)):
        assert evaluated(test, one([1.0]), {"leverage": value}) == [[truth]]
    assert evaluated(test, one([1.0])) == [[0]]


def test_one_false_part_decides_although_another_is_missing_unless_guarded() -> None:
    false, missing = Compare(Comparison.GT, CLOSE, Number(9.0)), Compare(Comparison.GT, RSI, Number(0.0))
    assert evaluated(AllOf((false, missing)), one([1.0])) == [[-1]]
    assert evaluated(Known(AllOf((false, missing))), one([1.0])) == [[0]]


def test_one_true_part_decides_and_a_guard_may_let_it() -> None:
    true, missing = Compare(Comparison.LT, CLOSE, Number(9.0)), Compare(Comparison.GT, RSI, Number(0.0))
    assert evaluated(AnyOf((true, missing)), one([1.0])) == [[1]]
    assert evaluated(Known(AnyOf((true, missing))), one([1.0])) == [[0]]
    assert evaluated(Known(AnyOf((true, missing)), unless_true=True), one([1.0])) == [[1]]


def test_a_guard_looks_at_every_candle_that_its_test_does() -> None:
    """The value in the middle is missing; the newest is false and the oldest true."""
    within = WithinBars(3, Compare(Comparison.GT, CLOSE, Number(1.5)))
    assert evaluated(within, one([2.0, math.nan, 1.0]))[0][2] == 1
    assert evaluated(Known(within), one([2.0, math.nan, 1.0]))[0][2] == 0


def test_within_bars_includes_the_evaluated_candle_and_no_more_than_k() -> None:
    within = WithinBars(2, Compare(Comparison.GT, CLOSE, Number(1.5)))
    assert evaluated(within, one([1.0, 2.0, 1.0, 1.0])) == [[0, 1, 1, -1]]


def test_constants_need_nothing() -> None:
    assert evaluated(AllOf((Constantly(True), Constantly(False))), one([math.nan, 1.0])) == [[-1, -1]]
    assert evaluated(Known(Constantly(True)), one([math.nan])) == [[1]]


def test_the_leaves_of_a_comparison_are_its_features_and_metrics_once_each() -> None:
    both = Computed(Arithmetic.PLUS, CLOSE, Metric("leverage"))
    assert leaves(Compare(Comparison.GT, both, Computed(Arithmetic.TIMES, CLOSE, Number(2.0)))) == (
        CLOSE,
        Metric("leverage"),
    )
