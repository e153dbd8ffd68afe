"""The columns of a candle file, whatever its format, and the checks that make candles of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.market import COLUMNS, Candles, InvalidCandlesError, Timeframe, format_instant

TIME_COLUMNS = ("timestamp", "open_ms", "time", "date")


@frozen(eq=False)
class CandleTable:
    """What was read: open times in UTC microseconds, the columns open … volume as float64, and the rows' numbers.

    `file_rows` are the numbers that a person sees in the file (in a CSV the header is row 1).
    """

    micros: NDArray[np.int64]
    columns: tuple[NDArray[np.float64], ...]
    file_rows: Sequence[int]


def chosen_columns(header: Sequence[str]) -> tuple[int, tuple[int, ...]]:
    """Where the time column and open … volume stand in a header; case and blanks around a name do not matter.

    Columns of other names are ignored. Raises `InvalidCandlesError` for missing and repeated ones.
    """
    names = [name.strip().lower() for name in header]
    problems = []
    times = [name for name in names if name in TIME_COLUMNS]
    if len(times) > 1:
        problems.append(f"more than one time column: {', '.join(times)}")
    twice = [name for name, count in Counter(names).items() if name in COLUMNS and count > 1]
    if twice:
        problems.append(f"columns given more than once: {', '.join(twice)}")
    missing = [] if times else [f"a time column ({' or '.join(TIME_COLUMNS)})"]
    missing += [name for name in COLUMNS if name not in names]
    if missing:
        problems.append(f"missing: {', '.join(missing)}")
    if problems:
        shown = ", ".join(header) if header else "nothing"
        raise InvalidCandlesError(f"row 1: {'; '.join(problems)}; the header has {shown[:200]}")
    return names.index(times[0]), tuple(names.index(name) for name in COLUMNS)


def checked_candles(table: CandleTable, timeframe: Timeframe | None, not_after_ms: int | None) -> Candles:
    """Candles of a table; raises `InvalidCandlesError` with every kind of problem, its first row and its count."""
    if not len(table.micros):
        raise InvalidCandlesError("there are no candles in it")
    problems = list(_price_problems(table))
    order = list(_order_problems(table))
    if timeframe is None and not order:
        timeframe = _most_common_spacing(table.micros)
    if timeframe is not None:
        order += _alignment_problems(table, timeframe, not_after_ms)
    if timeframe is None or order or problems:
        raise InvalidCandlesError("; ".join(order + problems))
    return Candles.trusted(timeframe, table.micros // 1000, *table.columns)


def _most_common_spacing(micros: NDArray[np.int64]) -> Timeframe:
    if len(micros) < 2:
        raise InvalidCandlesError("a single candle does not tell its timeframe; give one")
    spacings, counts = np.unique(np.diff(micros), return_counts=True)
    spacing = int(spacings[counts.argmax()])
    for timeframe in Timeframe:
        if timeframe.ms * 1000 == spacing:
            return timeframe
    allowed = ", ".join(Timeframe)
    raise InvalidCandlesError(
        f"most rows are {spacing / 1e6:g} seconds apart, which is no timeframe; allowed: {allowed}"
    )


def _finder(table: CandleTable) -> Callable[[NDArray[np.bool_], str, NDArray[np.float64] | None], list[str]]:
    def found(bad: NDArray[np.bool_], what: str, values: NDArray[np.float64] | None = None) -> list[str]:
        rows = np.flatnonzero(bad)
        if not len(rows):
            return []
        first = int(rows[0])
        value = "" if values is None else f" {values[first]:g}"
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        return [f"row {table.file_rows[first]}: {what}{value}{more}"]

    return found


def _order_problems(table: CandleTable) -> list[str]:
    found = _finder(table)
    steps = np.diff(table.micros, prepend=table.micros[0] - 1)
    return found(steps == 0, "same time as the row before", None) + found(
        steps < 0, "earlier than the row before; rows must go from the oldest to the newest", None
    )


def _alignment_problems(table: CandleTable, timeframe: Timeframe, not_after_ms: int | None) -> list[str]:
    found = _finder(table)
    step = timeframe.ms * 1000
    problems = found(table.micros % step != 0, f"open time is no start of a {timeframe} candle (UTC)", None)
    if not_after_ms is not None:
        late = table.micros + step > not_after_ms * 1000
        problems += found(late, f"the candle is not closed at {format_instant(not_after_ms)}", None)
    return problems


def _price_problems(table: CandleTable) -> list[str]:
    found = _finder(table)
    open_, high, low, close, volume = table.columns
    problems: list[str] = []
    for name, column in zip(COLUMNS, table.columns, strict=True):
        problems += found(~np.isfinite(column), f"{name} must be a finite number, found", column)
    for name, column in zip(COLUMNS[:4], table.columns[:4], strict=True):
        problems += found(np.isfinite(column) & (column <= 0), f"{name} must be above zero, found", column)
    problems += found(volume < 0, "volume must not be negative, found", volume)
    problems += found((low > open_) | (low > close) | (low > high), "low is above open, close or high:", low)
    return problems + found((high < open_) | (high < close), "high is below open or close:", high)
