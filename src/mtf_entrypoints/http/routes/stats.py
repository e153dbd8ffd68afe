"""Questions over time: what is stored of many runs, added up."""

from __future__ import annotations

from typing import Any

from litestar import get

from mtf_core.inquiry import (
    atr_statistics,
    blockers,
    feature_health,
    successes,
    trade_statistics,
    zone_statistics,
)
from mtf_core.ports import Environment
from mtf_core.records import Selection
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.reading import AnyRequest, asked
from mtf_entrypoints.http.service import service_of
from mtf_entrypoints.selecting import selection_of

_DOWN = ("dependency_down",)


async def _selected(request: AnyRequest) -> tuple[Environment, Selection]:
    fields = asked(request, questions.STATISTICS)
    since, until, symbols = fields.moment("from"), fields.moment("to"), fields.symbols("symbols")
    timeframes, profile = fields.timeframes("timeframes"), fields.text("profile") or None
    fields.done()
    environment = service_of(request).environment
    return environment, await selection_of(environment.stores, since, until, symbols, timeframes, profile)


@get(
    "/mtf/stats/blockers",
    summary="What stopped decisions, by side and by timeframe",
    operation_class=documented(answers.BLOCKERS, query=questions.STATISTICS, problems=_DOWN),
)
async def blockers_over_time(request: AnyRequest) -> dict[str, Any]:
    """Final reasons and conditions with their shares of decisions, symbols and runs."""
    environment, selection = await _selected(request)
    return (await blockers(environment.stores, selection, aside=environment.aside)).to_json()


@get(
    "/mtf/stats/success",
    summary="When symbols were last READY",
    operation_class=documented(answers.SUCCESSES, query=questions.STATISTICS, problems=_DOWN),
)
async def success(request: AnyRequest) -> dict[str, Any]:
    """The last READY decision of each symbol and execution timeframe, and how long before the newest run it was."""
    environment, selection = await _selected(request)
    return (await successes(environment.stores, selection)).to_json()


@get(
    "/mtf/stats/zones",
    summary="Distances from entry zones, and what became of the entries",
    operation_class=documented(answers.ZONE_STATISTICS, query=questions.STATISTICS, problems=_DOWN),
)
async def zones(request: AnyRequest) -> dict[str, Any]:
    """Percentiles and outcomes of the stored zone events by timeframe and by symbol. Suggestions are never applied."""
    environment, selection = await _selected(request)
    return (await zone_statistics(environment.stores, selection, aside=environment.aside)).to_json()


@get(
    "/mtf/stats/atr",
    summary="The average true range relative to the price",
    operation_class=documented(answers.ATR_STATISTICS, query=questions.STATISTICS, problems=_DOWN),
)
async def atr(request: AnyRequest) -> dict[str, Any]:
    """Percentiles by timeframe, and by symbol and timeframe, over the stored candles."""
    environment, selection = await _selected(request)
    return (await atr_statistics(environment.stores, selection, aside=environment.aside)).to_json()


@get(
    "/mtf/stats/features",
    summary="How often features are missing",
    operation_class=documented(answers.FEATURES_HEALTH, query=questions.STATISTICS, problems=_DOWN),
)
async def features(request: AnyRequest) -> dict[str, Any]:
    """Of the rows in which rules asked for a feature, the share in which it was missing."""
    environment, selection = await _selected(request)
    return (await feature_health(environment.stores, selection, aside=environment.aside)).to_json()


@get(
    "/mtf/stats/trades",
    summary="Closed trades added up",
    operation_class=documented(answers.TRADE_STATISTICS, query=questions.STATISTICS, problems=_DOWN),
)
async def trades(request: AnyRequest) -> dict[str, Any]:
    """R, costs, win rate and how far trades ran, by profile, symbol and exit reason."""
    environment, selection = await _selected(request)
    return (await trade_statistics(environment.stores.orders, selection)).to_json()


BLOCKERS, SUCCESS, ZONES, ATR, FEATURES, TRADE_STATISTICS = blockers_over_time, success, zones, atr, features, trades
