"""Health, and the page of the interactive documentation."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import MediaType, Response, get

from mtf_adapters.telemetry.metrics import CONTENT_TYPE
from mtf_core.ports import PortError
from mtf_core.records import present
from mtf_entrypoints.documents import health_to_json, process_to_json
from mtf_entrypoints.health import check_everything
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import Access, documented
from mtf_entrypoints.http.page import DOCS_PAGE, PAGE_HEADERS
from mtf_entrypoints.http.reading import AnyRequest, asked
from mtf_entrypoints.http.service import service_of

_PATIENT_S = 1.0


@get(
    "/provider/health",
    summary="Health of each dependency",
    operation_class=documented(answers.HEALTH, also={503: answers.HEALTH}),
)
async def provider_health(request: AnyRequest) -> Response[dict[str, Any]]:
    """200 when all are well, 503 when one is not; the document is the same."""
    asked(request, questions.NOTHING).done()
    document = health_to_json(await check_everything(service_of(request).container))
    return Response(document, status_code=200 if document["ok"] else 503)


@get("/health", summary="Liveness", operation_class=documented(answers.ALIVE, access=Access.OPEN))
async def health(request: AnyRequest) -> dict[str, Any]:
    """The process answers; beside it the processes that show themselves in the store, null where that does not answer.

    Nothing that these lack makes this process ill: whoever starts anew what is not `ok` leaves it alone.
    """
    store = service_of(request).environment.stores.processes
    try:
        async with asyncio.timeout(_PATIENT_S):
            found = [process_to_json(one) for one in present(await store.all())]
    except (PortError, TimeoutError):
        return {"ok": True, "processes": None}
    return {"ok": True, "processes": found}


@get("/metrics", media_type=MediaType.TEXT, include_in_schema=False)  # a text for Prometheus, no JSON
async def metrics(request: AnyRequest) -> Response[bytes]:
    """What this process counted and measured, and what the store holds, in the text format of Prometheus."""
    asked(request, questions.NOTHING).done()
    return Response(await service_of(request).container.scrape().text(), media_type=CONTENT_TYPE)


@get("/docs", media_type=MediaType.HTML, include_in_schema=False)
async def docs() -> Response[str]:
    """The interactive documentation."""
    return Response(DOCS_PAGE, media_type=MediaType.HTML, headers=PAGE_HEADERS)


PROVIDER_HEALTH, HEALTH, DOCS, METRICS = provider_health, health, docs, metrics
