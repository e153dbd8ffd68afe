"""What of a stored report follows from the rest of the record: worked out again by the report's own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtf_core.market import Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.records import JsonObject, RunRecord, UnreadableRecordError
from mtf_core.runs.report import (
    OrderOutcome,
    OrderStatus,
    Performance,
    RunReport,
    SymbolError,
    SymbolResult,
    SymbolStatus,
    TimeframeResult,
)
from mtf_core.validation.outcome import Outcome

_ORDER_OF_PLAN = ("execution_timeframe", "side", "order_type", "entry_price", "stop_price", "size", "leverage")
_OF_THE_RUN_ALONE = ("results", "performance", "left_out", "carried_candles")
_UNKNOWN = Performance({}, {}, (), ())


def restored_report(run: RunRecord, report: JsonObject, results: Mapping[str, JsonObject]) -> dict[str, Any]:
    """The parts of a report that follow from a run's columns and its symbols' results, by their names.

    Left out is what the run alone knew (performance) and what a report of an older version did not say. Raises
    `UnreadableRecordError` for a result that cannot be.
    """
    try:
        document = _report(run, report, results).to_json()
        orders: Any = {**document["orders_placed"], **_orders_of_plans(results)}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableRecordError(f"a result cannot be read: {error!r}") from error
    follows = {name: part for name, part in document.items() if name not in _OF_THE_RUN_ALONE and name in report}
    recorded: Any = report.get("orders_placed", {})
    if "total" in recorded:
        follows["orders_placed"] = orders
    else:
        follows.pop("orders_placed", None)
    return follows


def _report(run: RunRecord, report: JsonObject, results: Mapping[str, JsonObject]) -> RunReport:
    summary: Any = report["summary"]
    errors: Any = report["errors"]
    account = [error["message"] for error in errors if error["symbol"] is None]
    return RunReport(
        run_id=run.run_id,
        profile=run.profile,
        dry_run=run.dry_run,
        exchange=str(report["exchange"]),
        instant_ms=run.instant_ms,
        started_ms=run.started_ms,
        finished_ms=run.started_ms if run.finished_ms is None else run.finished_ms,
        requested=summary["requested"],
        results={symbol: _result(symbol, document) for symbol, document in sorted(results.items())},
        performance=_UNKNOWN,
        account_error=account[0] if account else None,
    )


def _result(symbol: str, document: Mapping[str, Any]) -> SymbolResult:
    """A result without its plan: see `_orders_of_plans`."""
    order, error = document.get("order"), document.get("error")
    timeframe, last, side = document["execution_timeframe"], document.get("last_timeframe"), document["side"]
    return SymbolResult(
        symbol=symbol,
        status=SymbolStatus(document["status"]),
        reason=_reason(document["reason"]),
        side=Side(side) if side else None,
        execution_timeframe=Timeframe(timeframe) if timeframe else None,
        decision_key=document["decision_key"],
        context=_timeframes(document["context"]),
        execution=_timeframes(document["execution"]),
        order=order and OrderOutcome(OrderStatus(order["status"]), _reason(order["reason"]), order["facts"]),
        error=error and SymbolError(error["code"], error["message"]),
        last_timeframe=Timeframe(last) if last else None,
    )


def _timeframes(document: Mapping[str, Any]) -> dict[Timeframe, TimeframeResult]:
    return {
        Timeframe(name): TimeframeResult(Outcome[one["outcome"]], _reason(one["reason"]), tuple(one["missing"]))
        for name, one in document.items()
    }


def _reason(text: str | None) -> Reason | None:
    return None if text is None else Reason(text)


def _orders_of_plans(results: Mapping[str, JsonObject]) -> dict[str, Any]:
    """The orders of a report, as the plans in the results say them."""
    orders = []
    for symbol, document in sorted(results.items()):
        plan: Any = document.get("plan")
        order: Any = document.get("order")
        if plan and order and order["status"] == OrderStatus.SIMULATED:
            orders.append(
                {"symbol": symbol, "status": order["status"], "decision_key": document["decision_key"]}
                | {name: plan[name] for name in _ORDER_OF_PLAN}
            )
    return {"total": len(orders), "simulated": len(orders), "orders": orders}
