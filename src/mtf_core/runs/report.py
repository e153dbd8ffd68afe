"""What a run reports; `to_json` gives the names that are a contract with whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from mtf_core.market import Side, Timeframe, format_instant
from mtf_core.planning import OrderPlan, Skip, plan_to_json
from mtf_core.reasons import Reason
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.verdicts import ContextVerdict


class SymbolStatus(StrEnum):
    """What became of a symbol."""

    READY = "READY"
    INVALID = "INVALID"
    SKIPPED = "SKIPPED"
    """Not evaluated: busy, switched off or locked."""
    ERROR = "ERROR"


class ReportStatus(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    """A symbol failed, or the account could not be read."""


class OrderStatus(StrEnum):
    """What became of a READY symbol's order."""

    SIMULATED = "simulated"
    SKIPPED = "skipped"
    ERROR = "error"


@frozen
class OrderOutcome:
    """The end of the pipeline for a READY symbol; `facts` are the numbers behind a skip."""

    status: OrderStatus
    reason: Reason | None = None
    facts: Mapping[str, str] = field(factory=dict)


@frozen
class TimeframeResult:
    """One timeframe's part of a symbol's result."""

    outcome: Outcome
    reason: Reason | None
    missing: tuple[str, ...]


@frozen
class SymbolError:
    """What stopped a symbol."""

    code: str
    message: str


@frozen
class SymbolResult:
    """A symbol's part of the report. `reason` is its one final reason; None only when an order was simulated."""

    symbol: str
    status: SymbolStatus
    reason: Reason | None = None
    side: Side | None = None
    execution_timeframe: Timeframe | None = None
    decision_key: str | None = None
    context_verdict: ContextVerdict | None = None
    context_skipped: bool = False
    context: Mapping[Timeframe, TimeframeResult] = field(factory=dict)
    execution: Mapping[Timeframe, TimeframeResult] = field(factory=dict)
    plan: OrderPlan | None = None
    order: OrderOutcome | None = None
    error: SymbolError | None = None
    last_timeframe: Timeframe | None = None
    """The timeframe that was reached last; None for a symbol that was not evaluated."""

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "status": str(self.status),
            "reason": _text(self.reason),
            "side": _text(self.side),
            "execution_timeframe": _text(self.execution_timeframe),
            "last_timeframe": _text(self.last_timeframe),
            "decision_key": self.decision_key,
            "context": _timeframes(self.context),
            "execution": _timeframes(self.execution),
        }
        if self.context_skipped:
            document["context_skipped"] = True
        if self.order is not None:
            document["order"] = {
                "status": str(self.order.status),
                "reason": _text(self.order.reason),
                "facts": dict(self.order.facts),
            }
        if self.plan is not None:
            document["plan"] = plan_to_json(self.plan)
        if self.error is not None:
            document["error"] = {"code": self.error.code, "message": self.error.message}
        return document


@frozen
class Performance:
    """Where the time went, in seconds, and what was asked of the exchange."""

    stages: Mapping[str, float]
    exchange_calls: Mapping[str, int]
    timeframes_evaluated: tuple[Timeframe, ...]
    timeframes_reused: tuple[Timeframe, ...]
    rate_limit_wait: float = 0.0


@frozen
class RunReport:
    """The report of one run."""

    run_id: str
    profile: str
    dry_run: bool
    exchange: str
    instant_ms: int
    started_ms: int
    finished_ms: int
    requested: int
    results: Mapping[str, SymbolResult]
    performance: Performance
    account_error: str | None = None
    left_out: Mapping[str, Skip] = field(factory=dict)
    """Listed contracts that the universe did not choose, with the reason; empty when symbols were asked for."""
    carried: Mapping[str, int] = field(factory=dict)
    """Symbols with candles that were missing and carry the close before them, and how many over all timeframes."""

    @property
    def rejected_by(self) -> dict[str, list[str]]:
        """Symbols by final reason, the most frequent reason first."""
        found: dict[str, list[str]] = {}
        for symbol, result in self.results.items():
            if result.reason is not None:
                found.setdefault(str(result.reason), []).append(symbol)
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))

    @property
    def status(self) -> ReportStatus:
        failed = self.account_error is not None or self.count(SymbolStatus.ERROR)
        return ReportStatus.COMPLETED_WITH_ERRORS if failed else ReportStatus.COMPLETED

    def count(self, status: SymbolStatus) -> int:
        return sum(result.status is status for result in self.results.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "profile": self.profile,
            "dry_run": self.dry_run,
            "status": str(self.status),
            "exchange": self.exchange,
            "instant": format_instant(self.instant_ms),
            "started_at": format_instant(self.started_ms),
            "finished_at": format_instant(self.finished_ms),
            "summary": self._summary(),
            "results": {symbol: result.to_json() for symbol, result in self.results.items()},
            "ready_rate": self._ready_rate(),
            "summary_by_tf": self._summary_by_tf(),
            "symbols_by_tf": self._symbols_by_tf(),
            "rejected_by": self.rejected_by,
            "left_out": {
                symbol: {"reason": str(skip.reason), "facts": {name: str(value) for name, value in skip.facts}}
                for symbol, skip in sorted(self.left_out.items())
            },
            "carried_candles": dict(sorted(self.carried.items())),
            "last_validated": self._last_validated(),
            "orders_placed": self._orders(),
            "errors": self._errors(),
            "performance": {
                "stages": dict(self.performance.stages),
                "exchange_calls": dict(self.performance.exchange_calls),
                "rate_limit_wait_seconds": self.performance.rate_limit_wait,
                "timeframes_evaluated": [str(timeframe) for timeframe in self.performance.timeframes_evaluated],
                "timeframes_reused": [str(timeframe) for timeframe in self.performance.timeframes_reused],
            },
        }

    def _summary(self) -> dict[str, Any]:
        processed = self.count(SymbolStatus.READY) + self.count(SymbolStatus.INVALID)
        errors = self.count(SymbolStatus.ERROR)
        attempted = processed + errors
        return {
            "requested": self.requested,
            "processed": processed,
            "ready": self.count(SymbolStatus.READY),
            "invalid": self.count(SymbolStatus.INVALID),
            "skipped": self.count(SymbolStatus.SKIPPED),
            "errors": errors,
            "seconds": (self.finished_ms - self.started_ms) / 1000,
            "success_rate": processed / attempted if attempted else 0.0,
        }

    def _ready_rate(self) -> float:
        """READY symbols as a share of those that were decided; 0 where none was."""
        ready, invalid = self.count(SymbolStatus.READY), self.count(SymbolStatus.INVALID)
        return ready / (ready + invalid) if ready else 0.0

    def _symbols_by_tf(self) -> dict[str, list[str]]:
        """The symbols by the timeframe that they reached last, the highest first."""
        reached: dict[Timeframe, list[str]] = {}
        for symbol, result in self.results.items():
            if result.last_timeframe is not None:
                reached.setdefault(result.last_timeframe, []).append(symbol)
        return {str(timeframe): reached[timeframe] for timeframe in reversed(Timeframe) if timeframe in reached}

    def _orders(self) -> dict[str, Any]:
        """The orders that went out or would have (`total`), and how many were refused; none leaves this version."""
        outcomes = [(result, result.order, result.plan) for result in self.results.values()]
        orders = [
            {
                "symbol": result.symbol,
                "status": str(order.status),
                "decision_key": result.decision_key,
                "execution_timeframe": _text(result.execution_timeframe),
                "side": str(plan.side),
                "order_type": str(plan.order_type),
                "entry_price": f"{plan.entry_price:f}",
                "stop_price": f"{plan.stop_price:f}",
                "size": f"{plan.size:f}",
                "leverage": plan.leverage,
            }
            for result, order, plan in outcomes
            if order is not None and plan is not None and order.status is OrderStatus.SIMULATED
        ]
        refused = sum(order is not None and order.status is not OrderStatus.SIMULATED for _, order, _ in outcomes)
        counts = {"total": len(orders), "submitted": 0, "simulated": len(orders), "refused": refused}
        return {**counts, "orders": orders}

    def _summary_by_tf(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for result in self.results.values():
            for timeframe, one in {**result.context, **result.execution}.items():
                counts = found.setdefault(str(timeframe), {outcome.name: 0 for outcome in Outcome})
                counts[one.outcome.name] += 1
        return found

    def _last_validated(self) -> list[dict[str, Any]]:
        return [
            {"symbol": symbol, "side": str(result.side), "timeframe": str(result.execution_timeframe)}
            for symbol, result in self.results.items()
            if result.status is SymbolStatus.READY
        ]

    def _errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [
            {"symbol": symbol, "code": result.error.code, "message": result.error.message}
            for symbol, result in self.results.items()
            if result.error is not None
        ]
        if self.account_error is not None:
            found.insert(0, {"symbol": None, "code": str(Reason.ACCOUNT_STATE_UNKNOWN), "message": self.account_error})
        return found


def _timeframes(results: Mapping[Timeframe, TimeframeResult]) -> dict[str, Any]:
    return {
        str(timeframe): {"outcome": one.outcome.name, "reason": _text(one.reason), "missing": list(one.missing)}
        for timeframe, one in results.items()
    }


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)
