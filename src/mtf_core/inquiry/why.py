"""Why a symbol was, or was not, traded in a stored run: from the trace alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from html import escape
from typing import Any

from attrs import evolve, frozen

from mtf_core._version import __version__
from mtf_core.inquiry.ordered import Ordered, ordered
from mtf_core.inquiry.sentence import left_out_words, remedies, sentence
from mtf_core.inquiry.zone_words import zone_to_json, zone_words
from mtf_core.market import format_instant
from mtf_core.planning.outcome import Step, StepValue
from mtf_core.ports import OrderStore, RunStore, UnreadableRowError, ZoneStore
from mtf_core.reasons import Reason, Stage, StoredReason, UnknownReason, meaning_of, stage_of, stored_reason
from mtf_core.records import (
    DecisionInputs,
    DecisionRecord,
    JsonObject,
    LeftOut,
    OrderStatus,
    RunRecord,
    SymbolStatus,
    TraceRecord,
    UnreadableRecordError,
    ZoneRecord,
)
from mtf_core.records.documents import to_document
from mtf_core.validation.explain import decision_html, decision_to_json, render_decision
from mtf_core.validation.traces import read_templates
from mtf_core.validation.verdicts import DecisionTrace

_LEFT_OUT = "LEFT_OUT"
"""The status of a symbol that the universe did not choose; it has no decision."""


@frozen
class Why:
    """One symbol's record in a run, or why its universe left it out; where it was evaluated, with its whole trace."""

    run: RunRecord
    symbol: str
    found: DecisionRecord | LeftOut
    trace: DecisionTrace | None = None
    zone: ZoneRecord | None = None
    """How the price stood to its entry zone, and what became of the entry; None where it saw no zone."""
    ordered: Ordered | None = None
    """What was really ordered; None: nothing, or nobody asked."""

    @property
    def reason(self) -> StoredReason | None:
        """The symbol's one final reason, which another version may have given; None when its order was simulated."""
        return stored_reason(self.found.reason) if self.found.reason else None

    @property
    def stage(self) -> Stage | None:
        """Where it was stopped; None: nowhere, or by a reason of which this version does not know where."""
        return stage_of(self.reason) if isinstance(self.reason, Reason) else None

    @property
    def sentence(self) -> str:
        """What became of the symbol, in one sentence."""
        words = left_out_words(self.found) if isinstance(self.found, LeftOut) else sentence(self.found, self.trace)
        return f"{self.symbol}: {words}"

    @property
    def remedies(self) -> tuple[str, ...]:
        """What fills the holes in its candles, where holes stopped it."""
        report = self.run.report
        if self.trace is None or report is None:
            return ()
        return remedies(self.trace, report.exchange, final=bool(report.candles_are_final))

    def render(self, *, full: bool = True) -> str:
        """One sentence, the verdict with the stage and meaning of its reason, and the plan; in full, every tree with
        its values and every step of the plan, too."""
        return "\n".join(_lines(self) if full else _short_lines(self))

    def to_json(self) -> dict[str, Any]:
        reason = self.reason
        document: dict[str, Any] = {
            "run_id": self.run.run_id,
            "profile": self.run.profile,
            "instant": format_instant(self.run.instant_ms),
            "symbol": self.symbol,
            "sentence": self.sentence,
            "remedies": list(self.remedies),
            "reason": str(reason) if reason else None,
            "stage": str(self.stage) if self.stage else None,
            "meaning": meaning_of(reason) if reason else None,
            "result": _result_to_json(self.found),
        }
        if self.zone is not None:
            document["zone"] = zone_to_json(self.zone)
        if self.ordered is not None:
            document["ordered"] = self.ordered.to_json()
        if self.trace is not None:
            document["trace"] = decision_to_json(self.trace)
        return document

    def _repr_html_(self) -> str:
        head = escape("\n".join(_head(self)))
        tail = escape("\n".join(_plan_lines(self.found)))
        body = decision_html(self.trace) if self.trace is not None else ""
        return f"<pre>{head}</pre>{body}<pre>{tail}</pre>"


async def why(
    runs: RunStore,
    symbol: str,
    run_id: str | None = None,
    zones: ZoneStore | None = None,
    orders: OrderStore | None = None,
) -> Why | None:
    """The symbol's record in that run, or in the newest run that had it; None when there is none.

    With `zones`, what became of its entry is told, too; with `orders` what was really ordered: for the decision, or,
    where no run was named, the newest order of the symbol.
    """
    found = await _found(runs, symbol, run_id)
    if found is not None and orders is not None:
        key = found.found.decision_key if isinstance(found.found, DecisionRecord) else None
        found = evolve(found, ordered=await ordered(orders, symbol, key, or_newest=run_id is None))
    if found is None or zones is None:
        return found
    try:
        events = await zones.of_run(found.run.run_id)
    except UnreadableRowError:  # `mtf verify` names it
        return found
    return evolve(found, zone=next((event for event in events if event.symbol == symbol), None))


async def _found(runs: RunStore, symbol: str, run_id: str | None) -> Why | None:
    record = await (runs.last_decision(symbol) if run_id is None else runs.decision(run_id, symbol))
    run = await (_newest(runs) if run_id is None else runs.run(run_id, results=False))
    left_out = None if run is None or run.report is None else (run.report.left_out or {}).get(symbol)
    if run is not None and left_out is not None:
        return Why(run, symbol, left_out)
    if record is None:
        return None
    run = await runs.run(record.run_id, results=False)
    assert run is not None, "a decision belongs to a stored run"
    if record.trace is None:
        return Why(run, symbol, record)
    shapes = await runs.document(record.trace.templates)
    try:
        return Why(run, symbol, record, _expanded(record.trace, record.inputs, shapes))
    except UnreadableRecordError as error:
        return Why(run, symbol, evolve(record, unreadable=str(error)))


def _expanded(trace: TraceRecord, inputs: DecisionInputs | None, shapes: JsonObject | None) -> DecisionTrace:
    """The trees of a trace; raises `UnreadableRecordError` where the stored shapes are gone, unknown or do not fit."""
    if shapes is None:
        raise UnreadableRecordError("the shapes of its trees are not in the store")
    try:
        return trace.expanded(read_templates(shapes), inputs)
    except (ValueError, KeyError, IndexError) as error:
        raise UnreadableRecordError(f"the stored shapes do not fit its trees: {error}") from error


async def _newest(runs: RunStore) -> RunRecord | None:
    newest = (await runs.history(1)).items
    return newest[0] if newest else None


def _result_to_json(found: DecisionRecord | LeftOut) -> dict[str, Any] | None:
    if isinstance(found, LeftOut):
        return {"status": _LEFT_OUT, **to_document(found)}
    return None if found.result is None else to_document(found.result)


def _short_lines(found: Why) -> Iterator[str]:
    yield found.sentence
    yield from _head(found)
    if found.zone is not None:
        yield zone_words(found.zone)
    if found.ordered is not None:
        yield found.ordered.words
    yield from (line for line in _plan_lines(found.found) if line and not line.startswith(" "))
    if found.trace is not None:
        yield "every tree and step: --full"


def _lines(found: Why) -> Iterator[str]:
    yield found.sentence
    yield from _head(found)
    if found.trace is not None:
        yield ""
        yield render_decision(found.trace)
    if found.zone is not None:
        yield zone_words(found.zone)
    if found.ordered is not None:
        yield found.ordered.words
    yield from _plan_lines(found.found)


def _head(found: Why) -> Iterator[str]:
    record, run, reason = found.found, found.run, found.reason
    status = _LEFT_OUT if isinstance(record, LeftOut) else record.status
    told = "READY without an order" if status == SymbolStatus.READY and reason is not None else status
    yield f"{found.symbol} in run {run.run_id} ({run.profile}, {format_instant(run.instant_ms)}): {told}"
    if reason is not None:
        yield f"stopped at {found.stage or 'an unknown stage'} by {reason}: {meaning_of(reason)}"
    elif isinstance(record, DecisionRecord):
        order = record.result.order if record.result is not None else None
        yield f"order {order.status if order else OrderStatus.SIMULATED}: {record.side} on {record.execution_timeframe}"
    unreadable = isinstance(record, DecisionRecord) and record.unreadable is not None
    if isinstance(reason, UnknownReason) or unreadable:
        yield f"the run was stored by version {run.code_version}; this is version {__version__}"
    yield from (f"to mend it: {remedy}" for remedy in found.remedies)
    if isinstance(record, DecisionRecord) and record.result is not None and record.result.error is not None:
        yield f"error {record.result.error.code}: {record.result.error.message}"


def _plan_lines(found: DecisionRecord | LeftOut) -> Iterator[str]:
    if isinstance(found, LeftOut) or found.result is None:
        return
    order, plan = found.result.order, found.result.plan
    if order is not None and order.facts:
        yield ""
        yield "order: " + "  ".join(f"{name} {value}" for name, value in order.facts.items())
    if plan is not None:
        yield ""
        sizes = f"size {plan.size:f}, leverage {plan.leverage}"
        yield f"plan: entry {plan.entry_price:f}, stop {plan.stop_price:f}, {sizes}"
        yield from map(_step_line, plan.steps)


def _step_line(step: Step) -> str:
    inputs = ", ".join(f"{name} {_shown(value)}" for name, value in step.inputs)
    unit = f" {step.unit}" if step.unit else ""
    return f"  {step.name} = {_shown(step.value)}{unit}   {step.formula}" + (f"   ({inputs})" if inputs else "")


def _shown(value: StepValue) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
