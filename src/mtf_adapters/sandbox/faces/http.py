"""Just enough HTTP for a face: requests read whole, answers sent whole, half, or not at all. ASGI underneath."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from attrs import frozen

from mtf_core.ending import ended

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON_TYPE = "application/json;charset=UTF-8"
MOST_BODY_BYTES = 1_000_000
HEARD = "sandbox.heard"
"""Under this name of a WebSocket's extensions a server says when the last control frame came, which ASGI keeps to
itself: a callable that gives the time by `time.monotonic`."""


class ConnectionDroppedError(Exception):
    """Raised to have the server close a connection in the middle of what it carries; `reset`: without a farewell."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset


@frozen
class Request:
    """One request, read to its end. Header names are lower case."""

    method: str
    path: str
    target: str
    """Path and query, byte for byte as they were asked for."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    client: str

    @property
    def name(self) -> str:
        """The last part of the path: what an endpoint is called."""
        return self.path.rpartition("/")[2]


@frozen
class Response:
    status: int
    body: bytes
    headers: Mapping[str, str]


async def read_request(scope: Scope, receive: Receive) -> Request:
    """The request with its whole body; what exceeds `MOST_BODY_BYTES` is left unread."""
    parts: list[bytes] = []
    more = True
    while more and sum(map(len, parts)) <= MOST_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    client = scope.get("client") or ("", 0)
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(
        method=scope["method"],
        path=scope["path"],
        target=f"{raw_path}?{query}" if query else raw_path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=b"".join(parts),
        client=str(client[0]),
    )


async def send_response(send: Send, response: Response) -> None:
    await _start(send, response)
    await send({"type": "http.response.body", "body": response.body})


async def send_half(send: Send, response: Response) -> None:
    """The first half of the body, then the connection is dropped: the length in its head is never reached."""
    await _start(send, response)
    await send({"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True})
    raise ConnectionDroppedError


async def gone_or_elapsed(receive: Receive, seconds: float) -> None:
    """Waits until the client has gone, or for so many seconds."""
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({leaving}, timeout=seconds)
    finally:
        await ended(leaving)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, response: Response) -> None:
    headers = {"content-length": str(len(response.body)), **response.headers}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
