"""An event loop whose time is a world's: whoever waits in the process, for whatever reason, waits by that clock.

Pauses, limits of patience and the lives of locks then fit the market that is traded, however fast it passes. Under a
clock that is stepped nothing ever lasts too long by itself, so the same steps lead to the same end on any machine.
"""

from __future__ import annotations

import asyncio
from selectors import DefaultSelector, SelectorKey

from mtf_adapters.sandbox.world_clock import FlowingClock, SteppedClock

_LONGEST_LOOK_S = 0.5
"""Of this machine: a stepped clock may be moved by a thread, which the loop would not notice sooner."""


class WorldLoop(asyncio.SelectorEventLoop):
    """Made for `asyncio.Runner(loop_factory=…)`."""

    def __init__(self, clock: FlowingClock | SteppedClock) -> None:
        speed = clock.speed if isinstance(clock, FlowingClock) else None
        super().__init__(_WorldSelector(speed))
        self._world_clock = clock
        self._begun_ms = clock.now_ms()

    def time(self) -> float:
        """The world's seconds since the loop was made: small numbers, which floats tell apart to the nanosecond."""
        return (self._world_clock.now_ms() - self._begun_ms) / 1000


class _WorldSelector(DefaultSelector):
    """Waits for files and sockets so long as the world's time until the next timer lasts on this machine."""

    def __init__(self, speed: float | None) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            timeout = min(timeout, _LONGEST_LOOK_S) if self._speed is None else timeout / self._speed
        return super().select(timeout)


async def pass_time(clock: SteppedClock, ms: int, step_ms: int = 1000) -> None:
    """Lets so much time pass, step by step, so that whoever waits wakes at most a step late."""
    while ms > 0:
        passed = min(step_ms, ms)
        clock.advance(passed)
        ms -= passed
        await _settled()


async def _settled() -> None:
    """Once for timers that are due, once for those who waited for them."""
    for _ in range(3):
        await asyncio.sleep(0)
