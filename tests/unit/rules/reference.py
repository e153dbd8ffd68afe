"""A second evaluator of expressions, one candle and one number at a time: slow, plain, and an oracle for the fast one.

Series are lists with the newest value first. A missing value is None or NaN, or beyond the end of its list. Truths
are True, False and None (unknown).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mtf_core.rules.expressions import (
    Absolute,
    AllOf,
    AnyOf,
    Compare,
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
)

Series = Mapping[str, Sequence[float | None]]
Metrics = Mapping[str, float | None]


def truth(test: Test, series: Series, metrics: Metrics | None = None, ago: int = 0) -> bool | None:
    """The truth of a test `ago` candles before the newest. Features of other timeframes are keyed `5m.rsi`."""
    metrics = metrics or {}
    if isinstance(test, Named):
        return truth(test.test, series, metrics, ago)
    if isinstance(test, Compare):
        left, right = number(test.left, series, metrics, ago), number(test.right, series, metrics, ago)
        if left is None or right is None:
            return None
        return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[test.op.value]
    if isinstance(test, AllOf):
        return kleene_all([truth(part, series, metrics, ago) for part in test.tests])
    if isinstance(test, AnyOf):
        return kleene_any([truth(part, series, metrics, ago) for part in test.tests])
    if isinstance(test, Not):
        inner = truth(test.test, series, metrics, ago)
        return None if inner is None else not inner
    if isinstance(test, WithinBars):
        return kleene_any([truth(test.test, series, metrics, ago + back) for back in range(test.bars)])
    if isinstance(test, Constantly):
        return test.truth
    if isinstance(test, Known):
        inner = truth(test.test, series, metrics, ago)
        if test.unless_true and inner is True:
            return True
        return None if something_missing(test.test, series, metrics, ago) else inner
    raise AssertionError(test)


def kleene_all(truths: list[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True


def kleene_any(truths: list[bool | None]) -> bool | None:
    if True in truths:
        return True
    return None if None in truths else False


def number(operand: Operand, series: Series, metrics: Metrics, ago: int) -> float | None:
    """The value of an operand, None when it is missing."""
    if isinstance(operand, Number):
        return operand.value
    if isinstance(operand, Metric):
        return _present(metrics.get(operand.name))
    if isinstance(operand, Feature):
        name = f"{operand.timeframe}.{operand.name}" if operand.timeframe else operand.name
        values = series.get(name, ())
        position = operand.ago + ago
        return _present(values[position]) if position < len(values) else None
    if isinstance(operand, Absolute):
        inner = number(operand.of, series, metrics, ago)
        return None if inner is None else abs(inner)
    if isinstance(operand, Positive):
        inner = number(operand.of, series, metrics, ago)
        return inner if inner is not None and inner > 0 else None
    if isinstance(operand, Computed):
        left, right = number(operand.left, series, metrics, ago), number(operand.right, series, metrics, ago)
        if left is None or right is None:
            return None
        match operand.sign.value:
            case "+":
                return left + right
            case "-":
                return left - right
            case "·":
                return left * right
            case "/":
                return left / right if right != 0 else None
    raise AssertionError(operand)


def something_missing(test: Test, series: Series, metrics: Metrics, ago: int) -> bool:
    """Whether a feature or metric anywhere below the test is missing at the candle that the test reads."""
    if isinstance(test, Compare):
        return any(_operand_missing(side, series, metrics, ago) for side in (test.left, test.right))
    if isinstance(test, AllOf | AnyOf):
        return any(something_missing(part, series, metrics, ago) for part in test.tests)
    if isinstance(test, WithinBars):
        return any(something_missing(test.test, series, metrics, ago + back) for back in range(test.bars))
    if isinstance(test, Not | Known | Named):
        return something_missing(test.test, series, metrics, ago)
    return False


def _operand_missing(operand: Operand, series: Series, metrics: Metrics, ago: int) -> bool:
    if isinstance(operand, Computed):
        return _operand_missing(operand.left, series, metrics, ago) or _operand_missing(
            operand.right, series, metrics, ago
        )
    if isinstance(operand, Absolute | Positive):
        return _operand_missing(operand.of, series, metrics, ago)
    return number(operand, series, metrics, ago) is None


def _present(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
