"""The budget of one process: waiting in the order of priority, then of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count

from attrs import define, field

from mtf_adapters.limits.bucket import Bucket, BucketTable, Reading
from mtf_adapters.limits.limiter import BucketUse, BudgetSpentError
from mtf_adapters.limits.window import SlidingWindow
from mtf_core.ports import Priority

Waiter = tuple[Priority, int, "asyncio.Future[None]"]


@define(eq=False)
class _Queue:
    """Those who wait for one bucket."""

    window: SlidingWindow
    waiters: list[Waiter] = field(factory=list)
    alarm: asyncio.TimerHandle | None = None
    calls: int = 0
    """How many were let go."""


class LocalBudget:
    """Implements `Limiter` within one process. `timer` counts seconds; default: the running loop's."""

    def __init__(self, table: BucketTable, timer: Callable[[], float] | None = None) -> None:
        self._queues = {name: _Queue(SlidingWindow(bucket)) for name, bucket in table.buckets.items()}
        self._waited = dict.fromkeys(self._queues, 0.0)
        self._timer = timer
        self._tickets = count()
        self._banned_until = 0.0

    @asynccontextmanager
    async def permit(self, bucket: str, priority: Priority, *, timeout_s: float | None = None) -> AsyncIterator[None]:
        queue = self._queues[bucket]
        await self._granted(bucket, queue, priority, timeout_s)
        try:
            yield
        finally:
            queue.window.answered(self._now())
            self._serve(queue)

    def effective(self, bucket: str) -> Bucket:
        """The bucket as narrow as the venue has said."""
        return self._queues[bucket].window.bucket

    def learn(self, bucket: str, reading: Reading) -> None:
        self._queues[bucket].window.learn(reading, self._now())

    def refused(self, bucket: str, pause_ms: int) -> None:
        now = self._now()
        self._queues[bucket].window.refused(now, now + pause_ms / 1000)

    def banned(self, pause_ms: int) -> None:
        self._banned_until = max(self._banned_until, self._now() + pause_ms / 1000)

    def exits_left(self, bucket: str) -> int | None:
        return self._queues[bucket].window.left(self._now(), Priority.EXIT)

    @property
    def waited(self) -> Mapping[str, float]:
        return {name: seconds for name, seconds in self._waited.items() if seconds}

    @property
    def uses(self) -> Mapping[str, BucketUse]:
        now = self._now()
        windows = {name: (queue.window, queue.calls) for name, queue in self._queues.items() if queue.calls}
        return {
            name: BucketUse(window.bucket.limit, window.bucket.window_ms, window.used(now), calls)
            for name, (window, calls) in windows.items()
        }

    async def _granted(self, bucket: str, queue: _Queue, priority: Priority, timeout_s: float | None) -> None:
        """Returns when the call's slot is taken."""
        grant: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(queue.waiters, (priority, next(self._tickets), grant))
        asked = self._now()
        self._serve(queue)
        try:
            async with asyncio.timeout(timeout_s):
                await grant
        except BaseException as error:
            # The grant may have come in the same moment as the end of the patience.
            if not grant.cancel() and not grant.cancelled():
                queue.window.give_back()
                queue.calls -= 1
            self._serve(queue)
            if isinstance(error, TimeoutError):
                raise BudgetSpentError(bucket, self._now() - asked) from None
            raise
        finally:
            self._waited[bucket] += self._now() - asked

    def _serve(self, queue: _Queue) -> None:
        """Grants what there is room for, the most urgent first, and comes back when there is room again."""
        now = self._now()
        while queue.waiters:
            priority, _, grant = queue.waiters[0]
            if grant.done():  # it gave up
                heappop(queue.waiters)
            elif self._is_free(queue, priority, now):
                heappop(queue.waiters)
                queue.window.take()
                queue.calls += 1
                grant.set_result(None)
            else:
                break
        self._come_back(queue, now)

    def _is_free(self, queue: _Queue, priority: Priority, now: float) -> bool:
        is_banned = priority is not Priority.EXIT and now < self._banned_until
        return not is_banned and queue.window.room(now, priority)

    def _come_back(self, queue: _Queue, now: float) -> None:
        if queue.alarm is not None:
            queue.alarm.cancel()
            queue.alarm = None
        if not queue.waiters:
            return
        priority = queue.waiters[0][0]
        free_at = queue.window.next_room(now, priority)
        if free_at is not None:
            if priority is not Priority.EXIT:
                free_at = max(free_at, self._banned_until)
            loop = asyncio.get_running_loop()
            queue.alarm = loop.call_later(max(0.0, free_at - now), self._serve, queue)

    def _now(self) -> float:
        return self._timer() if self._timer is not None else asyncio.get_running_loop().time()
