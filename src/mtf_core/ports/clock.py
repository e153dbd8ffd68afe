"""Time as an argument's source."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


class Clock(Protocol):
    """Tells the time of the world that a run lives in: the wall clock, or an instant that is set."""

    def now_ms(self) -> int:
        """Milliseconds UTC."""
        ...


@frozen
class ClockSkew:
    """How far an exchange's clock is ahead of this machine's, as last measured; milliseconds."""

    skew_ms: int
    error_ms: int
    """The truth is at most so far away: half the round trip of the call that told."""
    measured_ms: int
    """When it was measured, by this machine's clock."""
    astray_ms: int | None = None
    """How far the last reading was from where the readings before it had put the exchange's clock. None where that does
    not matter: the exchange's time is that of the world, and this machine's clock should show it. A world of
    practice may live in the past, or faster, and differs from this machine's clock because it was asked to."""

    @property
    def doubt_ms(self) -> int:
        """The most that the exchange's clock may be away from what is expected of it."""
        away_ms = self.skew_ms if self.astray_ms is None else self.astray_ms
        return abs(away_ms) + self.error_ms
