"""Deciding a stored run again from its recorded candles and configuration, and comparing bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import define, field, frozen

from mtf_core._version import __version__
from mtf_core.market import CandleStack, MarkPrice, Timeframe, TopOfBook, format_instant, parse_instant, to_ms
from mtf_core.planning import MarketFacts, OrderPlan, PlanOutcome, plan_order, plan_to_json
from mtf_core.ports import Progress, Stores, no_progress
from mtf_core.records import DecisionRecord, RunRecord, RunStatus
from mtf_core.runs.findings import result_of
from mtf_core.runs.journal import candle_range, contract_from_json
from mtf_core.runs.report import SymbolStatus
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import Profile, digest_of, profile_from_content
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import Decision, plan_facts
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.traces import compact_trace, templates_digest, templates_of
from mtf_core.validation.window import Window


class Finding(StrEnum):
    """What a verification can find."""

    RUN_NOT_FINISHED = "run_not_finished"
    CONFIGURATION_MISSING = "configuration_missing"
    CONFIGURATION_CHANGED = "configuration_changed"
    CONFIGURATION_REFUSED = "configuration_refused"
    CANDLES_MISSING = "candles_missing"
    CANDLES_CHANGED = "candles_changed"
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


Ranges = tuple[tuple[str, str, str, str], ...]
"""(timeframe, first open, last open, recursive from) of every stack that a decision rests on."""


@define
class _Checks:
    """Collects differences and counts."""

    differences: list[Difference] = field(factory=list)
    decisions: int = 0
    plans: int = 0

    def note(self, finding: Finding, symbol: str | None, what: str, recorded: object, found: object) -> None:
        self.differences.append(Difference(finding, symbol, what, str(recorded), str(found)))


async def verify_run(stores: Stores, run_id: str, progress: Progress = no_progress) -> Verification | None:
    """Decides and plans a stored run again; None when there is no such run.

    Everything comes from the store: candles by the recorded ranges, the configuration by its digest, the market facts
    from the decisions themselves.
    """
    run = await stores.runs.run(run_id)
    if run is None:
        return None
    checks = _Checks()
    if run.status is not RunStatus.FINISHED or run.report is None:
        checks.note(Finding.RUN_NOT_FINISHED, None, "the run did not finish", str(run.status), "nothing to compare")
    everything = await stores.runs.decisions(run_id)
    if run.report is not None:
        _compare_with_report(run.report, everything, checks)
    profile = await _profile(stores, run, checks)
    if profile is not None:
        compiled = compile_profile(profile)
        templates = templates_of(compiled)
        records = [record for record in everything if _can_be_decided_again(record, run.instant_ms, compiled, checks)]
        if records:
            await _check_templates(stores, templates, checks)
        groups: dict[Ranges, list[DecisionRecord]] = {}
        for record in records:
            groups.setdefault(_ranges(record), []).append(record)
        for ranges, group in groups.items():
            await _verify_group(stores, run, compiled, ranges, group, checks)
            progress("decisions", checks.decisions, len(records))
    return Verification(
        run_id, run.profile, run.code_version, checks.decisions, checks.plans, tuple(checks.differences)
    )


async def _profile(stores: Stores, run: RunRecord, checks: _Checks) -> Profile | None:
    content: Any = await stores.runs.document(run.config_digest)
    if content is None:
        checks.note(Finding.CONFIGURATION_MISSING, None, "configuration", run.config_digest, "not in the store")
        return None
    digest = digest_of(content)
    if digest != run.config_digest:
        checks.note(Finding.CONFIGURATION_CHANGED, None, "digest of the configuration", run.config_digest, digest)
    try:
        return profile_from_content(content)
    except ConfigError as error:
        refused = f"refused by version {__version__}: {str(error).splitlines()[0]}"
        checks.note(Finding.CONFIGURATION_REFUSED, None, "configuration", f"version {run.code_version}", refused)
        return None


def _compare_with_report(report: Mapping[str, Any], records: Sequence[DecisionRecord], checks: _Checks) -> None:
    """The report of the run and the records of its symbols are two copies of the same results."""
    reported: Any = report.get("results", {})
    results = {record.symbol: record.result for record in records}
    for symbol in sorted({*reported, *results}):
        if symbol not in results:
            checks.note(Finding.RECORD_INCOMPLETE, symbol, "record", "in the report", "not in the store")
            continue
        _compare("result", reported.get(symbol), results[symbol], symbol, Finding.RECORD_CHANGED, checks)
    for record in records:
        for name in ("status", "reason", "side", "execution_timeframe", "decision_key"):
            _compare(
                name, getattr(record, name), record.result.get(name), record.symbol, Finding.RECORD_CHANGED, checks
            )


def _can_be_decided_again(record: DecisionRecord, instant_ms: int, compiled: CompiledProfile, checks: _Checks) -> bool:
    """Whether there is something to decide again; what should be recorded of a decision, and is not, is noted."""
    decided = record.status in (SymbolStatus.READY, SymbolStatus.INVALID)
    if not record.trace:
        if decided:
            checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "trace", "decided", "no trace in the store")
        return False
    recorded: Any = record.inputs.get("candles", {})
    needed = set(compiled.needs) | (set(compiled.plan_needs) if record.inputs.get("facts") else set())
    absent = sorted(str(timeframe) for timeframe in needed if timeframe not in recorded)
    if absent:
        checks.note(
            Finding.RECORD_INCOMPLETE, record.symbol, "candle ranges", ", ".join(sorted(needed)), f"no {absent}"
        )
    if "plan" in record.result and not (record.inputs.get("facts") and record.inputs.get("contract")):
        checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "facts of the plan", "planned", "not in the store")
    late = [name for name, one in recorded.items() if not _ends_at(Timeframe(name), one["last_open"], instant_ms)]
    if late or record.inputs.get("at_ms") != instant_ms:
        instant, found = format_instant(instant_ms), f"candles and instant of another: {', '.join(late) or 'at_ms'}"
        checks.note(Finding.RECORD_CHANGED, record.symbol, "instant", instant, found)
    return not absent and not late


def _ends_at(timeframe: Timeframe, last_open: str, instant_ms: int) -> bool:
    return to_ms(parse_instant(last_open)) == timeframe.last_closed_open(instant_ms)


async def _check_templates(stores: Stores, templates: Mapping[str, Any], checks: _Checks) -> None:
    """The stored shapes, with which traces are read, are the ones that the configuration has."""
    digest = digest_of(templates)
    stored: Any = await stores.runs.document(digest)
    if stored is not None:
        _compare("templates", stored, templates, None, Finding.RECORD_CHANGED, checks)


def _ranges(record: DecisionRecord) -> Ranges:
    candles: Any = record.inputs.get("candles", {})
    return tuple(
        (timeframe, one["first_open"], one["last_open"], one["recursive_from"]) for timeframe, one in candles.items()
    )


async def _verify_group(
    stores: Stores,
    run: RunRecord,
    compiled: CompiledProfile,
    ranges: Ranges,
    records: Sequence[DecisionRecord],
    checks: _Checks,
) -> None:
    """Records that rest on the same windows are decided together, as they were in the run."""
    stacks = {}
    for timeframe, *instants in ranges:
        first, last, recursive = (to_ms(parse_instant(text)) for text in instants)
        window = Window(Timeframe(timeframe), first, last, recursive)
        symbols = [record.symbol for record in records]
        series = await stores.candles.read(symbols, window.timeframe, window.first_open_ms, window.last_open_ms)
        stacks[window.timeframe] = window.stack({symbol: series[symbol] for symbol in symbols})
    whole = [record for record in records if _candles_are_as_recorded(record, stacks, checks)]
    if not whole:
        return
    request: Any = run.request
    current = request.get("current_tf")
    options = DecideOptions(bool(request.get("skip_context")), Timeframe(current) if current else None)
    spreads = {record.symbol: record.inputs.get("spread_bps") for record in whole}
    known = {symbol: float(spread) for symbol, spread in spreads.items() if isinstance(spread, int | float)}
    kept = {timeframe: stack for timeframe, stack in stacks.items() if timeframe in compiled.needs}
    batch = Decider(compiled).decide(kept, run.instant_ms, [record.symbol for record in whole], options, known)
    digest = templates_digest(compiled)
    decided = {decision.symbol: decision for decision in batch}
    for record in whole:
        decision = decided[record.symbol]
        _compare("", record.trace, compact_trace(decision, digest), record.symbol, Finding.DECISION_DIFFERS, checks)
        _compare_result(record, decision, checks)
        checks.decisions += 1
        _verify_plan(run, record, decision, compiled, stacks, checks)


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


def _candles_are_as_recorded(record: DecisionRecord, stacks: Mapping[Timeframe, CandleStack], checks: _Checks) -> bool:
    """Whether the store still holds, unchanged, the candles that the decision rested on."""
    recorded: Any = record.inputs.get("candles", {})
    whole = True
    for name, range_ in recorded.items():
        stack = stacks[Timeframe(name)]
        found = candle_range(stack, stack.symbols.index(record.symbol))
        if found["sha256"] == range_["sha256"]:
            continue
        whole = False
        if found["count"] < range_["count"]:
            what = f"{name} candles {range_['first_open']} to {range_['last_open']}"
            counts = (f"{range_['count']} candles", f"{found['count']} candles: purged, or never stored")
            checks.note(Finding.CANDLES_MISSING, record.symbol, what, *counts)
        else:
            checks.note(
                Finding.CANDLES_CHANGED, record.symbol, f"digest of {name} candles", range_["sha256"], found["sha256"]
            )
    return whole


def _verify_plan(
    run: RunRecord,
    record: DecisionRecord,
    decision: Decision,
    compiled: CompiledProfile,
    stacks: Mapping[Timeframe, CandleStack],
    checks: _Checks,
) -> None:
    """Plans again what was planned, and compares the plan, or the reason why there was none."""
    facts: Any = record.inputs.get("facts")
    contract: Any = record.inputs.get("contract")
    if facts is None or contract is None or decision.signal is None:
        return
    tables = {timeframe: compiled.table(stacks[timeframe]) for timeframe in compiled.plan_needs}
    mark = facts["mark"]
    again = MarketFacts(
        book=TopOfBook(
            record.symbol,
            Decimal(facts["book"]["best_bid"]),
            Decimal(facts["book"]["best_ask"]),
            facts["book"]["time_ms"],
        ),
        mark=None if mark is None else MarkPrice(record.symbol, Decimal(mark["price"]), mark["time_ms"]),
        available_balance=Decimal(facts["available_balance"]),
        balance_time_ms=facts["balance_time_ms"],
        features=plan_facts(decision, tables),
        valid_timeframes=facts["valid_timeframes"],
    )
    trade_entry = compiled.profile.trade_entry
    now_ms: Any = record.inputs.get("planned_at_ms", run.instant_ms)
    outcome = plan_order(decision.signal, contract_from_json(contract), again, trade_entry, now_ms)
    recorded: Any = record.result
    _compare("", _plan_part(recorded), _outcome_part(outcome), record.symbol, Finding.PLAN_DIFFERS, checks)
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
