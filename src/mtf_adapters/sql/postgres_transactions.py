"""Transactions in PostgreSQL: over a pool of connections, each statement waited for in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mtf_adapters.sql.transactions import Work

Value = TypeVar("Value")


class PostgresTransactions:
    """Implements `Transactions`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def carry_out(self, work: Work[Value], *, writes: bool) -> Value:
        try:
            async with self._engine.connect() as connection, _not_reused_when_cancelled(connection):
                if not writes:
                    # It ends when it is closed: to commit a reading would be one more answer to wait for.
                    return await connection.run_sync(work)
                async with connection.begin():
                    return await connection.run_sync(work)
        except AssertionError as error:
            # psycopg's pipeline answers a cancellation at some moments with a failed assertion of its own.
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                raise
            raise asyncio.CancelledError from error

    async def close(self) -> None:
        await self._engine.dispose()


@asynccontextmanager
async def _not_reused_when_cancelled(connection: AsyncConnection) -> AsyncIterator[None]:
    """PostgreSQL may still be at work on what was cancelled: whoever got the connection next would fail."""
    try:
        yield
    except (asyncio.CancelledError, AssertionError):
        await connection.invalidate()
        raise
