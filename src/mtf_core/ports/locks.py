"""Locks: a run of a profile, and a symbol, are worked on by one at a time, whatever the process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias

from attrs import frozen


@frozen
class Acquired:
    """The lock is the owner's. `token` grows with every new owner of the name, so a store can tell a late one."""

    name: str
    owner: str
    token: int


@frozen
class HeldBy:
    """Who holds a lock, and until when it is theirs unless renewed."""

    name: str
    owner: str
    expires_at_ms: int


LockAnswer: TypeAlias = Acquired | HeldBy


class Locks(Protocol):
    """Named locks with an owner and an expiry; an owner's name is its own, like a run's id.

    Every method raises `StoreError` or one of its kinds, nothing else, but ValueError for a time to live that is not
    above zero.
    """

    async def acquire(self, names: Iterable[str], owner: str, ttl_ms: int) -> Mapping[str, LockAnswer]:
        """An answer for each name. What the owner holds already stays its own, with the same token, for `ttl_ms`."""
        ...

    async def renew(self, names: Iterable[str], owner: str, ttl_ms: int) -> frozenset[str]:
        """Those of the locks that are still the owner's, now for `ttl_ms`; one that was lost is not taken again."""
        ...

    async def release(self, names: Iterable[str], owner: str) -> None:
        """Gives locks back; nothing happens to those that the owner does not hold."""
        ...

    async def force_release(self, name: str) -> HeldBy | None:
        """Takes a lock from whoever holds it, and says who did; None when nobody does. The owner cannot renew it."""
        ...

    async def held(self) -> tuple[HeldBy, ...]:
        """Every lock that has not expired, sorted by name."""
        ...
