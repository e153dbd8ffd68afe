"""Candle tables out of CSV text, read in blocks so that years of minutes fit into little memory; and back into CSV."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen

from mtf_adapters.files.candle_blocks import (
    ROWS_PER_BLOCK,
    Block,
    Floats,
    RowNumbers,
    block_of_texts,
    floats_of_cells,
    name_of_number,
    table_of_blocks,
)
from mtf_adapters.files.candle_columns import CandleColumns, columns_by_name, columns_by_place, is_header
from mtf_adapters.files.candle_opening import opened_text
from mtf_adapters.files.candle_table import CandleTable
from mtf_adapters.files.candle_times import is_time
from mtf_core.market import COLUMNS, Candles, InvalidCandlesError, format_instant

_SEPARATORS = (",", ";", "\t", "|")
_LINES_LOOKED_AT = 12
"""Above its columns a file may have a title, an address, a comment."""
_LONGEST_TEXT = 40
"""Characters of a time or a mark that the fast reader keeps; longer ones go through the careful reader."""


@frozen
class _Dialect:
    """How a CSV is written, and which of its columns are which. Lines are counted from 1."""

    separator: str
    width: int
    columns: CandleColumns
    first_line: int
    """Of data."""


def read_csv_table(path: Path) -> CandleTable:
    """The candle columns of a CSV file; raises `InvalidCandlesError` and OSError."""
    with opened_text(path) as text:
        head = list(islice(text, _LINES_LOOKED_AT))
        dialect = _dialect(head)
        blocks = list(_blocks(chain(head[dialect.first_line - 1 :], text), dialect))
    return table_of_blocks(dialect.columns, blocks)


def write_candles_csv(path: Path, candles: Candles) -> None:
    """Candles as CSV (gzipped where the name ends in .gz) that `read_candles` reads back bit for bit.

    The same candles give the same bytes.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("timestamp", *COLUMNS))
    columns = (getattr(candles, name).tolist() for name in COLUMNS)
    writer.writerows(zip(map(format_instant, candles.open_ms.tolist()), *columns, strict=True))
    content = buffer.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _dialect(head: Sequence[str]) -> _Dialect:
    """From the first lines: the first that names columns, or else the first that begins with a time."""
    filled = [(number, line) for number, line in enumerate(head, start=1) if line.strip()]
    if not filled:
        raise InvalidCandlesError("the file is empty; the first row must name the columns")
    for place, (number, line) in enumerate(filled):
        for separator in _SEPARATORS:
            cells = _cells(line, separator)
            if is_header(cells):
                after = _cells(filled[place + 1][1], separator) if place + 1 < len(filled) else []
                first_row = after if len(after) == len(cells) else []
                columns = _named(cells, first_row, number)
                return _Dialect(separator, len(cells), _with_start(columns, number), number + 1)
            if len(cells) > 1 and is_time(cells[0]):
                return _Dialect(separator, len(cells), _with_start(columns_by_place(cells), number), number)
    number, line = filled[0]
    cells = max((_cells(line, separator) for separator in _SEPARATORS), key=len)
    return _Dialect(_SEPARATORS[0], len(cells), _named(cells, [], number), number + 1)


def _named(header: Sequence[str], first_row: Sequence[str], number: int) -> CandleColumns:
    try:
        return columns_by_name(header, first_row)
    except InvalidCandlesError as error:
        raise InvalidCandlesError(f"row {number}: {error}") from None


def _with_start(columns: CandleColumns, number: int) -> CandleColumns:
    if number == 1:
        return columns
    return evolve(columns, remarks=(*columns.remarks, f"the table begins in row {number}"))


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\n")], delimiter=separator), [])
    except csv.Error as error:
        raise InvalidCandlesError(f"the content is no CSV: {error}") from None


def _blocks(lines: Iterator[str], dialect: _Dialect) -> Iterator[Block]:
    first = dialect.first_line
    while block := list(islice(lines, ROWS_PER_BLOCK)):
        rows = np.arange(first, first + len(block), dtype=np.int64)
        first += len(block)
        if blank := [at for at, line in enumerate(block) if line.isspace()]:
            rows = np.delete(rows, blank)
            block = [line for line in block if not line.isspace()]
        if block:
            yield _block(block, rows, dialect)


def _block(lines: list[str], rows: RowNumbers, dialect: _Dialect) -> Block:
    """A block by the fast reader, or by the careful one, which also knows the row of what cannot be read."""
    texts, numbers = _quickly(lines, dialect) or _carefully(lines, rows, dialect)
    return block_of_texts(dialect.columns, texts, numbers, rows)


_Parts = tuple[list[Sequence[str]], tuple[Floats, ...]]


def _quickly(lines: list[str], dialect: _Dialect) -> _Parts | None:
    """The columns of texts and of numbers; None where a row is not plain, which the careful reader sorts out."""
    if {line.count(dialect.separator) for line in lines} != {dialect.width - 1}:
        return None
    texts, numbers = dialect.columns.texts, dialect.columns.numbers
    kinds: list[Any] = [f"U{_LONGEST_TEXT}"] * len(texts) + [np.float64] * len(numbers)
    dtype = np.dtype([(f"{at}", kind) for at, kind in enumerate(kinds)])
    try:
        cells = np.loadtxt(
            lines,
            dtype=dtype,
            delimiter=dialect.separator,
            usecols=(*texts, *numbers),
            comments=None,
            quotechar='"',
            ndmin=1,
        )
    except ValueError:
        return None
    columns = [cells[name] for name in dtype.names or ()]
    longest = max(int(np.char.str_len(column).max()) for column in columns[: len(texts)])
    if len(cells) != len(lines) or longest >= _LONGEST_TEXT:
        return None
    return (
        [column.tolist() for column in columns[: len(texts)]],
        tuple(np.ascontiguousarray(column) for column in columns[len(texts) :]),
    )


def _carefully(lines: list[str], rows: RowNumbers, dialect: _Dialect) -> _Parts:
    cells = [_cells(line, dialect.separator) for line in lines]
    for values, row in zip(cells, rows, strict=True):
        if len(values) != dialect.width:
            raise InvalidCandlesError(f"row {row}: {len(values)} values, the first row has {dialect.width} columns")
    columns = list(zip(*cells, strict=True))
    places = enumerate(dialect.columns.numbers)
    numbers = tuple(floats_of_cells(columns[at], name_of_number(place), rows) for place, at in places)
    return [columns[at] for at in dialect.columns.texts], numbers
