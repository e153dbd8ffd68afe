"""Time as an argument's source."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells the time of the world that a run lives in: the wall clock, or an instant that is set."""

    def now_ms(self) -> int:
        """Milliseconds UTC."""
        ...
