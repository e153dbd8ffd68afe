"""The locks that one run holds: renewed for as long as it works, given back when it ends, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from attrs import define, field

from mtf_core.ports import LockHeld, Locks, PortError


@define(eq=False)
class Leases:
    """Locks of one owner. They outlive their time to live while the owner works, and expire when it has died."""

    locks: Locks
    owner: str
    lost: set[str] = field(factory=set, init=False)
    """Locks that expired before they could be renewed, and that another owner holds now."""
    _held: dict[str, int] = field(factory=dict, init=False)

    async def take(self, name: str, ttl_ms: int) -> LockHeld | None:
        """None when the lock is ours now; else who holds it."""
        self._held[name] = ttl_ms  # before asking: whatever breaks off the answer, the lock is given back
        held = await self.locks.acquire(name, self.owner, ttl_ms)
        if held is not None:
            del self._held[name]
        return held

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """What is taken within the block is renewed until its end, and given back there."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._give_back()

    async def _renew(self) -> None:
        while True:
            # Three times in the shortest life, so that one renewal may fail.
            await asyncio.sleep(min(self._held.values(), default=1000) / 3000)
            for name, ttl_ms in tuple(self._held.items()):
                with suppress(PortError):
                    if await self.locks.acquire(name, self.owner, ttl_ms) is not None:
                        self.lost.add(name)
                        del self._held[name]

    async def _give_back(self) -> None:
        for name in tuple(self._held):
            with suppress(PortError):  # it expires by itself
                await self.locks.release(name, self.owner)
        self._held.clear()
