"""Whose an account is, and how many intents that store had committed, in Redis.

For processes on several machines that share a store."""

from __future__ import annotations

import re

from mtf_adapters.redis.connection import RedisConnection
from mtf_core.ports import Mark, StoreError, StoreNotOursError, StoreUnavailableError

_MARKS = "mtf:{orders}:marks"
_MARK = re.compile(r"(?P<store_id>\S+) (?P<counter>\d{1,18})")
# One step, so that of two processes that raise it at once the higher number stays, and of two stores the first.
_RAISE = """
local before = redis.call('HGET', KEYS[1], ARGV[1])
if not before then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3]); return 1 end
local store, counter = string.match(before, '^(%S+) (%d+)$')
if store ~= ARGV[2] then return 0 end
if tonumber(counter) < tonumber(ARGV[3]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3]) end
return 1
"""


class RedisHighWater:
    """The core's `HighWater`. A mark is as durable as this Redis is.

    Raises `StoreUnavailableError` where it does not answer.
    """

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection

    async def read(self, account: str) -> Mark | None:
        """None: nothing was ever noted of the account. Raises `StoreError` for what is no mark."""
        from redis.exceptions import RedisError  # noqa: PLC0415  (as slow to import as its client)

        try:
            mark = await self._connection.answer_of(self._connection.client.hget(_MARKS, account))
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None
        if mark is None:
            return None
        said = mark if isinstance(mark, str) else mark.decode(errors="replace")
        found = _MARK.fullmatch(said)
        if found is None:
            raise StoreError(f"what Redis holds of the account {account} is no mark: {said!r}")
        return Mark(found["store_id"], int(found["counter"]))

    async def raise_to(self, account: str, mark: Mark) -> None:
        """A lower number than what is there changes nothing; raises `StoreNotOursError` for another store's mark."""
        from redis.exceptions import RedisError  # noqa: PLC0415

        try:
            script = self._connection.client.register_script(_RAISE)
            raising = script(keys=[_MARKS], args=[account, mark.store_id, mark.counter])
            done = await self._connection.answer_of(raising)
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None
        if not done:
            raise StoreNotOursError.by_the_mark(account, " in Redis")

    async def hand_over(self, account: str, mark: Mark) -> None:
        """Whosever the mark was."""
        from redis.exceptions import RedisError  # noqa: PLC0415

        try:
            handing = self._connection.client.hset(_MARKS, account, f"{mark.store_id} {mark.counter}")
            await self._connection.answer_of(handing)
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"the marks of stores in Redis cannot be reached: {type(error).__name__}")
