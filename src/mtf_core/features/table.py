"""Features of many symbols at once: computed when asked for, kept for the last candles only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from mtf_core.features.indicators import Kernel, kernel
from mtf_core.features.names import Family, FeatureSpec, feature_spec
from mtf_core.features.pivots import classic_pivots
from mtf_core.features.session import session_vwap
from mtf_core.market import Timeframe
from mtf_core.market.candles import Floats
from mtf_core.market.stack import CandleStack

Indices = NDArray[np.int64]
Codes = NDArray[np.int8]


@frozen(eq=False)
class FeatureTable:
    """The features of one timeframe's stack at its last `tail` candles.

    `feature(name)` is float64 of shape (n_symbols, tail), the last column being the last closed candle; missing is
    NaN, never infinite. Every feature is computed from the first candle of the unbroken stretch it stands in (or
    from the stack's lead), so its value at a candle is the same bits whether later candles exist or not.
    """

    stack: CandleStack
    tail: int
    timezone: str = "UTC"
    _computed: dict[str, Floats] = field(factory=dict, init=False, repr=False)

    def feature(self, name: str) -> Floats:
        """The feature of that name; raises `UnknownFeatureError`."""
        spec = feature_spec(name)
        if spec.name not in self._computed:
            self._compute(spec)
        return self._computed[spec.name]

    def rows(self, symbols: tuple[str, ...]) -> FeatureTable:
        """The same table for some of its symbols; what was computed is kept."""
        if symbols == self.stack.symbols:
            return self
        index = {symbol: row for row, symbol in enumerate(self.stack.symbols)}
        rows = [index[symbol] for symbol in symbols]
        table = FeatureTable(self.stack.rows(symbols), self.tail, self.timezone)
        table._computed.update({name: values[rows] for name, values in self._computed.items()})
        return table

    def _compute(self, spec: FeatureSpec) -> None:
        if (found := kernel(spec)) is not None:
            self._compute_by_series(found)
            return
        match spec.family:
            case Family.CANDLE:
                values = self._last(getattr(self.stack, spec.name))
            case Family.ATR_PCT:
                values = _ratio(self.feature("atr_14"), self.feature("close"))
            case Family.ATR_BAND:
                values = self.feature(f"ema_{spec.period}") + spec.k * self.feature("atr_14")
            case Family.VWAP:
                values = session_vwap(self.stack, self.timezone, self.tail)
            case _:
                candle = [self._last(getattr(self.stack, name)) for name in ("high", "low", "close")]
                self._computed.update(classic_pivots(*candle))
                return
        self._computed[spec.name] = values

    def _compute_by_series(self, found: Kernel) -> None:
        stack, tail = self.stack, self.tail
        first = stack.count - tail
        inputs = [getattr(stack, name) for name in found.inputs]
        if stack.segments == (((0, stack.count),),) and not stack.lead and not first:
            # one unbroken symbol, all of it kept: what the kernel returns is the result, nothing is copied
            outputs = found.compute(*(column[0] for column in inputs))
            self._computed.update(zip(found.outputs, (output[np.newaxis] for output in outputs), strict=True))
            return
        results = [np.full((len(stack.symbols), tail), np.nan) for _ in found.outputs]
        for rows, start, stop in _stretches(stack):
            begin = max(start, stack.lead)
            if stop <= first or stop <= begin:
                continue
            skip = max(0, first - begin)
            place = slice(begin + skip - first, stop - first)
            series = [column[_index(rows), begin:stop] for column in inputs]
            for row, columns in zip(rows, zip(*series, strict=True), strict=True):
                for result, output in zip(results, found.compute(*columns), strict=True):
                    result[row, place] = output[skip:]
        self._computed.update(zip(found.outputs, results, strict=True))

    def _last(self, values: Floats) -> Floats:
        return values[:, values.shape[1] - self.tail :]


def _stretches(stack: CandleStack) -> list[tuple[range | list[int], int, int]]:
    """Unbroken stretches as (rows that have it, start, stop); mostly one that all rows share."""
    if stack.alike:
        return [(range(len(stack.symbols)), start, stop) for start, stop in stack.segments[0]]
    rows_of: dict[tuple[int, int], list[int]] = {}
    for row, segments in enumerate(stack.segments):
        for segment in segments:
            rows_of.setdefault(segment, []).append(row)
    return [(rows, start, stop) for (start, stop), rows in rows_of.items()]


def _index(rows: range | list[int]) -> slice | list[int]:
    """All rows as a slice, which copies nothing."""
    return slice(None) if isinstance(rows, range) else rows


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    ratio = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator != 0)
    return ratio


def column_at(stack: CandleStack, instants_ms: Indices) -> Indices:
    """Column of the last candle that closed at or before each instant; −1 where the stack has none.

    An instant after the stack's end by a whole candle or more has no column either: its candle is not there.
    """
    columns = (instants_ms - stack.first_open_ms) // stack.timeframe.ms - 1
    return np.where((columns < 0) | (columns >= stack.count), -1, columns)


def carried_codes(stack: CandleStack, codes: Codes, instants_ms: Indices, absent: np.int8) -> Codes:
    """Codes of every column of a stack, int8 (n_symbols, n_candles), as visible at ascending instants."""
    repeats = _repeats(stack, instants_ms)
    if repeats is None:
        columns = column_at(stack, instants_ms)
        seen: Codes = codes[:, columns]
        seen[:, columns < 0] = absent
        return seen
    first, last, per_candle, skip = repeats
    inside = codes[:, max(first, 0) : max(min(last + 1, stack.count), 0)]
    shape = (len(codes), last - first + 1)
    if inside.shape != shape:
        padded = np.full(shape, absent)
        padded[:, max(-first, 0) : max(-first, 0) + inside.shape[1]] = inside
        inside = padded
    if per_candle == 1:
        return inside
    return np.repeat(inside, per_candle, axis=1)[:, skip : skip + len(instants_ms)]


def _repeats(stack: CandleStack, instants_ms: Indices) -> tuple[int, int, int, int] | None:
    """For evenly spaced instants: first and last column, instants per candle, and how many of the first are cut off.

    None when the instants are not evenly spaced, or not by a part of the candle's length.
    """
    if len(instants_ms) < 2:
        return None
    spacing = int(instants_ms[1] - instants_ms[0])
    start, stop, step = int(instants_ms[0]), int(instants_ms[-1]), stack.timeframe.ms
    if spacing <= 0 or step % spacing or start % spacing or not (np.diff(instants_ms) == spacing).all():
        return None
    first, into = divmod(start - stack.first_open_ms, step)
    return first - 1, (stop - stack.first_open_ms) // step - 1, step // spacing, into // spacing


def carried(table: FeatureTable, values: NDArray[np.float64], columns: Indices, ago: int = 0) -> Floats:
    """`values` (n_symbols, tail) of a table's timeframe at other columns: what was visible at each instant.

    `columns` are stack columns as from `column_at`; `ago` steps back in the table's own candles. Not there: NaN.
    """
    places = columns - ago - (table.stack.count - table.tail)
    taken: Floats = values[:, np.maximum(places, 0)]
    hidden = (columns < 0) | (places < 0)
    if hidden.any():
        taken[:, hidden] = np.nan
    return taken


Tables = Mapping[Timeframe, FeatureTable]
