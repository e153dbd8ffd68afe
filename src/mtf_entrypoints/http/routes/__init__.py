"""The routes: each reads the request, calls its use case, and answers with a document."""

from __future__ import annotations

from litestar import HttpMethod, Response, Router, route

from mtf_entrypoints.http.routes.account import ALARMS, ORDERS, POSITIONS, STORY, TRADES
from mtf_entrypoints.http.routes.asking import FUNNEL, RUN, STATUS, VERIFY, WHY, WHY_OVER_TIME
from mtf_entrypoints.http.routes.by_hand import BOOK, CLOSE, PROTECT, TARGETS, WITHDRAW
from mtf_entrypoints.http.routes.executing import EXECUTE
from mtf_entrypoints.http.routes.health import DOCS, HEALTH, METRICS, PROVIDER_HEALTH
from mtf_entrypoints.http.routes.inspecting import CONDITIONS, EXPLAIN, INDICATORS, PLAN
from mtf_entrypoints.http.routes.operating import AUDIT, CLEANUP, GET_SYNC, LOCKS, POST_SYNC, RELEASE
from mtf_entrypoints.http.routes.risk import RISK, RISK_RESET
from mtf_entrypoints.http.routes.running import GET_RUN, POST_RUN, RUN_OF_KEY
from mtf_entrypoints.http.routes.stats import ATR, BLOCKERS, FEATURES, SUCCESS, TRADE_STATISTICS, ZONES
from mtf_entrypoints.http.routes.switching import KILL, QUEUE, SWITCH, SWITCHES, UNKILL


@route(["/api/mtf/run", "/api/mtf/sync-contracts"], http_method=[HttpMethod.OPTIONS], include_in_schema=False)
async def methods() -> Response[None]:
    """The methods of paths that have several; the framework knows those of a single handler."""
    return Response(None, status_code=204, headers={"Allow": "GET, OPTIONS, POST"})


_MTF = [STATUS, RUN, RUN_OF_KEY, WHY, WHY_OVER_TIME, FUNNEL, VERIFY]
_MTF += [LOCKS, RELEASE, SWITCHES, SWITCH, QUEUE, KILL, UNKILL, AUDIT]
_MTF += [POSITIONS, ORDERS, TRADES, STORY, ALARMS, CLOSE, BOOK, PROTECT, TARGETS, WITHDRAW]
_MTF += [BLOCKERS, SUCCESS, ZONES, ATR, FEATURES, TRADE_STATISTICS]
_MTF += [EXECUTE, RISK, RISK_RESET]

ROUTES = [
    methods,
    POST_RUN,
    GET_RUN,
    GET_SYNC,
    POST_SYNC,
    *_MTF,
    CLEANUP,
    INDICATORS,
    CONDITIONS,
    EXPLAIN,
    PLAN,
    PROVIDER_HEALTH,
    HEALTH,
    METRICS,
    DOCS,
]


ALIASES = Router("/api", route_handlers=_MTF, include_in_schema=False)
"""Every route under `/mtf` also answers under `/api/mtf`."""
