"""What an adapter asks before each call, and tells after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from attrs import frozen

from mtf_adapters.limits.bucket import Reading
from mtf_core.ports import Priority


class BudgetSpentError(Exception):
    """No call was allowed within the time that the caller could wait; nothing was sent."""

    def __init__(self, bucket: str, waited_s: float) -> None:
        super().__init__(f"the rate limit of {bucket} left no room within {waited_s:.2f} s")
        self.bucket = bucket


@frozen
class BucketUse:
    """How a bucket stands for this process."""

    limit: int
    """Calls that it allows in its window, as narrow as the venue has said."""
    window_ms: int
    used: int
    """How many of them are not free now."""
    calls: int
    """How many were let go since the process began."""


class Limiter(Protocol):
    """Grants calls so that no bucket's limit is exceeded over any window, whatever the answers take."""

    def permit(
        self, bucket: str, priority: Priority, *, timeout_s: float | None = None
    ) -> AbstractAsyncContextManager[None]:
        """One call: entered when it may be sent, left when its answer is there (or will not come).

        Raises `BudgetSpentError` where that would take longer than `timeout_s`.
        """
        ...

    def learn(self, bucket: str, reading: Reading) -> None:
        """What an answer's headers said; the more restrictive wins."""
        ...

    def refused(self, bucket: str, pause_ms: int) -> None:
        """The venue refused a call of the bucket as one too many: nobody calls it for so long."""
        ...

    def banned(self, pause_ms: int) -> None:
        """The venue refuses everything: all but exits stop for so long."""
        ...

    def exits_left(self, bucket: str) -> int | None:
        """Calls of a bucket that exits could make now, as far as this process knows; None: any number."""
        ...

    @property
    def waited(self) -> Mapping[str, float]:
        """Seconds that calls waited so far, by bucket."""
        ...

    @property
    def uses(self) -> Mapping[str, BucketUse]:
        """Every bucket that was called so far, as it stands now."""
        ...


class Unlimited:
    """For exchanges without limits; nothing waits."""

    @asynccontextmanager
    async def permit(self, bucket: str, priority: Priority, *, timeout_s: float | None = None) -> AsyncIterator[None]:
        yield

    def learn(self, bucket: str, reading: Reading) -> None:
        pass

    def refused(self, bucket: str, pause_ms: int) -> None:
        pass

    def banned(self, pause_ms: int) -> None:
        pass

    def exits_left(self, bucket: str) -> int | None:
        return None

    @property
    def waited(self) -> Mapping[str, float]:
        return {}

    @property
    def uses(self) -> Mapping[str, BucketUse]:
        return {}


def leaves_left(limiter: Limiter, calls_of_one: Mapping[str, int]) -> int | None:
    """How many times so many calls of each bucket could be made now by exits; None: any number."""
    left = {name: limiter.exits_left(name) for name in calls_of_one}
    known = [calls // calls_of_one[name] for name, calls in left.items() if calls is not None]
    return min(known, default=None)
