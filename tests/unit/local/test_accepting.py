"""Who comes in the very moment in which a server closes."""

from __future__ import annotations

import asyncio
import socket

import pytest

from mtf_adapters.local import accept_no_more


async def came(server: asyncio.Server) -> socket.socket:
    """A client that was accepted in the turn of the loop that has just passed, and has no transport yet."""
    client = socket.create_connection(server.sockets[0].getsockname())
    for _ in range(2):
        await asyncio.sleep(0)
    return client


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"yes")
    writer.close()


async def heard_by(client: socket.socket) -> bytes:
    client.setblocking(False)
    async with asyncio.timeout(10):  # for ever, where the connection was forgotten
        return await asyncio.get_running_loop().sock_recv(client, 9)


async def test_whoever_was_accepted_before_the_end_is_answered_and_closed() -> None:
    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    with await came(server) as client:
        await accept_no_more([server])
        server.close()
        assert await heard_by(client) == b"yes"
        assert await heard_by(client) == b"", "it was closed"


async def test_whoever_comes_later_is_refused_when_the_server_closes() -> None:
    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    await accept_no_more([server])
    with await came(server) as client:
        server.close()
        with pytest.raises(ConnectionResetError):
            await heard_by(client)
