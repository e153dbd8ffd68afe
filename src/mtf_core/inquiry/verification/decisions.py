"""Deciding again from the recorded candles, and comparing traces and results bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import evolve

from mtf_core.inquiry.verification.candles import StoredSeries, candles_are_as_recorded, recorded_stacks, stored_series
from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.configuration import compare_templates
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.inquiry.verification.plans import compare_plan
from mtf_core.inquiry.verification.recorded import Ranges, RecordedDecision, recorded_decision
from mtf_core.ports import Aside, Progress, Stores
from mtf_core.records import DecisionRecord, ResultRecord, SymbolStatus, TraceRecord, ZoneRecord
from mtf_core.records.documents import to_document
from mtf_core.run_request import RunRequest
from mtf_core.runs.findings import result_of
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import Decision
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.traces import templates_digest


async def decide_again(
    stores: Stores,
    instant_ms: int,
    request: RunRequest,
    compiled: CompiledProfile,
    records: Sequence[DecisionRecord],
    zones: Sequence[ZoneRecord],
    checks: Checks,
    progress: Progress,
    aside: Aside,
) -> None:
    """Decides every record that holds what it takes; records that rest on the same windows together, as in the run."""
    options = DecideOptions(request.skip_context, request.current_tf)
    found = [recorded_decision(record, instant_ms, compiled, checks) for record in records]
    zone_of = {zone.symbol: zone for zone in zones}
    decided = [evolve(one, zone=zone_of.get(one.symbol)) for one in found if one is not None]
    shapes = {digest: await stores.runs.document(digest) for digest in sorted({one.trace.templates for one in decided})}
    await aside(partial(compare_templates, shapes, compiled, checks))
    groups: dict[Ranges, list[RecordedDecision]] = {}
    for one in decided:
        groups.setdefault(one.ranges, []).append(one)
    for ranges, group in groups.items():
        series = await stored_series(stores.candles, ranges, [one.symbol for one in group])
        await aside(partial(_compare_group, instant_ms, compiled, options, series, ranges, group, checks))
        progress("decisions", checks.decisions, len(decided))


def _compare_group(
    instant_ms: int,
    compiled: CompiledProfile,
    options: DecideOptions,
    series: StoredSeries,
    ranges: Ranges,
    group: Sequence[RecordedDecision],
    checks: Checks,
) -> None:
    stacks = recorded_stacks(series, ranges, group, compiled.profile.trading.largest_hole_ms)
    whole = [one for one in group if candles_are_as_recorded(one, stacks, checks)]
    if not whole:
        return
    spreads = {one.symbol: one.inputs.spread_bps for one in whole if one.inputs.spread_bps is not None}
    kept = {timeframe: stack for timeframe, stack in stacks.items() if timeframe in compiled.needs}
    batch = Decider(compiled).decide(kept, instant_ms, [one.symbol for one in whole], options, spreads)
    digest = templates_digest(compiled)
    decided = {decision.symbol: decision for decision in batch}
    for one in whole:
        decision = decided[one.symbol]
        again = _told_as(one.trace, TraceRecord.of(decision, digest))
        checks.compare(Finding.DECISION_DIFFERS, one.symbol, "", one.trace.to_plain(), again.to_plain())
        _compare_result(one, decision, checks)
        checks.decisions += 1
        if one.inputs.plan is not None:
            compare_plan(one, one.inputs.plan, decision, compiled, stacks, checks)


def _told_as(recorded: TraceRecord, again: TraceRecord) -> TraceRecord:
    """The trace without what its values rest on, where an older version did not store that."""
    if any(verdict.histories for verdict in recorded.timeframes.values()):
        return again
    return evolve(again, timeframes={name: evolve(verdict, histories={}) for name, verdict in again.timeframes.items()})


def _compare_result(one: RecordedDecision, decision: Decision, checks: Checks) -> None:
    """What the stored result says of the decision."""
    if one.result.status is SymbolStatus.SKIPPED:
        return
    found = _with_what_came_after(result_of(decision).record, one.result)
    checks.compare(Finding.DECISION_DIFFERS, one.symbol, "result", to_document(one.result), to_document(found))


def _with_what_came_after(found: ResultRecord, recorded: ResultRecord) -> ResultRecord:
    """The result as decided, with what a plan, a guard or an error made of it: that is compared elsewhere."""
    later = evolve(found, order=recorded.order, plan=recorded.plan, error=recorded.error)
    if recorded.last_timeframe is None:  # version 1 did not tell it
        later = evolve(later, last_timeframe=None)
    if recorded.status is SymbolStatus.ERROR:
        return evolve(later, status=recorded.status, reason=recorded.reason)
    return evolve(later, reason=recorded.reason) if found.status is SymbolStatus.READY else later
