"""Deciding a stored run again from its recorded candles and configuration, and comparing bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

from attrs import define, field, frozen

from mtf_core._version import __version__
from mtf_core.inquiry.restored import restored_report
from mtf_core.market import CandleStack, Timeframe, format_instant
from mtf_core.planning import MarketFacts, OrderPlan, PlanOutcome, plan_order, plan_to_json
from mtf_core.ports import Aside, Progress, Stores, at_once, no_progress
from mtf_core.records import (
    DecisionInputs,
    DecisionRecord,
    JsonObject,
    PlanInputs,
    RunRecord,
    RunStatus,
    TraceRecord,
    UnreadableRecordError,
)
from mtf_core.records.older import current_content
from mtf_core.runs.findings import result_of
from mtf_core.runs.journal import candle_range
from mtf_core.runs.report import SymbolStatus
from mtf_core.settings.digest import digest_of
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import Profile, profile_from_content
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import Decision, plan_facts
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.traces import templates_digest, templates_of
from mtf_core.validation.window import Window


class Finding(StrEnum):
    """What a verification can find."""

    RUN_NOT_FINISHED = "run_not_finished"
    SEAL_BROKEN = "seal_broken"
    RUN_BEFORE_CHANGED = "run_before_changed"
    CONFIGURATION_MISSING = "configuration_missing"
    CONFIGURATION_CHANGED = "configuration_changed"
    CONFIGURATION_REFUSED = "configuration_refused"
    CANDLES_MISSING = "candles_missing"
    CANDLES_CHANGED = "candles_changed"
    RECORD_UNREADABLE = "record_unreadable"
    RECORD_INCOMPLETE = "record_incomplete"
    RECORD_CHANGED = "record_changed"
    DECISION_DIFFERS = "decision_differs"
    PLAN_DIFFERS = "plan_differs"


@frozen
class Difference:
    """One thing that is not as it was recorded; `symbol` None for the run as a whole."""

    finding: Finding
    symbol: str | None
    what: str
    recorded: str
    found: str


@frozen
class Verification:
    """The result: how much was decided and planned again, and every difference. `ok` means not one."""

    run_id: str
    profile: str
    code_version: str
    decisions: int
    plans: int
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "profile": self.profile,
            "ok": self.ok,
            "recorded_with": self.code_version,
            "verified_with": __version__,
            "decisions": self.decisions,
            "plans": self.plans,
            "differences": [
                {
                    "finding": str(one.finding),
                    "symbol": one.symbol,
                    "what": one.what,
                    "recorded": one.recorded,
                    "found": one.found,
                }
                for one in self.differences
            ],
        }


Ranges = tuple[tuple[Timeframe, int, int, int], ...]
"""(timeframe, first open, last open, recursive from) of every stack that a decision rests on."""


@define
class _Checks:
    """Collects differences and counts."""

    differences: list[Difference] = field(factory=list)
    decisions: int = 0
    plans: int = 0

    def note(self, finding: Finding, symbol: str | None, what: str, recorded: object, found: object) -> None:
        self.differences.append(Difference(finding, symbol, what, str(recorded), str(found)))


@frozen
class _Decided:
    """A record with everything that it takes to decide it again."""

    record: DecisionRecord
    inputs: DecisionInputs
    trace: TraceRecord

    @property
    def symbol(self) -> str:
        return self.record.symbol

    @property
    def ranges(self) -> Ranges:
        return tuple(
            (timeframe, candles.first_open_ms, candles.last_open_ms, candles.recursive_from_ms)
            for timeframe, candles in self.inputs.candles.items()
        )


async def verify_run(
    stores: Stores, run_id: str, progress: Progress = no_progress, aside: Aside = at_once
) -> Verification | None:
    """Decides and plans a stored run again; None when there is no such run.

    Everything comes from the store: candles by the recorded ranges, the configuration by its digest, the market facts
    from the decisions themselves. What follows from these is compared; the seal covers the rest of the record. The
    computing is done `aside`.
    """
    run = await stores.runs.run(run_id)
    if run is None:
        return None
    checks = _Checks()
    if run.status is not RunStatus.FINISHED or run.report is None:
        checks.note(Finding.RUN_NOT_FINISHED, None, "the run did not finish", str(run.status), "nothing to compare")
    await _check_seal(stores, run_id, checks)
    records = await stores.runs.decisions(run_id)
    if run.report is not None:
        _compare_with_report(run, run.report, records, checks)
    profile = await _profile(stores, run, checks)
    if profile is not None:
        compiled = await aside(partial(compile_profile, profile))
        await _decide_again(stores, run, compiled, records, checks, progress, aside)
    return Verification(
        run_id, run.profile, run.code_version, checks.decisions, checks.plans, tuple(checks.differences)
    )


async def _check_seal(stores: Stores, run_id: str, checks: _Checks) -> None:
    seal = await stores.runs.seal(run_id)
    if seal is None:
        return
    if not seal.unchanged:
        checks.note(Finding.SEAL_BROKEN, None, "seal of the run's records", seal.recorded.digest, seal.digest_now)
    if not seal.follows:
        before = seal.before_now or "not stored, though older runs are"
        what = f"seal of the run before, {seal.recorded.before_run_id}"
        checks.note(Finding.RUN_BEFORE_CHANGED, None, what, seal.recorded.before, before)


async def _profile(stores: Stores, run: RunRecord, checks: _Checks) -> Profile | None:
    content: Any = await stores.runs.document(run.config_digest)
    if content is None:
        checks.note(Finding.CONFIGURATION_MISSING, None, "configuration", run.config_digest, "not in the store")
        return None
    digest = digest_of(content)
    if digest != run.config_digest:
        checks.note(Finding.CONFIGURATION_CHANGED, None, "digest of the configuration", run.config_digest, digest)
    if content.get("profile") != run.profile:
        checks.note(Finding.RECORD_CHANGED, None, "profile", run.profile, content.get("profile"))
    try:
        return profile_from_content(current_content(content))
    except ConfigError as error:
        refused = f"refused by version {__version__}: {str(error).splitlines()[0]}"
        checks.note(Finding.CONFIGURATION_REFUSED, None, "configuration", f"version {run.code_version}", refused)
        return None


def _compare_with_report(
    run: RunRecord, report: JsonObject, records: Sequence[DecisionRecord], checks: _Checks
) -> None:
    """The report, the columns and the results of a run say the same things several times."""
    reported: Any = report.get("results", {})
    results = {record.symbol: record.result for record in records}
    for symbol in sorted({*reported, *results}):
        if symbol not in results:
            checks.note(Finding.RECORD_INCOMPLETE, symbol, "record", "in the report", "not in the store")
            continue
        _compare("result", reported.get(symbol), results[symbol], symbol, Finding.RECORD_CHANGED, checks)
    for record in records:
        if record.unreadable is not None:
            checks.note(Finding.RECORD_UNREADABLE, record.symbol, "record", record.unreadable, "cannot be read")
        for name in ("status", "reason", "side", "execution_timeframe", "decision_key"):
            recorded, found = getattr(record, name), record.result.get(name)
            _compare(name, recorded, found, record.symbol, Finding.RECORD_CHANGED, checks)
    asked, limit = _asked_for(run.request)
    if asked and (not set(results) <= set(asked) or len(results) != min(len(asked), limit)):
        checks.note(Finding.RECORD_CHANGED, None, "symbols", ", ".join(asked), ", ".join(sorted(results)))
    _compare_with_what_follows(run, report, results, checks)


def _asked_for(request: JsonObject) -> tuple[list[str], int]:
    """The symbols that a run was asked for (none: those of the universe), each once, and at most how many."""
    symbols: Any = request.get("symbols") or ()
    limit: Any = request.get("limit")
    asked = list(dict.fromkeys(symbols))
    return asked, len(asked) if limit is None else limit


def _compare_with_what_follows(
    run: RunRecord, report: JsonObject, results: Mapping[str, JsonObject], checks: _Checks
) -> None:
    """Counts, lists and heads of the report follow from the results and the run's own columns."""
    try:
        follows = restored_report(run, report, results)
    except UnreadableRecordError as error:
        checks.note(Finding.RECORD_UNREADABLE, None, "report", str(error), "cannot be read")
        return
    for name, part in follows.items():
        _compare(name, report.get(name), part, None, Finding.RECORD_CHANGED, checks)


async def _decide_again(
    stores: Stores,
    run: RunRecord,
    compiled: CompiledProfile,
    records: Sequence[DecisionRecord],
    checks: _Checks,
    progress: Progress,
    aside: Aside,
) -> None:
    decided = [one for record in records if (one := _decided(record, run.instant_ms, compiled, checks)) is not None]
    for digest in sorted({one.trace.templates for one in decided}):
        await _check_templates(stores, digest, compiled, checks)
    groups: dict[Ranges, list[_Decided]] = {}
    for one in decided:
        groups.setdefault(one.ranges, []).append(one)
    for ranges, group in groups.items():
        stacks = await _stacks(stores, ranges, group)
        await aside(partial(_verify_group, run, compiled, stacks, group, checks))
        progress("decisions", checks.decisions, len(decided))


def _decided(record: DecisionRecord, instant_ms: int, compiled: CompiledProfile, checks: _Checks) -> _Decided | None:
    """What can be decided again; what should be recorded of a decision, and is not, is noted."""
    if record.unreadable is not None:
        return None
    if record.trace is None or record.inputs is None:
        if record.status in (SymbolStatus.READY, SymbolStatus.INVALID):
            checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "trace", "decided", "no trace in the store")
        return None
    inputs = record.inputs
    needed = set(compiled.needs) | (set(compiled.plan_needs) if inputs.plan is not None else set())
    absent = sorted(str(timeframe) for timeframe in needed if timeframe not in inputs.candles)
    if absent:
        wanted = ", ".join(sorted(needed))
        checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "candle ranges", wanted, f"no {absent}")
    if "plan" in record.result and inputs.plan is None:
        checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "facts of the plan", "planned", "not in the store")
    late = [
        str(timeframe)
        for timeframe, candles in inputs.candles.items()
        if candles.last_open_ms != timeframe.last_closed_open(instant_ms)
    ]
    if late or inputs.at_ms != instant_ms:
        instant, found = format_instant(instant_ms), f"candles and instant of another: {', '.join(late) or 'at_ms'}"
        checks.note(Finding.RECORD_CHANGED, record.symbol, "instant", instant, found)
    return None if absent or late else _Decided(record, inputs, record.trace)


async def _check_templates(stores: Stores, digest: str, compiled: CompiledProfile, checks: _Checks) -> None:
    """The stored shapes, with which traces are read, are the ones that the configuration has."""
    stored: Any = await stores.runs.document(digest)
    if stored is None:
        checks.note(Finding.RECORD_INCOMPLETE, None, "templates", digest, "not in the store")
    else:
        _compare("templates", stored, templates_of(compiled), None, Finding.RECORD_CHANGED, checks)


async def _stacks(stores: Stores, ranges: Ranges, group: Sequence[_Decided]) -> dict[Timeframe, CandleStack]:
    """The windows that the records of a group rest on, from the stored candles."""
    stacks = {}
    for timeframe, first, last, recursive in ranges:
        window = Window(timeframe, first, last, recursive)
        symbols = [one.symbol for one in group]
        series = await stores.candles.read(symbols, timeframe, first, last)
        carry = any(one.inputs.candles[timeframe].carried for one in group if timeframe in one.inputs.candles)
        stacks[timeframe] = window.stack({symbol: series[symbol] for symbol in symbols}, carry=carry)
    return stacks


def _verify_group(
    run: RunRecord,
    compiled: CompiledProfile,
    stacks: Mapping[Timeframe, CandleStack],
    group: Sequence[_Decided],
    checks: _Checks,
) -> None:
    """Records that rest on the same windows are decided together, as they were in the run."""
    whole = [one for one in group if _candles_are_as_recorded(one, stacks, checks)]
    if not whole:
        return
    current: Any = run.request.get("current_tf")
    options = DecideOptions(bool(run.request.get("skip_context")), Timeframe(current) if current else None)
    spreads = {one.symbol: one.inputs.spread_bps for one in whole if one.inputs.spread_bps is not None}
    kept = {timeframe: stack for timeframe, stack in stacks.items() if timeframe in compiled.needs}
    batch = Decider(compiled).decide(kept, run.instant_ms, [one.symbol for one in whole], options, spreads)
    digest = templates_digest(compiled)
    decided = {decision.symbol: decision for decision in batch}
    for one in whole:
        decision = decided[one.symbol]
        again = TraceRecord.of(decision, digest).to_plain()
        _compare("", one.trace.to_plain(), again, one.symbol, Finding.DECISION_DIFFERS, checks)
        _compare_result(one.record, decision, checks)
        checks.decisions += 1
        if one.inputs.plan is not None:
            _verify_plan(one, one.inputs.plan, decision, compiled, stacks, checks)


def _compare_result(record: DecisionRecord, decision: Decision, checks: _Checks) -> None:
    """What the stored result says of the decision; what came after it (a plan, a guard, an error) stands elsewhere."""
    if record.status == SymbolStatus.SKIPPED:
        return
    found = result_of(decision).to_json()
    names = ["side", "execution_timeframe", "decision_key", "context", "execution", "context_skipped"]
    if record.status != SymbolStatus.ERROR:
        names += ["status"] if decision.ready else ["status", "reason"]
    for name in names:
        recorded = record.result.get(name)
        _compare(f"result.{name}", recorded, found.get(name), record.symbol, Finding.DECISION_DIFFERS, checks)


def _candles_are_as_recorded(one: _Decided, stacks: Mapping[Timeframe, CandleStack], checks: _Checks) -> bool:
    """Whether the store still holds, unchanged, the candles that the decision rested on."""
    whole = True
    for timeframe, recorded in one.inputs.candles.items():
        stack = stacks[timeframe]
        found = candle_range(stack, stack.symbols.index(one.symbol))
        if recorded.has_digest(found.digest):
            continue
        whole = False
        if found.count < recorded.count:
            first, last = format_instant(recorded.first_open_ms), format_instant(recorded.last_open_ms)
            what = f"{timeframe} candles {first} to {last}"
            counts = (f"{recorded.count} candles", f"{found.count} candles: purged, or never stored")
            checks.note(Finding.CANDLES_MISSING, one.symbol, what, *counts)
        else:
            digests = (recorded.digest, found.digest[: len(recorded.digest)])
            checks.note(Finding.CANDLES_CHANGED, one.symbol, f"digest of {timeframe} candles", *digests)
    return whole


def _verify_plan(
    one: _Decided,
    recorded: PlanInputs,
    decision: Decision,
    compiled: CompiledProfile,
    stacks: Mapping[Timeframe, CandleStack],
    checks: _Checks,
) -> None:
    """Plans again what was planned, and compares the plan, or the reason why there was none."""
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
    was, now = _plan_part(one.record.result), _outcome_part(outcome)
    _compare("", was, now, one.symbol, Finding.PLAN_DIFFERS, checks)
    checks.plans += 1


def _plan_part(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a stored result says of the plan: the plan itself, or why there is none (a guard's reason is not its)."""
    if "plan" in result:
        return {"plan": result["plan"]}
    order = result.get("order") or {}
    return {"skip": {"reason": order.get("reason"), "facts": order.get("facts")}}


def _outcome_part(outcome: PlanOutcome) -> dict[str, Any]:
    if isinstance(outcome, OrderPlan):
        return {"plan": plan_to_json(outcome)}
    return {"skip": {"reason": str(outcome.reason), "facts": {name: str(value) for name, value in outcome.facts}}}


def _compare(path: str, recorded: Any, found: Any, symbol: str | None, finding: Finding, checks: _Checks) -> None:
    """Notes every leaf at which two documents differ."""
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        for key in dict.fromkeys((*recorded, *found)):
            inner = f"{path}.{key}" if path else str(key)
            _compare(inner, recorded.get(key), found.get(key), symbol, finding, checks)
    elif isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        for index, (one, other) in enumerate(zip(recorded, found, strict=True)):
            _compare(f"{path}[{index}]", one, other, symbol, finding, checks)
    elif recorded != found:
        checks.note(finding, symbol, path, recorded, found)
