"""A real Temporal dev server of its own for tests, from a wheel: it keeps everything in memory."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PATIENCE_S = 60


@contextmanager
def temporal_server(folder: Path) -> Iterator[str]:
    """The address of a server that runs until the block ends."""
    port, interface = _free_port(), _free_port()
    words = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    words += ["--metrics-port", str(interface), "--dynamic-config-value", "frontend.activityAPIsEnabled=true"]
    with (folder / "temporal.log").open("wb") as log:
        server = subprocess.Popen(
            [str(Path(sys.executable).parent / "temporal"), *words], stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        _wait_for(server, port, folder / "temporal.log")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}: {log.read_text()[-2000:]}")
        time.sleep(0.1)
    raise RuntimeError(f"the server did not begin to answer within {_PATIENCE_S} s")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
