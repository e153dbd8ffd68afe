"""The routes: read the request, call the use case, answer with its document."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Response, get, post
from litestar.params import FromPath

from mtf_core._version import __version__
from mtf_core.inquiry import explain_symbol, funnel, plan_symbol, read_indicators, verify_run, why
from mtf_core.market import format_instant
from mtf_core.problems import FieldProblem
from mtf_core.runs import document_of_texts, parse_request
from mtf_entrypoints.documents import (
    catalogue_to_json,
    evaluated_timeframes,
    explanation_to_json,
    health_to_json,
    indicators_to_json,
    plan_outcome_to_json,
    run_to_json,
)
from mtf_entrypoints.health import check_everything
from mtf_entrypoints.http import operations
from mtf_entrypoints.http.page import DOCS_PAGE, PAGE_HEADERS
from mtf_entrypoints.http.problems import ProblemError, invalid
from mtf_entrypoints.http.reading import AnyRequest, Fields, query_of, read_body
from mtf_entrypoints.http.service import Service, service_of

Document = dict[str, Any]

_MOST_RUNS = 100


@post("/api/mtf/run", status_code=200, operation_class=operations.PostRun, summary="One run")
async def post_run(request: AnyRequest) -> Document:
    """Looks at every symbol, decides, plans, and answers with the report."""
    return await _run(service_of(request), await read_body(request))


@get("/api/mtf/run", operation_class=operations.GetRun, summary="One dry run")
async def get_run(request: AnyRequest) -> Document:
    """The same from a query string; always a dry run, whatever it asks for."""
    asked = document_of_texts(request.query_params.multi_items())
    return await _run(service_of(request), {**asked, "dry_run": True})


async def _run(service: Service, document: Document) -> Document:
    order = parse_request(document)
    service.check_profile_name(order.profile)
    service.check_instant(order.at_ms)
    report = await service.orchestrator.run(order)
    return report.to_json()


@get("/mtf/status", operation_class=operations.Status, summary="The last runs, and what is locked")
async def status(request: AnyRequest) -> Document:
    """The newest runs first; `before` pages further back."""
    fields = Fields(query_of(request), ("profile", "limit", "before"))
    profile, limit = fields.text("profile"), fields.count("limit", 1, _MOST_RUNS)
    before_ms = fields.instant("before")
    fields.done()
    environment = service_of(request).environment
    runs = await environment.stores.runs.latest(profile or None, limit, before_ms)
    locks = await environment.locks.held()
    return {
        "version": __version__,
        "exchange": environment.venue.exchange,
        "market_type": environment.venue.market_type,
        "world": environment.venue.namespace,
        "now": format_instant(environment.venue.clock.now_ms()),
        "contracts_synced_at": _instant(await environment.stores.contracts.synced_ms()),
        "runs": [run_to_json(run, whole=False) for run in runs],
        "locks": [{"name": lock.name, "expires_at": format_instant(lock.expires_at_ms)} for lock in locks],
    }


def _instant(ms: int | None) -> str | None:
    return None if ms is None else format_instant(ms)


@get("/mtf/runs/{run_id:str}", summary="A stored run with its report")
async def run(run_id: FromPath[str], request: AnyRequest) -> Document:
    """What was asked, with which configuration and code, and the report."""
    Fields(query_of(request), ()).done()
    found = await service_of(request).environment.stores.runs.run(run_id)
    if found is None:
        raise ProblemError("not_found", 404, f"no run {run_id!r} is stored; /mtf/status lists the last ones")
    return run_to_json(found, whole=True)


@get("/mtf/why/{symbol:str}", operation_class=operations.WhySymbol, summary="Why (not) traded")
async def why_symbol(symbol: FromPath[str], request: AnyRequest) -> Document:
    """The symbol's record in a run, with the whole trace."""
    fields = Fields(query_of(request), ("run",))
    run_id = fields.text("run")
    fields.done()
    found = await why(service_of(request).environment.stores.runs, symbol, run_id or None)
    if found is None:
        raise ProblemError("not_found", 404, f"{symbol} is not in {f'run {run_id}' if run_id else 'any stored run'}")
    return found.to_json()


@get("/mtf/funnel", operation_class=operations.FunnelOf, summary="Where symbols fall out")
async def funnel_of(request: AnyRequest) -> Document:
    """How many symbols reach each stage, what stops the rest, and which conditions stand in the way."""
    fields = Fields(query_of(request), ("run", "since", "profile"))
    run_id, since_ms, profile = fields.text("run"), fields.instant("since"), fields.text("profile")
    fields.done()
    if run_id and since_ms is not None:
        raise invalid([FieldProblem("since", "a run, or all since an instant, not both")])
    found = await funnel(service_of(request).environment.stores, run_id or None, since_ms, profile or None)
    if found is None:
        raise ProblemError("not_found", 404, "no finished run is stored that fits")
    return found.to_json()


@get("/mtf/verify/{run_id:str}", summary="Decide a stored run again")
async def verify(run_id: FromPath[str], request: AnyRequest) -> Document:
    """Every difference between what was recorded and what the same candles and configuration give now."""
    Fields(query_of(request), ()).done()
    found = await verify_run(service_of(request).environment.stores, run_id)
    if found is None:
        raise ProblemError("not_found", 404, f"no run {run_id!r} is stored; /mtf/status lists the last ones")
    return found.to_json()


@get("/api/indicators/{symbol:str}/{tf:str}", operation_class=operations.IndicatorValues, summary="Features")
async def indicators(symbol: FromPath[str], tf: FromPath[str], request: AnyRequest) -> Document:
    """Features of the last closed candle."""
    path, fields = Fields({"tf": tf}, ("tf",)), Fields(query_of(request), ("names", "profile", "at"))
    timeframe = path.timeframe("tf", required=True)
    at_ms, names, profile = fields.instant("at"), fields.names("names"), fields.text("profile")
    path.done()
    fields.done()
    assert timeframe is not None
    service = service_of(request)
    service.check_instant(at_ms)
    found = await read_indicators(
        service.environment, symbol, timeframe, at_ms, names or None, service.profile(profile or None)
    )
    return indicators_to_json(found)


@get("/api/conditions", summary="The catalogue of conditions")
async def conditions(request: AnyRequest) -> Document:
    """Every built-in condition with its parameters."""
    Fields(query_of(request), ()).done()
    return {"conditions": catalogue_to_json()}


@post("/api/conditions/explain", status_code=200, operation_class=operations.Explain, summary="Why, for one symbol")
async def explain(request: AnyRequest) -> Document:
    """The tree of conditions with a symbol's values; with `timeframe`, of that one alone."""
    fields = Fields(await read_body(request), ("symbol", "timeframe", "profile", "at"))
    symbol, timeframe = fields.text("symbol", required=True), fields.timeframe("timeframe")
    profile, at_ms = fields.text("profile"), fields.instant("at")
    fields.done()
    service = service_of(request)
    service.check_instant(at_ms)
    decision = await explain_symbol(service.environment, service.profile(profile or None), symbol, at_ms)
    known = evaluated_timeframes(decision)
    if timeframe is not None and timeframe not in known:
        raise invalid([FieldProblem("timeframe", f"the profile evaluates {', '.join(known)}")])
    return explanation_to_json(decision, timeframe)


@post("/api/trade-entry/plan", status_code=200, operation_class=operations.Plan, summary="The order plan of a symbol")
async def plan(request: AnyRequest) -> Document:
    """The plan with every step, or why there is none. Nothing is sent."""
    fields = Fields(await read_body(request), ("symbol", "side", "timeframe", "profile", "at"))
    symbol, side = fields.text("symbol", required=True), fields.side("side")
    timeframe = fields.timeframe("timeframe", required=True)
    profile, at_ms = fields.text("profile"), fields.instant("at")
    fields.done()
    assert side is not None
    assert timeframe is not None
    service = service_of(request)
    service.check_instant(at_ms)
    chosen = service.profile(profile or None)
    return plan_outcome_to_json(await plan_symbol(service.environment, chosen, symbol, side, timeframe, at_ms))


@get("/provider/health", summary="Health of each dependency")
async def provider_health(request: AnyRequest) -> Response[Document]:
    """200 when all are well, 503 when one is not; the document is the same."""
    document = health_to_json(await check_everything(service_of(request).container))
    return Response(document, status_code=200 if document["ok"] else 503)


@get("/health", summary="Liveness")
async def health() -> Document:
    """The process answers."""
    return {"ok": True}


@get("/docs", media_type=MediaType.HTML, include_in_schema=False)
async def docs() -> Response[str]:
    """The interactive documentation."""
    return Response(DOCS_PAGE, media_type=MediaType.HTML, headers=PAGE_HEADERS)


ROUTES = [
    post_run,
    get_run,
    status,
    run,
    why_symbol,
    funnel_of,
    verify,
    indicators,
    conditions,
    explain,
    plan,
    provider_health,
    health,
    docs,
]
