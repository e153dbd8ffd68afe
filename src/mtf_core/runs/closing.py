"""What the parts of a shared run come to: one record for every symbol, and one report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from mtf_core.execution import Desk
from mtf_core.orders import EntryState, Intent
from mtf_core.planning import Skip
from mtf_core.reasons import Reason
from mtf_core.records import (
    DecisionRecord,
    Opening,
    OrderOutcome,
    OrderStatus,
    Performance,
    ReportRecord,
    ShardPart,
    SymbolError,
    SymbolStatus,
    ZoneRecord,
)
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.entries import skipped
from mtf_core.runs.journal import decision_record
from mtf_core.runs.report import SymbolResult


@frozen(eq=False)
class Closed:
    """Everything that is known of a shared run at its end."""

    records: Mapping[str, DecisionRecord]
    zones: Sequence[ZoneRecord]
    carried: Mapping[str, int]
    account_error: str | None
    performance: Performance

    @property
    def in_order(self) -> list[DecisionRecord]:
        """By symbol."""
        return [self.records[symbol] for symbol in sorted(self.records)]

    def report(self, run: ActiveRun, opening: Opening) -> ReportRecord:
        """The report, as of now."""
        return ReportRecord.of(
            {one.symbol: one.result for one in self.in_order if one.result is not None},
            run_id=run.run_id,
            profile=run.profile.name,
            dry_run=run.request.dry_run,
            exchange=run.environment.venue.exchange,
            instant_ms=run.instant_ms,
            started_ms=run.started_ms,
            finished_ms=run.environment.wall.now_ms(),
            requested=opening.requested,
            performance=self.performance,
            account_error=self.account_error,
            left_out=opening.left_out,
            carried=self.carried,
            candles_are_final=run.environment.venue.capabilities.candles.final,
        )


def skipped_records(run: ActiveRun, opening: Opening, templates_digest: str) -> dict[str, DecisionRecord]:
    """The symbols that were chosen and not let in."""
    return {
        symbol: _undecided(run, SymbolResult(symbol, SymbolStatus.SKIPPED, reason), templates_digest)
        for symbol, reason in opening.skipped.items()
    }


def lost_shards(
    run: ActiveRun,
    opening: Opening,
    parts: Mapping[int, ShardPart],
    why: Mapping[int, str],
    templates_digest: str,
) -> dict[str, DecisionRecord]:
    """The symbols of shards without a part: each fails under its own name."""
    lost = {}
    for number, symbols in enumerate(opening.shards):
        if number in parts:
            continue
        words = f"shard {number + 1} of {len(opening.shards)}: {why.get(number, 'what it found is not in the store')}"
        error = SymbolError(str(Reason.SHARD_NOT_DECIDED), words)
        for symbol in symbols:
            result = SymbolResult(symbol, SymbolStatus.ERROR, Reason.SHARD_NOT_DECIDED, error=error)
            lost[symbol] = _undecided(run, result, templates_digest)
    return lost


def _undecided(run: ActiveRun, result: SymbolResult, templates_digest: str) -> DecisionRecord:
    return decision_record(run.run_id, result, None, None, templates_digest)


def too_late(ready: Mapping[str, DecisionRecord], late_ms: int) -> dict[str, DecisionRecord]:
    """READY symbols for which the run was closed too late to enter them."""
    order = OrderOutcome(OrderStatus.SKIPPED, Reason.PLAN_EXPIRED, {"late_by_ms": str(late_ms)})
    return {symbol: _ended(record, order) for symbol, record in ready.items()}


def delisted(ready: Mapping[str, DecisionRecord], gone: Mapping[str, Skip]) -> dict[str, DecisionRecord]:
    """READY symbols whose contracts went while the run was going on."""
    return {symbol: _ended(ready[symbol], skipped(skip)) for symbol, skip in gone.items()}


def looked_at_again(now: DecisionRecord, before: DecisionRecord) -> DecisionRecord:
    """What the closing step made of a READY symbol; where it did not decide it any more, why the shard did stays."""
    return now if now.trace is not None else evolve(now, inputs=before.inputs, trace=before.trace)


async def entered_before(desk: Desk, run_id: str, ready: Mapping[str, DecisionRecord]) -> dict[str, DecisionRecord]:
    """Those that another attempt to close this run has entered, or tried to: what its intent says of them."""
    found = {}
    for symbol, record in ready.items():
        intent = None if record.decision_key is None else await desk.orders.intent(record.decision_key)
        if intent is not None and intent.terms.run_id == run_id:
            found[symbol] = _ended(record, _order_of(intent))
    return found


def _order_of(intent: Intent) -> OrderOutcome:
    facts = {"state": str(intent.entry), "entered": "by another attempt to close this run"}
    client_order_id = intent.attempt.client_order_id
    if intent.entry is EntryState.REJECTED:
        return OrderOutcome(OrderStatus.SKIPPED, Reason.REJECTED_BY_EXCHANGE, facts, client_order_id)
    return OrderOutcome(OrderStatus.SUBMITTED, None, facts, client_order_id, intent.attempt.order_id or None)


def _ended(record: DecisionRecord, order: OrderOutcome) -> DecisionRecord:
    """The record of a READY symbol with the end of its order."""
    reason = None if order.reason is None else str(order.reason)
    result = None if record.result is None else evolve(record.result, reason=order.reason, order=order)
    return evolve(record, reason=reason, result=result)


def together(opened: Performance, parts: Iterable[Performance], closed: Performance | None) -> Performance:
    """What the steps of a shared run took: of shards, which go on side by side, the slowest; calls are added up."""
    parts = tuple(parts)
    steps = (opened, *parts, *(() if closed is None else (closed,)))
    in_turn = (opened, closed) if closed is not None else (opened,)
    names = dict.fromkeys(name for step in steps for name in step.stages)
    stages = {
        name: round(
            sum(step.stages.get(name, 0.0) for step in in_turn)
            + max((part.stages.get(name, 0.0) for part in parts), default=0.0),
            6,
        )
        for name in names
    }
    endpoints = dict.fromkeys(name for step in steps for name in step.exchange_calls)
    evaluated = dict.fromkeys(timeframe for part in parts for timeframe in part.timeframes_evaluated)
    known = dict.fromkeys(timeframe for part in parts for timeframe in part.timeframes_reused)
    return Performance(
        stages=stages,
        exchange_calls={name: sum(step.exchange_calls.get(name, 0) for step in steps) for name in endpoints},
        rate_limit_wait_seconds=round(sum(step.rate_limit_wait_seconds for step in steps), 6),
        timeframes_evaluated=tuple(evaluated),
        timeframes_reused=tuple(timeframe for timeframe in known if timeframe not in evaluated),
    )
