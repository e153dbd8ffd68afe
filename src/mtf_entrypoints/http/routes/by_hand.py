"""What an operator does to an open position: always with a token, audited, and carried out by the supervisor alone."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from mtf_core.execution.by_hand import (
    ask_book,
    ask_close,
    ask_protect,
    ask_targets,
    outcome_of,
    preview_targets,
)
from mtf_core.execution.by_hand import withdraw as take_back
from mtf_core.orders import Booking
from mtf_core.ports import Request
from mtf_entrypoints.documents import by_hand_to_json, targets_to_json, withdrawn_to_json
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import Access, documented
from mtf_entrypoints.http.reading import AnyRequest, Fields, named, told
from mtf_entrypoints.http.service import Service, service_of

_PROBLEMS = ("not_found", "configuration", "dependency_down")
_LATER = {202: answers.BY_HAND}
"""Stored, and not carried out yet."""


@post(
    "/mtf/positions/{symbol:str}/close",
    status_code=200,
    summary="Close a position at market",
    operation_class=documented(
        answers.BY_HAND,
        path=questions.OF_SYMBOL,
        body=questions.CLOSE,
        required=("confirm",),
        problems=_PROBLEMS,
        access=Access.TOKEN,
        also=_LATER,
    ),
)
async def close(symbol: FromPath[str], request: AnyRequest) -> Response[dict[str, Any]]:
    """Its entry's rest and its targets go; the stop stays until everything is closed. 202: nothing came of it yet."""
    fields, service = await _told(symbol, request, questions.CLOSE)
    _confirmed(fields)
    wait, actor = _wait_and_actor(fields, service)
    return await _answer(service, await ask_close(service.environment, symbol, actor), wait)


@post(
    "/mtf/positions/{symbol:str}/book",
    status_code=200,
    summary="Book a close that was made elsewhere",
    operation_class=documented(
        answers.BY_HAND,
        path=questions.OF_SYMBOL,
        body=questions.BOOK,
        required=("confirm", "size", "reason"),
        problems=_PROBLEMS,
        access=Access.TOKEN,
        also=_LATER,
    ),
)
async def book(symbol: FromPath[str], request: AnyRequest) -> Response[dict[str, Any]]:
    """Only where reads no longer explain what became of the position. The trade is marked as booked by hand."""
    fields, service = await _told(symbol, request, questions.BOOK)
    _confirmed(fields)
    price, size = fields.decimal("price"), fields.decimal("size", required=True)
    profit, fees = fields.decimal("profit"), fields.decimal("fees")
    reason = fields.text("reason", required=True)
    wait, actor = _wait_and_actor(fields, service)
    booking = Booking(price, size, profit, fees, reason)
    return await _answer(service, await ask_book(service.environment, symbol, booking, actor), wait)


@post(
    "/mtf/positions/{symbol:str}/protect",
    status_code=200,
    summary="Move the stop or the target",
    operation_class=documented(
        answers.BY_HAND,
        path=questions.OF_SYMBOL,
        body=questions.PROTECT,
        problems=_PROBLEMS,
        access=Access.TOKEN,
        also=_LATER,
    ),
)
async def protect(symbol: FromPath[str], request: AnyRequest) -> Response[dict[str, Any]]:
    """A stop that could lose more than now has to be allowed with `looser`. 202: nothing came of it yet."""
    fields, service = await _told(symbol, request, questions.PROTECT)
    stop = fields.decimal("stop") if fields.has("stop") else None
    target = fields.decimal("target") if fields.has("target") else None
    looser = fields.flag("looser")
    wait, actor = _wait_and_actor(fields, service)
    wish = await ask_protect(service.environment, symbol, stop, target, actor, looser=looser is True)
    return await _answer(service, wish, wait)


@post(
    "/mtf/positions/{symbol:str}/targets",
    status_code=200,
    summary="Set one or two targets by multiples of R",
    operation_class=documented(
        answers.TARGETS_SET,
        path=questions.OF_SYMBOL,
        body=questions.TARGETS,
        required=("r",),
        problems=_PROBLEMS,
        access=Access.TOKEN,
        also=_LATER,
    ),
)
async def targets(symbol: FromPath[str], request: AnyRequest) -> Response[dict[str, Any]]:
    """1 R: planned entry to first stop, measured from the average entry. With `preview` nothing is asked."""
    fields, service = await _told(symbol, request, questions.TARGETS)
    r, split = fields.decimals("r", required=True), fields.decimals("split")
    keep_stop, preview = fields.flag("keep_stop"), fields.flag("preview")
    wait, actor = _wait_and_actor(fields, service)
    shares = split if len(r) > 1 else ()
    found = await preview_targets(service.environment, symbol, r, shares, keep_stop=keep_stop is True)
    if preview:
        return Response(targets_to_json(symbol, found))
    return await _answer(service, await ask_targets(service.environment, symbol, found, actor), wait)


@post(
    "/mtf/positions/{symbol:str}/withdraw",
    status_code=200,
    summary="Take back what was asked of a position",
    operation_class=documented(
        answers.WITHDRAWN,
        path=questions.OF_SYMBOL,
        body=questions.WITHDRAW,
        problems=_PROBLEMS,
        access=Access.TOKEN,
    ),
)
async def withdraw(symbol: FromPath[str], request: AnyRequest) -> Response[dict[str, Any]]:
    """Everything that has no outcome yet. What the supervisor has begun of it goes on."""
    fields, service = await _told(symbol, request, questions.WITHDRAW)
    actor = fields.words("requested_by")
    fields.done()
    service.require_token()
    return Response(withdrawn_to_json(symbol, await take_back(service.environment, symbol, actor)))


async def _told(symbol: str, request: AnyRequest, question: questions.Question) -> tuple[Fields, Service]:
    path = named(questions.OF_SYMBOL, symbol=symbol)
    path.symbol("symbol")
    path.done()
    return await told(request, question), service_of(request)


def _confirmed(fields: Fields) -> None:
    if fields.flag("confirm", required=True) is False:
        fields.refuse("confirm", "found false; say true to do it")


def _wait_and_actor(fields: Fields, service: Service) -> tuple[int, str]:
    """How long the answer is waited for, in seconds, and who asks. What comes last of a body; then the token counts."""
    wait, actor = fields.count("wait_seconds") or 1, fields.words("requested_by")
    fields.done()
    service.require_token()
    return wait, actor


async def _answer(service: Service, wish: Request, wait_sec: int) -> Response[dict[str, Any]]:
    done = await outcome_of(service.environment, wish, wait_sec)
    return Response(by_hand_to_json(done), status_code=200 if done.is_done else 202)


CLOSE, BOOK, PROTECT, TARGETS, WITHDRAW = close, book, protect, targets, withdraw
