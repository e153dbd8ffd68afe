"""`--metrics`: how a process without HTTP of its own can be asked by Prometheus. One path, GET, nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from attrs import evolve

from mtf_adapters.telemetry.metrics import CONTENT_TYPE
from mtf_entrypoints.http.bearer import is_bearer_of
from mtf_entrypoints.http.listening import ListenError, Listening, listener_of
from mtf_entrypoints.scraping import Scrape

if TYPE_CHECKING:
    import uvicorn

PATH = "/metrics"
_PLACE = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):)?(?P<port>[0-9]{1,5})")
_MOST_PORT = 65_535
_Send = Callable[[dict[str, Any]], Awaitable[None]]


def place_of(option: str, text: str) -> Listening:
    """Where to listen, from `PORT` or `HOST:PORT`; raises `ListenError`."""
    found = _PLACE.fullmatch(text)
    if found is None or int(found["port"]) > _MOST_PORT:
        raise ListenError(f"{option}: found {text!r}; allowed: a port, or a host and a port, like 127.0.0.1:9108")
    return Listening((found["host"] or "127.0.0.1").strip("[]"), int(found["port"]))


@asynccontextmanager
async def exposed(
    scrape: Scrape, place: Listening | None, token: str | None, said: Callable[[str], None]
) -> AsyncIterator[None]:
    """Answers Prometheus at a place until the block ends; does nothing where there is no place.

    Raises `ListenError` for a place that it must not listen on, OSError for one that it cannot.
    """
    if place is None:
        yield
        return
    if not place.is_loopback and token is None:
        raise ListenError(
            f"--metrics: {place.host} can be reached from other machines: set MTF_API_TOKEN, which Prometheus then "
            "sends, or listen on 127.0.0.1"
        )
    listener = listener_of(place, "choose another port for --metrics")
    await scrape.prepare()
    server = _server(_answering(scrape, place, token))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    there = evolve(place, port=listener.getsockname()[1])
    said(f"metrics for Prometheus at http://{there.address}{PATH}")
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        await scrape.close()
        listener.close()


def _answering(scrape: Scrape, place: Listening, token: str | None) -> Callable[..., Awaitable[None]]:
    """An ASGI application. A token guards it where there is one; else only this machine reaches it, and a page of
    another site, which could make a name of its own point here, is told apart by the name that its browser sends."""

    async def application(scope: dict[str, Any], receive: object, send: _Send) -> None:
        headers = dict(scope["headers"])
        if token is not None and not is_bearer_of(token, headers.get(b"authorization", b"")):
            await _answer(send, 401, b"send the header `Authorization: Bearer <MTF_API_TOKEN>`\n")
        elif token is None and not place.admits(headers.get(b"host", b"").decode("latin-1")):
            await _answer(send, 421, b"ask by the name localhost or 127.0.0.1\n")
        elif scope["path"] != PATH:
            await _answer(send, 404, f"there is {PATH} here, and nothing else\n".encode())
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, b"ask with GET\n")
        else:
            await _answer(send, 200, await scrape.text())

    return application


async def _answer(send: _Send, status: int, body: bytes) -> None:
    content_type = f"{CONTENT_TYPE}; charset=utf-8" if status == 200 else "text/plain; charset=utf-8"
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _server(application: Callable[..., Awaitable[None]]) -> uvicorn.Server:
    import uvicorn  # noqa: PLC0415  (takes a while, and only here)

    class Quiet(uvicorn.Server):
        """Signals are the process's own business."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        application,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return Quiet(config)
