"""Closed candles of one symbol and timeframe, as columns of arrays."""

from __future__ import annotations

from datetime import datetime
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.door import source
from mtf_core.market.instant import InvalidInstantError, format_instant, to_ms
from mtf_core.market.invalid_candles import InvalidCandlesError
from mtf_core.market.quiet import LARGEST_QUIET_MINUTES
from mtf_core.market.timeframe import MINUTE_MS, Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

COLUMNS = ("open", "high", "low", "close", "volume")

_LATEST_MS = 253_402_300_800_000
"""The year 10000: a larger number counts microseconds or less."""


@frozen
class Gap:
    """Candles that are missing: open times of the first and the last of them, in ms."""

    first_open_ms: int
    last_open_ms: int
    count: int

    @classmethod
    def spanning(cls, first_open_ms: int, last_open_ms: int, timeframe: Timeframe) -> Self:
        """The gap between these two open times, both missing."""
        return cls(first_open_ms, last_open_ms, (last_open_ms - first_open_ms) // timeframe.ms + 1)

    def lies_within(self, other: Gap) -> bool:
        return other.first_open_ms <= self.first_open_ms and self.last_open_ms <= other.last_open_ms


@frozen(eq=False, repr=False)
class Candles:
    """Closed candles of one timeframe, oldest first; gaps are allowed and can be asked for.

    `open_ms` is int64 UTC milliseconds aligned to the timeframe, strictly increasing; the other columns are
    float64 of the same length (n,). Prices are in quote currency, volume in the exchange's unit. Arrays are
    read-only. Build with `Candles.checked`, or `Candles.trusted` where the source has been checked before.
    """

    timeframe: Timeframe
    open_ms: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def checked(
        cls,
        timeframe: Timeframe,
        open_ms: Sequence[int] | Times,
        open: Sequence[float] | Floats,
        high: Sequence[float] | Floats,
        low: Sequence[float] | Floats,
        close: Sequence[float] | Floats,
        volume: Sequence[float] | Floats,
    ) -> Self:
        """Validated copies of the columns; raises `InvalidCandlesError` that names every kind of problem found.

        `open_ms` are whole milliseconds, datetime64 (UTC) or aware datetimes.
        """
        times = _milliseconds(np.asarray(open_ms))
        given = zip(COLUMNS, (open, high, low, close, volume), strict=True)
        columns = [_numbers(name, column) for name, column in given]
        problems = list(_shape_problems(times, columns)) or list(_content_problems(timeframe, times, columns))
        if problems:
            raise InvalidCandlesError("; ".join(problems))
        return cls.trusted(timeframe, times, *columns)

    @classmethod
    def trusted(
        cls,
        timeframe: Timeframe,
        open_ms: Times,
        open: Floats,
        high: Floats,
        low: Floats,
        close: Floats,
        volume: Floats,
    ) -> Self:
        """Candles from arrays that are known to be valid; nothing is checked, the arrays become read-only."""
        for column in (open_ms, open, high, low, close, volume):
            column.flags.writeable = False
        return cls(timeframe, open_ms, open, high, low, close, volume)

    @classmethod
    def empty(cls, timeframe: Timeframe) -> Self:
        floats = [np.empty(0) for _ in COLUMNS]
        return cls.trusted(timeframe, np.empty(0, dtype=np.int64), *floats)

    @classmethod
    def read_csv(
        cls,
        path: str | PathLike[str],
        timeframe: Timeframe | str | None = None,
        *,
        timezone: str | None = None,
        align: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> Self:
        """Candles of a file as exchanges and traders' programs write them: CSV or JSON, plain, .gz or .zip.

        What a file is, is told by its content and not by its name: a Parquet or Feather file is read as well.
        The timeframe is the spacing of the rows unless it is given. `timezone` is that of times that name none
        (`Europe/Athens`, `+02:00`), `align` takes a constant offset off the open times (some open at second :01), and
        `tell` (like `print`) hears what was recognised. Raises `InvalidCandlesError`.
        """
        read = source("candles")
        return cast("Self", read(_path(path), timeframe, timezone=timezone, align=align, tell=tell))

    @classmethod
    def read_parquet(
        cls,
        path: str | PathLike[str],
        timeframe: Timeframe | str | None = None,
        *,
        timezone: str | None = None,
        align: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> Self:
        """The same reader under the name by which it is looked for where files are Parquet or Feather.

        These need the extra `parquet`.
        """
        return cls.read_csv(path, timeframe, timezone=timezone, align=align, tell=tell)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        timeframe: Timeframe | str | None = None,
        *,
        timezone: str | None = None,
        align: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> Self:
        """Candles of a pandas or polars frame, by the same recognition as files; a pandas index may hold the times."""
        if isinstance(frame, str | PathLike):
            raise InvalidCandlesError(f"{frame!r} is no frame; files are read with Candles.read_csv")
        return cast("Self", source("candles")(frame, timeframe, timezone=timezone, align=align, tell=tell))

    def __len__(self) -> int:
        return len(self.open_ms)

    def __repr__(self) -> str:
        if not len(self):
            return f"Candles({self.timeframe}, empty)"
        span = f"{format_instant(int(self.open_ms[0]))} … {format_instant(int(self.open_ms[-1]))}"
        return f"Candles({self.timeframe}, {len(self)} candles, {span})"

    @property
    def end_ms(self) -> int:
        """When the last candle closed; raises IndexError when there is none."""
        return int(self.open_ms[-1]) + self.timeframe.ms

    def __getitem__(self, rows: slice | NDArray[np.bool_]) -> Candles:
        return Candles.trusted(
            self.timeframe,
            self.open_ms[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            self.volume[rows],
        )

    def closed_at(self, now: datetime | int) -> Candles:
        """The candles whose end lies at or before `now` (aware datetime or ms)."""
        now_ms = to_ms(now) if isinstance(now, datetime) else now
        return self[: int(np.searchsorted(self.open_ms, now_ms - self.timeframe.ms, side="right"))]

    def between(self, first_open_ms: int, last_open_ms: int) -> Candles:
        """The candles that open within [first, last], both included."""
        start = int(np.searchsorted(self.open_ms, first_open_ms, side="left"))
        stop = int(np.searchsorted(self.open_ms, last_open_ms, side="right"))
        return self if stop - start == len(self) else self[start:stop]

    def gaps(self) -> tuple[Gap, ...]:
        """Runs of missing candles between the first and the last one."""
        step = self.timeframe.ms
        if not len(self) or int(self.open_ms[-1] - self.open_ms[0]) == (len(self) - 1) * step:
            return ()
        after = np.flatnonzero(np.diff(self.open_ms) != step)
        return tuple(
            Gap.spanning(int(self.open_ms[i]) + step, int(self.open_ms[i + 1]) - step, self.timeframe) for i in after
        )

    def merged(self, other: Candles) -> Candles:
        """Both series as one, in order; where both hold a candle, `other` wins."""
        if self.timeframe is not other.timeframe:
            raise ValueError(f"cannot merge {self.timeframe} with {other.timeframe}")
        if not len(self) or not len(other):
            return other if len(other) else self
        if self.open_ms[-1] < other.open_ms[0]:  # the candles of a minute, at the end of those before
            return self._followed_by(other)
        times = np.concatenate([other.open_ms, self.open_ms])
        unique, first = np.unique(times, return_index=True)
        columns = [np.concatenate([getattr(other, name), getattr(self, name)])[first] for name in COLUMNS]
        return Candles.trusted(self.timeframe, unique, *columns)

    def _followed_by(self, other: Candles) -> Candles:
        times = np.concatenate([self.open_ms, other.open_ms])
        columns = [np.concatenate([getattr(self, name), getattr(other, name)]) for name in COLUMNS]
        return Candles.trusted(self.timeframe, times, *columns)

    def carried(self, largest_hole_minutes: int = LARGEST_QUIET_MINUTES) -> Candles:
        """The series without its short gaps: each missing candle has the close before it as all its prices, volume 0.

        A gap of more than `largest_hole_minutes` stays: that long, a market that is alive trades. Nothing is added
        before the first candle or after the last one: what has not come yet may still come.
        """
        gaps = self.gaps()
        if not gaps:
            return self
        opens = np.arange(int(self.open_ms[0]), self.end_ms, self.timeframe.ms, dtype=np.int64)
        stays = np.zeros(len(opens), dtype=np.bool_)
        for gap in gaps:
            if gap.count * self.timeframe.ms > largest_hole_minutes * MINUTE_MS:
                start = (gap.first_open_ms - int(self.open_ms[0])) // self.timeframe.ms
                stays[start : start + gap.count] = True
        opens = opens[~stays]
        present = np.searchsorted(self.open_ms, opens, side="right") - 1
        missing = self.open_ms[present] != opens
        open_, high, low, close = (
            np.where(missing, self.close[present], getattr(self, name)[present]) for name in COLUMNS[:4]
        )
        return Candles.trusted(
            self.timeframe, opens, open_, high, low, close, np.where(missing, 0.0, self.volume[present])
        )

    def aggregated(self, timeframe: Timeframe, *, quiet_minutes: int = 0) -> Candles:
        """Candles of a higher timeframe, aligned to UTC; only those of which every part is present.

        `quiet_minutes`: gaps that are no longer had no trades, so candles that lack only such parts are built, too, as
        exchanges build them from the trades there were; but neither the first nor the last one if the series begins or
        ends within it.

        Open first, high max, low min, close last, volume sum. Built timeframe by timeframe, so that 1h candles have
        the same bits whether they are built from 1m or from 5m ones. Raises ValueError for a lower timeframe.
        """
        if timeframe.ms < self.timeframe.ms:
            raise ValueError(f"cannot build {timeframe} candles from {self.timeframe} ones")
        built = self
        for step in Timeframe:
            if self.timeframe.ms < step.ms <= timeframe.ms:
                built = built._aggregated_present(step) if quiet_minutes else built._aggregated_once(step)
        return built._within(self)._outside(self._longer_gaps(quiet_minutes)) if quiet_minutes else built

    def _within(self, parts: Candles) -> Candles:
        """The candles that lie within the span of their parts."""
        if not len(parts):
            return self
        inside = (self.open_ms >= parts.open_ms[0]) & (self.open_ms + self.timeframe.ms <= parts.end_ms)
        return self[int(np.argmax(inside)) : int(np.argmax(inside)) + int(np.count_nonzero(inside))]

    def _longer_gaps(self, minutes: int) -> list[Gap]:
        return [gap for gap in self.gaps() if gap.count * self.timeframe.ms > minutes * MINUTE_MS]

    def _outside(self, gaps: Sequence[Gap]) -> Candles:
        """The candles of which no part lies in these gaps of their parts."""
        inside = np.zeros(len(self), dtype=np.bool_)
        for gap in gaps:
            inside |= (self.open_ms <= gap.last_open_ms) & (self.open_ms + self.timeframe.ms > gap.first_open_ms)
        return self[~inside] if inside.any() else self

    def _aggregated_present(self, timeframe: Timeframe) -> Candles:
        if not len(self):
            return Candles.empty(timeframe)
        bucket = self.open_ms // timeframe.ms
        starts = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]]))
        last = np.append(starts[1:], len(self)) - 1
        # Summed as whole candles are, so that both ways have the same bits; a part that is missing adds nothing.
        parts = np.zeros((timeframe.ms // self.timeframe.ms, len(starts)))
        rows = np.cumsum(np.concatenate([[False], bucket[1:] != bucket[:-1]]))
        parts[(self.open_ms - bucket * timeframe.ms) // self.timeframe.ms, rows] = self.volume
        return Candles.trusted(
            timeframe,
            bucket[starts] * timeframe.ms,
            self.open[starts],
            np.maximum.reduceat(self.high, starts),
            np.minimum.reduceat(self.low, starts),
            self.close[last],
            _summed(parts),
        )

    def _aggregated_once(self, timeframe: Timeframe) -> Candles:
        parts = timeframe.ms // self.timeframe.ms
        if len(self) < parts:
            return Candles.empty(timeframe)
        if int(self.open_ms[-1] - self.open_ms[0]) == (len(self) - 1) * self.timeframe.ms:
            return self._aggregated_without_gaps(timeframe, parts)
        bucket = self.open_ms // timeframe.ms
        starts = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]]))
        whole = np.diff(np.append(starts, len(bucket))) == parts
        rows = (starts[whole, None] + np.arange(parts)).reshape(-1)
        taken = [getattr(self, name)[rows].reshape(-1, parts) for name in COLUMNS]
        return _reduced(timeframe, bucket[starts[whole]] * timeframe.ms, *taken)

    def _aggregated_without_gaps(self, timeframe: Timeframe, parts: int) -> Candles:
        start = int(-self.open_ms[0] // self.timeframe.ms % parts)
        count = (len(self) - start) // parts
        if count <= 0:
            return Candles.empty(timeframe)
        stop = start + count * parts
        taken = [getattr(self, name)[start:stop].reshape(count, parts) for name in COLUMNS]
        return _reduced(timeframe, self.open_ms[start:stop:parts].copy(), *taken)


def _reduced(
    timeframe: Timeframe, opens: Times, open: Floats, high: Floats, low: Floats, close: Floats, volume: Floats
) -> Candles:
    """Columns of shape (n_higher, parts) to one candle a row. Sums run left to right, so a candle's volume does
    not depend on how many candles surround it."""
    total = _summed(np.ascontiguousarray(volume.T))
    top = np.maximum.reduce(np.ascontiguousarray(high.T), axis=0)
    bottom = np.minimum.reduce(np.ascontiguousarray(low.T), axis=0)
    return Candles.trusted(timeframe, opens, open[:, 0].copy(), top, bottom, close[:, -1].copy(), total)


def _summed(parts: Floats) -> Floats:
    """Sums over the rows of a block, from the first row to the last.

    Adding rows runs left to right, and is faster than reducing short rows. A single column is no block: numpy would add
    it in pairs.
    """
    total: Floats = np.add.reduce(parts, axis=0) if parts.shape[1] > 1 else np.cumsum(parts, axis=0)[-1].copy()
    return total


def _path(path: Any) -> str | PathLike[str]:
    if not isinstance(path, str | PathLike):
        raise InvalidCandlesError(f"a file is named by its path, not by a {type(path).__name__}; frames: from_frame")
    return path


def _milliseconds(times: NDArray[Any]) -> Times:
    """Open times as a new array of milliseconds; raises `InvalidCandlesError` for what is no time."""
    kind = times.dtype.kind
    if kind == "M":
        return times.astype("datetime64[ms]").astype(np.int64)
    if kind in "iu" or (kind == "f" and bool(np.all(times == np.trunc(times)))):
        return times.astype(np.int64)
    try:
        return np.array([to_ms(cast("datetime", one)) for one in times.tolist()], dtype=np.int64)
    except (AttributeError, TypeError, InvalidInstantError):
        raise InvalidCandlesError(
            f"open times must be whole milliseconds since 1970, datetime64 or datetimes with a timezone; "
            f"found {times.dtype} that begins with {times.tolist()[:1]}"
        ) from None


def _numbers(name: str, column: Any) -> Floats:
    """A column as a new float64 array."""
    try:
        return np.array(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidCandlesError(f"{name} must hold numbers") from None


def _shape_problems(times: Times, columns: list[Floats]) -> Sequence[str]:
    if times.ndim != 1:
        return [f"open_ms must be one-dimensional, not {times.ndim}-dimensional"]
    return [
        f"{name} has shape {column.shape}, open_ms has {times.shape}"
        for name, column in zip(COLUMNS, columns, strict=True)
        if column.shape != times.shape
    ]


def _content_problems(timeframe: Timeframe, times: Times, columns: list[Floats]) -> Sequence[str]:
    open_, high, low, close, volume = columns
    if len(strange := np.flatnonzero((times < 0) | (times >= _LATEST_MS))):
        row = int(strange[0])
        return [f"open time {times[row]} at row {row} is no count of milliseconds since 1970 ({len(strange)}×)"]
    steps = np.diff(times)
    found: list[str] = []

    def report(bad: NDArray[np.bool_], what: str, offset: int = 0) -> None:
        rows = np.flatnonzero(bad)
        if len(rows):
            row = int(rows[0]) + offset
            found.append(f"{what} ({len(rows)}×, first at row {row}, {format_instant(int(times[row]))})")

    report(times % timeframe.ms != 0, f"open time not aligned to {timeframe}")
    report(steps == 0, "duplicate open time", offset=1)
    report(steps < 0, "open times not in order", offset=1)
    for name, column in zip(COLUMNS, columns, strict=True):
        report(~np.isfinite(column), f"{name} is not a finite number")
    for name, column in zip(COLUMNS[:4], columns[:4], strict=True):
        report(column <= 0, f"{name} is not above zero")
    report(volume < 0, "negative volume")
    report((low > open_) | (low > close) | (low > high), "low above open, close or high")
    report((high < open_) | (high < close), "high below open or close")
    return found
