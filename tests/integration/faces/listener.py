"""One connection to a served stream, whatever venue's words are spoken on it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

PATIENCE_S = 5.0


class Heard:
    """Every message that came is kept."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE_S))
        self.heard.append(message)
        return message

    async def closed(self, within_s: float = PATIENCE_S) -> int:
        """The code with which the exchange ends the connection."""

        async def drained() -> None:
            while True:
                await self.connection.recv()

        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(drained(), within_s)
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code

    async def hears_nothing(self, for_s: float = 0.3) -> bool:
        try:
            await asyncio.wait_for(self.connection.recv(), for_s)
        except TimeoutError:
            return True
        return False
