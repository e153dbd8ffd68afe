"""One bucket's budget as a sliding window, with times handed in: pure, so that it can be proven.

A call occupies its slot from its grant until a whole window after its *answer*: the venue counted it somewhere between
the two, so whatever the network does, no window of the venue ever holds more than the limit.
"""

from __future__ import annotations

from collections import deque

from attrs import define, field

from mtf_adapters.limits.bucket import Bucket, Reading
from mtf_core.ports import Priority

CLOCK_MARGIN_S = 0.01
"""Added to every window: a venue's clock may run a little faster than ours, and cuts windows at whole milliseconds."""


_MOST_DOUBLINGS = 5
EASED_S = 30.0
"""After a refusal, how long until one more slot of those that were left to others is tried again."""


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
    _left: int = field(default=0, init=False)
    """Slots left to others at `_left_since`: those of whom only a refusal told."""
    _left_since: float = field(default=0.0, init=False)
    _patient_until: float = field(default=0.0, init=False)
    """Until when all but exits wait, because they were refused again and again."""
    _refusals: int = field(default=0, init=False)
    """Rounds of refusals without a call in between that was let through."""
    _refused: int = field(default=0, init=False)
    """Calls that were refused and whose slot is not told of yet."""

    def __attrs_post_init__(self) -> None:
        self.bucket = self.stated

    def used(self, now: float) -> int:
        """Slots that are not free at `now`."""
        while self._free_at and self._free_at[0] <= now:
            self._free_at.popleft()
        return len(self._free_at) + self._in_flight

    def room(self, now: float, priority: Priority) -> bool:
        """Whether a call of the priority may be sent at `now`."""
        return now >= self._wait_until(priority) and self.used(now) < self._most(priority, now)

    def left(self, now: float, priority: Priority) -> int:
        """How many calls of the priority may be sent at `now`."""
        return max(0, self._most(priority, now) - self.used(now)) if now >= self._wait_until(priority) else 0

    def next_room(self, now: float, priority: Priority) -> float | None:
        """When there will be room if nothing else happens; None: only when a call that is on its way is answered."""
        lacking = self.used(now) - self._most(priority, now)
        waits = self._wait_until(priority)
        if lacking < 0:
            return max(now, waits)
        return max(self._free_at[lacking], waits) if lacking < len(self._free_at) else None

    def take(self) -> None:
        self._in_flight += 1

    def answered(self, now: float) -> None:
        """The call's answer came, or nothing will come of it any more: its slot is free a window later."""
        self._in_flight -= 1
        if self._refused:
            self._refused -= 1
        else:
            self._refusals = 0
        self._occupy(now)

    def give_back(self) -> None:
        """Nothing was sent."""
        self._in_flight -= 1

    def learn(self, reading: Reading, now: float) -> None:
        """Narrows the bucket to what the venue says, and counts what others used of it."""
        stated = self.stated
        self.bucket = stated.narrowed(reading.limit or stated.limit, reading.window_ms or stated.window_ms)
        for _ in range((reading.used or 0) - self.used(now)):
            self._occupy(now)

    def pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)

    def refused(self, now: float, until: float) -> None:
        """The venue refused a call that this budget had allowed: others call it, too, and are left half of the slots.

        They come back one by one; who is let through with nothing at all waits twice as long each time, exits apart.
        Without this, processes that do not know of each other are refused again and again, until the venue bans their
        address.
        """
        self._refused += 1
        if now >= self._wait_until(Priority.MARKET):
            most = self._most(Priority.MARKET, now)
            self._left, self._left_since = self._left_to_others(now) + most // 2, max(now, until)
            self._patient_until = now + (until - now) * 2 ** min(self._refusals, _MOST_DOUBLINGS)
            self._refusals += 1
        self.pause(until)

    def _wait_until(self, priority: Priority) -> float:
        return self._paused_until if priority is Priority.EXIT else max(self._paused_until, self._patient_until)

    def _left_to_others(self, now: float) -> int:
        return max(0, self._left - int(max(0.0, now - self._left_since) / EASED_S))

    def _most(self, priority: Priority, now: float) -> int:
        """Exits may use all of it, others at least one slot."""
        if priority is Priority.EXIT:
            return self.bucket.limit
        return max(1, self.bucket.for_others - self._left_to_others(now))

    def _occupy(self, now: float) -> None:
        free_at = now + self.bucket.window_ms / 1000 + CLOCK_MARGIN_S
        # A window that was narrowed meanwhile would break the order that `used` relies on.
        self._free_at.append(max(free_at, self._free_at[-1]) if self._free_at else free_at)
