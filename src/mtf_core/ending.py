"""Ending tasks for certain.

A cancellation may be lost: `asyncio.wait_for` of Python 3.11 gives the answer instead where that comes in the same
moment, and libraries are made of it. A loop that lost its one cancellation goes on for ever, and so does whoever waits
for its end.
"""

from __future__ import annotations

import asyncio
from typing import Any

_AGAIN_S = 3.0
"""So long a task may take for what it does at its end, before it is cancelled once more."""


async def ended(*tasks: asyncio.Future[Any]) -> None:
    """Cancels tasks until they have ended. What they gave or raised is nobody's business any more."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_AGAIN_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # it counts as heard, so that the loop does not complain
