"""Operating: locks, the audit trail, the synchronisation of contracts."""

from __future__ import annotations

from typing import Any

from litestar import get, post

from mtf_core.market import format_instant
from mtf_core.upkeep import sync_contracts
from mtf_entrypoints.documents import audit_event_to_json, contract_sync_to_json, lock_to_json
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.reading import AnyRequest, Fields, query_of, read_body
from mtf_entrypoints.http.service import service_of

_DOWN = ("dependency_down",)


@get("/mtf/lock/status", summary="What is locked", operation_class=documented(answers.LOCKS, problems=_DOWN))
async def locks(request: AnyRequest) -> dict[str, Any]:
    """Every lock that has not expired, with its owner: a run's id for the locks of runs and their symbols."""
    Fields(query_of(request), questions.NOTHING).done()
    environment = service_of(request).environment
    held = await environment.locks.held()
    return {"now": format_instant(environment.wall.now_ms()), "locks": [lock_to_json(lock) for lock in held]}


@get(
    "/mtf/audit",
    summary="The audit trail",
    operation_class=documented(answers.AUDIT, query=questions.AUDIT, problems=_DOWN),
)
async def audit(request: AnyRequest) -> dict[str, Any]:
    """Who did what, the newest first; `next`, given back as `cursor`, pages further back."""
    fields = Fields(query_of(request), questions.AUDIT)
    action, limit, cursor = fields.text("action"), fields.count("limit"), fields.text("cursor")
    before_ms = fields.instant("before")
    fields.done()
    trail = service_of(request).environment.stores.audit
    page = await trail.history(limit, cursor or None, action=action or None, before_ms=before_ms)
    return {"events": [audit_event_to_json(event) for event in page.items], "next": page.next}


async def _synchronised(request: AnyRequest) -> dict[str, Any]:
    Fields(query_of(request), questions.NOTHING).done()
    return contract_sync_to_json(await sync_contracts(service_of(request).environment))


@get(
    "/api/mtf/sync-contracts",
    summary="Synchronise the contracts",
    operation_class=documented(answers.CONTRACTS_SYNCED, problems=_DOWN),
)
async def get_sync(request: AnyRequest) -> dict[str, Any]:
    """Replaces the stored contracts by the exchange's list."""
    return await _synchronised(request)


@post(
    "/api/mtf/sync-contracts",
    status_code=200,
    summary="Synchronise the contracts",
    operation_class=documented(answers.CONTRACTS_SYNCED, body=questions.NOTHING, problems=_DOWN),
)
async def post_sync(request: AnyRequest) -> dict[str, Any]:
    """Replaces the stored contracts by the exchange's list."""
    Fields(await read_body(request), questions.NOTHING).done()
    return await _synchronised(request)


LOCKS, AUDIT, GET_SYNC, POST_SYNC = locks, audit, get_sync, post_sync
