"""Candle files: CSV, gzipped CSV and Parquet, read into checked candles."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from mtf_adapters.files.candle_csv import read_csv_table, write_candles_csv
from mtf_adapters.files.candle_parquet import read_parquet_table
from mtf_adapters.files.candle_table import checked_candles
from mtf_core.market import Candles, InvalidCandlesError, Timeframe

__all__ = ["read_candles", "write_candles_csv"]


def read_candles(
    path: str | PathLike[str], timeframe: Timeframe | str | None = None, *, not_after_ms: int | None = None
) -> Candles:
    """Candles of a file: `.parquet`, or else CSV, plain or gzipped.

    Columns, in any order and case: one of timestamp, open_ms, time or date, and open, high, low, close, volume; others
    are ignored. Times are ISO text (without a timezone: UTC) or whole seconds, ms, µs or ns, one kind per file. The
    timeframe is the most common spacing unless it is given. Missing candles are allowed (`Candles.gaps`).

    A candle that is not closed at `not_after_ms` is refused, where that is given. Raises `InvalidCandlesError` with the
    file, the row as counted in it (the header is row 1), what was found and what is allowed.
    """
    file = Path(path)
    parsed = Timeframe.parse(timeframe) if isinstance(timeframe, str) else timeframe
    try:
        table = read_parquet_table(file) if file.suffix == ".parquet" else read_csv_table(file)
        return checked_candles(table, parsed, not_after_ms)
    except FileNotFoundError:
        raise InvalidCandlesError(f"{file}: there is no such file") from None
    except IsADirectoryError:
        raise InvalidCandlesError(f"{file}: this is a folder, not a file") from None
    except OSError as error:
        raise InvalidCandlesError(f"{file}: cannot be read: {error.strerror or error}") from None
    except InvalidCandlesError as error:
        raise InvalidCandlesError(f"{file}: {error}") from None
