"""Switches: who may be entered at all. Turning off is open to all who may ask; turning on needs a token."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from mtf_core.market import format_instant
from mtf_core.risk import Switch
from mtf_core.upkeep import kill, list_switches, queue_symbol, switch_off, switch_on, unkill
from mtf_entrypoints.documents import queued_to_json, switch_to_json
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import Access, documented
from mtf_entrypoints.http.reading import AnyRequest, asked, told
from mtf_entrypoints.http.service import Service, service_of

_DOWN = ("dependency_down",)
_LISTED = ("not_found", *_DOWN)


@get(
    "/mtf/switches",
    summary="Switches, and symbols queued for the next run",
    operation_class=documented(answers.SWITCHES, query=questions.SWITCHES, problems=_DOWN),
)
async def switches(request: AnyRequest) -> dict[str, Any]:
    """Sorted by key, also those whose expiry has passed; `next`, given back as `cursor`, pages on."""
    fields = asked(request, questions.SWITCHES)
    symbol, off, limit, cursor = fields.symbol("symbol"), fields.flag("off"), fields.page_size(), fields.text("cursor")
    fields.done()
    states = await list_switches(service_of(request).environment)
    chosen = [
        switch
        for switch in states.switches
        if (not symbol or switch.key.partition(":")[0] == symbol)
        and (off is None or switch.is_off(states.now_ms) is off)
        and (not cursor or switch.key > cursor)
    ]
    page = chosen[:limit]
    return {
        "now": format_instant(states.now_ms),
        "kill_switch_on": states.kill_switch_on,
        "switches": [switch_to_json(switch, states.now_ms) for switch in page],
        "next": page[-1].key if len(page) < len(chosen) else None,
        "queued": [queued_to_json(queued) for queued in states.queued],
    }


@post(
    "/mtf/switches/{key:str}",
    status_code=200,
    summary="Turn a switch off or on",
    operation_class=documented(
        answers.SWITCH,
        path=questions.OF_SWITCH,
        body=questions.SWITCH,
        required=("on",),
        one_of=(questions.TURNED_OFF, questions.TURNED_ON),
        problems=("token_not_configured", *_LISTED),
    ),
)
async def switch(key: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    """The key is `global`, a symbol, or a symbol and a timeframe like BTCUSDT:5m. Turning on is always with a token."""
    fields = await told(request, questions.SWITCH)
    on, minutes = fields.flag("on", required=True), fields.count("minutes")
    reason, actor = fields.words("reason"), fields.words("requested_by")
    if on and minutes is not None:
        fields.refuse("minutes", "is for turning off")
    fields.done()
    service = service_of(request)
    if on:
        service.require_token()
        return _shown(service, await switch_on(service.environment, key, actor, reason))
    return _shown(service, await switch_off(service.environment, key, actor, reason, minutes))


@post(
    "/mtf/switches/{symbol:str}/queue",
    status_code=200,
    summary="Put a symbol into the next run",
    operation_class=documented(answers.QUEUED, path=questions.OF_SYMBOL, body=questions.QUEUE, problems=_LISTED),
)
async def queue(symbol: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    """The next run that chooses its symbols looks at this one whatever the universe says, once."""
    fields = await told(request, questions.QUEUE)
    actor = fields.words("requested_by")
    fields.done()
    return queued_to_json(await queue_symbol(service_of(request).environment, symbol, actor))


@post(
    "/mtf/kill",
    status_code=200,
    summary="Throw the kill switch",
    operation_class=documented(answers.SWITCH, body=questions.KILL, problems=_DOWN),
)
async def throw(request: AnyRequest) -> dict[str, Any]:
    """No new entries from any process; supervision of existing orders goes on."""
    fields = await told(request, questions.KILL)
    reason, actor = fields.words("reason"), fields.words("requested_by")
    fields.done()
    service = service_of(request)
    return _shown(service, await kill(service.environment, actor, reason))


@post(
    "/mtf/unkill",
    status_code=200,
    summary="Lift the kill switch",
    operation_class=documented(answers.SWITCH, body=questions.KILL, problems=_DOWN, access=Access.TOKEN),
)
async def lift(request: AnyRequest) -> dict[str, Any]:
    """Entries are allowed again. Always with a token."""
    fields = await told(request, questions.KILL)
    reason, actor = fields.words("reason"), fields.words("requested_by")
    fields.done()
    service = service_of(request)
    service.require_token()
    return _shown(service, await unkill(service.environment, actor, reason))


def _shown(service: Service, changed: Switch) -> dict[str, Any]:
    return switch_to_json(changed, service.environment.venue.clock.now_ms())


SWITCHES, SWITCH, QUEUE, KILL, UNKILL = switches, switch, queue, throw, lift
