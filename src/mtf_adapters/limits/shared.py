"""The budget that several processes share through Redis: one script decides, by the server's own clock."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import TYPE_CHECKING

from attrs import frozen

from mtf_adapters.limits.bucket import BucketTable, Reading, Scope
from mtf_adapters.limits.limiter import BucketUse, BudgetSpentError
from mtf_adapters.limits.local import LocalBudget
from mtf_adapters.limits.window import CLOCK_MARGIN_S
from mtf_core.ending import ended
from mtf_core.ports import Priority

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection

EXIT_PATIENCE_S = 0.25
"""An exit never waits longer than this for the shared budget: then it goes by this process's own."""
_LONGEST_CALL_MS = 60_000
"""A call whose process died is forgotten after this; no call of ours lives longer."""
_LOOK_AGAIN_S = 0.5


@frozen
class Callers:
    """Whose calls a venue counts together: all of one place by their address, and by their key."""

    place: str
    """Venue and hosts."""
    key: str
    """Of the account; empty for calls without one."""
    address: str = ""
    """By whatever name, the address from which the venue sees this process; empty: all processes have the same."""

    def of(self, scope: Scope) -> str:
        """What stands for those who share a limit of that kind. One place is one slot of a Redis of many."""
        return f"{{{self.place}}}:ip:{self.address}" if scope is Scope.IP else f"{{{self.place}}}:key:{self.key}"


class SharedBudget:
    """Implements `Limiter` for all processes that use the same Redis and are counted together (`Callers`).

    The order is that of `LocalBudget`: priority, then arrival, over all processes. When Redis does not answer, exits go
    by the process's own budget after `EXIT_PATIENCE_S`; for everything else the budget counts as spent.
    """

    def __init__(self, connection: RedisConnection, callers: Callers, table: BucketTable) -> None:
        self._callers, self._buckets = callers, table.buckets
        self._own = LocalBudget(table)
        self._waited = dict.fromkeys(table.buckets, 0.0)
        source = (files("mtf_adapters.limits") / "budget.lua").read_text("utf-8")
        self._connection, self._script = connection, connection.client.register_script(source)
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def permit(self, bucket: str, priority: Priority, *, timeout_s: float | None = None) -> AsyncIterator[None]:
        call = uuid.uuid4().hex
        started = time.monotonic()
        patience = EXIT_PATIENCE_S if priority is Priority.EXIT else timeout_s
        try:
            async with asyncio.timeout(patience):
                await self._granted(bucket, call, priority)
        except BaseException as error:
            if priority is not Priority.EXIT or not isinstance(error, Exception):
                self._tell("back", bucket, call)
                raise _as_spent(error, bucket, started) from None
            self._tell("took", bucket, call, _LONGEST_CALL_MS)
        finally:
            self._waited[bucket] += time.monotonic() - started
        # Every call also passes the own budget, so that it knows what was sent when it has to decide alone.
        left = None if timeout_s is None else max(0.0, timeout_s - (time.monotonic() - started))
        try:
            async with self._own.permit(bucket, priority, timeout_s=left):
                yield
        finally:
            window_ms = self._own.effective(bucket).window_ms
            self._tell("answered", bucket, call, window_ms + int(CLOCK_MARGIN_S * 1000))

    def learn(self, bucket: str, reading: Reading) -> None:
        self._own.learn(bucket, reading)
        if reading.used:
            self._tell("counted", bucket, "", reading.used, self._own.effective(bucket).window_ms)

    def refused(self, bucket: str, pause_ms: int) -> None:
        self._own.refused(bucket, pause_ms)
        self._tell("pause", bucket, "", pause_ms)

    def banned(self, pause_ms: int) -> None:
        self._own.banned(pause_ms)
        self._tell("ban", next(iter(self._waited)), "", pause_ms)

    def exits_left(self, bucket: str) -> int | None:
        """By what this process sent, and what answers said: others' calls are known where the venue tells of them."""
        return self._own.exits_left(bucket)

    @property
    def waited(self) -> Mapping[str, float]:
        own = self._own.waited
        return {name: seconds + own.get(name, 0.0) for name, seconds in self._waited.items() if seconds or name in own}

    @property
    def uses(self) -> Mapping[str, BucketUse]:
        """Of this process alone: what others use of the same budget, they tell."""
        return self._own.uses

    async def settled(self, patience_s: float = 1.0) -> None:
        """Waits a little until everything that was to be told is told; for the end of a process."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=patience_s)
            await ended(*late)

    async def _granted(self, bucket: str, call: str, priority: Priority) -> None:
        while True:
            limits = self._own.effective(bucket)
            most = limits.limit if priority is Priority.EXIT else limits.for_others
            wait_ms = await self._ask("ask", bucket, call, int(priority), most, _LONGEST_CALL_MS)
            if wait_ms == 0:
                return
            await asyncio.sleep(min(wait_ms / 1000, _LOOK_AGAIN_S))

    async def _ask(self, what: str, bucket: str, call: str, *arguments: int) -> int:
        root = f"mtf:limits:{self._callers.of(self._buckets[bucket].scope)}"
        keys = [f"{root}:{bucket}:{part}" for part in ("slots", "waiting", "seen", "ticket", "paused")]
        banned = f"mtf:limits:{self._callers.of(Scope.IP)}:banned"
        asked = self._script(keys=[*keys, banned], args=[what, call, *arguments])
        answer: int = await self._connection.answer_of(asked)
        return int(answer)

    def _tell(self, what: str, bucket: str, call: str, *arguments: int) -> None:
        """Without waiting for it: an answer's own work goes first, and what is lost here expires by itself."""

        async def tell() -> None:
            with suppress(Exception):
                await self._ask(what, bucket, call, *arguments)

        task = asyncio.get_running_loop().create_task(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _as_spent(error: BaseException, bucket: str, started: float) -> BaseException:
    """Patience that ended, and a Redis that fails, mean the same to a caller: no call was allowed."""
    if isinstance(error, Exception):
        return BudgetSpentError(bucket, time.monotonic() - started)
    return error
