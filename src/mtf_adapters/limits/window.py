"""One bucket's budget as a sliding window, with times handed in: pure, so that it can be proven.

A call occupies its slot from its grant until a whole window after its *answer*: the venue counted it somewhere between
the two, so whatever the network does, no window of the venue ever holds more than the limit.
"""

from __future__ import annotations

from collections import deque

from attrs import define, evolve, field

from mtf_adapters.limits.bucket import Bucket, Reading
from mtf_core.ports import Priority

CLOCK_MARGIN_S = 0.01
"""Added to every window: a venue's clock may run a little faster than ours, and cuts windows at whole milliseconds."""


@define(eq=False)
class SlidingWindow:
    """Times are seconds of one clock that never goes back."""

    stated: Bucket
    """As the table says; what the venue says may only be narrower."""
    bucket: Bucket = field(init=False)
    _free_at: deque[float] = field(factory=deque, init=False)
    """When the slots of answered calls become free, ascending."""
    _in_flight: int = field(default=0, init=False)
    _paused_until: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.bucket = self.stated

    def used(self, now: float) -> int:
        """Slots that are not free at `now`."""
        while self._free_at and self._free_at[0] <= now:
            self._free_at.popleft()
        return len(self._free_at) + self._in_flight

    def room(self, now: float, priority: Priority) -> bool:
        """Whether a call of the priority may be sent at `now`."""
        return now >= self._paused_until and self.used(now) < self._most(priority)

    def next_room(self, now: float, priority: Priority) -> float | None:
        """When there will be room if nothing else happens; None: only when a call that is on its way is answered."""
        lacking = self.used(now) - self._most(priority)
        if lacking < 0:
            return max(now, self._paused_until)
        return max(self._free_at[lacking], self._paused_until) if lacking < len(self._free_at) else None

    def take(self) -> None:
        self._in_flight += 1

    def answered(self, now: float) -> None:
        """The call's answer came, or nothing will come of it any more: its slot is free a window later."""
        self._in_flight -= 1
        self._occupy(now)

    def give_back(self) -> None:
        """Nothing was sent."""
        self._in_flight -= 1

    def learn(self, reading: Reading, now: float) -> None:
        """Narrows the bucket to what the venue says, and counts what others used of it."""
        limit, window_ms = reading.limit or self.stated.limit, reading.window_ms or self.stated.window_ms
        is_narrower = limit * self.stated.window_ms < self.stated.limit * window_ms
        self.bucket = evolve(self.stated, limit=limit, window_ms=window_ms) if is_narrower else self.stated
        for _ in range((reading.used or 0) - self.used(now)):
            self._occupy(now)

    def pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)

    def _most(self, priority: Priority) -> int:
        return self.bucket.limit if priority is Priority.EXIT else self.bucket.for_others

    def _occupy(self, now: float) -> None:
        free_at = now + self.bucket.window_ms / 1000 + CLOCK_MARGIN_S
        # A window that was narrowed meanwhile would break the order that `used` relies on.
        self._free_at.append(max(free_at, self._free_at[-1]) if self._free_at else free_at)
