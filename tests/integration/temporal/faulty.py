"""A service whose answers get lost, between a client and the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import Enum, auto
from urllib.parse import urlsplit

from attrs import define, field

from mtf_core.ending import ended


class Fault(Enum):
    """What becomes of one request."""

    NONE = auto()
    LOST_ANSWER = auto()
    """The service does it; the answer never arrives."""
    LOST_REQUEST = auto()
    """It is taken and dropped before the service sees it."""
    SLOW = auto()
    """The service does it; the answer comes three seconds later."""
    BROKEN_BODY = auto()
    """The service does it; half of the answer arrives as if it were whole."""
    SILENT = auto()
    """It is taken, and nothing is ever said."""
    BUSY = auto()
    """429, and the service sees nothing."""
    DOWN = auto()
    """503, likewise."""
    BROKEN = auto()
    """500, likewise."""


_SAID = {Fault.BUSY: b"429 Too Many Requests", Fault.DOWN: b"503 Service Unavailable", Fault.BROKEN: b"500 Broken"}


@define(eq=False)
class Faulty:
    """Faults of the next requests that place something (POST), in their order; then all goes well."""

    host: str
    port: int
    faults: list[Fault] = field(factory=list)
    seen: list[tuple[str, Fault]] = field(factory=list)
    """What was asked, and what became of it."""
    serving: set[asyncio.Task[None]] = field(factory=set)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
        method = head.partition(b" ")[0].decode()
        fault = self.faults.pop(0) if method == "POST" and self.faults else Fault.NONE
        self.seen.append((method, fault))
        if fault in _SAID:
            writer.write(b"HTTP/1.1 " + _SAID[fault] + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
            return
        if fault is Fault.SILENT:
            await reader.read()  # until the client has gone
        if fault in {Fault.LOST_REQUEST, Fault.SILENT}:
            return
        answer = await self._passed_on(head, body)
        if fault is Fault.LOST_ANSWER:
            return
        if fault is Fault.SLOW:
            await asyncio.sleep(3)
        if fault is Fault.BROKEN_BODY:
            _, _, whole = answer.partition(b"\r\n\r\n")
            half = whole[: len(whole) // 2]
            answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(half) + half
        writer.write(answer)
        await writer.drain()

    async def _passed_on(self, head: bytes, body: bytes) -> bytes:
        """The whole answer of the service."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"host:"))]
        lines[1:1] = [b"Connection: close", f"Host: {self.host}:{self.port}".encode()]
        writer.write(b"\r\n".join(lines) + body)
        answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def faulty(url: str) -> AsyncIterator[tuple[Faulty, str]]:
    """One in front of the service at the address, and its own address."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    between = Faulty(parts.hostname, parts.port)
    handler: Callable[..., object] = between.__call__
    server = await asyncio.start_server(handler, "127.0.0.1", 0)  # type: ignore[arg-type]
    async with server:
        yield between, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await ended(*between.serving)
