"""Locks: a run of a profile, and a symbol, are worked on by one at a time."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


@frozen
class LockHeld:
    """Who holds a lock, and until when it is theirs unless renewed."""

    name: str
    owner: str
    expires_at_ms: int


class Locks(Protocol):
    """Named locks with an owner and an expiry."""

    async def acquire(self, name: str, owner: str, ttl_ms: int) -> LockHeld | None:
        """None when `owner` holds the lock now; else who does."""
        ...

    async def release(self, name: str, owner: str) -> None:
        """Gives the lock back; nothing happens when `owner` does not hold it."""
        ...

    async def held(self) -> tuple[LockHeld, ...]:
        """Every lock that has not expired."""
        ...
