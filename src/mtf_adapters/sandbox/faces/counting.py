"""Counting requests against rate limits: over any window, by whose they are; and bans of those who go on."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from attrs import define, field, frozen


class RateClock(StrEnum):
    """By which time requests are counted."""

    MACHINE = "machine"
    WORLD = "world"


class Window(Protocol):
    """At most so many requests in any window."""

    @property
    def requests(self) -> int: ...

    @property
    def window_s(self) -> float: ...


W = TypeVar("W", bound=Window)


@frozen
class Count(Generic[W]):
    """What one more request came to."""

    limit: W
    used: int
    is_over: bool


_BAN_WINDOW_S = 60.0


@define
class RateLimits:
    """Counts requests by a time in seconds that only goes forward; refused ones do not count against the window."""

    ban_after: int | None
    """Refusals within a minute after which all requests are refused; None: never."""
    ban_s: float
    _served: dict[tuple[str, str], deque[float]] = field(factory=dict)
    _refused: dict[str, deque[float]] = field(factory=dict)
    _banned_until: dict[str, float] = field(factory=dict)

    def is_banned(self, whose: str, now_s: float) -> bool:
        return now_s < self._banned_until.get(whose, now_s)

    def counted(self, endpoint: str, limit: W, whose: str, now_s: float, weight: int = 1) -> Count[W]:
        """Counts one request, which may weigh as many; `is_over` where it is one too many."""
        served = self._served.setdefault((endpoint, whose), deque())
        _forget(served, now_s - limit.window_s)
        if len(served) + weight > limit.requests:
            self._count_refusal(whose, now_s)
            return Count(limit, len(served), is_over=True)
        served.extend([now_s] * weight)
        return Count(limit, len(served), is_over=False)

    def _count_refusal(self, whose: str, now_s: float) -> None:
        if self.ban_after is None:
            return
        refused = self._refused.setdefault(whose, deque())
        _forget(refused, now_s - _BAN_WINDOW_S)
        refused.append(now_s)
        if len(refused) >= self.ban_after:
            self._banned_until[whose] = now_s + self.ban_s
            refused.clear()


def _forget(times: deque[float], until_s: float) -> None:
    while times and times[0] <= until_s:
        times.popleft()
