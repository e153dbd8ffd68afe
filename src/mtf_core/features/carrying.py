"""What is visible of one timeframe's candles at the closes of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mtf_core.features.table import FeatureTable
from mtf_core.market.candles import Floats
from mtf_core.market.stack import CandleStack

Indices = NDArray[np.int64]
Codes = NDArray[np.int8]


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
