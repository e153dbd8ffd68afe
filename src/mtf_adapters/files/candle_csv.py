"""Candle tables out of CSV files, and candles back into them."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtf_adapters.files.candle_table import CandleTable, chosen_columns
from mtf_adapters.files.candle_times import micros_of_texts
from mtf_core.market import COLUMNS, Candles, InvalidCandlesError, format_instant

_GZIP_MAGIC = b"\x1f\x8b"


def read_csv_table(path: Path) -> CandleTable:
    """The candle columns of a CSV file, plain or gzipped; raises `InvalidCandlesError` and OSError."""
    lines = _text(path).splitlines()
    numbers = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbers:
        raise InvalidCandlesError("the file is empty; the first row must name the columns")
    header = _cells_of_line(lines[numbers[0] - 1])
    time_at, columns_at = chosen_columns(header)
    file_rows = numbers[1:]
    if not file_rows:
        return CandleTable(np.empty(0, dtype=np.int64), tuple(np.empty(0) for _ in COLUMNS), file_rows)
    texts = _columns_of_lines([lines[number - 1] for number in file_rows], file_rows, len(header))
    columns = tuple(_floats(texts[at], name, file_rows) for at, name in zip(columns_at, COLUMNS, strict=True))
    return CandleTable(micros_of_texts(texts[time_at], file_rows), columns, file_rows)


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


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(_GZIP_MAGIC):
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InvalidCandlesError(f"the gzip data is damaged or cut off: {error}") from None
    elif path.suffix == ".gz":
        raise InvalidCandlesError("the name ends in .gz but the content is not gzip data")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidCandlesError("the content is no UTF-8 text; allowed: CSV, CSV in .gz, Parquet") from None
    if "\0" in text:
        raise InvalidCandlesError("the content is binary; allowed: CSV, CSV in .gz, Parquet")
    return text


def _columns_of_lines(lines: list[str], file_rows: list[int], width: int) -> list[Sequence[str]]:
    """The cells of all lines by column; every line must have `width` of them, none of which goes over its end."""
    joined = ",".join(lines)
    if '"' in joined:
        rows = list(map(_cells_of_line, lines))
        widths: Iterable[int] = map(len, rows)
    else:
        # One split of everything is several times as fast as one per row, and makes no list per row.
        rows = []
        widths = (line.count(",") + 1 for line in lines)
    for found, number in zip(widths, file_rows, strict=True):
        if found != width:
            raise InvalidCandlesError(f"row {number}: {found} values, the header names {width} columns")
    if rows:
        return list(zip(*rows, strict=True))
    cells = joined.split(",")
    return [cells[at::width] for at in range(width)]


def _cells_of_line(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error as error:
        raise InvalidCandlesError(f"the content is no CSV: {error}") from None


def _floats(texts: Sequence[str], name: str, file_rows: Sequence[int]) -> NDArray[np.float64]:
    try:
        # Python's float, and with it numpy, reads 1_5 as 15; in a file that is a slip of the pen.
        if "_" in "".join(texts):
            raise ValueError("underscore in a number")
        return np.array(texts, dtype=np.float64)
    except ValueError:
        for text, row in zip(texts, file_rows, strict=True):
            if not _is_number(text):
                found = f"{text[:40]!r}" if text.strip() else "nothing"
                raise InvalidCandlesError(f"row {row}: {name} must be a number, found {found}") from None
        raise


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
