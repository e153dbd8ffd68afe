"""The sandbox's time: an instant that is set, not one that passes."""

from __future__ import annotations

from datetime import datetime

from mtf_core.market import format_instant, to_ms


class SandboxClock:
    """A clock that stands at an instant until it is told to move."""

    def __init__(self, instant: datetime | int) -> None:
        self._now_ms = _as_ms(instant)

    def now_ms(self) -> int:
        return self._now_ms

    def set(self, instant: datetime | int) -> None:
        """Jumps to an instant (aware datetime or ms), forwards or backwards."""
        self._now_ms = _as_ms(instant)

    def advance(self, milliseconds: int) -> None:
        self._now_ms += milliseconds

    def __repr__(self) -> str:
        return f"SandboxClock({format_instant(self._now_ms)})"


def _as_ms(instant: datetime | int) -> int:
    return instant if isinstance(instant, int) else to_ms(instant)
