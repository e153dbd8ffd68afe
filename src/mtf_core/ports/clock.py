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
