"""The end of listening, without a connection that nobody answers and nobody closes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


async def accept_no_more(servers: Iterable[asyncio.Server]) -> None:
    """Before servers are closed: whoever comes from now on is not accepted, and whoever was has a transport.

    A server of asyncio that is closed in between forgets the connection, open: its client waits until the process ends.
    """
    loop = asyncio.get_running_loop()
    for server in servers:
        for listener in server.sockets:
            loop.remove_reader(listener.fileno())
    # One turn for those who were accepted in this one, and one for what their transports begin with.
    for _ in range(2):
        await asyncio.sleep(0)
