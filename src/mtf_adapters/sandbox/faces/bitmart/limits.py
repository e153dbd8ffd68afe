"""Rate limits as BitMart counts them: per endpoint, over any window, per address, key or account.

Its headers say `Remaining` for what is used (it counts up) and `Reset` for the length of the window.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import StrEnum

from attrs import define, field, frozen


class Per(StrEnum):
    """Whose requests are counted together, as the header says it."""

    IP = "IP"
    KEY = "KEY"
    UID = "UID"


@frozen
class Limit:
    """At most so many requests of one endpoint in any window."""

    per: Per
    requests: int
    window_s: int = 2


@frozen
class Count:
    """What the headers of an answer say."""

    limit: Limit
    used: int
    is_over: bool

    def headers(self) -> Mapping[str, str]:
        return {
            "X-BM-RateLimit-Remaining": str(self.used),
            "X-BM-RateLimit-Limit": str(self.limit.requests),
            "X-BM-RateLimit-Reset": str(self.limit.window_s),
            "X-BM-RateLimit-Mode": self.limit.per,
        }


_BAN_WINDOW_S = 60.0


@define
class RateLimits:
    """Counts requests by a time in seconds that only goes forward; refused ones do not count against the window."""

    ban_after: int
    ban_s: float
    _served: dict[tuple[str, str], deque[float]] = field(factory=dict)
    _refused: dict[str, deque[float]] = field(factory=dict)
    _banned_until: dict[str, float] = field(factory=dict)

    def is_banned(self, whose: str, now_s: float) -> bool:
        return now_s < self._banned_until.get(whose, now_s)

    def counted(self, endpoint: str, limit: Limit, whose: str, now_s: float) -> Count:
        """Counts one request; `is_over` where it is one too many."""
        served = self._served.setdefault((endpoint, whose), deque())
        _forget(served, now_s - limit.window_s)
        if len(served) >= limit.requests:
            self._count_refusal(whose, now_s)
            return Count(limit, len(served), is_over=True)
        served.append(now_s)
        return Count(limit, len(served), is_over=False)

    def _count_refusal(self, whose: str, now_s: float) -> None:
        refused = self._refused.setdefault(whose, deque())
        _forget(refused, now_s - _BAN_WINDOW_S)
        refused.append(now_s)
        if len(refused) >= self.ban_after:
            self._banned_until[whose] = now_s + self.ban_s
            refused.clear()


def _forget(times: deque[float], until_s: float) -> None:
    while times and times[0] <= until_s:
        times.popleft()
