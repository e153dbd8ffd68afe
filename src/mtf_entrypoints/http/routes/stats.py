"""Statistics over many stored runs."""

from __future__ import annotations

from typing import Any

from litestar import get

from mtf_core.inquiry import zone_statistics
from mtf_core.records import ZoneSelection
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.reading import AnyRequest, asked
from mtf_entrypoints.http.service import service_of


@get(
    "/mtf/stats/zones",
    summary="Distances from entry zones, and what became of the entries",
    operation_class=documented(answers.ZONE_STATISTICS, query=questions.ZONE_STATISTICS, problems=("dependency_down",)),
)
async def zones(request: AnyRequest) -> dict[str, Any]:
    """Percentiles and outcomes of the stored zone events by timeframe and by symbol. Suggestions are never applied."""
    fields = asked(request, questions.ZONE_STATISTICS)
    selection = ZoneSelection(
        since_ms=fields.instant("since"),
        until_ms=fields.instant("until"),
        symbols=fields.symbols("symbols"),
        timeframe=fields.timeframe("timeframe"),
        profile=fields.text("profile") or None,
    )
    fields.done()
    environment = service_of(request).environment
    found = await zone_statistics(environment.stores, selection, aside=environment.aside)
    return found.to_json()


ZONES = zones
