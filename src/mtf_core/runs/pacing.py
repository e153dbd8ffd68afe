"""When the runs of a process that stays begin: aligned to the closes of candles, one at a time."""

from __future__ import annotations

from attrs import frozen


@frozen
class Pace:
    """One run a period, `offset_ms` after its border: late enough for the exchange to have closed its candles."""

    period_ms: int
    offset_ms: int = 0

    def next_start(self, now_ms: int) -> int:
        """The first instant of the pace that lies after `now_ms`."""
        return (now_ms - self.offset_ms) // self.period_ms * self.period_ms + self.period_ms + self.offset_ms

    def skipped(self, started_ms: int, now_ms: int) -> int:
        """How many starts passed while a run that began at `started_ms` was still at work."""
        return max(0, (self.next_start(now_ms) - self.next_start(started_ms)) // self.period_ms)
