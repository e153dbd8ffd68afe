"""Asking for a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import get, post

from mtf_core.runs import document_of_texts, parse_request, run_once
from mtf_core.runs.once import MOST_KEY_CHARACTERS
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.openapi.schemas import TEXT, said
from mtf_entrypoints.http.reading import AnyRequest, read_body
from mtf_entrypoints.http.service import service_of

IDEMPOTENCY_KEY = "Idempotency-Key"
_HEADERS = {
    IDEMPOTENCY_KEY: said(
        replace(TEXT, min_length=1, max_length=MOST_KEY_CHARACTERS, pattern="^[!-~]([ -~]*[!-~])?$"),
        "a text of the client's own: asked again with it, the service answers with the stored report and runs nothing",
    )
}
_PROBLEMS = (
    "token_not_configured",
    "not_found",
    "key_reused",
    "run_in_progress",
    "run_failed",
    "run_lock_held",
    "trading_refused",
    "configuration",
    "dependency_down",
)


@post(
    "/api/mtf/run",
    status_code=200,
    summary="One run",
    operation_class=documented(answers.REPORT, body=questions.RUN_BODY, headers=_HEADERS, problems=_PROBLEMS),
)
async def post_run(request: AnyRequest) -> dict[str, Any]:
    """Looks at every symbol, decides, plans, and answers with the report."""
    return await _run(request, await read_body(request))


@get(
    "/api/mtf/run",
    summary="One dry run",
    operation_class=documented(answers.REPORT, query=questions.RUN_QUERY, headers=_HEADERS, problems=_PROBLEMS),
)
async def get_run(request: AnyRequest) -> dict[str, Any]:
    """The same from a query string; always a dry run, whatever it asks for."""
    asked = document_of_texts(request.query_params.multi_items())
    return await _run(request, {**asked, "dry_run": True})


async def _run(request: AnyRequest, document: dict[str, Any]) -> dict[str, Any]:
    service = service_of(request)
    if document.get("dry_run") is False:
        service.require_token()
    order = parse_request(document)
    service.check_profile_name(order.profile)
    service.check_instant(order.at_ms)
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return (await service.orchestrator.run(order)).to_json()
    return dict(await run_once(service.orchestrator, order, key))


POST_RUN, GET_RUN = post_run, get_run
