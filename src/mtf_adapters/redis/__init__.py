"""What processes on several machines share through one Redis: locks here, the rate budget in `mtf_adapters.limits`."""

from mtf_adapters.redis.connection import InvalidRedisUrlError, RedisConnection
from mtf_adapters.redis.locks import RedisLocks

__all__ = ["InvalidRedisUrlError", "RedisConnection", "RedisLocks"]
