"""Stored traces: small, and read back as they were."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from attrs import evolve

import mtf_core as mtf
from mtf_core.market import Timeframe
from mtf_core.records import TraceRecord
from mtf_core.records.packed import Unpacked, pack
from mtf_core.rules.trace import TraceNode
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.decision import Decision
from mtf_core.validation.explain import decision_to_json, render_decision
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.traces import (
    UnreadableTemplatesError,
    digest_of,
    read_templates,
    templates_digest,
    templates_of,
)
from mtf_core.validation.verdicts import DecisionTrace
from tests.market_strategies import market, moody_minutes
from tests.unit.files.shipped import NAMES, shipped
from tests.unit.records.examples import record_with
from tests.unit.validation.profiles import H1, M1, M5, M15, decided, profile_of

DEPTH = {
    Timeframe.M1: 900,
    Timeframe.M5: 900,
    Timeframe.M15: 800,
    Timeframe.H1: 700,
    Timeframe.H4: 690,
    Timeframe.D1: 90,
}


def decisions(name: str) -> list[Decision]:
    """Some of a market with all its history, and some where history is short."""
    minutes = moody_minutes(121, 46)
    rich = market(minutes, DEPTH)
    poor = market(minutes, {**dict.fromkeys(DEPTH, 60), Timeframe.M1: 400})
    end = minutes.end_ms
    return [
        mtf.decide(shipped(name), symbol="T", candles=candles, at=end - minute * 60_000, spread_bps=spread)
        for candles, spread in ((rich, 12.0), (rich, None), (poor, 3.0))
        for minute in (0, 7, 111)
    ]


def stored(decision: Decision) -> DecisionTrace:
    """The trace as it comes back from the store, together with its templates, which have been text."""
    templates = templates_of(decision.batch.compiled)
    trace = TraceRecord.of(decision, digest_of(templates))
    unpacked = Unpacked.of(pack([record_with(trace)]))
    found = unpacked.completed(record_with(None, decision.symbol)).trace
    assert found == trace
    return found.expanded(read_templates(json.loads(json.dumps(templates))))


def comparable(node: Any) -> Any:
    """The same values with every NaN as one text, since NaN equals nothing."""
    if isinstance(node, float) and math.isnan(node):
        return "missing"
    if isinstance(node, TraceNode | DecisionTrace) or hasattr(node, "__attrs_attrs__"):
        return type(node).__name__, [comparable(getattr(node, one.name)) for one in node.__attrs_attrs__]
    if isinstance(node, dict):
        return [(key, comparable(value)) for key, value in node.items()]
    if isinstance(node, tuple):
        return [comparable(value) for value in node]
    return node


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_trace_reads_back_as_the_decisions_own(name: str) -> None:
    seen = set()
    for decision in decisions(name):
        trace = stored(decision)
        assert comparable(trace) == comparable(decision.trace)
        assert render_decision(trace) == decision.explain()
        assert decision_to_json(trace) == decision_to_json(decision.trace)
        seen.add(decision.reason)
    assert len(seen) > 1


def test_what_was_skipped_missing_and_selected_reads_back_too() -> None:
    batch = decided(profile_of(), [{H1: "LONG", M5: "LONG"}, {H1: "INVALID", M15: "CONFLICT"}], DecideOptions(True))
    for decision in batch:
        trace = stored(decision)
        assert trace.context is None
        assert comparable(trace) == comparable(decision.trace)


def test_the_digest_tells_shapes_apart_and_nothing_else() -> None:
    digests = {name: digest_of(templates_of(compile_profile(shipped(name)))) for name in NAMES}
    assert len(set(digests.values())) == len(NAMES)
    again = json.loads(json.dumps(templates_of(compile_profile(shipped("crash")))))
    assert digest_of(again) == digests["crash"]


def test_traces_of_many_symbols_are_much_smaller_than_their_trees() -> None:
    batch = decided(profile_of(), [{H1: "LONG", M5: "LONG"}, {H1: "INVALID", M15: "CONFLICT"}] * 40)
    digest = templates_digest(batch.compiled)
    records = [record_with(TraceRecord.of(decision, digest)) for decision in batch]
    written_out = sum(len(json.dumps(decision_to_json(decision.trace))) for decision in batch)
    assert len(pack(records)) * 50 < written_out


def test_traces_of_different_shapes_are_packed_together_and_read_back() -> None:
    batches = [
        decided(profile_of(), [{H1: "LONG", M5: "LONG"}]),
        decided(profile_of((H1,), (M1,)), [{H1: "LONG", M1: "INVALID"}], DecideOptions(True)),
    ]
    traces = [
        evolve(TraceRecord.of(decision, templates_digest(batch.compiled)), symbol=f"S{place}")
        for place, batch in enumerate(batches)
        for decision in batch
    ]
    unpacked = Unpacked.of(pack([record_with(trace) for trace in traces]))
    assert [unpacked.completed(record_with(None, trace.symbol)).trace for trace in traces] == traces


def test_a_missing_operand_is_read_as_missing() -> None:
    decision = decided(profile_of((H1,), (M1,)), [{H1: "LONG", M1: "INVALID"}]).of("S0")
    (verdict,) = [verdict for verdict in stored(decision).timeframes if verdict.timeframe is M1]
    assert verdict.missing == ("close", "volume")
    assert np.isnan(decision.batch.tables[M1].feature("close")).all()


@pytest.mark.parametrize("document", [{"5x": {}}, {"5m": {}}, {"5m": {"filters": [{"label": "a"}]}}, {"5m": 1}])
def test_a_document_that_is_no_shape_of_trees_is_named_as_such(document: dict[str, Any]) -> None:
    with pytest.raises(UnreadableTemplatesError, match="shapes of trees"):
        read_templates(document)
