"""Questions about what is stored: runs, why, where symbols fall out, verification."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromPath

from mtf_core._version import __version__
from mtf_core.inquiry import funnel, verify_run, why
from mtf_core.inquiry.why_over_time import why_over_time
from mtf_core.market import format_instant
from mtf_entrypoints.documents import lock_to_json, run_to_json
from mtf_entrypoints.http.openapi import answers, questions
from mtf_entrypoints.http.openapi.documented import documented
from mtf_entrypoints.http.problems import ProblemError
from mtf_entrypoints.http.reading import AnyRequest, asked, named
from mtf_entrypoints.http.service import service_of
from mtf_entrypoints.selecting import selection_of

_STORED = ("not_found", "dependency_down")


@get(
    "/mtf/status",
    summary="The last runs, and what is locked",
    operation_class=documented(answers.STATUS, query=questions.STATUS, problems=_STORED),
)
async def status(request: AnyRequest) -> dict[str, Any]:
    """The newest runs first; `next`, given back as `cursor`, pages further back."""
    fields = asked(request, questions.STATUS)
    profile, limit, cursor = fields.text("profile"), fields.page_size(), fields.text("cursor")
    before_ms = fields.instant("before")
    fields.done()
    environment = service_of(request).environment
    page = await environment.stores.runs.history(limit, cursor or None, profile=profile or None, before_ms=before_ms)
    synced_ms = await environment.stores.contracts.synced_ms()
    return {
        "version": __version__,
        "exchange": environment.venue.exchange,
        "market_type": environment.venue.market_type,
        "world": environment.venue.namespace,
        "now": format_instant(environment.venue.clock.now_ms()),
        "contracts_synced_at": None if synced_ms is None else format_instant(synced_ms),
        "runs": [run_to_json(run, whole=False) for run in page.items],
        "next": page.next,
        "locks": [lock_to_json(lock) for lock in await environment.locks.held()],
    }


@get(
    "/mtf/runs/{run_id:str}",
    summary="A stored run with its report",
    operation_class=documented(answers.RUN, path=questions.OF_RUN, problems=_STORED),
)
async def run(run_id: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    """What was asked, with which configuration and code, and the report."""
    asked(request, questions.NOTHING).done()
    record = await service_of(request).environment.stores.runs.run(_checked(run_id))
    if record is None:
        raise _no_run(run_id)
    return run_to_json(record, whole=True)


@get(
    "/mtf/why/{symbol:str}",
    summary="Why (not) traded",
    operation_class=documented(answers.WHY, path=questions.OF_SYMBOL, query=questions.WHY, problems=_STORED),
)
async def why_symbol(symbol: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    """The symbol's record in a run, with the whole trace."""
    path, fields = named(questions.OF_SYMBOL, symbol=symbol), asked(request, questions.WHY)
    run_id = fields.text("run")
    path.symbol("symbol")
    path.done()
    fields.done()
    stores = service_of(request).environment.stores
    answer = await why(stores.runs, symbol, run_id or None, stores.zones, stores.orders)
    if answer is None:
        raise ProblemError("not_found", f"{symbol} is not in {f'run {run_id}' if run_id else 'any stored run'}")
    return answer.to_json()


@get(
    "/mtf/why",
    summary="Why (not) traded, over time",
    operation_class=documented(
        answers.WHY_OVER_TIME,
        query=questions.WHY_OVER_TIME,
        required=("symbols",),
        problems=("dependency_down",),
    ),
)
async def why_symbols(request: AnyRequest) -> dict[str, Any]:
    """What stopped each symbol how often, when it was last READY, and what changed between its last two runs."""
    fields = asked(request, questions.WHY_OVER_TIME)
    symbols, since, profile = fields.symbols("symbols"), fields.moment("since"), fields.text("profile") or None
    if not fields.has("symbols"):
        fields.refuse("symbols", "is required")
    fields.done()
    stores = service_of(request).environment.stores
    return (await why_over_time(stores, await selection_of(stores, since, None, symbols, None, profile))).to_json()


@get(
    "/mtf/funnel",
    summary="Where symbols fall out",
    operation_class=documented(answers.FUNNEL, query=questions.FUNNEL, problems=_STORED),
)
async def funnel_of(request: AnyRequest) -> dict[str, Any]:
    """How many symbols reach each stage, what stops the rest, and which conditions stand in the way."""
    fields = asked(request, questions.FUNNEL)
    run_id, since_ms, profile = fields.text("run"), fields.instant("since"), fields.text("profile")
    fields.done()
    environment = service_of(request).environment
    answer = await funnel(environment.stores, run_id or None, since_ms, profile or None, aside=environment.aside)
    if answer is None:
        raise ProblemError("not_found", "no finished run is stored that fits")
    return answer.to_json()


@get(
    "/mtf/verify/{run_id:str}",
    summary="Decide a stored run again",
    operation_class=documented(answers.VERIFICATION, path=questions.OF_RUN, problems=_STORED),
)
async def verify(run_id: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    """Every difference between what was recorded and what the same candles and configuration give now."""
    asked(request, questions.NOTHING).done()
    environment = service_of(request).environment
    answer = await verify_run(environment.stores, _checked(run_id), aside=environment.aside)
    if answer is None:
        raise _no_run(run_id)
    return answer.to_json()


def _checked(run_id: str) -> str:
    """The id of a path; raises `ProblemError` (422) for what no id can be."""
    path = named(questions.OF_RUN, run_id=run_id)
    path.text("run_id")
    path.done()
    return run_id


def _no_run(run_id: str) -> ProblemError:
    return ProblemError("not_found", f"no run {run_id!r} is stored; /mtf/status lists the last ones")


STATUS, RUN, WHY, WHY_OVER_TIME, FUNNEL, VERIFY = status, run, why_symbol, why_symbols, funnel_of, verify
