"""The account: positions, live orders, closed trades, the story of an intent, alarms."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromPath

from mtf_core.inquiry.holdings import Holdings, read_holdings
from mtf_core.inquiry.trades import TradeSelection, alarm_to_json, read_story, read_trades
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.problems import ProblemError
from mtf_entrypoints.http.reading import AnyRequest, asked, named
from mtf_entrypoints.http.service import service_of

_DOWN = ("dependency_down",)


@get(
    "/mtf/positions",
    summary="Open positions beside their plans",
    operation_class=documented(answers.POSITIONS, query=questions.POSITIONS, problems=_DOWN),
)
async def positions(request: AnyRequest) -> dict[str, Any]:
    """The exchange's positions, read now: the armed stop, targets, R now, what was planned, and what is not of mtf."""
    return (await _holdings(request)).positions_to_json()


@get(
    "/mtf/orders",
    summary="Live orders and whose they are",
    operation_class=documented(answers.ORDERS, query=questions.POSITIONS, problems=_DOWN),
)
async def orders(request: AnyRequest) -> dict[str, Any]:
    """The exchange's live orders, read now: what each is for, and of which intent it is."""
    return (await _holdings(request)).orders_to_json()


@get(
    "/mtf/trades",
    summary="Closed trades and what they add up to",
    operation_class=documented(answers.TRADES, query=questions.TRADES, problems=_DOWN),
)
async def trades(request: AnyRequest) -> dict[str, Any]:
    """The last closed first; the sums are of all that fit, listed or not."""
    fields = asked(request, questions.TRADES)
    selection = TradeSelection(
        symbol=fields.symbol("symbol") or None,
        profile=fields.text("profile") or None,
        since_ms=fields.instant("since"),
    )
    limit = fields.page_size()
    fields.done()
    return (await read_trades(service_of(request).environment.stores.orders, selection, limit)).to_json()


@get(
    "/mtf/story/{key:str}",
    summary="Everything that happened to one intent",
    operation_class=documented(answers.STORY, path=questions.OF_STORY, problems=("not_found", *_DOWN)),
)
async def story(key: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    """Its events in order, its executions, and the trade that came of it."""
    path = named(questions.OF_STORY, key=key)
    path.text("key", required=True)
    path.done()
    asked(request, questions.NOTHING).done()
    found = await read_story(service_of(request).environment.stores.orders, key)
    if found is None:
        raise ProblemError("not_found", f"nothing is stored of {key!r}; /mtf/trades lists decision keys")
    return found.to_json()


@get(
    "/mtf/alarms",
    summary="What a person has to look at",
    operation_class=documented(answers.ALARMS, query=questions.ALARMS, problems=_DOWN),
)
async def alarms(request: AnyRequest) -> dict[str, Any]:
    """Alarms that stand, the last raised first."""
    fields = asked(request, questions.ALARMS)
    every, limit = fields.flag("all"), fields.page_size()
    fields.done()
    found = await service_of(request).environment.stores.orders.alarms(standing=not every, limit=limit)
    return {"alarms": [alarm_to_json(one) for one in found]}


async def _holdings(request: AnyRequest) -> Holdings:
    fields = asked(request, questions.POSITIONS)
    symbol = fields.symbol("symbol")
    fields.done()
    environment = service_of(request).environment
    return (await read_holdings(environment.venue, environment.stores.orders)).of(symbol or None)


POSITIONS, ORDERS, TRADES, STORY, ALARMS = positions, orders, trades, story, alarms
