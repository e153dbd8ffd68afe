"""What processes on several machines share through one Redis: locks and the marks of stores; `mtf_adapters.limits` has
the rate budget."""

from mtf_adapters.redis.connection import InvalidRedisUrlError, RedisConnection
from mtf_adapters.redis.high_water import RedisHighWater
from mtf_adapters.redis.locks import RedisLocks

__all__ = ["InvalidRedisUrlError", "RedisConnection", "RedisHighWater", "RedisLocks"]
