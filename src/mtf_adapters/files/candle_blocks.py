"""Runs of rows of a table that is read piece by piece, and the careful reading of single cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_adapters.files.candle_columns import CandleColumns
from mtf_adapters.files.candle_table import CandleTable
from mtf_adapters.files.candle_times import OpenTimes, joined, times_of_texts
from mtf_core.market import COLUMNS, InvalidCandlesError

ROWS_PER_BLOCK = 50_000

RowNumbers = NDArray[np.int64]
Floats = NDArray[np.float64]

_MARKS = {"1": True, "true": True, "0": False, "false": False}


@frozen(eq=False)
class Block:
    """A run of rows: their numbers, open times, prices and volumes, and which were confirmed if the table says so."""

    rows: RowNumbers
    times: OpenTimes
    numbers: tuple[Floats, ...]
    confirmed: NDArray[np.bool_] | None = None


def block_of_texts(
    columns: CandleColumns, texts: Sequence[Sequence[str]], numbers: Sequence[Floats], rows: RowNumbers
) -> Block:
    """A block from the texts of `columns.texts` and the numbers of `columns.numbers`."""
    dates = texts[0]
    if len(columns.times) == 2:
        dates = [f"{date.strip()} {time.strip()}" for date, time in zip(texts[0], texts[1], strict=True)]
    confirmed = None if columns.confirmed is None else _marks(texts[-1], rows)
    return Block(rows, times_of_texts(dates, rows), tuple(numbers), confirmed)


def table_of_blocks(columns: CandleColumns, blocks: Sequence[Block]) -> CandleTable:
    """The whole table; raises `InvalidCandlesError` when there is nothing in it."""
    if not blocks:
        raise InvalidCandlesError("there are no candles in it")
    rows = np.concatenate([block.rows for block in blocks])
    numbers = [np.concatenate([block.numbers[at] for block in blocks]) for at in range(len(columns.numbers))]
    marks = [block.confirmed for block in blocks if block.confirmed is not None]
    return CandleTable(
        columns=columns,
        times=joined([block.times for block in blocks]),
        prices=tuple(numbers[:4]),
        volumes=tuple(numbers[4:]),
        rows=rows,
        confirmed=np.concatenate(marks) if marks else None,
    )


def name_of_number(place: int) -> str:
    """Open, high, low, close; all further columns of numbers are volumes."""
    return COLUMNS[min(place, len(COLUMNS) - 1)]


def floats_of_cells(cells: Sequence[object], name: str, rows: RowNumbers) -> Floats:
    """A column from cells that hold numbers or texts of numbers; raises `InvalidCandlesError` for anything else."""
    numbers = list(map(_number, cells))
    if None in numbers:
        at = numbers.index(None)
        text = str(cells[at])
        shown = f"{text[:40]!r}" if text.strip() else "nothing"
        comma = "; write decimals with a point, not a comma" if "," in text else ""
        raise InvalidCandlesError(f"row {rows[at]}: {name} must be a number, not {shown}{comma}")
    return np.array(numbers, dtype=np.float64)


def _number(cell: object) -> float | None:
    """The number of a cell; None for what is none. Python's float reads 1_5 as 15, which is a slip of the pen."""
    if isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell):
        return None
    try:
        return float(cell)  # type: ignore[arg-type]  # what is no number is the error below
    except (TypeError, ValueError, OverflowError):
        return None


def _marks(texts: Sequence[str], rows: RowNumbers) -> NDArray[np.bool_]:
    """Whether each candle is confirmed."""
    marks = [_MARKS.get(text.strip().lower()) for text in texts]
    if None in marks:
        at = marks.index(None)
        raise InvalidCandlesError(f"row {rows[at]}: whether the candle is confirmed must be 1 or 0, not {texts[at]!r}")
    return np.array(marks, dtype=bool)
