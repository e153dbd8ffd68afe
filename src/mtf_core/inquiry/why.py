"""Why a symbol was, or was not, traded in a stored run: from the trace alone."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from attrs import frozen

from mtf_core.inquiry.sentence import sentence
from mtf_core.market import format_instant
from mtf_core.ports import RunStore
from mtf_core.reasons import Reason, meaning_of, stage_of
from mtf_core.records import DecisionRecord, RunRecord
from mtf_core.validation.explain import decision_html, decision_to_json, render_decision
from mtf_core.validation.traces import read_templates
from mtf_core.validation.verdicts import DecisionTrace

_LEFT_OUT = "LEFT_OUT"
"""The status of a symbol that the universe did not choose; it has no decision."""


@frozen
class Why:
    """One symbol's record in a run and, where it was evaluated, its whole trace."""

    run: RunRecord
    record: DecisionRecord
    trace: DecisionTrace | None

    @property
    def reason(self) -> Reason | None:
        """The symbol's one final reason; None when its order was simulated."""
        return Reason(self.record.reason) if self.record.reason else None

    @property
    def sentence(self) -> str:
        """What became of the symbol, in one sentence."""
        return f"{self.record.symbol}: {sentence(self.record, self.trace)}"

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
            "symbol": self.record.symbol,
            "sentence": self.sentence,
            "reason": str(reason) if reason else None,
            "stage": str(stage_of(reason)) if reason else None,
            "meaning": meaning_of(reason) if reason else None,
            "result": self.record.result,
        }
        if self.trace is not None:
            document["trace"] = decision_to_json(self.trace)
        return document

    def _repr_html_(self) -> str:
        head = escape("\n".join(_head(self)))
        tail = escape("\n".join(_plan_lines(self.record)))
        body = decision_html(self.trace) if self.trace is not None else ""
        return f"<pre>{head}</pre>{body}<pre>{tail}</pre>"


async def why(runs: RunStore, symbol: str, run_id: str | None = None) -> Why | None:
    """The symbol's record in that run, or in the newest run that had it; None when there is none."""
    record = await (runs.last_decision(symbol) if run_id is None else runs.decision(run_id, symbol))
    run = await (_newest(runs) if run_id is None else runs.run(run_id))
    left_out = None if run is None else _left_out(run, symbol)
    if run is not None and left_out is not None:
        return Why(run, left_out, None)
    if record is None:
        return None
    run = await runs.run(record.run_id)
    assert run is not None, "a decision belongs to a stored run"
    trace = None
    if record.trace is not None:
        templates = await runs.document(record.trace.templates)
        trace = record.trace.expanded(read_templates(templates)) if templates is not None else None
    return Why(run, record, trace)


async def _newest(runs: RunStore) -> RunRecord | None:
    newest = await runs.latest(limit=1)
    return newest[0] if newest else None


def _left_out(run: RunRecord, symbol: str) -> DecisionRecord | None:
    """The record of a listed symbol that the run's universe did not choose, as the report tells it."""
    everyone: Any = (run.report or {}).get("left_out") or {}
    if symbol not in everyone:
        return None
    skip = everyone[symbol]
    result = {"status": _LEFT_OUT, "reason": skip["reason"], "facts": skip["facts"]}
    return DecisionRecord(run.run_id, symbol, _LEFT_OUT, skip["reason"], None, None, None, result, None, None)


def _short_lines(found: Why) -> Iterator[str]:
    yield found.sentence
    yield from _head(found)
    yield from (line for line in _plan_lines(found.record) if line and not line.startswith(" "))
    if found.trace is not None:
        yield "every tree and step: --full"


def _lines(found: Why) -> Iterator[str]:
    yield found.sentence
    yield from _head(found)
    if found.trace is not None:
        yield ""
        yield render_decision(found.trace)
    yield from _plan_lines(found.record)


def _head(found: Why) -> Iterator[str]:
    record, run, reason = found.record, found.run, found.reason
    status = "READY without an order" if record.status == "READY" and reason is not None else record.status
    yield f"{record.symbol} in run {run.run_id} ({run.profile}, {format_instant(run.instant_ms)}): {status}"
    if reason is None:
        yield f"order simulated: {record.side} on {record.execution_timeframe}"
    else:
        yield f"stopped at {stage_of(reason)} by {reason}: {meaning_of(reason)}"
    error: Any = record.result.get("error")
    if error:
        yield f"error {error['code']}: {error['message']}"


def _plan_lines(record: DecisionRecord) -> Iterator[str]:
    order: Any = record.result.get("order") or {}
    plan: Any = record.result.get("plan")
    if order.get("facts"):
        yield ""
        yield "order: " + "  ".join(f"{name} {value}" for name, value in order["facts"].items())
    if plan:
        yield ""
        names = ("entry_price", "stop_price", "size", "leverage")
        yield "plan: " + ", ".join(f"{name.removesuffix('_price')} {plan[name]}" for name in names)
        for step in plan["steps"]:
            inputs = ", ".join(f"{name} {value}" for name, value in step.get("inputs", {}).items())
            unit = f" {step['unit']}" if step.get("unit") else ""
            yield f"  {step['name']} = {step['value']}{unit}   {step['formula']}" + (f"   ({inputs})" if inputs else "")
