"""Limits on money: where they stand, and the lifting of locks, which always needs a token."""

from __future__ import annotations

from typing import Any

from litestar import get, post

from mtf_core.execution.lifting import lift_locks
from mtf_core.inquiry.risk import lock_to_json, risk_standing
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import Access, documented
from mtf_entrypoints.http.reading import AnyRequest, asked, told
from mtf_entrypoints.http.service import service_of

_PROBLEMS = ("configuration", "dependency_down")


@get(
    "/mtf/risk",
    summary="Limits on money",
    operation_class=documented(answers.RISK, query=questions.RISK, problems=_PROBLEMS),
)
async def risk(request: AnyRequest) -> dict[str, Any]:
    """What day and week have cost, what is open, what may still be lost, and what stands against real entries."""
    fields = asked(request, questions.RISK)
    profile = fields.text("profile")
    fields.done()
    service = service_of(request)
    found = await risk_standing(service.environment, service.profile(profile or None))
    return found.to_json()


@post(
    "/mtf/risk/reset",
    status_code=200,
    summary="Lift the locks that losses put on a profile",
    operation_class=documented(
        answers.LOCKS_LIFTED,
        body=questions.RISK_RESET,
        required=("reason", "confirm"),
        problems=_PROBLEMS,
        access=Access.TOKEN,
    ),
)
async def reset(request: AnyRequest) -> dict[str, Any]:
    """The limit counts on from what was lost by then. Always with a token; kept in the audit trail."""
    fields = await told(request, questions.RISK_RESET)
    profile, reason = fields.text("profile"), fields.text("reason", required=True)
    confirm, actor = fields.flag("confirm", required=True), fields.words("requested_by")
    if confirm is False:
        fields.refuse("confirm", "true lifts the locks; GET /mtf/risk shows them")
    fields.done()
    service = service_of(request)
    service.require_token()
    chosen = service.profile(profile or None)
    lifted = await lift_locks(service.environment, chosen, actor, reason)
    return {"profile": chosen.name, "lifted": [lock_to_json(lock, lock.locked_ms) for lock in lifted]}


RISK, RISK_RESET = risk, reset
