"""Locks: a limit on losses was reached, so a profile enters nothing more until the span ends or an operator lifts it.

A lock is a row of its own, never derived from the audit trail or from what is measured now: no win lifts it, no
restart, and no purge.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market import DAY_MS

BORDER_MS = 5000
"""So near to the border of two spans, both must allow an entry: clocks differ, and rows come late."""

WEEK_MS = 7 * DAY_MS
_FIRST_MONDAY_MS = 4 * DAY_MS
"""1970-01-05; 1970-01-01 was a Thursday."""


class Span(StrEnum):
    """What a limit on losses counts over."""

    DAY = "day"
    """From 00:00 UTC by the exchange's time."""
    WEEK = "week"
    """From Monday 00:00 UTC by the exchange's time."""
    STREAK = "streak"
    """Trades in a row that were lost, however long that took; it ends only by an operator."""

    def start_of(self, time_ms: int) -> int:
        """When the span began that an instant lies in; 0 for a streak, which has no beginning by the clock."""
        if self is Span.DAY:
            return time_ms - time_ms % DAY_MS
        if self is Span.WEEK:
            return time_ms - (time_ms - _FIRST_MONDAY_MS) % WEEK_MS
        return 0

    @property
    def lasts_ms(self) -> int | None:
        """None: no clock ends it."""
        return {Span.DAY: DAY_MS, Span.WEEK: WEEK_MS}.get(self)


@frozen
class RiskLock:
    """A profile's limit was reached: no more entries of it. One row per span, its start, and the profile."""

    start_ms: int
    profile: str
    baseline: Decimal
    """The equity that the loss is measured against; 0 for a streak."""
    loss: Decimal
    """Quote currency; the number of trades for a streak."""
    locked_ms: int
    span: Span = Span.DAY
    forgiven: Decimal = Decimal(0)
    """The loss that an operator lifted the lock at: the limit counts from there on."""
    lifted_ms: int | None = None
    """When an operator lifted it; None: it stands."""

    def holds_at(self, now_ms: int) -> bool:
        """Whether it forbids entries at an instant of the exchange's clock."""
        if self.lifted_ms is not None:
            return False
        lasts_ms = self.span.lasts_ms
        return lasts_ms is None or -BORDER_MS <= now_ms - self.start_ms < lasts_ms + BORDER_MS


def holding(locks: Iterable[RiskLock], now_ms: int) -> RiskLock | None:
    """The lock that forbids entries at an instant: of several that of the shortest span."""
    standing = {lock.span: lock for lock in locks if lock.holds_at(now_ms)}
    return next((standing[span] for span in Span if span in standing), None)
