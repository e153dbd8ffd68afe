"""Operating: locks, the audit trail, the cleanup, the synchronisation of contracts."""

from __future__ import annotations

from typing import Any

import attrs
from litestar import get, post

from mtf_core.market import format_instant
from mtf_core.problems import InvalidRequestError
from mtf_core.upkeep import cleanup, list_locks, release_lock, sync_contracts
from mtf_core.upkeep.cleanup import Asked
from mtf_entrypoints.documents import audit_event_to_json, cleanup_to_json, contract_sync_to_json, lock_to_json
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import Access, documented
from mtf_entrypoints.http.problems import ProblemError
from mtf_entrypoints.http.reading import AnyRequest, asked, told
from mtf_entrypoints.http.service import service_of

_DOWN = ("dependency_down",)
_STORED = ("not_found", *_DOWN)


@get("/mtf/lock/status", summary="What is locked", operation_class=documented(answers.LOCKS, problems=_DOWN))
async def locks(request: AnyRequest) -> dict[str, Any]:
    """Every lock that has not expired, with its owner: a run's id for the locks of runs and their symbols."""
    asked(request, questions.NOTHING).done()
    environment = service_of(request).environment
    held = await list_locks(environment)
    return {"now": format_instant(environment.wall.now_ms()), "locks": [lock_to_json(lock) for lock in held]}


@post(
    "/mtf/lock/force-release",
    status_code=200,
    summary="Take a lock from its owner",
    operation_class=documented(
        answers.LOCK, body=questions.RELEASE, required=("name",), problems=_STORED, access=Access.TOKEN
    ),
)
async def release(request: AnyRequest) -> dict[str, Any]:
    """The owner can neither renew it nor store under it; the answer is the lock as it was. Always with a token."""
    fields = await told(request, questions.RELEASE)
    name, actor = fields.text("name", required=True), fields.words("requested_by")
    fields.done()
    service = service_of(request)
    service.require_token()
    return lock_to_json(await release_lock(service.environment, name, actor))


@get(
    "/mtf/audit",
    summary="The audit trail",
    operation_class=documented(answers.AUDIT, query=questions.AUDIT, problems=_STORED),
)
async def audit(request: AnyRequest) -> dict[str, Any]:
    """Who did what, the newest first; `next`, given back as `cursor`, pages further back."""
    fields = asked(request, questions.AUDIT)
    action, limit, cursor = fields.text("action"), fields.page_size(), fields.text("cursor")
    before_ms = fields.instant("before")
    fields.done()
    trail = service_of(request).environment.stores.audit
    page = await trail.history(limit, cursor or None, action=action or None, before_ms=before_ms)
    return {"events": [audit_event_to_json(event) for event in page.items], "next": page.next}


@post(
    "/api/maintenance/cleanup",
    status_code=200,
    summary="Delete what the retention does not keep",
    operation_class=documented(
        answers.CLEANUP,
        body=questions.CLEANUP,
        problems=("token_not_configured", "configuration", "below_floor", *_DOWN),
    ),
)
async def clean(request: AnyRequest) -> dict[str, Any]:
    """Counts candles, runs and audit events that `retention` in trading.yaml, or what is asked for, does not keep, or
    deletes them; never below the floors: what warm-up and verifying kept runs need, and the newest 100."""
    fields = await told(request, questions.CLEANUP)
    dry_run, actor = fields.flag("dry_run"), fields.words("requested_by")
    numbers = (fields.count(each.name) for each in attrs.fields(Asked))
    keep = Asked(*numbers)
    fields.done()
    service = service_of(request)
    if dry_run is False:
        service.require_token()
    retention = service.profile(None).trading.retention
    try:
        done = await cleanup(service.environment, retention, actor, asked=keep, dry_run=dry_run is not False)
    except InvalidRequestError as error:
        raise ProblemError("below_floor", str(error)) from None
    return cleanup_to_json(done)


async def _synchronised(request: AnyRequest) -> dict[str, Any]:
    asked(request, questions.NOTHING).done()
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
    (await told(request, questions.NOTHING)).done()
    return await _synchronised(request)


LOCKS, RELEASE, AUDIT, CLEANUP = locks, release, audit, clean
GET_SYNC, POST_SYNC = get_sync, post_sync
