"""The locks that one run holds: renewed for as long as it works, given back when it ends, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from attrs import define, field

from mtf_core.ending import ended
from mtf_core.ports import Acquired, LockAnswer, Locks, PortError, Sleep


@define(eq=False)
class Leases:
    """Locks of one owner. They outlive their time to live while the owner works, and expire when it has died."""

    locks: Locks
    owner: str
    sleep: Sleep
    lost: set[str] = field(factory=set, init=False)
    """Locks that could not be renewed: they expired or were taken away, and may be another owner's now."""
    _ttl_ms: dict[str, int] = field(factory=dict, init=False)
    """The time to live of every lock that is ours."""
    """Nothing is renewed any more."""
    _asked: set[str] = field(factory=set, init=False)
    """Locks that may be ours: the answer has not come, or never came."""

    async def take(self, name: str, ttl_ms: int) -> LockAnswer:
        """Ours from now on, or who holds it."""
        return (await self.take_all([name], ttl_ms))[name]

    async def take_all(self, names: Iterable[str], ttl_ms: int) -> Mapping[str, LockAnswer]:
        """All that are free, in one call; who holds the others."""
        wanted = tuple(names)
        self._asked.update(wanted)
        answers = await self.locks.acquire(wanted, self.owner, ttl_ms)
        self._asked.difference_update(wanted)
        self._ttl_ms |= {name: ttl_ms for name, answer in answers.items() if isinstance(answer, Acquired)}
        return answers

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """What is taken within the block is renewed until its end, and given back there."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            await ended(renewing)
            with suppress(PortError):  # they expire by themselves
                await self._give_back()

    async def _renew(self) -> None:
        while True:
            # Three times in the shortest life, so that one renewal may fail.
            await self.sleep(min(self._ttl_ms.values(), default=1000) / 3000)
            for ttl_ms in set(self._ttl_ms.values()):
                names = [name for name, own_ms in self._ttl_ms.items() if own_ms == ttl_ms]
                with suppress(PortError):
                    self._lose(set(names) - await self.locks.renew(names, self.owner, ttl_ms))

    def _lose(self, names: Iterable[str]) -> None:
        for name in names:
            self.lost.add(name)
            del self._ttl_ms[name]

    async def _give_back(self) -> None:
        names = self._asked | self._ttl_ms.keys()
        if names:
            await self.locks.release(names, self.owner)
        self._ttl_ms.clear()
