"""Serving: checks where it may listen, opens the parts, runs uvicorn until it is told to stop."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

import uvicorn
from attrs import evolve
from litestar.types import ASGIApp

from mtf_adapters.local import accept_no_more
from mtf_adapters.telemetry.logs import configure_logs
from mtf_core.ending import ended
from mtf_core.records import ProcessKind
from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.http.app import build_app
from mtf_entrypoints.http.housekeeping import keep_clean
from mtf_entrypoints.http.listening import ListenError, Listening, listener_of
from mtf_entrypoints.presence import shown
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.supervising import supervised

_MOST_HEAD_BYTES = 524_288
"""Line and headers of a request: a query string with as many symbols as a run takes fits in."""


def serve(settings: Settings, listening: Listening, *, supervise: bool = False) -> None:
    """Serves until SIGINT or SIGTERM; `supervise`: and supervises the account meanwhile.

    Raises `ListenError` for an address that it must not listen on, OSError for one that it cannot.
    """
    if not listening.is_loopback and settings.api_token is None:
        raise ListenError(
            f"{listening.host} can be reached from other machines: set MTF_API_TOKEN, or listen on 127.0.0.1"
        )
    asyncio.run(_serve(settings, listening, supervise=supervise))


def opened_to_serve(settings: Settings) -> AbstractAsyncContextManager[Container]:
    """A container that computes in a thread what takes long, so that other requests are answered meanwhile."""
    return opened(settings, aside=asyncio.to_thread)


async def _serve(settings: Settings, listening: Listening, *, supervise: bool) -> None:
    async with opened_to_serve(settings) as container:
        listener = listener_of(listening)
        configure_logs(settings.log_level, settings.log_format, settings.secrets, settings.log_dir)
        address = f"http://{evolve(listening, port=listener.getsockname()[1]).address}"
        sys.stderr.write(f"mtf: listening on {address}, docs at {address}/docs; stop with Ctrl-C\n")
        sys.stderr.flush()
        server = Server(server_config(build_app(container, listening), listening))
        await answer(container, server, listener, supervise=supervise)


async def answer(container: Container, server: Server, listener: socket.socket, *, supervise: bool) -> None:
    """Everything that a service does, on an open container, until its server is told to stop."""
    cleaning = asyncio.create_task(keep_clean(container.environment()))
    try:
        async with (
            shown(container.environment(), ProcessKind.SERVE),
            supervised(container.environment(), wanted=supervise),
        ):
            await server.serve(sockets=[listener])
    finally:
        await ended(cleaning)


def server_config(app: ASGIApp, listening: Listening) -> uvicorn.Config:
    """How the application is served: a stop waits for what is being answered, so for a run that goes on."""
    return uvicorn.Config(
        app,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(listening.time_limit),
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
        lifespan="on",
    )


class Server(uvicorn.Server):
    """Uvicorn raises the signal that stopped it once more, which would end the process before the parts are closed."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await accept_no_more(self.servers)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
