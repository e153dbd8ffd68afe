"""How a test listens to a stream: with no patience, or with enough, and until something is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from mtf_adapters.online.sockets import Patience

QUICK = Patience(open_s=1.0, ping_s=0.1, dead_s=0.5, silent_s=0.2, stale_s=60.0, again_s=0.02, longest_again_s=0.05)
CALM = Patience(open_s=2.0, again_s=0.02, longest_again_s=0.05)


async def until(events: AsyncIterator[Any], kind: type[Any], fits: Callable[[Any], bool] = lambda _: True) -> Any:
    """The next event of a kind; whatever comes before it is passed over."""
    async with asyncio.timeout(5):
        async for event in events:
            if isinstance(event, kind) and fits(event):
                return event
    raise AssertionError("the stream ended")
