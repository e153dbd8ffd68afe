"""Open times as traders' files write them: counts since 1970, and texts with or without a time zone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from mtf_core.market import InvalidCandlesError

ALLOWED_TIMES = "2022-01-31 14:00 (UTC unless it names a zone), or a whole number of seconds, ms, µs or ns since 1970"

Micros = NDArray[np.int64]
Rows = Sequence[int] | NDArray[np.int64]

# Counts of one unit between 1973 and 2286 do not overlap with those of another.
_UNITS = (("seconds", 1), ("milliseconds", 1_000), ("microseconds", 1_000_000), ("nanoseconds", 1_000_000_000))
_EARLIEST_S, _LATEST_S = 10**8, 10**10
_LARGEST = 2**63 - 1
"""The largest int64, in nanoseconds the year 2262; no count above it is a time."""
_DIGITS = frozenset("0123456789")
_SILENT_UNITS = ("seconds", "milliseconds")

_DOTTED = re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})(\D.*)?")
_DOTTED_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(\D.*)?")
_SLASHED = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}\b.*")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?")


@frozen(eq=False)
class OpenTimes:
    """Times as they were written: UTC microseconds, or those of a clock on the wall whose zone is not known yet."""

    micros: Micros
    units: Mapping[str, int] = field(factory=dict)
    """For counts: the units in use, each with the first row that has it."""
    zoned: bool = True
    """False: the texts name no zone."""
    broker: bool = False
    """Written with dots, as programs do that show their broker's time: without a zone nobody can say what they mean."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is worth saying of the units."""
        first, *later = sorted(self.units.items(), key=lambda unit: unit[1]) or [("", 0)]
        if later:
            return (f"times in {first[0]}, " + ", ".join(f"from row {row} on in {name}" for name, row in later),)
        return () if first[0] in ("", *_SILENT_UNITS) else (f"times in {first[0]}",)


def joined(parts: Sequence[OpenTimes]) -> OpenTimes:
    """The times of a table that was read in pieces; raises `InvalidCandlesError` where they are of different kinds."""
    if len({(part.zoned, part.broker) for part in parts}) > 1:
        raise InvalidCandlesError("some times name a time zone and some do not")
    units: dict[str, int] = {}
    for part in parts:
        units = {**part.units, **units}
    return OpenTimes(np.concatenate([part.micros for part in parts]), units, parts[0].zoned, parts[0].broker)


def is_count(text: str) -> bool:
    """Whether a text is a whole number, as counts since 1970 are."""
    bare = text.strip().removesuffix(".0")
    return bare.isascii() and bare.isdigit()


def is_time(text: str) -> bool:
    """Whether a text may be a time, of whatever kind."""
    if is_count(text):
        return _EARLIEST_S <= int(text.strip().removesuffix(".0")) < _LARGEST
    try:
        _moment(text)
    except ValueError:
        return _SLASHED.fullmatch(text.strip()) is not None
    return True


def parse_zone(text: str) -> tzinfo:
    """A time zone by its name (`Europe/Athens`) or offset (`+02:00`, `UTC+2`); raises `InvalidCandlesError`."""
    offset = _OFFSET.fullmatch(text.strip())
    if offset is not None:
        sign, hours, minutes = offset.groups()
        length = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if length < timedelta(hours=24):
            return timezone(length if sign == "+" else -length)
    try:
        return ZoneInfo(text.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidCandlesError(
            f"{text!r} is no time zone; write it like UTC, +02:00, Europe/Athens or America/New_York"
        ) from None


def times_of_texts(texts: Sequence[str], rows: Rows) -> OpenTimes:
    """Times of texts that are all of one kind; raises `InvalidCandlesError` naming the first row that is not."""
    if not len(texts):
        return OpenTimes(np.empty(0, dtype=np.int64))
    if is_count(texts[0]):
        return times_of_counts(_counts(texts, rows), rows)
    return _times_of_dates(texts, rows)


def times_of_counts(counts: NDArray[np.int64], rows: Rows) -> OpenTimes:
    """Times of counts since 1970; the size of each tells its unit (Binance changed from ms to µs in 2025)."""
    micros = np.zeros(len(counts), dtype=np.int64)
    unknown = np.ones(len(counts), dtype=bool)
    units: dict[str, int] = {}
    for name, per_second in _UNITS:
        inside = (counts >= _EARLIEST_S * per_second) & (counts // per_second < _LATEST_S) & (counts < _LARGEST)
        if not inside.any():
            continue
        units[name] = int(rows[int(np.argmax(inside))])
        unknown &= ~inside
        if per_second <= 1_000_000:
            micros[inside] = counts[inside] * (1_000_000 // per_second)
        elif (odd := np.flatnonzero(inside & (counts % 1000 != 0))).size:
            raise InvalidCandlesError(f"row {rows[odd[0]]}: {counts[odd[0]]} ns is no whole microsecond")
        else:
            micros[inside] = counts[inside] // 1000
    if unknown.any():
        at = int(np.argmax(unknown))
        raise InvalidCandlesError(
            f"row {rows[at]}: {counts[at]} is no time in seconds, ms, µs or ns between 1973 and 2286"
        )
    return OpenTimes(micros, units)


def localised(times: OpenTimes, zone: tzinfo, rows: Rows) -> Micros:
    """UTC of times that a clock on the wall showed, oldest first; raises `InvalidCandlesError`.

    The hour that happens twice in autumn is told apart by its order: what is not later than the row before is the
    second one. An hour that the clock skipped in spring is refused.
    """
    if isinstance(zone, timezone):
        return times.micros - int(zone.utcoffset(None) / timedelta(microseconds=1))
    first = _utc_of_wall(times.micros, zone, fold=0)
    second = _utc_of_wall(times.micros, zone, fold=1)
    if (skipped := np.flatnonzero(second < first)).size:
        at = int(skipped[0])
        shown = np.datetime64(int(times.micros[at]), "us").astype(datetime)
        raise InvalidCandlesError(f"row {rows[at]}: {shown:%Y-%m-%d %H:%M} does not exist in {zone}: clocks skip it")
    twice = second > first
    back = twice & np.concatenate([[False], np.diff(first) <= 0])
    begins = twice & ~np.concatenate([[False], twice[:-1]])
    steps = np.cumsum(back)
    steps_before = np.maximum.accumulate(np.where(begins, steps - back, 0))
    return np.where(twice & (steps > steps_before), second, first)


def _utc_of_wall(micros: Micros, zone: tzinfo, fold: int) -> Micros:
    # An offset holds for whole quarters of an hour in every zone since 1973: a few look-ups serve millions of rows.
    quarter = 15 * 60 * 1_000_000
    quarters, at = np.unique(micros // quarter, return_inverse=True)
    walls = (quarters * quarter).astype("datetime64[us]").astype(datetime)
    offsets = [wall.replace(tzinfo=zone, fold=fold).utcoffset() for wall in walls]
    return micros - np.array([offset / timedelta(microseconds=1) for offset in offsets], dtype=np.int64)[at]


def _counts(texts: Sequence[str], rows: Rows) -> NDArray[np.int64]:
    if set("".join(texts)) <= _DIGITS and max(map(len, texts)) < 19 and "" not in texts:
        return np.fromiter(map(int, texts), dtype=np.int64, count=len(texts))
    bare = [text.strip().removesuffix(".0") for text in texts]
    if odd := [at for at, text in enumerate(bare) if not (text.isascii() and text.isdigit())]:
        raise _no_time(texts[odd[0]], rows[odd[0]], "the first row has a whole number")
    return np.array([min(int(text), _LARGEST) for text in bare], dtype=np.int64)


def _times_of_dates(texts: Sequence[str], rows: Rows) -> OpenTimes:
    broker = (
        _DOTTED.fullmatch(texts[0].strip()) is not None or _DOTTED_DAY_FIRST.fullmatch(texts[0].strip()) is not None
    )
    try:
        moments = list(map(datetime.fromisoformat, texts))
    except ValueError:
        moments = [_moment_of_row(text, row) for text, row in zip(texts, rows, strict=True)]
    zones = {moment.tzinfo is not None for moment in moments}
    if len(zones) > 1:
        odd = next(at for at, moment in enumerate(moments) if (moment.tzinfo is None) != (moments[0].tzinfo is None))
        raise InvalidCandlesError(f"row {rows[odd]}: some times name a time zone and some do not")
    if True in zones:
        moments = [moment.astimezone(UTC).replace(tzinfo=None) for moment in moments]
    return OpenTimes(np.array(moments, dtype="datetime64[us]").astype(np.int64), {}, True in zones, broker)


def _moment_of_row(text: str, row: int) -> datetime:
    if is_count(text):
        raise _no_time(text, row, "the first row has a date")
    try:
        return _moment(text)
    except ValueError:
        if _SLASHED.fullmatch(text.strip()):
            raise InvalidCandlesError(
                f"row {row}: the time {text[:40]!r} may begin with its day or its month; allowed: {ALLOWED_TIMES}"
            ) from None
        raise _no_time(text, row, None) from None


def _moment(text: str) -> datetime:
    """The moment of a text in any of the accepted ways; raises ValueError."""
    bare = text.strip()
    if bare.endswith(("UTC", "GMT")):
        bare = bare[:-3].rstrip() + "+00:00"
    if dotted := _DOTTED.fullmatch(bare):
        year, month, day, rest = dotted.groups()
    elif dotted := _DOTTED_DAY_FIRST.fullmatch(bare):
        day, month, year, rest = dotted.groups()
    else:
        return datetime.fromisoformat(bare)
    return datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}{rest or ''}")


def _no_time(text: str, row: int, unlike: str | None) -> InvalidCandlesError:
    what = f"row {row}: the time {text[:40]!r} " + (f"is of another kind, {unlike}" if unlike else "is no time")
    return InvalidCandlesError(f"{what}; allowed: {ALLOWED_TIMES}")
