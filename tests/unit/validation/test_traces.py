"""Stored traces: small, and read back as they were."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import mtf_core as mtf
from mtf_core.market import Timeframe
from mtf_core.rules.trace import TraceNode
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.decision import Decision
from mtf_core.validation.explain import decision_to_json, render_decision
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.traces import compact_trace, digest_of, expanded_trace, templates_of
from mtf_core.validation.verdicts import DecisionTrace
from tests.market_strategies import market, moody_minutes
from tests.unit.files.shipped import NAMES, shipped
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


def stored(decision: Decision) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trace and its templates after having been text."""
    templates = templates_of(decision.batch.compiled)
    trace = compact_trace(decision, digest_of(templates))
    return json.loads(json.dumps(trace, allow_nan=False)), json.loads(json.dumps(templates))


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
        trace = expanded_trace(*stored(decision))
        assert comparable(trace) == comparable(decision.trace)
        assert render_decision(trace) == decision.explain()
        assert decision_to_json(trace) == decision_to_json(decision.trace)
        seen.add(decision.reason)
    assert len(seen) > 1


def test_what_was_skipped_missing_and_selected_reads_back_too() -> None:
    batch = decided(profile_of(), [{H1: "LONG", M5: "LONG"}, {H1: "INVALID", M15: "CONFLICT"}], DecideOptions(True))
    for decision in batch:
        trace = expanded_trace(*stored(decision))
        assert trace.context is None
        assert comparable(trace) == comparable(decision.trace)


def test_the_digest_tells_shapes_apart_and_nothing_else() -> None:
    digests = {name: digest_of(templates_of(compile_profile(shipped(name)))) for name in NAMES}
    assert len(set(digests.values())) == len(NAMES)
    again = json.loads(json.dumps(templates_of(compile_profile(shipped("crash")))))
    assert digest_of(again) == digests["crash"]


def test_a_stored_trace_is_much_smaller_than_its_tree() -> None:
    decision = decisions("regular")[0]
    trace, _ = stored(decision)
    assert len(json.dumps(trace)) * 5 < len(json.dumps(decision_to_json(decision.trace)))


def test_a_missing_operand_is_stored_as_null_and_read_as_missing() -> None:
    decision = decided(profile_of((H1,), (M1,)), [{H1: "LONG", M1: "INVALID"}]).of("S0")
    trace, templates = stored(decision)
    assert None in trace["timeframes"]["1m"]["long"]["values"]
    (one,) = [verdict for verdict in expanded_trace(trace, templates).timeframes if verdict.timeframe is M1]
    assert one.missing == ("close", "volume")
    assert np.isnan(decision.batch.tables[M1].feature("close")).all()
