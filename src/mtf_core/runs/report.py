"""What a run reports; `to_json` gives the names that are a contract with whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from mtf_core.market import Side, Timeframe
from mtf_core.planning import OrderPlan, Skip
from mtf_core.reasons import Reason
from mtf_core.records import (
    LeftOut,
    OrderOutcome,
    Performance,
    PlanRecord,
    ReportRecord,
    ResultRecord,
    SymbolError,
    SymbolStatus,
    TimeframeResult,
)
from mtf_core.records.documents import to_document
from mtf_core.records.reports import rejected_by
from mtf_core.validation.shortage import SharedShortage, shared
from mtf_core.validation.verdicts import ContextVerdict


@frozen
class SymbolResult:
    """A symbol's part of the report. `reason` is its one final reason; None only when an order went or would have."""

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

    @property
    def record(self) -> ResultRecord:
        """What is stored of it. The verdict of the context stands in the trace."""
        return ResultRecord(
            status=self.status,
            reason=self.reason,
            side=self.side,
            execution_timeframe=self.execution_timeframe,
            last_timeframe=self.last_timeframe,
            decision_key=self.decision_key,
            context=self.context,
            execution=self.execution,
            context_skipped=self.context_skipped,
            order=self.order,
            plan=None if self.plan is None else PlanRecord.of(self.plan),
            error=self.error,
        )

    def to_json(self) -> dict[str, Any]:
        return to_document(self.record)


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
    candles_are_final: bool = False
    """Whether candles that the market lacks will never come (`CandleService.final`)."""

    @property
    def shortages(self) -> tuple[SharedShortage, ...]:
        """What symbols lacked of the candles that their timeframes need, grouped."""
        return shared(
            (symbol, one.shortage)
            for symbol, result in self.results.items()
            for one in (*result.context.values(), *result.execution.values())
            if one.shortage is not None
        )

    @property
    def rejected_by(self) -> dict[str, tuple[str, ...]]:
        """Symbols by final reason, the most frequent reason first."""
        return rejected_by({symbol: result.reason for symbol, result in self.results.items()})

    def count(self, status: SymbolStatus) -> int:
        return sum(result.status is status for result in self.results.values())

    @property
    def record(self) -> ReportRecord:
        """What is stored of it: every count and list follows from the results."""
        return ReportRecord.of(
            {symbol: result.record for symbol, result in self.results.items()},
            run_id=self.run_id,
            profile=self.profile,
            dry_run=self.dry_run,
            exchange=self.exchange,
            instant_ms=self.instant_ms,
            started_ms=self.started_ms,
            finished_ms=self.finished_ms,
            requested=self.requested,
            performance=self.performance,
            account_error=self.account_error,
            left_out=left_out_records(self.left_out),
            carried=self.carried,
            candles_are_final=self.candles_are_final,
        )

    def to_json(self) -> dict[str, Any]:
        return to_document(self.record)


def left_out_records(left_out: Mapping[str, Skip]) -> dict[str, LeftOut]:
    """What is stored of the contracts that a universe did not choose."""
    return {
        symbol: LeftOut(skip.reason, {name: str(value) for name, value in skip.facts})
        for symbol, skip in left_out.items()
    }
