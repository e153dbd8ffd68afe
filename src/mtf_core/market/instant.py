"""Instants: timezone-aware UTC at the rim, integer milliseconds inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
MOMENTS_AGO = "([1-9][0-9]{0,4})([smhd])"
"""A duration: a number of seconds, minutes, hours or days."""
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class InvalidInstantError(ValueError):
    """The text is no RFC 3339 instant with a timezone."""


def parse_instant(text: str) -> datetime:
    """RFC 3339 text (`2022-01-31T14:00Z`) as an aware UTC datetime; a time without a timezone is refused."""
    try:
        parsed = datetime.fromisoformat(text.strip())
        if parsed.tzinfo is None:
            raise InvalidInstantError(f"{text!r} has no timezone; write it like 2022-01-31T14:00Z")
        return parsed.astimezone(UTC)
    except InvalidInstantError:
        raise
    except (ValueError, OverflowError):  # the latter where UTC lies outside the years 1 to 9999
        raise InvalidInstantError(f"{text!r} is no instant; write it like 2022-01-31T14:00Z") from None


def parse_moment(text: str, now_ms: int) -> int:
    """An instant, or a duration like `90m`, `2h` or `3d` that is counted back from `now_ms`; in ms."""
    found = re.fullmatch(MOMENTS_AGO, text.strip(), re.ASCII)
    if found is None:
        try:
            return to_ms(parse_instant(text))
        except InvalidInstantError as error:
            raise InvalidInstantError(f"{error}, or a duration like 90m, 2h or 3d") from None
    return now_ms - int(found[1]) * _UNITS[found[2]]


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970 UTC; exact, and a naive datetime is refused."""
    if instant.tzinfo is None:
        raise InvalidInstantError(f"{instant!r} has no timezone")
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of an integer millisecond count."""
    return _EPOCH + timedelta(milliseconds=int(ms))


def format_instant(instant: datetime | int) -> str:
    """RFC 3339 in UTC with a `Z`, without needless zeros of a fraction of a second."""
    moment = instant.astimezone(UTC) if isinstance(instant, datetime) else from_ms(instant)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
