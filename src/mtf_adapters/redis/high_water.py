"""How many intents a store had committed, in Redis: for processes on several machines that share a store."""

from __future__ import annotations

from mtf_adapters.redis.connection import RedisConnection
from mtf_core.ports import StoreError, StoreUnavailableError

_MARKS = "mtf:{orders}:high_water"
# One step, so that of two processes that raise it at once the higher number stays.
_RAISE = """
local before = redis.call('HGET', KEYS[1], ARGV[1])
if not before or tonumber(before) < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return redis.call('HGET', KEYS[1], ARGV[1])
"""


class RedisHighWater:
    """The core's `HighWater`. A mark is as durable as this Redis is.

    Raises `StoreUnavailableError` where it does not answer.
    """

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection

    async def read(self, store_id: str) -> int | None:
        """The store's mark; None: nothing was ever noted of it. Raises `StoreError` for what is no number."""
        from redis.exceptions import RedisError  # noqa: PLC0415  (as slow to import as its client)

        try:
            mark = await self._connection.client.hget(_MARKS, store_id)
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None
        if mark is None:
            return None
        if not mark.isdigit():
            raise StoreError(f"the mark of the store {store_id} in Redis is no number: {mark!r}")
        return int(mark)

    async def raise_to(self, store_id: str, counter: int) -> None:
        """A lower number than what is there changes nothing."""
        from redis.exceptions import RedisError  # noqa: PLC0415

        try:
            script = self._connection.client.register_script(_RAISE)
            await script(keys=[_MARKS], args=[store_id, counter])
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"the marks of stores in Redis cannot be reached: {type(error).__name__}")
