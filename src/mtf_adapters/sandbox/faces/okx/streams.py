"""The streams: not served yet. A connection is closed as soon as it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from mtf_adapters.sandbox.faces.http import Receive, Scope, Send

PUBLIC_PATH, BUSINESS_PATH, PRIVATE_PATH = "/ws/v5/public", "/ws/v5/business", "/ws/v5/private"


class Streams:
    """The seam that the face calls."""

    connections = 0

    def __init__(self, exchange: object, machine_s: Callable[[], float]) -> None:
        self._exchange = exchange

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close", "code": 1000})

    def push(self) -> None:
        """Sends everyone what is due by the world's time."""

    def disconnect_all(self) -> None:
        """Closes every connection, as a restart does."""
