"""The report of a run as it is stored: what the run alone knew, and what follows from its symbols' results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Self

from attrs import frozen

from mtf_core.market import OrderType, Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.records.results import OrderStatus, ResultRecord, SymbolStatus
from mtf_core.validation.outcome import Outcome


class ReportStatus(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    """A symbol or its order failed, or the account could not be read."""


@frozen
class RunSummary:
    """How many symbols came to what; `success_rate` is the share of those attempted that did not fail, 0..1."""

    requested: int
    processed: int
    ready: int
    invalid: int
    skipped: int
    errors: int
    seconds: float
    success_rate: float


@frozen
class LeftOut:
    """Why the universe did not choose a listed contract, with the numbers behind it."""

    reason: Reason
    facts: Mapping[str, str]


@frozen
class ValidatedSymbol:
    """A READY symbol."""

    symbol: str
    side: Side
    timeframe: Timeframe


@frozen
class OrderLine:
    """An order that went out, or would have."""

    symbol: str
    status: OrderStatus
    decision_key: str | None
    execution_timeframe: Timeframe | None
    side: Side
    order_type: OrderType
    entry_price: Decimal
    stop_price: Decimal
    size: Decimal
    leverage: int
    client_order_id: str | None = None
    order_id: str | None = None


@frozen
class OrdersPlaced:
    """The orders of a run: `total` went out or would have, `refused` were planned or wanted and did not.

    `orders` has a line for each whose plan is known; a run that was closed twice knows no plan of what the first
    attempt entered.
    """

    total: int
    submitted: int
    simulated: int
    refused: int
    orders: tuple[OrderLine, ...]


@frozen
class ErrorLine:
    """Something that failed: a symbol, or (None) the reading of the account."""

    symbol: str | None
    code: str
    message: str


@frozen(kw_only=True)
class Performance:
    """Where the time went, in seconds, and what was asked of the exchange."""

    stages: Mapping[str, float]
    exchange_calls: Mapping[str, int]
    rate_limit_wait_seconds: float = 0.0
    timeframes_evaluated: tuple[Timeframe, ...]
    timeframes_reused: tuple[Timeframe, ...]


@frozen(kw_only=True)
class ReportRecord:
    """A stored report. What has a default is None where an older version, which did not tell it, stored the report.

    A list of runs gives reports without `results`, which are kept with the decisions.
    """

    run_id: str
    profile: str
    dry_run: bool
    status: ReportStatus | None = None
    exchange: str
    instant_ms: int
    started_at_ms: int
    finished_at_ms: int
    summary: RunSummary
    results: Mapping[str, ResultRecord] | None = None
    ready_rate: float | None = None
    summary_by_tf: Mapping[Timeframe, Mapping[Outcome, int]]
    symbols_by_tf: Mapping[Timeframe, tuple[str, ...]] | None = None
    rejected_by: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, LeftOut] | None = None
    carried_candles: Mapping[str, int] | None = None
    candles_are_final: bool | None = None
    last_validated: tuple[ValidatedSymbol, ...]
    orders_placed: OrdersPlaced | None = None
    errors: tuple[ErrorLine, ...]
    performance: Performance

    @property
    def account_error(self) -> str | None:
        """Why the account could not be read; None: it was."""
        return next((error.message for error in self.errors if error.symbol is None), None)

    @classmethod
    def of(
        cls,
        results: Mapping[str, ResultRecord],
        *,
        run_id: str,
        profile: str,
        dry_run: bool,
        exchange: str,
        instant_ms: int,
        started_ms: int,
        finished_ms: int,
        requested: int,
        performance: Performance,
        account_error: str | None,
        left_out: Mapping[str, LeftOut],
        carried: Mapping[str, int],
        candles_are_final: bool,
    ) -> Self:
        """The report of a run whose symbols came to these results: every count and list follows from them."""
        counts = {status: sum(result.status is status for result in results.values()) for status in SymbolStatus}
        decided = counts[SymbolStatus.READY] + counts[SymbolStatus.INVALID]
        attempted = decided + counts[SymbolStatus.ERROR]
        errors = _errors(results, account_error)
        summary = RunSummary(
            requested=requested,
            processed=decided,
            ready=counts[SymbolStatus.READY],
            invalid=counts[SymbolStatus.INVALID],
            skipped=counts[SymbolStatus.SKIPPED],
            errors=counts[SymbolStatus.ERROR],
            seconds=(finished_ms - started_ms) / 1000,
            success_rate=decided / attempted if attempted else 0.0,
        )
        return cls(
            run_id=run_id,
            profile=profile,
            dry_run=dry_run,
            status=ReportStatus.COMPLETED_WITH_ERRORS if errors else ReportStatus.COMPLETED,
            exchange=exchange,
            instant_ms=instant_ms,
            started_at_ms=started_ms,
            finished_at_ms=finished_ms,
            summary=summary,
            results=results,
            ready_rate=summary.ready / decided if summary.ready else 0.0,
            summary_by_tf=_summary_by_timeframe(results.values()),
            symbols_by_tf=_symbols_by_timeframe(results),
            rejected_by=rejected_by({symbol: result.reason for symbol, result in results.items()}),
            left_out=dict(sorted(left_out.items())),
            carried_candles=dict(sorted(carried.items())),
            candles_are_final=candles_are_final,
            last_validated=tuple(
                ValidatedSymbol(symbol, result.side, result.execution_timeframe)
                for symbol, result in results.items()
                if result.status is SymbolStatus.READY and result.side and result.execution_timeframe
            ),
            orders_placed=_orders_placed(results),
            errors=errors,
            performance=performance,
        )


def rejected_by(reasons: Mapping[str, Reason | None]) -> dict[str, tuple[str, ...]]:
    """Symbols by final reason, the most frequent reason first."""
    found: dict[str, list[str]] = {}
    for symbol, reason in reasons.items():
        if reason is not None:
            found.setdefault(str(reason), []).append(symbol)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return {reason: tuple(symbols) for reason, symbols in ordered}


def _summary_by_timeframe(results: Iterable[ResultRecord]) -> dict[Timeframe, dict[Outcome, int]]:
    found: dict[Timeframe, dict[Outcome, int]] = {}
    for result in results:
        for timeframe, one in {**result.context, **result.execution}.items():
            found.setdefault(timeframe, dict.fromkeys(Outcome, 0))[one.outcome] += 1
    return found


def _symbols_by_timeframe(results: Mapping[str, ResultRecord]) -> dict[Timeframe, tuple[str, ...]]:
    """The symbols by the timeframe that they reached last, the highest first."""
    reached: dict[Timeframe, list[str]] = {}
    for symbol, result in results.items():
        if result.last_timeframe is not None:
            reached.setdefault(result.last_timeframe, []).append(symbol)
    return {timeframe: tuple(reached[timeframe]) for timeframe in reversed(Timeframe) if timeframe in reached}


def _orders_placed(results: Mapping[str, ResultRecord]) -> OrdersPlaced:
    """The orders that went out or would have, and how many were refused."""
    orders = tuple(
        OrderLine(
            symbol=symbol,
            status=result.order.status,
            decision_key=result.decision_key,
            execution_timeframe=result.execution_timeframe,
            side=result.plan.side,
            order_type=result.plan.order_type,
            entry_price=result.plan.entry_price,
            stop_price=result.plan.stop_price,
            size=result.plan.size,
            leverage=result.plan.leverage,
            client_order_id=result.order.client_order_id,
            order_id=result.order.order_id,
        )
        for symbol, result in results.items()
        if result.plan is not None and result.order is not None and result.order.status in _PLACED
    )
    placed = [result.order.status for result in results.values() if result.order is not None]
    submitted, simulated = placed.count(OrderStatus.SUBMITTED), placed.count(OrderStatus.SIMULATED)
    return OrdersPlaced(
        total=submitted + simulated,
        submitted=submitted,
        simulated=simulated,
        refused=len(placed) - submitted - simulated,
        orders=orders,
    )


_PLACED = (OrderStatus.SUBMITTED, OrderStatus.SIMULATED)


def _errors(results: Mapping[str, ResultRecord], account_error: str | None) -> tuple[ErrorLine, ...]:
    found = [
        ErrorLine(symbol, result.error.code, result.error.message)
        for symbol, result in results.items()
        if result.error is not None
    ]
    found += [
        ErrorLine(symbol, result.order.facts.get("code", ""), result.order.facts.get("message", ""))
        for symbol, result in results.items()
        if result.order is not None and result.order.status is OrderStatus.ERROR
    ]
    if account_error is not None:
        found.insert(0, ErrorLine(None, str(Reason.ACCOUNT_STATE_UNKNOWN), account_error))
    return tuple(found)
