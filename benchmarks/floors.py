"""What computing the same features costs at the very least: bare calls of TA-Lib, and numpy where TA-Lib has nothing.

Everything is prepared before the clock starts: which calls, on which contiguous arrays. A *bare* floor is TA-Lib's
calls alone; a *full* floor adds VWAP, pivots and, over history, building the higher candles from minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import talib
from attrs import field, frozen
from numpy.typing import NDArray

from mtf_core.features.family import BySeries, FeatureSpec
from mtf_core.features.names import feature_spec
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, Timeframe

Array = NDArray[np.float64]
Call = tuple[Callable[..., object], tuple[object, ...]]


def _plain(name: str) -> Callable[..., object]:
    """TA-Lib's own function, without the wrapper that it puts around it where pandas or polars are installed."""
    function = getattr(talib, name)
    return getattr(function, "__wrapped__", function)  # type: ignore[no-any-return]


TALIB: Mapping[str, tuple[str, tuple[object, ...]]] = {
    "ema_N": ("EMA", ()),
    "sma_N": ("SMA", ()),
    "rsi_N": ("RSI", ()),
    "atr_N": ("ATR", ()),
    "adx_N": ("ADX", ()),
    "plus_di_N": ("PLUS_DI", ()),
    "minus_di_N": ("MINUS_DI", ()),
    "macd": ("MACD", (12, 26, 9)),
    "bb_upper": ("BBANDS", (20, 2.0, 2.0, 0)),
    "volume_ratio": ("SMA", (20,)),
}
"""The one call behind the first name of each family that is computed series by series, and its fixed parameters."""


@frozen(eq=False)
class Floor:
    """Prepared calls; running one is calling each of them."""

    bare: list[Call] = field(factory=list)
    beside: list[Call] = field(factory=list)

    def run_bare(self) -> None:
        for function, arguments in self.bare:
            function(*arguments)

    def run_full(self) -> None:
        self.run_bare()
        for function, arguments in self.beside:
            function(*arguments)


def floor_of(tables: Sequence[FeatureTable]) -> Floor:
    """The least that the features of these tables cost which have been computed in them."""
    floor = Floor()
    for table in tables:
        specs = {feature_spec(name).together: feature_spec(name) for name in table.computed}
        for spec in specs.values():
            if isinstance(spec.family.computation, BySeries):
                inputs = spec.family.computation.call(spec, table.tolerance).inputs
                floor.bare.extend(_calls(table, spec, inputs))
            elif spec.name == "vwap":
                floor.beside.append((_vwap, _since_session(table)))
            elif spec.family.of_pivot_timeframe:
                last = [np.ascontiguousarray(getattr(table.stack, name)[:, -table.tail :]) for name in _HLC]
                floor.beside.append((_pivots, tuple(last)))
    return floor


_HLC = ("high", "low", "close")


def _calls(table: FeatureTable, spec: FeatureSpec, inputs: Sequence[str]) -> list[Call]:
    """One call per symbol, from the candle from which the feature is computed."""
    name, parameters = TALIB[spec.family.outputs[0].name]
    function, stack = _plain(name), table.stack
    calls: list[Call] = []
    for row in range(len(stack.symbols)):
        first = table.first_candle(spec.name, row, stack.count - 1)
        if first is not None:
            start = 0 if stack.whole else (first - stack.first_open_ms) // stack.timeframe.ms
            columns = [np.ascontiguousarray(getattr(stack, column)[row, start:]) for column in inputs]
            calls.append((function, (*columns, *(parameters or (spec.period,)))))
    return calls


def _since_session(table: FeatureTable) -> tuple[Array, ...]:
    first = 0 if table.stack.whole else table.first_candle("vwap", 0, table.stack.count - 1)
    assert first is not None
    start = 0 if table.stack.whole else (first - table.stack.first_open_ms) // table.stack.timeframe.ms
    return tuple(np.ascontiguousarray(getattr(table.stack, name)[:, start:]) for name in (*_HLC, "volume"))


def _vwap(high: Array, low: Array, close: Array, volume: Array) -> Array:
    typical = (high + low + close) / 3
    vwap: Array = np.cumsum(typical * volume, axis=1) / np.cumsum(volume, axis=1)
    return vwap


def _pivots(high: Array, low: Array, close: Array) -> Array:
    levels = [(high + low + close) / 3]
    levels += [levels[0] + step * (high - low) for step in range(12)]
    return np.stack(levels)


def aggregation(minutes: Candles, timeframes: Sequence[Timeframe]) -> list[Call]:
    """Building the candles of higher timeframes from whole minutes, as reductions of contiguous arrays."""
    calls: list[Call] = []
    for timeframe in timeframes:
        length = timeframe.minutes
        if length > 1:
            whole = len(minutes) - len(minutes) % length
            columns = (minutes.open, minutes.high, minutes.low, minutes.close, minutes.volume)
            blocks = [np.ascontiguousarray(column[:whole]).reshape(-1, length) for column in columns]
            calls.append((_aggregated, tuple(blocks)))
    return calls


def _aggregated(open_: Array, high: Array, low: Array, close: Array, volume: Array) -> tuple[Array, ...]:
    return open_[:, 0].copy(), high.max(axis=1), low.min(axis=1), close[:, -1].copy(), volume.sum(axis=1)
