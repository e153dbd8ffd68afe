"""A connection to a real Redis, emptied before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mtf_adapters.redis import RedisConnection


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[RedisConnection]:
    connection = RedisConnection(redis_url)
    await connection.client.flushall()
    yield connection
    await connection.close()
