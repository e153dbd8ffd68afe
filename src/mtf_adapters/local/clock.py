"""The wall clock."""

from __future__ import annotations

import time


class WallClock:
    """This machine's clock, as the core's `Clock`."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000
