"""Transactions that stay open for a while, so that others meet them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import Connection
from sqlalchemy.util import await_only

from mtf_adapters.sql import Database

_LONGEST_S = 20.0


def nothing(_: Connection) -> None:
    pass


class Standing:
    """The work of a transaction in two parts; after the first it stands until `goes_on` is set."""

    def __init__(self, first: Callable[[Connection], object], last: Callable[[Connection], object] = nothing) -> None:
        self._first, self._last = first, last
        self._loop = asyncio.get_running_loop()
        self.stands = asyncio.Event()
        self.goes_on = asyncio.Event()

    def __call__(self, connection: Connection) -> None:
        self._first(connection)
        self._loop.call_soon_threadsafe(self.stands.set)
        if connection.dialect.is_async:
            await_only(self.goes_on.wait())
        else:  # in a thread of its own
            asyncio.run_coroutine_threadsafe(self.goes_on.wait(), self._loop).result(_LONGEST_S)
        self._last(connection)


@asynccontextmanager
async def standing(
    database: Database, first: Callable[[Connection], object], last: Callable[[Connection], object] = nothing
) -> AsyncIterator[None]:
    """A transaction that writes: the first part was done when the block begins, the last is done when it ends."""
    work = Standing(first, last)
    writing = asyncio.create_task(database.write(work))
    await work.stands.wait()
    try:
        yield
    finally:
        work.goes_on.set()
        await writing
