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


def carried_codes(stack: CandleStack, codes: Codes, instants_ms: Indices, before: np.int8, after: np.int8) -> Codes:
    """Codes of every column of a stack, int8 (n_symbols, n_candles), as visible at ascending instants.

    Each code is repeated for the instants from its candle's close to the next one's; `before` stands for those before
    the first close, `after` for those from a whole candle after the last.
    """
    closes = stack.close_times(stack.count)
    if np.array_equal(closes, instants_ms):
        return codes
    begins = np.searchsorted(instants_ms, np.append(closes, stack.end_ms + stack.timeframe.ms))
    counts = np.diff(begins, prepend=0, append=len(instants_ms))
    first, last = (np.full((len(codes), 1), code) for code in (before, after))
    return np.repeat(np.concatenate([first, codes, last], axis=1), counts, axis=1)


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
