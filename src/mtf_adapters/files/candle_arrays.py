"""The columns of typed tables (Parquet, Feather, pandas, polars), as numpy hands them over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_adapters.files.candle_blocks import (
    Block,
    RowNumbers,
    block_of_texts,
    floats_of_cells,
    name_of_number,
    table_of_blocks,
)
from mtf_adapters.files.candle_columns import CandleColumns
from mtf_adapters.files.candle_table import CandleTable
from mtf_adapters.files.candle_times import OpenTimes, times_of_counts, times_of_texts
from mtf_core.market import InvalidCandlesError, to_ms


@frozen(eq=False)
class TypedColumn:
    """A column's values as an array of whatever kind; `aware`: its datetimes are UTC, not a clock on the wall."""

    values: NDArray[Any]
    aware: bool = False


def table_of_arrays(columns: CandleColumns, typed: Sequence[TypedColumn], rows: RowNumbers) -> CandleTable:
    """The table whose columns stand in the order of `columns.texts` and `columns.numbers`."""
    texts, numbers = typed[: len(columns.texts)], typed[len(columns.texts) :]
    floats = [_floats(column.values, name_of_number(at), rows) for at, column in enumerate(numbers)]
    if len(columns.texts) > 1:
        whole = block_of_texts(columns, [_texts(column.values) for column in texts], floats, rows)
    else:
        whole = Block(rows, _times(texts[0], rows), tuple(floats))
    return table_of_blocks(columns, [whole])


def _texts(values: NDArray[Any]) -> list[str]:
    return [str(value) for value in values.tolist()]


def _times(column: TypedColumn, rows: RowNumbers) -> OpenTimes:
    values = column.values
    kind = values.dtype.kind
    if kind == "M":
        return OpenTimes(_micros(values, rows), zoned=column.aware)
    if kind in "iu":
        return times_of_counts(values.astype(np.int64), rows)
    if kind == "f":
        _refuse_empty(np.isnan(values), rows)
        if (odd := np.flatnonzero(values != np.trunc(values))).size:
            raise InvalidCandlesError(f"row {rows[odd[0]]}: the time {values[odd[0]]} is no whole number")
        return times_of_counts(values.astype(np.int64), rows)
    objects = values.tolist()
    _refuse_empty(np.array([_is_empty(value) for value in objects], dtype=bool), rows)
    if objects and all(isinstance(value, str) for value in objects):
        return times_of_texts(objects, rows)
    if objects and all(isinstance(value, datetime) and value.tzinfo is not None for value in objects):
        return OpenTimes(np.array([to_ms(value) * 1000 for value in objects], dtype=np.int64))
    if objects and all(isinstance(value, datetime) for value in objects):
        return OpenTimes(_micros(np.array(objects, dtype="datetime64[us]"), rows), zoned=False)
    raise InvalidCandlesError(
        f"the times must be datetimes, whole numbers or texts; they are {values.dtype} and begin with {objects[:1]}"
    )


def _micros(values: NDArray[Any], rows: RowNumbers) -> NDArray[np.int64]:
    _refuse_empty(np.isnat(values), rows)
    return values.astype("datetime64[us]").astype(np.int64)


def _is_empty(value: Any) -> bool:
    """Whether a cell holds nothing: None, or pandas' words for it, which say so in their text."""
    return value is None or str(value) in ("NaT", "<NA>", "nan", "")


def _refuse_empty(empty: NDArray[np.bool_], rows: RowNumbers) -> None:
    if empty.any():
        raise InvalidCandlesError(f"row {rows[int(np.argmax(empty))]}: the time is empty")


def _floats(values: NDArray[Any], name: str, rows: RowNumbers) -> NDArray[np.float64]:
    if values.ndim != 1:
        raise InvalidCandlesError(f"{name} must be one column of numbers")
    if values.dtype.kind in "iuf":
        return np.array(values, dtype=np.float64)
    return floats_of_cells(values.tolist(), name, rows)
