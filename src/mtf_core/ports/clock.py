"""Time as an argument's source."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells the time of the world that a run lives in: the wall clock, or a sandbox's settable instant."""

    def now_ms(self) -> int:
        """Milliseconds UTC."""
        ...
