"""Candle tables out of pandas and polars frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from mtf_adapters.files.candle_arrays import TypedColumn, table_of_arrays
from mtf_adapters.files.candle_columns import TIME_NAMES, columns_by_name, plain_name
from mtf_adapters.files.candle_table import CandleTable
from mtf_adapters.files.candle_times import is_time
from mtf_core.market import InvalidCandlesError

_ADVICE = (
    "give a pandas or polars frame with the columns timestamp, open, high, low, close, volume; "
    "arrays go through Candles.checked, files through Candles.read_csv or Candles.read_parquet"
)


def frame_table(frame: Any) -> CandleTable:
    """The candle columns of a frame; its first candle is row 0. A pandas index of times is a time column.

    Raises `InvalidCandlesError` for what is no frame or holds no candles.
    """
    lazy = "; call .collect() on a lazy frame first" if hasattr(frame, "collect") else ""
    if lazy or not (hasattr(frame, "columns") and hasattr(frame, "head") and hasattr(frame, "shape")):
        raise InvalidCandlesError(f"{type(frame).__name__} is no frame{lazy}; {_ADVICE}")
    series = {name: frame[name] for name in frame.columns}
    index = getattr(frame, "index", None)
    named = any(plain_name(name) in TIME_NAMES for name in series)
    if index is not None and not named and len(frame) and is_time(str(index[0])):
        name = index.name if plain_name(index.name) in TIME_NAMES else "index"
        series = {name: index, **series}
    names = list(series)
    if any(getattr(column, "ndim", 1) != 1 for column in series.values()):
        raise InvalidCandlesError(f"columns given more than once; the columns are {', '.join(map(str, frame.columns))}")
    first_row = [str(column[:1].to_list()[0]) for column in series.values()] if len(frame) else []
    columns = columns_by_name(names, first_row)
    wanted = [_typed(series[names[at]]) for at in (*columns.texts, *columns.numbers)]
    return table_of_arrays(columns, wanted, np.arange(len(frame), dtype=np.int64))


def _typed(series: Any) -> TypedColumn:
    """A column as an array. An aware column of pandas becomes objects that know their zone, one of polars UTC."""
    return TypedColumn(np.asarray(series), aware=getattr(series.dtype, "time_zone", None) is not None)
