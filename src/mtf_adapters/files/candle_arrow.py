"""Candle tables out of Parquet and Feather files; needs pyarrow, which the extra `parquet` brings."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mtf_adapters.files.candle_arrays import TypedColumn, table_of_arrays
from mtf_adapters.files.candle_columns import columns_by_name
from mtf_adapters.files.candle_opening import Content
from mtf_adapters.files.candle_table import CandleTable
from mtf_core.market import InvalidCandlesError


def read_arrow_table(path: Path, content: Content) -> CandleTable:
    """The candle columns of a Parquet or Feather file; its first candle is row 1.

    Raises `InvalidCandlesError` and OSError.
    """
    pyarrow, dataset = _pyarrow()
    form = "parquet" if content is Content.PARQUET else "feather"
    try:
        source = dataset.dataset(path, format=form)
        names = source.schema.names
        first_row = [str(column[0].as_py()) for column in source.head(1).columns if len(column)]
        columns = columns_by_name(names, first_row)
        wanted = [names[at] for at in (*columns.texts, *columns.numbers)]
        table = source.to_table(columns=wanted)
    except pyarrow.ArrowException as error:
        raise InvalidCandlesError(f"the content cannot be read: {str(error).splitlines()[0]}") from None
    rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return table_of_arrays(columns, [_typed(pyarrow, table.column(name)) for name in wanted], rows)


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow  # noqa: PLC0415  # an optional extra: only those who read Parquet need it
        import pyarrow.dataset  # noqa: PLC0415
    except ImportError:
        raise InvalidCandlesError(
            "reading Parquet and Feather needs pyarrow; install the extra: pip install 'mtf-orchestrator[parquet]'"
        ) from None
    return pyarrow, pyarrow.dataset


def _typed(pyarrow: ModuleType, column: Any) -> TypedColumn:
    """A column as an array; an empty number becomes NaN, which the checks refuse with its row."""
    kind = column.type
    if pyarrow.types.is_decimal(kind):
        column = column.cast(pyarrow.float64())
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind):
        # A timestamp with a timezone holds UTC already; numpy's has none, and keeps the instant.
        column = column.cast(pyarrow.timestamp("us"))
    return TypedColumn(column.to_numpy(), aware=pyarrow.types.is_timestamp(kind) and kind.tz is not None)
