"""Long computing, done where it holds up nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Value = TypeVar("Value")


class Aside(Protocol):
    """Does the work somewhere, such as in a thread of its own, and waits for what comes of it."""

    async def __call__(self, work: Callable[[], Value], /) -> Value: ...


async def at_once(work: Callable[[], Value], /) -> Value:
    """Right here, for those who have nothing else to do meanwhile."""
    return work()
