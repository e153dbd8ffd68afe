"""Locks within one process, for those who run without Redis: they die with the process, as their owners do."""

from __future__ import annotations

from mtf_core.ports import Clock, LockHeld


class InProcessLocks:
    """Named locks with an owner and an expiry, as the core's `Locks`; fit for one process and one event loop.

    No method awaits anything, so each is one step for the other tasks of the loop.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locks: dict[str, LockHeld] = {}

    async def acquire(self, name: str, owner: str, ttl_ms: int) -> LockHeld | None:
        """None when `owner` holds the lock now, for `ttl_ms` from now (again, if it held it before); else who does.

        Raises ValueError for a `ttl_ms` that is not above zero.
        """
        if ttl_ms <= 0:
            raise ValueError(f"a lock needs a time to live above zero, found {ttl_ms} ms")
        now_ms = self._clock.now_ms()
        held = self._locks.get(name)
        if held is not None and held.owner != owner and now_ms < held.expires_at_ms:
            return held
        self._locks[name] = LockHeld(name=name, owner=owner, expires_at_ms=now_ms + ttl_ms)
        return None

    async def release(self, name: str, owner: str) -> None:
        """Gives the lock back; nothing happens when `owner` does not hold it."""
        held = self._locks.get(name)
        if held is not None and held.owner == owner:
            del self._locks[name]

    async def held(self) -> tuple[LockHeld, ...]:
        """Every lock that has not expired, sorted by name; the expired ones are forgotten."""
        now_ms = self._clock.now_ms()
        self._locks = {name: lock for name, lock in self._locks.items() if now_ms < lock.expires_at_ms}
        return tuple(self._locks[name] for name in sorted(self._locks))
