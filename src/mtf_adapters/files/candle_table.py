"""The columns of a candle table, wherever it comes from, and the steps that make checked candles of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from mtf_adapters.files.candle_columns import CandleColumns
from mtf_adapters.files.candle_times import Micros, OpenTimes, Rows, localised, parse_zone
from mtf_core.market import COLUMNS, LARGEST_QUIET_MINUTES, Candles, InvalidCandlesError, Timeframe, format_instant
from mtf_core.words import counted

Floats = NDArray[np.float64]

_LARGEST_OFFSET_US = 60_000_000
"""An offset of a minute and more is no slip of the exchange: such candles are others than those of UTC."""


@frozen
class ReadOptions:
    """What the user says of a table that it does not say itself."""

    timeframe: Timeframe | None = None
    """None: the most common spacing of the rows."""
    zone: tzinfo | None = None
    """Of times that name none; None: UTC, where that is not doubtful."""
    align: bool = False
    """Takes a constant offset off the open times."""
    not_after_ms: int | None = None
    """A candle that is not closed then is refused: no file can know it."""
    drop_repeats: bool = False
    """Counts a row once that stands twice with the same numbers, as in some of OKX's files; else it is refused."""


@frozen(eq=False)
class CandleTable:
    """What was read: open times, prices, the volumes that may count, and the rows' numbers.

    `rows` are the numbers that a person sees in the file (in a CSV the header is row 1); the arrays are this table's
    own. `confirmed`: False where the exchange marked a candle as not closed.
    """

    columns: CandleColumns
    times: OpenTimes
    prices: tuple[Floats, ...]
    volumes: tuple[Floats, ...]
    rows: Rows
    confirmed: NDArray[np.bool_] | None = None


@frozen(eq=False)
class CandleReading:
    """Checked candles, and what a person should know about how they were read."""

    candles: Candles
    remarks: tuple[str, ...]
    zone_used: bool
    aligned: bool


def read_options(
    timeframe: Timeframe | str | None, timezone: str | None, align: bool, not_after_ms: int | None
) -> ReadOptions:
    """Options as they are written; raises `UnknownTimeframeError` or `InvalidCandlesError`."""
    parsed = Timeframe.parse(timeframe) if isinstance(timeframe, str) else timeframe
    return ReadOptions(parsed, None if timezone is None else parse_zone(timezone), align, not_after_ms)


def checked_candles(table: CandleTable, options: ReadOptions) -> CandleReading:
    """Candles of a table; raises `InvalidCandlesError` with every kind of problem, its first row and its count."""
    remarks = [*table.columns.remarks, *table.times.remarks]
    table = _oldest_first(_confirmed_only(table, remarks), remarks)
    if not len(table.rows):
        raise InvalidCandlesError("there are no candles in it")
    zone_used = options.zone is not None and not (table.times.zoned or table.columns.in_utc)
    micros = _in_utc(table, options.zone)
    volume = _volume(table, remarks)
    if options.drop_repeats and (repeats := _repeats(micros, table.prices, volume)).any():
        remarks.append(f"{counted(int(repeats.sum()), 'row')} given twice with the same numbers, left out once")
        kept = np.flatnonzero(~repeats)
        table, micros, volume = _picked(table, kept), micros[kept], volume[kept]
    order = list(_order_problems(micros, table.rows))
    timeframe = options.timeframe or (None if order else _most_common_spacing(micros))
    aligned = False
    if timeframe is not None:
        micros, aligned = _aligned(micros, timeframe, options.align, remarks)
        order += _alignment_problems(micros, table.rows, timeframe, options.not_after_ms)
    problems = order + list(_price_problems(table.prices, volume, table.rows))
    if timeframe is None or problems:
        raise InvalidCandlesError("; ".join(problems) + _hint(table.columns, problems))
    open_, high, low, close = table.prices
    candles = Candles.trusted(timeframe, micros // 1000, open_, high, low, close, volume)
    remarks += _hole_remarks(candles)
    return CandleReading(candles, tuple(remarks), zone_used, aligned)


def unused_option(readings: Sequence[CandleReading], options: ReadOptions) -> str | None:
    """What to say when an option had no effect on any of the tables; None when every one had."""
    if options.zone is not None and not any(reading.zone_used for reading in readings):
        return "a time zone was given, but the times say themselves what they are in UTC; leave it out"
    if options.align and not any(reading.aligned for reading in readings):
        return "there is no offset to take off, every candle opens on time; leave align out"
    return None


def _confirmed_only(table: CandleTable, remarks: list[str]) -> CandleTable:
    if table.confirmed is None or table.confirmed.all():
        return table
    left_out = int((~table.confirmed).sum())
    remarks.append(f"{counted(left_out, 'candle')} not confirmed by the exchange left out")
    return _picked(table, np.flatnonzero(table.confirmed))


def _oldest_first(table: CandleTable, remarks: list[str]) -> CandleTable:
    """The table turned round where most rows are earlier than the one before.

    Not all: a clock on the wall goes back once a year. What is in no order either way is refused later.
    """
    steps = np.diff(table.times.micros)
    if np.count_nonzero(steps < 0) * 2 <= len(steps):
        return table
    remarks.append("newest first, turned round")
    return _picked(table, np.arange(len(table.rows))[::-1])


def _picked(table: CandleTable, at: NDArray[np.intp]) -> CandleTable:
    return evolve(
        table,
        times=evolve(table.times, micros=table.times.micros[at]),
        prices=tuple(column[at] for column in table.prices),
        volumes=tuple(column[at] for column in table.volumes),
        rows=np.asarray(table.rows)[at],
        confirmed=None,
    )


def _in_utc(table: CandleTable, zone: tzinfo | None) -> Micros:
    times = table.times
    if times.zoned or table.columns.in_utc:
        return times.micros
    if zone is not None:
        return localised(times, zone, table.rows)
    if times.broker or len(table.columns.times) > 1:
        raise InvalidCandlesError(
            f"row {table.rows[0]}: the times name no time zone, and programs that write them so show their broker's "
            "time; say which it is: --timezone UTC, +02:00 or Europe/Athens (in Python timezone=…)"
        )
    return times.micros


def _volume(table: CandleTable, remarks: list[str]) -> Floats:
    """The first volume that is not zero everywhere."""
    filled = [at for at, volume in enumerate(table.volumes) if (volume != 0).any()]
    at = filled[0] if filled else 0
    if names := table.columns.volume_names:
        others = [name for name in names if name != names[at]]
        why = f" ({names[0]} holds only zeros)" if at else ""
        remarks.append(f"volume from the column {names[at]}, not {' or '.join(others)}{why}")
    return table.volumes[at]


def _repeats(micros: Micros, prices: Sequence[Floats], volume: Floats) -> NDArray[np.bool_]:
    """Rows that say of the same time the same as the row before."""
    repeats: NDArray[np.bool_] = np.diff(micros, prepend=micros[0] - 1) == 0
    for column in (*prices, volume):
        repeats[1:] &= column[1:] == column[:-1]
    return repeats


def _most_common_spacing(micros: Micros) -> Timeframe:
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


def _aligned(micros: Micros, timeframe: Timeframe, align: bool, remarks: list[str]) -> tuple[Micros, bool]:
    """Open times without a constant offset from the timeframe's grid, where the user wants that; whether there was."""
    offsets = micros % (timeframe.ms * 1000)
    offset = int(offsets[0])
    if not offset or (offsets != offset).any():
        return micros, False
    late = f"every candle opens {offset / 1e6:g} s after the start of a {timeframe} candle (UTC)"
    if offset >= _LARGEST_OFFSET_US:
        raise InvalidCandlesError(
            f"{late}: these are other candles than those of UTC; build them from a lower timeframe"
        )
    if not align:
        raise InvalidCandlesError(
            f"{late}; if they mean the candles that start there, take the offset off: --align (in Python align=True)"
        )
    remarks.append(f"{offset / 1e6:g} s taken off every open time")
    return micros - offset, True


def _reporter(rows: Rows) -> Callable[..., list[str]]:
    def report(bad: NDArray[np.bool_], what: str, values: Floats | None = None) -> list[str]:
        places = np.flatnonzero(bad)
        if not len(places):
            return []
        first = int(places[0])
        value = "" if values is None else f" {values[first]:g}"
        more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        return [f"row {rows[first]}: {what}{value}{more}"]

    return report


def _order_problems(micros: Micros, rows: Rows) -> list[str]:
    report = _reporter(rows)
    steps = np.diff(micros, prepend=micros[0] - 1)
    return report(steps == 0, "same time as the row before") + report(
        steps < 0, "earlier than the row before; rows must go from the oldest to the newest, or all the other way"
    )


def _alignment_problems(micros: Micros, rows: Rows, timeframe: Timeframe, not_after_ms: int | None) -> list[str]:
    report = _reporter(rows)
    step = timeframe.ms * 1000
    problems = report(micros % step != 0, f"open time is no start of a {timeframe} candle (UTC)")
    if not_after_ms is not None:
        late = micros + step > not_after_ms * 1000
        problems += report(late, f"the candle is not closed at {format_instant(not_after_ms)}")
    return problems


def _price_problems(prices: Sequence[Floats], volume: Floats, rows: Rows) -> list[str]:
    report = _reporter(rows)
    open_, high, low, close = prices
    problems: list[str] = []
    for name, column in zip(COLUMNS, (*prices, volume), strict=True):
        problems += report(~np.isfinite(column), f"{name} must be a finite number, not", column)
    for name, column in zip(COLUMNS[:4], prices, strict=True):
        problems += report(np.isfinite(column) & (column <= 0), f"{name} must be above zero, not", column)
    problems += report(volume < 0, "volume must not be negative, not", volume)
    problems += report((low > open_) | (low > close) | (low > high), "low is above open, close or high:", low)
    return problems + report((high < open_) | (high < close), "high is below open or close:", high)


def _hint(columns: CandleColumns, problems: Sequence[str]) -> str:
    if columns.has_header or not problems:
        return ""
    return f" ({columns.remarks[0]}; if the columns are others, name them in the first row)"


def _hole_remarks(candles: Candles) -> list[str]:
    gaps = candles.gaps()
    if not gaps:
        return []
    missing = sum(gap.count for gap in gaps)
    where = "" if len(gaps) == 1 else "the first "
    place = f"{where}at {format_instant(gaps[0].first_open_ms)}"
    said = f"{counted(missing, 'candle')} missing in {counted(len(gaps), 'hole')}, {place}"
    if len(gaps) > 2 and not (candles.volume == 0).any():
        # An exchange that lists quiet minutes, too, has some without volume.
        said += (
            f"; no candle has volume 0, so {candles.timeframe} candles without trades were probably left out. A hole "
            "keeps its timeframe from deciding until it lies far enough back; `no_trade` in trading.yaml (in Python "
            f"Candles.carried) fills such holes, up to {LARGEST_QUIET_MINUTES} minutes each unless you say otherwise, "
            "with the close before them"
        )
    return [said]
