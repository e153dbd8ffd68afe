"""Calls that go out at the same time and are of use only together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from mtf_core.ending import ended

First = TypeVar("First")
Second = TypeVar("Second")
Same = TypeVar("Same")


async def both(first: Awaitable[First], second: Awaitable[Second]) -> tuple[First, Second]:
    """Both answers; when one fails the other is not waited for, and goes on in nobody's name no longer."""
    tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        await ended(*tasks)
        raise


async def every(calls: Iterable[Awaitable[Same]]) -> list[Same]:
    """The answers in the order of the calls; when one fails, none of the others goes on."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        await ended(*tasks)
        raise
