"""Random expressions, and series with holes to try them on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from hypothesis import strategies as st

from mtf_core.market.candles import Floats
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
)

SERIES = ("close", "ema_9", "rsi", "macd_hist")
METRICS = ("spread_bps", "leverage", "scalping")
VALUES = (math.nan, -2.0, -1.0, 0.0, 0.5, 1.0, 1.0, 2.0, 3.0)


@frozen(eq=False)
class PlainAxis:
    """Given series, one symbol a row, in place of computed features."""

    series: Mapping[str, Floats]
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(next(iter(self.series.values()))), self.columns

    def value(self, feature: Feature, ago: int) -> Floats:
        values = self.series[feature.name]
        shifted = np.full(values.shape, np.nan)
        back = feature.ago + ago
        shifted[:, back:] = values[:, : max(values.shape[1] - back, 0)]
        return shifted[:, -self.columns :]


def features() -> st.SearchStrategy[Feature]:
    return st.builds(Feature, st.sampled_from(SERIES), st.integers(0, 3))


def operands(*, divided: bool = True) -> st.SearchStrategy[Operand]:
    signs = [sign for sign in Arithmetic if divided or sign is not Arithmetic.OVER]
    leaves = features() | st.builds(Number, st.sampled_from(VALUES[1:])) | st.builds(Metric, st.sampled_from(METRICS))
    around = [Absolute, Positive] if divided else [Absolute]
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Computed, st.sampled_from(signs), inner, inner)
            | st.sampled_from(around).flatmap(lambda kind: st.builds(kind, inner))
        ),
        max_leaves=3,
    )


def comparisons(*, divided: bool = True) -> st.SearchStrategy[Compare]:
    sides = operands(divided=divided)
    return st.builds(Compare, st.sampled_from(Comparison), sides, sides)


def trees() -> st.SearchStrategy[Test]:
    """Trees of every kind of test. Below a guard nothing is divided: a quotient that is missing because it has no
    value makes a guarded test unknown, too, which the plain evaluator does not follow."""
    leaves = comparisons() | st.builds(Constantly, st.booleans())
    safe = _combined(comparisons(divided=False) | st.builds(Constantly, st.booleans()), 4)
    return _combined(leaves | st.builds(Known, safe, st.booleans()), 8)


def candle_trees() -> st.SearchStrategy[Test]:
    """Trees as they stand under a timeframe: every comparison reads a feature, none a metric."""
    leaves = features() | st.builds(Number, st.sampled_from(VALUES[1:]))
    right = st.builds(Computed, st.sampled_from(Arithmetic), features(), leaves) | leaves
    return _combined(st.builds(Compare, st.sampled_from(Comparison), features(), right) | _constants() | _guarded(), 8)


def _constants() -> st.SearchStrategy[Test]:
    return st.builds(Constantly, st.booleans())


def _guarded() -> st.SearchStrategy[Test]:
    inner = st.builds(Compare, st.sampled_from(Comparison), features(), features()) | _constants()
    return st.builds(Known, st.builds(AnyOf, st.lists(inner, min_size=1, max_size=2)), st.booleans())


def _combined(leaves: st.SearchStrategy[Test], size: int) -> st.SearchStrategy[Test]:
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(AllOf, st.lists(inner, min_size=1, max_size=3))
            | st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3))
            | st.builds(Not, inner)
            | st.builds(WithinBars, st.integers(1, 3), inner)
            | st.builds(Named, st.just("a rule"), inner, builtin=st.booleans())
        ),
        max_leaves=size,
    )


@st.composite
def axes(draw: st.DrawFn, *, whole: bool = False) -> PlainAxis:
    """Some last columns of short series; all of them with `whole`."""
    rows, length = draw(st.integers(1, 2)), draw(st.integers(1, 8))
    values = st.lists(st.sampled_from(VALUES), min_size=length, max_size=length)
    series = {name: np.array([draw(values) for _ in range(rows)]) for name in SERIES}
    return PlainAxis(series, length if whole else draw(st.integers(1, length)))


def metrics() -> st.SearchStrategy[dict[str, float]]:
    return st.dictionaries(st.sampled_from(METRICS), st.sampled_from([*VALUES, math.inf, -math.inf]))


def backwards(axis: PlainAxis, row: int, column: int) -> dict[str, Sequence[float]]:
    """One row's series up to a column, the newest first: as the reference evaluator reads them."""
    last = len(next(iter(axis.series.values()))[row]) - axis.columns + column
    return {name: values[row, : last + 1][::-1].tolist() for name, values in axis.series.items()}
