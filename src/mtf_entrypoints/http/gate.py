"""What every request passes before anything else: host, origin, token, declared size; and the time limit."""

from __future__ import annotations

import asyncio
import json

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from mtf_entrypoints.http.bearer import is_bearer_of
from mtf_entrypoints.http.listening import Listening, host_of_origin
from mtf_entrypoints.http.problems import MEDIA_TYPE, ProblemError

MAX_BODY_BYTES = 1_048_576
HEALTH_PATH, DOCS_PATH, SCHEMA_PATH = "/health", "/docs", "/schema/openapi.json"
OPEN_PATHS = frozenset({HEALTH_PATH, DOCS_PATH, SCHEMA_PATH})
"""What answers without a token: it holds no data, and a browser cannot send a token with a link."""

WORKING_PATHS = frozenset({"/api/mtf/run", "/api/mtf/sync-contracts"})
"""Where GET does something; asking with HEAD what GET would answer is refused there."""


class Gate:
    """Guards an ASGI application. Everything but `OPEN_PATHS` needs the token, where there is one."""

    def __init__(self, app: ASGIApp, listening: Listening, token: str | None) -> None:
        self._app = app
        self._listening = listening
        self._token = token or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD" and scope["path"] not in WORKING_PATHS:
            scope["method"] = "GET"
            send = _without_body(send)
        problem = self._problem(scope["path"], {name.lower(): value for name, value in scope["headers"]})
        if problem is not None:
            await _answer(problem, send)
            return
        await self._limited(scope, receive, send)

    def _problem(self, path: str, headers: dict[bytes, bytes]) -> ProblemError | None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._listening.admits(host):
            detail = f"{host!r} is not a name of this service; `mtf serve --allow-host NAME` adds one"
            return ProblemError("wrong_host", detail)
        origin = headers.get(b"origin")
        foreign = origin is not None and host_of_origin(origin.decode("latin-1")) != host.lower()
        if foreign or headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site"):
            return ProblemError("forbidden_origin", "a page of another site asked for this")
        if path not in OPEN_PATHS and not self._authorized(headers.get(b"authorization", b"")):
            return ProblemError("unauthorized", "send the header `Authorization: Bearer <MTF_API_TOKEN>`")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MAX_BODY_BYTES:
            return ProblemError("too_large", f"a body may have at most {MAX_BODY_BYTES} bytes")
        return None

    def _authorized(self, header: bytes) -> bool:
        if self._token is None:
            return True
        return is_bearer_of(self._token, header)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self._listening.time_limit) as limit:
                await self._app(scope, receive, noting)
        except TimeoutError:
            if started or not limit.expired():
                raise
            detail = f"stopped after {self._listening.time_limit:g} seconds; what was sent by then stands in the orders"
            await _answer(ProblemError("time_limit", detail), send)


def _without_body(send: Send) -> Send:
    """The same answer without its body, its length still told: what HEAD asks for."""

    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending


async def _answer(problem: ProblemError, send: Send) -> None:
    body = json.dumps(problem.to_json()).encode()
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
