"""Candle tables out of CSV files, and candles back into them."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtf_adapters.files.candle_table import CandleTable, chosen_columns
from mtf_adapters.files.candle_times import micros_of_texts
from mtf_core.market import COLUMNS, Candles, InvalidCandlesError, format_instant

_GZIP_MAGIC = b"\x1f\x8b"


def read_csv_table(path: Path) -> CandleTable:
    """The candle columns of a CSV file, plain or gzipped; raises `InvalidCandlesError` and OSError."""
    rows, file_rows = _rows(_text(path))
    if not rows:
        raise InvalidCandlesError("the file is empty; the first row must name the columns")
    header, rows = rows[0], rows[1:]
    file_rows = file_rows[1:]
    time_at, columns_at = chosen_columns(header)
    for row, number in zip(rows, file_rows, strict=True):
        if len(row) != len(header):
            raise InvalidCandlesError(f"row {number}: {len(row)} values, the header names {len(header)} columns")
    if not rows:
        return CandleTable(np.empty(0, dtype=np.int64), tuple(np.empty(0) for _ in COLUMNS), file_rows)
    texts = list(zip(*rows, strict=True))
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


def _rows(text: str) -> tuple[list[list[str]], list[int]]:
    """The rows that are not blank, and their numbers in the file."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InvalidCandlesError(f"the content is no CSV: {error}") from None
    numbers = [number for number, row in enumerate(rows, start=1) if row]
    return [rows[number - 1] for number in numbers], numbers


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
