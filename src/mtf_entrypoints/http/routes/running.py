"""Asking for a run."""

from __future__ import annotations

from typing import Any

from litestar import get, post

from mtf_core.runs import document_of_texts, parse_request
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.reading import AnyRequest, read_body
from mtf_entrypoints.http.service import Service, service_of

_PROBLEMS = ("token_not_configured", "run_lock_held", "configuration", "dependency_down")


@post(
    "/api/mtf/run",
    status_code=200,
    summary="One run",
    operation_class=documented(answers.REPORT, body=questions.RUN_BODY, problems=_PROBLEMS),
)
async def post_run(request: AnyRequest) -> dict[str, Any]:
    """Looks at every symbol, decides, plans, and answers with the report."""
    return await _run(service_of(request), await read_body(request))


@get(
    "/api/mtf/run",
    summary="One dry run",
    operation_class=documented(answers.REPORT, query=questions.RUN_QUERY, problems=_PROBLEMS),
)
async def get_run(request: AnyRequest) -> dict[str, Any]:
    """The same from a query string; always a dry run, whatever it asks for."""
    asked = document_of_texts(request.query_params.multi_items())
    return await _run(service_of(request), {**asked, "dry_run": True})


async def _run(service: Service, document: dict[str, Any]) -> dict[str, Any]:
    if document.get("dry_run") is False:
        service.require_token()
    order = parse_request(document)
    service.check_profile_name(order.profile)
    service.check_instant(order.at_ms)
    report = await service.orchestrator.run(order)
    return report.to_json()


POST_RUN, GET_RUN = post_run, get_run
