"""Placing one stored plan by hand: always with a token, audited, through every guard."""

from __future__ import annotations

from typing import Any

from litestar import post

from mtf_core.runs.executing import execute_plan, stored_plan
from mtf_entrypoints.documents import executed_to_json
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import Access, documented
from mtf_entrypoints.http.reading import AnyRequest, told
from mtf_entrypoints.http.service import service_of


@post(
    "/mtf/execute",
    status_code=200,
    summary="Place one stored plan",
    operation_class=documented(
        answers.EXECUTED,
        body=questions.EXECUTE,
        required=("decision_key", "confirm"),
        problems=("not_found", "trading_refused", "configuration", "dependency_down"),
        access=Access.TOKEN,
    ),
)
async def execute(request: AnyRequest) -> dict[str, Any]:
    """As it stands, while it may still be acted on. The `order` says whether it was sent, or what refused it."""
    fields, service = await told(request, questions.EXECUTE), service_of(request)
    key = fields.text("decision_key", required=True)
    if fields.flag("confirm", required=True) is False:
        fields.refuse("confirm", "found false; say true to do it")
    actor = fields.words("requested_by")
    fields.done()
    service.require_token()
    stored = await stored_plan(service.environment.stores.runs, key)
    return executed_to_json(await execute_plan(await service.orchestrator.desk(), stored, actor))


EXECUTE = execute
