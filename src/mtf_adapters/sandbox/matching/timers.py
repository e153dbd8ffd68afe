"""What is due at which instant."""

from __future__ import annotations

from enum import IntEnum
from heapq import heappop, heappush
from typing import NamedTuple


class TimerKind(IntEnum):
    """What runs out; the lower number first where two are due at one instant."""

    CANCEL_ALL = 0
    ORDER_LIVE = 1


class Timer(NamedTuple):
    due_ms: int
    kind: TimerKind
    number: int
    """Of the order that goes live; of the asking, for a timed cancel-all."""
    account: str
    symbol: str
    """Empty: every symbol's."""


class Timers:
    """A queue by time. Timers that are not wanted any more stay in it and are found void when they run out."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: list[Timer] = []

    def set(self, timer: Timer) -> None:
        heappush(self._queue, timer)

    def next_ms(self) -> int | None:
        return self._queue[0].due_ms if self._queue else None

    def pop_due(self, now_ms: int) -> Timer | None:
        """The next one that is due, removed."""
        return heappop(self._queue) if self._queue and self._queue[0].due_ms <= now_ms else None
