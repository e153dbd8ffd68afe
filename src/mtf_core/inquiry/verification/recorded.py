"""Which records can be decided again: those that hold everything that it takes."""

from __future__ import annotations

from attrs import frozen

from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.market import Timeframe, format_instant
from mtf_core.records import DecisionInputs, DecisionRecord, ResultRecord, SymbolStatus, TraceRecord, ZoneRecord
from mtf_core.validation.compiled_profile import CompiledProfile

Ranges = tuple[tuple[Timeframe, int, int, int], ...]
"""(timeframe, first open, last open, recursive from) of every stack that a decision rests on."""


@frozen
class RecordedDecision:
    """A record with everything that it takes to decide it again."""

    symbol: str
    result: ResultRecord
    inputs: DecisionInputs
    trace: TraceRecord
    zone: ZoneRecord | None = None
    """None: nothing was planned, or the version of the run kept no zone events."""

    @property
    def ranges(self) -> Ranges:
        return tuple(
            (timeframe, candles.first_open_ms, candles.last_open_ms, candles.recursive_from_ms)
            for timeframe, candles in self.inputs.candles.items()
        )


def recorded_decision(
    record: DecisionRecord, instant_ms: int, compiled: CompiledProfile, checks: Checks
) -> RecordedDecision | None:
    """What can be decided again; what should be recorded of a decision, and is not, is noted."""
    if record.unreadable is not None:
        return None
    if record.trace is None or record.inputs is None or record.result is None:
        if record.status in (SymbolStatus.READY, SymbolStatus.INVALID):
            checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "trace", "decided", "no trace in the store")
        return None
    inputs = record.inputs
    needed = set(compiled.needs) | (set(compiled.plan_needs) if inputs.plan is not None else set())
    absent = sorted(str(timeframe) for timeframe in needed if timeframe not in inputs.candles)
    if absent:
        wanted = ", ".join(sorted(needed))
        checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "candle ranges", wanted, f"no {absent}")
    if record.result.plan is not None and inputs.plan is None:
        checks.note(Finding.RECORD_INCOMPLETE, record.symbol, "facts of the plan", "planned", "not in the store")
    late = [
        str(timeframe)
        for timeframe, candles in inputs.candles.items()
        if candles.last_open_ms != timeframe.last_closed_open(instant_ms)
    ]
    if late or inputs.at_ms != instant_ms:
        instant, found = format_instant(instant_ms), f"candles and instant of another: {', '.join(late) or 'at_ms'}"
        checks.note(Finding.RECORD_CHANGED, record.symbol, "instant", instant, found)
    if absent or late:
        return None
    return RecordedDecision(record.symbol, record.result, inputs, record.trace)
