"""The wall clock, and one that is never set."""

from __future__ import annotations

import time

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class SteadyClock:
    """This machine's time as it was at the start, and what has passed since: nobody can set it, and where the system
    has such a clock it goes on while the machine sleeps."""

    def __init__(self) -> None:
        self._begun_ns = time.time_ns() - _passed_ns()

    def now_ms(self) -> int:
        return (self._begun_ns + _passed_ns()) // 1_000_000


def _passed_ns() -> int:
    return time.monotonic_ns() if _SINCE_BOOT is None else time.clock_gettime_ns(_SINCE_BOOT)


class WallClock:
    """This machine's clock, as the core's `Clock`."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000
