"""Limits as a venue states them: so many requests in any window of so many milliseconds, counted per something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from attrs import evolve, field, frozen
from attrs.validators import ge, gt, in_

_RATE = re.compile(r"\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)\s*(ms|s|m)?\s*")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000}


class InvalidRateError(ValueError):
    """A rate that cannot be read, or of a bucket that there is not."""


class Scope(StrEnum):
    """Whose requests a bucket counts together."""

    IP = "ip"
    KEY = "key"
    ACCOUNT = "account"


@frozen
class Bucket:
    """At most `limit` requests in any window."""

    name: str
    limit: int = field(validator=ge(1))
    window_ms: int = field(validator=gt(0))
    scope: Scope
    exits_share: float = field(default=0.0, validator=[ge(0.0)])
    """The share of the limit (0–0.9) that only exits may use; 0 for buckets that no exit needs."""

    @exits_share.validator
    def _below_one(self, _: object, value: float) -> None:
        if value > 0.9:
            raise ValueError(f"{self.name}: exits_share {value} leaves nothing to others; at most 0.9")

    @property
    def for_others(self) -> int:
        """How many of the limit those may use who are no exits; at least one."""
        return max(1, self.limit - int(self.limit * self.exits_share))

    def narrowed(self, limit: int, window_ms: int) -> Bucket:
        """The bucket with this rate where that is slower than its own; else as it is."""
        is_slower = limit * self.window_ms < self.limit * window_ms
        return evolve(self, limit=limit, window_ms=window_ms) if is_slower else self


@frozen
class Reading:
    """What the headers of an answer say of a bucket; None where they say nothing."""

    used: int | None = None
    """Requests that the venue has counted in its window, this one included."""
    limit: int | None = None
    window_ms: int | None = None


@frozen
class BucketTable:
    """A venue's buckets by name."""

    buckets: Mapping[str, Bucket]
    group: str = field(validator=in_(("BITMART", "OKX", "BYBIT", "HYPERLIQUID", "SANDBOX")))
    """Begins the names of the settings that override a bucket: `BITMART_RATE_KLINE=12/2s`."""

    def overridden(self, environment: Mapping[str, str]) -> BucketTable:
        """The table with what settings like `BITMART_RATE_<BUCKET>=<limit>/<window>` say; raises `InvalidRateError`.

        `<GROUP>_RATE_DEFAULT` is for every bucket that has no setting of its own and may only lower it.
        """
        prefix = f"{self.group}_RATE_"
        found = {name.removeprefix(prefix): text for name, text in environment.items() if name.startswith(prefix)}
        default = found.pop("DEFAULT", None)
        buckets = dict(self.buckets)
        if default is not None:
            limit, window_ms = _parsed(f"{prefix}DEFAULT", default)
            buckets = {name: bucket.narrowed(limit, window_ms) for name, bucket in buckets.items()}
        by_setting = {name.upper().replace("-", "_"): name for name in buckets}
        for setting, text in found.items():
            if setting not in by_setting:
                known = ", ".join(sorted(by_setting))
                raise InvalidRateError(f"{prefix}{setting}: there is no such bucket; known: {known}")
            name = by_setting[setting]
            limit, window_ms = _parsed(prefix + setting, text)
            buckets[name] = evolve(buckets[name], limit=limit, window_ms=window_ms)
        return evolve(self, buckets=buckets)


def _parsed(setting: str, text: str) -> tuple[int, int]:
    match = _RATE.fullmatch(text)
    limit, window_ms = (int(match[1]), int(float(match[2]) * _UNIT_MS[match[3] or "s"])) if match else (0, 0)
    if limit < 1 or window_ms < 1:
        raise InvalidRateError(f"{setting}: {text!r} is no rate; write requests per window like 12/2s or 40/500ms")
    return limit, window_ms
