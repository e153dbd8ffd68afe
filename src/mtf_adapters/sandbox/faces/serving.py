"""Serving a face on this machine's loopback: uvicorn, taught to drop connections and to hear control frames."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from asyncio.transports import BaseTransport, Transport
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import uvicorn
from attrs import frozen
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from mtf_adapters.local import accept_no_more
from mtf_adapters.sandbox.faces.http import HEARD, App, ConnectionDroppedError, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_SERVER_PING_S = 54.0
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time at all: closing then resets the connection."""


class _DroppingProtocol(H11Protocol):
    """Closes the connection where an application says so, instead of answering 500."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast(Transport, transport))
        inner = self.app

        async def application(scope: Any, receive: Any, send: Any) -> None:
            try:
                await inner(scope, receive, send)
            except ConnectionDroppedError as dropped:
                _drop(cast(Transport, transport), reset=dropped.reset)
                await asyncio.sleep(0)  # the protocol learns that the connection is lost before it looks for an answer

        self.app = application


class _HearingProtocol(WebSocketsSansIOProtocol):
    """Tells the application of pings and pongs, which ASGI keeps to itself."""

    _heard_s = 0.0

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[HEARD] = lambda: self._heard_s

    def handle_ping(self) -> None:
        self._heard_s = time.monotonic()
        super().handle_ping()

    def handle_pong(self, event: Any) -> None:
        self._heard_s = time.monotonic()
        super().handle_pong(event)


def _drop(transport: Transport, *, reset: bool) -> None:
    if not reset:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def local_only(app: App) -> App:
    """Answers only those who call this machine by a loopback name: a page of another site can make its name point
    here, but not choose what the browser says of itself."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin")
        if _name(f"//{headers.get('host', '')}") in LOOPBACK_NAMES and (not origin or _name(origin) in LOOPBACK_NAMES):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    return guarded


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


@frozen
class Certificate:
    """What a server shows of itself over TLS, which is all that some clients speak: files of its chain and its key."""

    chain: Path
    key: Path


@asynccontextmanager
async def served(app: App, port: int = 0, certificate: Certificate | None = None) -> AsyncIterator[str]:
    """Serves until the block ends, over TLS where there is a certificate; gives host and port.

    Raises OSError where it cannot listen.
    """
    listener = socket.create_server((LOOPBACK, port), backlog=256)
    # Accepted connections inherit it; asyncio sets it only where a socket names its protocol, which this one does not.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        local_only(app),
        http=_DroppingProtocol,
        ws=_HearingProtocol,
        ws_ping_interval=_SERVER_PING_S,
        ws_ping_timeout=None,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0)  # one that is told to end before it has begun would never close
        yield f"{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


class _Server(uvicorn.Server):
    """Signals belong to whoever runs the sandbox."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await accept_no_more(self.servers)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield
