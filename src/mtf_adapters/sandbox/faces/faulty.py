"""Carrying a call through what goes wrong with it: before it arrives, and on the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from attrs import evolve

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
Document = Mapping[str, Any]

_PAGE = b"""<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>
<body><h1>Sorry, you have been blocked</h1><p>Ray ID: 8f0c2d1e4b5a6978</p></body></html>"""


class Call(Protocol):
    """What of an endpoint faults look at."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def writes(self) -> bool: ...

    @property
    def is_of_account(self) -> bool:
        """Whether it reads what an account holds."""
        ...


class Wire(Protocol):
    """A venue's own words for what goes wrong."""

    def refusal_by(self, fault: Fault) -> Response:
        """What the exchange or its gateway answers where a fault has it refuse."""
        ...

    def is_success(self, document: Document) -> bool: ...

    def emptied(self, document: Document) -> Document:
        """The same form with nothing in it."""
        ...

    @property
    def unlisted_code(self) -> Any:
        """A code that no table lists."""
        ...

    def stranger(self) -> str:
        """Another account, which holds nothing."""
        ...

    def leave_unprotected(self) -> None:
        """The stop and target of the next entry cannot be placed when they come due."""
        ...


class Faulty:
    """Sends answers as a script of faults has them sent."""

    def __init__(self, plan: FaultPlan, wire: Wire) -> None:
        self.plan = plan
        self._wire = wire
        self._last: dict[str, Response] = {}

    async def carry(self, call: Call, respond: Respond, receive: Receive, send: Send) -> None:
        """Has the call answered; raises `ConnectionDroppedError` to drop the connection."""
        fault = self.plan.of_call(call.name, writes=call.writes)
        if fault is None:
            await send_response(send, self._remembered(call, respond(None)))
        elif fault.kind in ARRIVES_NOT:
            await self._without_arriving(fault, receive, send)
        else:
            if fault.kind is FaultKind.LATE_REQUEST:
                await asyncio.sleep(fault.delay_ms / 1000)
            if fault.kind is FaultKind.UNPROTECTED:
                self._wire.leave_unprotected()
            before = self._last.get(call.path)
            misread = fault.kind is FaultKind.OTHER_ACCOUNT and call.is_of_account
            response = respond(self._wire.stranger()) if misread else self._remembered(call, respond(None))
            await self._spoiled(fault, response, before, receive, send)

    def _remembered(self, call: Call, response: Response) -> Response:
        if self.plan.script.calls:
            self._last[call.path] = response
        return response

    async def _without_arriving(self, fault: Fault, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.LOST_REQUEST:
                await gone_or_elapsed(receive, fault.delay_ms / 1000)
                raise ConnectionDroppedError
            case FaultKind.RESET:
                raise ConnectionDroppedError(reset=True)
            case FaultKind.CDN_PAGE:
                await send_response(send, _page(fault))
            case _:
                await send_response(send, self._wire.refusal_by(fault))

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
            case FaultKind.SERVER_ERROR_AFTER | FaultKind.REFUSED_AFTER:
                await send_response(send, self._wire.refusal_by(fault))
            case FaultKind.CDN_PAGE_AFTER:
                await send_response(send, _page(fault))
            case FaultKind.STALE:
                await send_response(send, before or response)
            case kind:
                await send_response(send, self._rewritten(kind, response))

    def _rewritten(self, kind: FaultKind, response: Response) -> Response:
        """The answer with other bytes in its body; kinds that change nothing leave it as it is."""
        match kind:
            case FaultKind.MALFORMED:
                return evolve(response, body=b"<" + response.body[1:])
            case FaultKind.TRUNCATED:
                return evolve(response, body=response.body[: len(response.body) // 2])
            case FaultKind.EMPTY:
                return self._with_document(response, self._wire.emptied)
            case FaultKind.NULL:
                return self._with_document(response, lambda document: {**document, "data": None})
            case FaultKind.NO_DATA:
                return self._with_document(response, _without_data)
            case FaultKind.UNKNOWN_CODE:
                code = self._wire.unlisted_code
                return self._with_document(response, lambda document: {**document, "code": code})
            case _:
                return response

    def _with_document(self, response: Response, change: Callable[[Document], Document]) -> Response:
        document: Document = msgspec.json.decode(response.body)
        if not self._wire.is_success(document):
            return response
        return evolve(response, body=msgspec.json.encode(change(document)))


def _page(fault: Fault) -> Response:
    return Response(fault.status, _PAGE, {"content-type": "text/html; charset=UTF-8", "server": "cloudflare"})


def _without_data(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "data"}
