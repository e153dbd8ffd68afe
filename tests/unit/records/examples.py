"""Decision records to store: of a real decision, or of none."""

from __future__ import annotations

from mtf_core.records import DecisionInputs, DecisionRecord, ResultRecord, TraceRecord


def record_with(
    trace: TraceRecord | None,
    symbol: str | None = None,
    inputs: DecisionInputs | None = None,
    result: ResultRecord | None = None,
) -> DecisionRecord:
    """The record of a symbol that was decided as the trace says."""
    name = symbol or (trace.symbol if trace else "BTCUSDT")
    return DecisionRecord("run-1", name, "INVALID", None, None, None, None, result, inputs, trace)
