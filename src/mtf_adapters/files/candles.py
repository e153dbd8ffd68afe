"""Candles out of what traders have: files of many programs and exchanges, and frames. One recognition for all."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from mtf_adapters.files.candle_arrow import read_arrow_table
from mtf_adapters.files.candle_csv import read_csv_table, write_candles_csv
from mtf_adapters.files.candle_frames import frame_table
from mtf_adapters.files.candle_json import read_json_table
from mtf_adapters.files.candle_opening import Content, content_of
from mtf_adapters.files.candle_table import (
    CandleReading,
    CandleTable,
    ReadOptions,
    checked_candles,
    read_options,
    unused_option,
)
from mtf_core.market import Candles, InvalidCandlesError, Timeframe

__all__ = ["read_candle_file", "read_candles", "write_candles_csv"]


def read_candles(
    source: Any,
    timeframe: Timeframe | str | None = None,
    *,
    timezone: str | None = None,
    align: bool = False,
    not_after_ms: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Candles:
    """Candles of a file (a path) or of a pandas or polars frame.

    Files: CSV and JSON, plain, gzipped or zipped, Parquet and Feather, told by their content. Columns are recognised by
    their names, in any order and case; without names by their number. Times are texts (without a time zone: that of
    `timezone`, else UTC) or whole seconds, ms, µs or ns. The timeframe is the most common spacing unless it is given.
    Missing candles are allowed (`Candles.gaps`). `align` takes a constant offset (below a minute) off the open times.

    A candle that is not closed at `not_after_ms` is refused, where that is given. `tell` hears, one line each, what was
    recognised. Raises `InvalidCandlesError` with the file, the row as counted in it (a header is a row; frames count
    from 0), what is wrong and what is allowed.
    """
    options = read_options(timeframe, timezone, align, not_after_ms)
    reading = read_candle_file(source, options) if isinstance(source, str | PathLike) else _read_frame(source, options)
    if unused := unused_option([reading], options):
        raise InvalidCandlesError(f"{source}: {unused}" if isinstance(source, str | PathLike) else unused)
    for remark in reading.remarks:
        (tell or _no_one)(remark)
    return reading.candles


def read_candle_file(path: str | PathLike[str], options: ReadOptions) -> CandleReading:
    """A file's candles with what there is to say about them; an option that it had no use for is not refused."""
    file = Path(path)
    try:
        return checked_candles(_table(file), options)
    except FileNotFoundError:
        raise InvalidCandlesError(f"{file}: there is no such file") from None
    except IsADirectoryError:
        raise InvalidCandlesError(f"{file}: this is a folder, not a file") from None
    except OSError as error:
        raise InvalidCandlesError(f"{file}: cannot be read: {error.strerror or error}") from None
    except InvalidCandlesError as error:
        raise InvalidCandlesError(f"{file}: {error}") from None


def _table(file: Path) -> CandleTable:
    match content_of(file):
        case Content.TEXT:
            return read_csv_table(file)
        case Content.JSON:
            return read_json_table(file)
        case arrow:
            return read_arrow_table(file, arrow)


def _read_frame(frame: Any, options: ReadOptions) -> CandleReading:
    return checked_candles(frame_table(frame), options)


def _no_one(remark: str) -> None:
    """For those who do not want to hear."""
