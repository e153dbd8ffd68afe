"""Open times as candle files write them: ISO text, or a count of seconds, milliseconds, microseconds or nanoseconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from mtf_core.market import InvalidCandlesError

ALLOWED_TIMES = "ISO 8601 (without a timezone it is UTC) or whole seconds, ms, µs or ns since 1970"

# Counts of one unit between 1973 and 2286 do not overlap with those of another.
_UNITS = (("seconds", 1), ("ms", 1_000), ("µs", 1_000_000), ("ns", 1_000_000_000))
_EARLIEST_S, _LATEST_S = 10**8, 10**10
_LARGEST = 2**63 - 1
"""The largest int64, in nanoseconds the year 2262; no count above it is a time."""


def micros_of_texts(texts: Sequence[str], file_rows: Sequence[int]) -> NDArray[np.int64]:
    """Microseconds since 1970 UTC; raises `InvalidCandlesError` naming the first row that is no time."""
    if not texts:
        return np.empty(0, dtype=np.int64)
    if _is_count(texts[0]):
        return micros_of_counts(_counts(texts, file_rows), file_rows)
    return _iso_micros(texts, file_rows)


def micros_of_counts(counts: NDArray[np.int64], file_rows: Sequence[int]) -> NDArray[np.int64]:
    """Microseconds since 1970 of counts that are all in one unit, which their size tells."""
    units = np.full(len(counts), -1)
    for number, (_, per_second) in enumerate(_UNITS):
        units[(counts >= _EARLIEST_S * per_second) & (counts // per_second < _LATEST_S) & (counts < _LARGEST)] = number
    if (unknown := np.flatnonzero(units < 0)).size:
        row, value = file_rows[unknown[0]], counts[unknown[0]]
        raise InvalidCandlesError(f"row {row}: {value} is no time in seconds, ms, µs or ns between 1973 and 2286")
    if (other := np.flatnonzero(units != units[0])).size:
        first, second = _UNITS[units[0]][0], _UNITS[units[other[0]]][0]
        raise InvalidCandlesError(
            f"row {file_rows[other[0]]}: a time in {second}, where the first row has {first}; one file, one unit"
        )
    per_second = _UNITS[units[0]][1]
    if per_second <= 1_000_000:
        return counts * (1_000_000 // per_second)
    if (odd := np.flatnonzero(counts % 1000)).size:
        raise InvalidCandlesError(f"row {file_rows[odd[0]]}: {counts[odd[0]]} ns is no whole microsecond")
    return counts // 1000


def _is_count(text: str) -> bool:
    bare = text.strip().removesuffix(".0")
    return bare.isascii() and bare.isdigit()


def _counts(texts: Sequence[str], file_rows: Sequence[int]) -> NDArray[np.int64]:
    counts = []
    for position, text in enumerate(texts):
        bare = text.strip().removesuffix(".0")
        if not (bare.isascii() and bare.isdigit()):
            raise _no_time(text, file_rows[position], "the first row has a whole number")
        counts.append(min(int(bare), _LARGEST))
    return np.array(counts, dtype=np.int64)


def _iso_micros(texts: Sequence[str], file_rows: Sequence[int]) -> NDArray[np.int64]:
    try:
        moments = list(map(datetime.fromisoformat, texts))
    except ValueError:
        moments = [_moment(text, row) for text, row in zip(texts, file_rows, strict=True)]
    if any(moment.tzinfo is not None for moment in moments):
        moments = [
            moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(tzinfo=None) for moment in moments
        ]
    return np.array(moments, dtype="datetime64[us]").astype(np.int64)


def _moment(text: str, row: int) -> datetime:
    """The moment of a text that may have blanks or the suffix `UTC` around it."""
    if _is_count(text):
        raise _no_time(text, row, "the first row has a date")
    try:
        return datetime.fromisoformat(text.strip().removesuffix("UTC").rstrip())
    except ValueError:
        raise _no_time(text, row, None) from None


def _no_time(text: str, row: int, unlike: str | None) -> InvalidCandlesError:
    what = f"row {row}: the time {text[:40]!r} " + (f"is of another kind, {unlike}" if unlike else "is no time")
    return InvalidCandlesError(f"{what}; allowed: {ALLOWED_TIMES}")
