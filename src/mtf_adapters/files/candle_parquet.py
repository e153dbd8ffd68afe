"""Candle tables out of Parquet files; needs pyarrow, which the extra `parquet` brings."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtf_adapters.files.candle_table import CandleTable, chosen_columns
from mtf_adapters.files.candle_times import micros_of_counts, micros_of_texts
from mtf_core.market import COLUMNS, InvalidCandlesError


def read_parquet_table(path: Path) -> CandleTable:
    """The candle columns of a Parquet file; its first candle is row 1. Raises `InvalidCandlesError` and OSError."""
    pyarrow, parquet = _pyarrow()
    with path.open("rb") as file:
        try:
            table = parquet.read_table(file)
        except pyarrow.ArrowException as error:
            raise InvalidCandlesError(f"the content is no Parquet: {str(error).splitlines()[0]}") from None
    time_at, columns_at = chosen_columns(table.column_names)
    file_rows = range(1, table.num_rows + 1)
    columns = tuple(_floats(pyarrow, table.column(at), name) for at, name in zip(columns_at, COLUMNS, strict=True))
    return CandleTable(_micros(pyarrow, table.column(time_at), file_rows), columns, file_rows)


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow  # noqa: PLC0415  # an optional extra: only those who read Parquet need it
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise InvalidCandlesError(
            "reading Parquet needs pyarrow; install the extra: pip install 'mtf[parquet]'"
        ) from None
    return pyarrow, pyarrow.parquet


def _floats(pyarrow: ModuleType, column: Any, name: str) -> NDArray[np.float64]:
    """The column as new float64 array; an empty cell becomes NaN, which the checks refuse with its row."""
    try:
        floats = column.cast(pyarrow.float64())
    except pyarrow.ArrowException:
        raise InvalidCandlesError(f"{name} must hold numbers, found {column.type}") from None
    return np.array(floats.to_numpy(), dtype=np.float64)


def _micros(pyarrow: ModuleType, column: Any, file_rows: range) -> NDArray[np.int64]:
    if column.null_count:
        row = file_rows[column.is_null().index(True).as_py()]
        raise InvalidCandlesError(f"row {row}: the time is empty")
    kind = column.type
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind):
        # A timestamp with a timezone holds UTC already; casting away the zone keeps the instant.
        return np.array(column.cast(pyarrow.timestamp("us", "UTC")).cast(pyarrow.int64()).to_numpy(), dtype=np.int64)
    if pyarrow.types.is_integer(kind):
        return micros_of_counts(np.array(column.to_numpy(), dtype=np.int64), file_rows)
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        return micros_of_texts(column.to_pylist(), file_rows)
    raise InvalidCandlesError(f"the times must be timestamps, whole numbers or text, found {kind}")
