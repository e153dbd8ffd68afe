"""Many small pieces of outside work, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


async def for_each(items: Iterable[Item], workers: int, work: Callable[[Item], Awaitable[None]]) -> None:
    """Awaits `work(item)` for every item, at most `workers` at the same time, in the order given.

    An error that `work` raises cancels the rest and comes out as it is.
    """
    pending = iter(list(items))

    async def worker() -> None:
        for item in pending:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, workers)):
                group.create_task(worker())
    except ExceptionGroup as errors:  # not `except*`: before Python 3.11.4 what is raised there comes out in a group
        raise errors.exceptions[0] from None
