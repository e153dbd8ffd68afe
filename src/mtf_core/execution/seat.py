"""Who supervises an account: one process at a time, told apart by a lock with a token that only grows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum

from attrs import define, field

from mtf_core.execution.waiting import Patience
from mtf_core.ports import Acquired, HeldBy, Locks, PortError
from mtf_core.ports.locks import LockAnswer

_SHARE = 0.25
"""Of its time to live: how long after a renewal it is not renewed again."""
_KEPT_BESIDE_SHARE = 0.6
"""The same where signs of life renew it, one at the end of each look: then that is the one write of a look."""


class Seated(Enum):
    """Whether this process is the one that acts."""

    YES = "yes"
    UNHEARD = "unheard"
    """It was, and the locks do not answer: what protects goes on, nothing else does."""
    NO = "no"
    """Another one is, or nobody could say."""


def seat_name(namespace: str, account: str) -> str:
    """The name of the lock."""
    return f"supervise:{namespace}:{account}"


@define(eq=False)
class Seat:
    """The lock of one account, as one owner holds it or waits for it."""

    locks: Locks
    name: str
    owner: str
    ttl_ms: int
    fence: Acquired | None = field(default=None, init=False)
    """What the store checks before it keeps anything of ours; None: the lock is not ours."""
    holder: HeldBy | None = field(default=None, init=False)
    """Who held it when it was last asked for."""
    _renewed_s: float = field(default=0.0, init=False)
    """When it was last heard to be ours, by the loop's clock."""
    _is_kept_beside: bool = field(default=False, init=False)
    """Something else that is written again and again renews it as well."""
    _asking: Patience[LockAnswer] = field(factory=Patience, init=False)

    async def hold(self, wait_ms: float) -> Seated:
        """Takes the seat, or keeps it for another `ttl_ms`; waits no longer than given.

        One that was renewed a moment ago is not renewed again: the store refuses whoever lost it in between.
        """
        now_s = asyncio.get_running_loop().time()
        enough_ms = self.ttl_ms * (_KEPT_BESIDE_SHARE if self._is_kept_beside else _SHARE)
        if self.fence is not None and 0 <= now_s - self._renewed_s < enough_ms / 1000:
            return Seated.YES
        try:
            answer = await self._asking.result_of(self._ask(), wait_ms)
        except PortError:
            answer = None
        if answer is None:
            return Seated.NO if self.fence is None else Seated.UNHEARD
        if isinstance(answer, HeldBy):
            self.fence, self.holder, self._is_kept_beside = None, answer, False
            return Seated.NO
        self.fence, self.holder, self._renewed_s = answer, None, now_s
        return Seated.YES

    def renewed(self, fence: Acquired, begun_s: float) -> None:
        """Something else has renewed it for `ttl_ms`, in a write that began then by the loop's clock."""
        if self.fence == fence:
            self._renewed_s, self._is_kept_beside = max(begun_s, self._renewed_s), True

    def lose(self) -> None:
        """The store said that the lock is another's by now."""
        self.fence = None

    async def leave(self) -> None:
        """Gives the seat back, so that another one need not wait for its end."""
        await self._asking.end()
        with suppress(PortError, TimeoutError):  # it ends by itself
            async with asyncio.timeout(self.ttl_ms / 1000):
                await self.locks.release([self.name], self.owner)
        self.fence = None

    async def _ask(self) -> LockAnswer:
        return (await self.locks.acquire([self.name], self.owner, self.ttl_ms))[self.name]
