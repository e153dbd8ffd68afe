"""What several processes share: locks, in Redis or else in the database, and rate limits, in Redis alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_adapters.sql import Database, SqlLocks
from mtf_core.ports import Clock, Locks
from mtf_entrypoints.settings import Settings, SettingsError

if TYPE_CHECKING:
    from mtf_adapters.limits import BucketTable, Limiter
    from mtf_adapters.redis import RedisConnection


def open_redis(settings: Settings) -> RedisConnection | None:
    """The Redis of the settings, not connected yet; None where there is none. Raises `SettingsError`."""
    if settings.redis_url is None:
        return None
    from mtf_adapters.redis import InvalidRedisUrlError, RedisConnection  # noqa: PLC0415  (only where it is used)

    try:
        return RedisConnection(settings.redis_url)
    except InvalidRedisUrlError as error:
        raise SettingsError(str(error)) from None


def build_locks(database: Database, clock: Clock, redis: RedisConnection | None) -> Locks:
    """In Redis where there is one, else in the database."""
    if redis is None:
        return SqlLocks(database, clock)
    from mtf_adapters.redis import RedisLocks  # noqa: PLC0415

    return RedisLocks(redis)


def build_limiter(
    table: BucketTable, place: str, key: str, settings: Settings, redis: RedisConnection | None
) -> Limiter:
    """The budget of a venue's limits as the settings change them; raises `SettingsError`.

    Shared, where there is a Redis, by all processes that call `place` (venue and hosts) from one address, and by those
    with one `key`; else of this process alone.
    """
    from mtf_adapters.limits import InvalidRateError  # noqa: PLC0415
    from mtf_adapters.limits.local import LocalBudget  # noqa: PLC0415

    try:
        overridden = table.overridden(settings.rates)
    except InvalidRateError as error:
        raise SettingsError(str(error)) from None
    if redis is None:
        return LocalBudget(overridden)
    from mtf_adapters.limits.shared import Callers, SharedBudget  # noqa: PLC0415

    return SharedBudget(redis, Callers(place, key, settings.egress), overridden)
