"""Locks in Redis, for processes on several machines; one script does each step, by the server's own clock.

What a lock guards lies in the database, which does not know Redis: a run tells it its token when it starts, and from
then on the database refuses what runs with lower tokens still want to write.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from mtf_adapters.redis.connection import RedisConnection
from mtf_core.ports import Acquired, HeldBy, LockAnswer, StoreUnavailableError

_ROOT = "mtf:{locks}"


class RedisLocks:
    """The core's `Locks`. Raises `StoreUnavailableError` where Redis does not answer."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._source = (files("mtf_adapters.redis") / "locks.lua").read_text("utf-8")

    async def acquire(self, names: Iterable[str], owner: str, ttl_ms: int) -> dict[str, LockAnswer]:
        """An answer for each name, in one step however many there are."""
        wanted = list(dict.fromkeys(names))
        return {row[0]: _answer(row) for row in await self._step("acquire", owner, _checked(ttl_ms), wanted)}

    async def renew(self, names: Iterable[str], owner: str, ttl_ms: int) -> frozenset[str]:
        """Those of the locks that are still the owner's, also where they had expired and nobody took them."""
        return frozenset(await self._step("renew", owner, _checked(ttl_ms), names))

    async def release(self, names: Iterable[str], owner: str) -> None:
        """Gives locks back; nothing happens to those that the owner does not hold."""
        await self._step("release", owner, 0, names)

    async def force_release(self, name: str) -> HeldBy | None:
        """Takes a lock from whoever holds it; the next owner gets a higher token."""
        rows = await self._step("force", "", 0, [name])
        return _holder(rows[0]) if rows else None

    async def held(self) -> tuple[HeldBy, ...]:
        """Every lock that has not expired, sorted by name."""
        rows = await self._step("held", "", 0, [])
        return tuple(sorted(map(_holder, rows), key=lambda lock: lock.name))

    async def _step(self, what: str, owner: str, ttl_ms: int, names: Iterable[str]) -> list[Any]:
        from redis.exceptions import RedisError  # noqa: PLC0415  (as slow to import as its client)

        keys = [f"{_ROOT}:{part}" for part in ("owners", "expiries", "tokens")]
        try:
            script = self._connection.client.register_script(self._source)
            rows: list[Any] = await self._connection.answer_of(script(keys=keys, args=[what, owner, ttl_ms, *names]))
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"the locks in Redis cannot be reached: {type(error).__name__}") from None
        return [row.decode() if isinstance(row, bytes) else [_text(part) for part in row] for row in rows]


def _text(part: bytes | int) -> str:
    return part.decode() if isinstance(part, bytes) else str(part)


def _answer(row: list[str]) -> LockAnswer:
    name, owner, _, token = row
    return Acquired(name, owner, int(token)) if token else _holder(row)


def _holder(row: list[str]) -> HeldBy:
    name, owner, expires_at_ms, _ = row
    return HeldBy(name, owner, int(expires_at_ms))


def _checked(ttl_ms: int) -> int:
    if ttl_ms <= 0:
        raise ValueError(f"a lock needs a time to live above zero, found {ttl_ms} ms")
    return ttl_ms
