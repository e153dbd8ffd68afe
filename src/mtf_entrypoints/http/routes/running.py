"""Asking for a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import get, post

from mtf_core.runs import document_of_texts, parse_request, run_of_key, run_once
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.openapi.schemas import said
from mtf_entrypoints.http.problems import ProblemError
from mtf_entrypoints.http.reading import AnyRequest, asked, read_body
from mtf_entrypoints.http.service import service_of

IDEMPOTENCY_KEY = "Idempotency-Key"
_HEADERS = {
    IDEMPOTENCY_KEY: said(
        replace(questions.OF_KEY["key"], description=None),
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


@get(
    "/mtf/runs/of-key",
    summary="The run of a key",
    operation_class=documented(
        answers.REPORT,
        query=questions.OF_KEY,
        required=("key",),
        problems=("not_found", "run_in_progress", "run_failed", "dependency_down"),
    ),
)
async def run_of(request: AnyRequest) -> dict[str, Any]:
    """The report of the run that was asked for with this `Idempotency-Key`; nothing is run. For clients whose answer
    was lost: 404 says that no run has begun under the key."""
    fields = asked(request, questions.OF_KEY)
    key = fields.text("key", required=True)
    fields.done()
    report = await run_of_key(service_of(request).environment, key)
    if report is None:
        raise ProblemError("not_found", f"no run has begun under the key {key!r}")
    return dict(report)


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


POST_RUN, GET_RUN, RUN_OF_KEY = post_run, get_run, run_of
