"""The time of a world: it flows with the machine's, faster than it, or only when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from mtf_adapters.sandbox.clock import SandboxClock


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
        self._start_ms = start_ms
        self.speed = speed
        self._timer = timer
        self._began = timer()

    def now_ms(self) -> int:
        return self._start_ms + int((self._timer() - self._began) * 1000 * self.speed)

    def __repr__(self) -> str:
        return f"FlowingClock({self.now_ms()}, speed {self.speed})"


class SteppedClock(SandboxClock):
    """Stands until it is told to move, and moves forwards only."""

    def set(self, instant: object) -> None:
        raise TypeError("a stepped clock only advances")

    def advance(self, milliseconds: int) -> None:
        if milliseconds < 0:
            raise ValueError(f"a stepped clock never goes back, not by {milliseconds} ms")
        super().advance(milliseconds)
