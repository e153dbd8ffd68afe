"""Planning again what was planned, and comparing the plan, or the reason why there was none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.inquiry.verification.recorded import RecordedDecision
from mtf_core.inquiry.verification.zones import compare_zone
from mtf_core.market import CandleStack, Timeframe
from mtf_core.planning import MarketFacts, PlanOutcome, Skip, plan_order
from mtf_core.records import OrderOutcome, OrderStatus, PlanInputs, PlanRecord, ResultRecord
from mtf_core.records.documents import to_document
from mtf_core.runs.journal import zone_record
from mtf_core.runs.planner import Planned
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.decision import Decision, plan_facts


def compare_plan(
    one: RecordedDecision,
    recorded: PlanInputs,
    decision: Decision,
    compiled: CompiledProfile,
    stacks: Mapping[Timeframe, CandleStack],
    checks: Checks,
) -> None:
    """Plans from the recorded facts; a decision that is no longer READY has no plan to compare."""
    if decision.signal is None:
        return
    tables = {timeframe: compiled.table(stacks[timeframe]) for timeframe in compiled.plan_needs}
    facts = MarketFacts(
        book=recorded.book,
        mark=recorded.mark,
        available_balance=recorded.available_balance,
        balance_time_ms=recorded.balance_time_ms,
        features=plan_facts(decision, tables),
        valid_timeframes=recorded.valid_timeframes,
    )
    trade_entry = compiled.profile.trade_entry
    outcome = plan_order(decision.signal, recorded.contract, facts, trade_entry, recorded.planned_at_ms)
    checks.compare(Finding.PLAN_DIFFERS, one.symbol, "", _recorded(one.result), _found(outcome, one.result.plan))
    if one.zone is not None:
        planned = Planned(outcome, facts, recorded.contract, recorded.planned_at_ms)
        compare_zone(one.zone, zone_record(one.zone.run_id, compiled.profile, planned), checks)
    checks.plans += 1


def _recorded(result: ResultRecord) -> dict[str, Any]:
    """The plan, or why there is none: where there is a plan, the reason in `order` is a guard's and not its."""
    if result.plan is not None:
        return {"plan": to_document(result.plan)}
    return {"skip": None if result.order is None else to_document(result.order)}


def _found(outcome: PlanOutcome, recorded: PlanRecord | None) -> dict[str, Any]:
    if isinstance(outcome, Skip):
        facts = {name: str(value) for name, value in outcome.facts}
        return {"skip": to_document(OrderOutcome(OrderStatus.SKIPPED, outcome.reason, facts))}
    plan = PlanRecord.of(outcome)
    if recorded is not None and recorded.stop_trigger is None:  # an earlier version did not tell it
        plan = evolve(plan, stop_trigger=None)
    return {"plan": to_document(plan)}
