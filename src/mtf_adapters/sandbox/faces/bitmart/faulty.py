"""Carrying a call through what goes wrong with it: before it arrives, and on the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from attrs import evolve

from mtf_adapters.sandbox.faces.bitmart.codes import OK, Problem, problem
from mtf_adapters.sandbox.faces.bitmart.endpoints import Auth, Endpoint
from mtf_adapters.sandbox.faces.http import (
    ConnectionDroppedError,
    Receive,
    Response,
    Send,
    gone_or_elapsed,
    send_half,
    send_response,
)
from mtf_adapters.sandbox.faults import ARRIVES_NOT, Fault, FaultKind, FaultPlan

Respond = Callable[[str | None], Response]
"""Has a call act and gives its answer, for its own account or another one."""

UNLISTED_CODE = 45999
_PAGE = b"""<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>
<body><h1>Sorry, you have been blocked</h1><p>Ray ID: 8f0c2d1e4b5a6978</p></body></html>"""
_GATEWAY_CODES = {
    FaultKind.RATE_LIMITED: 30013,
    FaultKind.BANNED: 30017,
    FaultKind.MAINTENANCE: 30016,
}


class Faulty:
    """Sends answers as a script of faults has them sent."""

    def __init__(self, plan: FaultPlan, refused: Callable[[Problem], Response], stranger: Callable[[], str]) -> None:
        self.plan = plan
        self._refused = refused
        self._stranger = stranger
        self._last: dict[str, Response] = {}

    async def carry(self, endpoint: Endpoint, respond: Respond, receive: Receive, send: Send) -> None:
        """Has the call answered; raises `ConnectionDroppedError` to drop the connection."""
        fault = self.plan.of_call(endpoint.name, writes=endpoint.writes)
        if fault is None:
            await send_response(send, self._remembered(endpoint, respond(None)))
        elif fault.kind in ARRIVES_NOT:
            await self._without_arriving(fault, receive, send)
        else:
            if fault.kind is FaultKind.LATE_REQUEST:
                await asyncio.sleep(fault.delay_ms / 1000)
            before = self._last.get(endpoint.path)
            misread = fault.kind is FaultKind.OTHER_ACCOUNT and endpoint.auth is Auth.KEYED
            response = respond(self._stranger()) if misread else self._remembered(endpoint, respond(None))
            await self._spoiled(fault, response, before, receive, send)

    def _remembered(self, endpoint: Endpoint, response: Response) -> Response:
        if self.plan.script.calls:
            self._last[endpoint.path] = response
        return response

    async def _without_arriving(self, fault: Fault, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.LOST_REQUEST:
                await gone_or_elapsed(receive, fault.delay_ms / 1000)
                raise ConnectionDroppedError
            case FaultKind.RESET:
                raise ConnectionDroppedError(reset=True)
            case FaultKind.SERVER_ERROR:
                await send_response(send, self._server_error(fault))
            case FaultKind.CDN_PAGE:
                await send_response(send, _page(fault))
            case FaultKind.REFUSED:
                await send_response(send, self._refused(Problem(fault.code, fault.status, fault.text)))
            case kind:
                await send_response(send, self._refused(problem(_GATEWAY_CODES[kind])))

    async def _spoiled(
        self, fault: Fault, response: Response, before: Response | None, receive: Receive, send: Send
    ) -> None:
        """What is sent of an answer that the exchange gave."""
        match fault.kind:
            case FaultKind.LOST_ANSWER:
                await gone_or_elapsed(receive, fault.delay_ms / 1000)
                raise ConnectionDroppedError
            case FaultKind.LATE_ANSWER:
                await asyncio.sleep(fault.delay_ms / 1000)
                await send_response(send, response)
            case FaultKind.RESET_MID_BODY:
                await send_half(send, response)
            case FaultKind.SERVER_ERROR_AFTER:
                await send_response(send, self._server_error(fault))
            case FaultKind.CDN_PAGE_AFTER:
                await send_response(send, _page(fault))
            case FaultKind.STALE:
                await send_response(send, before or response)
            case kind:
                await send_response(send, _rewritten(kind, response))

    def _server_error(self, fault: Fault) -> Response:
        return evolve(self._refused(problem(30014)), status=fault.status)


def _page(fault: Fault) -> Response:
    return Response(fault.status, _PAGE, {"content-type": "text/html; charset=UTF-8", "server": "cloudflare"})


def _rewritten(kind: FaultKind, response: Response) -> Response:
    """The answer with other bytes in its body; kinds that change nothing leave it as it is."""
    match kind:
        case FaultKind.MALFORMED:
            return evolve(response, body=b"<" + response.body[1:])
        case FaultKind.TRUNCATED:
            return evolve(response, body=response.body[: len(response.body) // 2])
        case FaultKind.EMPTY:
            return _with_document(response, _emptied)
        case FaultKind.NULL:
            return _with_document(response, lambda document: {**document, "data": None})
        case FaultKind.NO_DATA:
            return _with_document(response, lambda document: {k: v for k, v in document.items() if k != "data"})
        case FaultKind.UNKNOWN_CODE:
            return _with_document(response, lambda document: {**document, "code": UNLISTED_CODE})
        case _:
            return response


def _with_document(response: Response, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Response:
    document: Mapping[str, Any] = msgspec.json.decode(response.body)
    if document.get("code") != OK:
        return response
    return evolve(response, body=msgspec.json.encode(change(document)))


def _emptied(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same form with nothing in it: lists without rows, maps without values."""
    data = document.get("data")
    if isinstance(data, dict):
        return {**document, "data": {name: [] for name, value in data.items() if isinstance(value, list)}}
    return {**document, "data": []}
