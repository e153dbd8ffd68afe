"""Where an expression is evaluated: on the candles of one timeframe, or at instants that look at all of them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from attrs import frozen

from mtf_core.features.carrying import Indices, carried, column_at
from mtf_core.features.names import feature_spec, history
from mtf_core.features.table import FeatureTable, Tables
from mtf_core.market import CandleStack, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.rules.expressions import Feature


def home_timeframe(feature: Feature, evaluated: Timeframe, pivot_timeframe: Timeframe) -> Timeframe:
    """The timeframe on whose candles a feature is computed; pivots belong to the pivot timeframe."""
    if feature.timeframe is not None:
        return feature.timeframe
    return pivot_timeframe if feature_spec(feature.name).family.of_pivot_timeframe else evaluated


class Axis(Protocol):
    """Gives feature values of shape (n_symbols, n_columns); missing is NaN."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def value(self, feature: Feature, ago: int) -> Floats:
        """The feature at each column, `ago` steps back in addition to the feature's own."""
        ...


@frozen(eq=False)
class CandleAxis:
    """The last `columns` candles of one timeframe. A step back is one candle of that timeframe.

    At a single column, whose values are shown, one with fewer candles behind it than its feature needs is missing, as
    it is at an instant. Over many columns the timeframe's readiness says so, once for all features.
    """

    tables: Tables
    timeframe: Timeframe
    columns: int
    pivot_timeframe: Timeframe

    @property
    def table(self) -> FeatureTable:
        return self.tables[self.timeframe]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.table.stack.symbols), self.columns

    def value(self, feature: Feature, ago: int) -> Floats:
        back = feature.ago + ago
        home = home_timeframe(feature, self.timeframe, self.pivot_timeframe)
        table = self.tables[home]
        if home is self.timeframe:
            values = _window(table.feature(feature.name), self.columns, back)
            at = np.array([table.stack.count - 1 - back])
        else:
            at = column_at(table.stack, self.table.stack.close_times(self.columns) - back * self.timeframe.ms)
            values = carried(table, table.feature(feature.name), at)
        if self.columns > 1:
            return values
        return _with_history(table.stack, history(feature.name, table.tolerance).candles, values, at)


@frozen(eq=False)
class InstantAxis:
    """Instants in ms. A bare feature is `timeframe`'s; a step back is one candle of the feature's timeframe.

    A value with fewer unbroken candles behind it than its feature needs for `tolerance` is missing: nothing else
    vouches here for the history of every timeframe that is looked at.
    """

    tables: Tables
    timeframe: Timeframe
    instants_ms: Indices
    pivot_timeframe: Timeframe
    tolerance: float

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.tables[self.timeframe].stack.symbols), len(self.instants_ms)

    def value(self, feature: Feature, ago: int) -> Floats:
        table = self.tables[home_timeframe(feature, self.timeframe, self.pivot_timeframe)]
        columns = column_at(table.stack, self.instants_ms)
        back = feature.ago + ago
        values = carried(table, table.feature(feature.name), columns, back)
        return _with_history(table.stack, history(feature.name, self.tolerance).candles, values, columns - back)


def _with_history(stack: CandleStack, needed: int, values: Floats, columns: Indices) -> Floats:
    """Values at these columns of a stack, missing where fewer unbroken candles than needed end there."""
    short = stack.unbroken(columns) < needed
    return np.where(short, np.nan, values) if short.any() else values


def _window(values: Floats, columns: int, back: int) -> Floats:
    """The last `columns` values as they were `back` candles earlier; before the first one there is nothing."""
    tail = values.shape[1]
    start, stop = tail - columns - back, tail - back
    if start >= 0:
        return values[:, start:stop]
    padded = np.empty((values.shape[0], columns))
    padded[:, :-start] = np.nan
    if stop > 0:
        padded[:, -start:] = values[:, :stop]
    return padded
