"""Looking at one symbol, and at the conditions there are."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from mtf_core.inquiry import explain_symbol, plan_symbol, read_indicators
from mtf_core.problems import FieldProblem
from mtf_entrypoints.documents import (
    catalogue_to_json,
    evaluated_timeframes,
    explanation_to_json,
    indicators_to_json,
    plan_outcome_to_json,
)
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.problems import not_found
from mtf_entrypoints.http.reading import AnyRequest, asked, named, told
from mtf_entrypoints.http.service import service_of

_PROBLEMS = ("not_found", "configuration", "dependency_down")


@get(
    "/api/indicators/{symbol:str}/{tf:str}",
    summary="Features",
    operation_class=documented(
        answers.INDICATORS, query=questions.INDICATORS, path=questions.OF_TIMEFRAME, problems=_PROBLEMS
    ),
)
async def indicators(symbol: FromPath[str], tf: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    """Features of the last closed candle."""
    path, fields = named(questions.OF_TIMEFRAME, symbol=symbol, tf=tf), asked(request, questions.INDICATORS)
    path.symbol("symbol")
    timeframe = path.timeframe("tf", required=True)
    at_ms, names, profile = fields.instant("at"), fields.names("names"), fields.text("profile")
    path.done()
    fields.done()
    assert timeframe is not None
    service = service_of(request)
    service.check_instant(at_ms)
    values = await read_indicators(
        service.environment, symbol, timeframe, at_ms, names or None, service.profile(profile or None)
    )
    return indicators_to_json(values)


@get("/api/conditions", summary="The catalogue of conditions", operation_class=documented(answers.CONDITIONS))
async def conditions(request: AnyRequest) -> dict[str, Any]:
    """Every built-in condition with its parameters."""
    asked(request, questions.NOTHING).done()
    return {"conditions": catalogue_to_json()}


@post(
    "/api/conditions/explain",
    status_code=200,
    summary="Why, for one symbol",
    operation_class=documented(answers.EXPLANATION, body=questions.EXPLAIN, required=("symbol",), problems=_PROBLEMS),
)
async def explain(request: AnyRequest) -> dict[str, Any]:
    """The tree of conditions with a symbol's values; with `timeframe`, of that one alone."""
    fields = await told(request, questions.EXPLAIN)
    symbol, timeframe = fields.symbol("symbol", required=True), fields.timeframe("timeframe")
    profile, at_ms = fields.text("profile"), fields.instant("at")
    fields.done()
    service = service_of(request)
    service.check_instant(at_ms)
    decision = await explain_symbol(service.environment, service.profile(profile or None), symbol, at_ms)
    known = evaluated_timeframes(decision)
    if timeframe is not None and timeframe not in known:
        raise not_found([FieldProblem("timeframe", f"the profile evaluates {', '.join(known)}")])
    return explanation_to_json(decision, timeframe)


@post(
    "/api/trade-entry/plan",
    status_code=200,
    summary="The order plan of a symbol",
    operation_class=documented(
        answers.PLAN_OUTCOME, body=questions.PLAN, required=("symbol", "side", "timeframe"), problems=_PROBLEMS
    ),
)
async def plan(request: AnyRequest) -> dict[str, Any]:
    """The plan with every step, or why there is none. Nothing is sent."""
    fields = await told(request, questions.PLAN)
    symbol, side = fields.symbol("symbol", required=True), fields.side("side")
    timeframe = fields.timeframe("timeframe", required=True)
    profile, at_ms = fields.text("profile"), fields.instant("at")
    fields.done()
    assert side is not None
    assert timeframe is not None
    service = service_of(request)
    service.check_instant(at_ms)
    chosen = service.profile(profile or None)
    return plan_outcome_to_json(await plan_symbol(service.environment, chosen, symbol, side, timeframe, at_ms))


INDICATORS, CONDITIONS, EXPLAIN, PLAN = indicators, conditions, explain, plan
