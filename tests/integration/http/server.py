"""The real service on a free port of this machine, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mtf_entrypoints.http.app import build_app
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.http.server import Server, opened_to_serve, server_config
from mtf_entrypoints.settings import SandboxOptions, Settings

AT_MS = 1_769_950_800_000
"""2026-02-01T13:00Z, at which the profile `regular` finds something to trade."""

SMALL = Settings(database_url="memory", at_ms=AT_MS, sandbox=SandboxOptions(universe_size=12))


@contextmanager
def serving(settings: Settings = SMALL, listening: Listening | None = None) -> Iterator[str]:
    """Serves while the block runs; gives the base URL. What the service thinks its host is may be another one."""
    listener = socket.create_server(("127.0.0.1", 0))
    started, stopping = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    async def serve() -> None:
        async with opened_to_serve(settings) as container:
            names = listening or Listening()
            server = Server(server_config(build_app(container, names), names))
            running = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started and not running.done():
                await asyncio.sleep(0.01)
            started.set()
            await asyncio.to_thread(stopping.wait)
            server.should_exit = True
            await running

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    try:
        if not failures:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        thread.join()
        listener.close()
    if failures:
        raise failures[0]
