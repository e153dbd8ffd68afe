"""The time of a world: it flows with the machine's, faster than it, or only when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from mtf_core.market import format_instant
from mtf_core.ports import Clock


class WorldClock(Protocol):
    """Never goes back."""

    def now_ms(self) -> int: ...


class FlowingClock:
    """Begins at an instant and flows `speed` times as fast as the timer: 1 is real time, 60 a minute a second.

    `timer` counts seconds from anywhere.
    """

    def __init__(self, start_ms: int, speed: float = 1.0, timer: Callable[[], float] = monotonic) -> None:
        if not speed > 0:
            raise ValueError(f"a clock's speed is above zero, found {speed}")
        self.speed = speed
        self._start_ms = start_ms
        self._timer = timer
        self._began = timer()

    def now_ms(self) -> int:
        return self._start_ms + int((self._timer() - self._began) * 1000 * self.speed)

    def __repr__(self) -> str:
        return f"FlowingClock({format_instant(self.now_ms())}, speed {self.speed:g})"


class SteppedClock:
    """Stands at an instant until it is told to move, forwards only."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        return self._now_ms

    def advance(self, milliseconds: int) -> None:
        if milliseconds < 0:
            raise ValueError(f"a stepped clock never goes back, not by {milliseconds} ms")
        self._now_ms += milliseconds

    def __repr__(self) -> str:
        return f"SteppedClock({format_instant(self._now_ms)})"


class ForwardClock:
    """Another clock, which may be set: where that goes back, this one stands until it is caught up with."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest_ms = clock.now_ms()

    def now_ms(self) -> int:
        self._latest_ms = max(self._latest_ms, self._clock.now_ms())
        return self._latest_ms

    def __repr__(self) -> str:
        return f"ForwardClock({format_instant(self.now_ms())})"
