"""Traces as they are stored: results and values per symbol, and the trees they belong to once per configuration.

A trace of one symbol says 81 KB when written out as a tree. Its shape is the same for every symbol and minute, so
the store keeps the shape once, under a digest, and of each decision only what was found: truths as one letter per
node (t, f, u) and operand values in the same order. Both together give the tree back without rules or candles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from mtf_core.market import Side, Timeframe, format_instant, parse_instant, to_ms
from mtf_core.reasons import Reason
from mtf_core.rules.trace import Captured, Slot, TemplateNode, TraceNode, trace_tree
from mtf_core.rules.truth import NAMES
from mtf_core.settings.profile import digest_of
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.decision import Decision
from mtf_core.validation.explain import head_to_json, step_to_json
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.selection import Step
from mtf_core.validation.verdicts import ContextVerdict, DecisionTrace, SelectorVerdict, TimeframeVerdict

_LETTERS = np.frombuffer(b"fut", dtype=np.uint8)
_TRUTHS = {"f": -1, "u": 0, "t": 1}
_VALUES = {name: value for value, name in NAMES.items()}

Kind = TypeVar("Kind")


def templates_of(compiled: CompiledProfile) -> dict[str, Any]:
    """The shape of every tree of a profile, by timeframe, as JSON."""
    return {
        str(timeframe): {
            "filters": [_template_to_json(one.root) for one in part.filters],
            "filter_sides": [item.spoken_for for item in compiled.profile.rules.filters_on(timeframe)],
            "long": _template_to_json(part.long.root) if part.long else None,
            "short": _template_to_json(part.short.root) if part.short else None,
        }
        for timeframe, part in compiled.parts.items()
    }


@lru_cache(maxsize=32)
def templates_digest(compiled: CompiledProfile) -> str:
    """The digest under which the shapes are stored; worked out once per compiled."""
    return digest_of(templates_of(compiled))


def compact_trace(decision: Decision, templates_digest: str) -> dict[str, Any]:
    """What was found for one decision, to be read with the templates of that digest."""
    context = decision.context
    row = decision.row
    timeframes = {}
    for timeframe, verdicts in decision.batch.verdicts.items():
        outcome, reason = decision.verdict(timeframe)
        timeframes[str(timeframe)] = {
            "open": format_instant(verdicts.last_open_ms),
            "outcome": outcome.name,
            "reason": str(reason) if reason else None,
            "filters": [_found(one, row) for one in verdicts.filters],
            "long": _found(verdicts.long, row),
            "short": _found(verdicts.short, row),
        }
    return {
        "templates": templates_digest,
        **head_to_json(decision),
        "context": None
        if context is None
        else {
            "side": str(context.side) if context.side else None,
            "reason": str(context.reason) if context.reason else None,
        },
        "timeframes": timeframes,
        "selection": [step_to_json(step) for step in decision.selection],
    }


def _found(captured: Captured | None, row: int) -> dict[str, Any] | None:
    if captured is None:
        return None
    letters = _LETTERS[captured.truths[row] + 1].tobytes().decode("ascii")
    values = captured.values[row]
    listed = values.tolist()
    if np.isnan(values).any():
        listed = [None if math.isnan(value) else value for value in listed]
    return {"truths": letters, "values": listed}


def expanded_trace(trace: Mapping[str, Any], templates: Mapping[str, Any]) -> DecisionTrace:
    """The stored trace of a decision, read with the templates that it names."""
    context = trace["context"]
    return DecisionTrace(
        symbol=trace["symbol"],
        at_ms=to_ms(parse_instant(trace["at"])),
        reason=_optional(Reason, trace["reason"]),
        side=_optional(Side, trace["side"]),
        execution_timeframe=_optional(Timeframe, trace["execution_timeframe"]),
        key=trace["decision_key"],
        context=context and ContextVerdict(_optional(Side, context["side"]), _optional(Reason, context["reason"])),
        timeframes=tuple(_timeframe(name, one, templates[name]) for name, one in trace["timeframes"].items()),
        selection=tuple(
            SelectorVerdict(
                Timeframe(one["timeframe"]),
                Step[one["step"]],
                one["candidate"],
                *(_VALUES[one[group]] for group in ("stay", "drop", "forbid")),
            )
            for one in trace["selection"]
        ),
    )


def _timeframe(name: str, found: Mapping[str, Any], shapes: Mapping[str, Any]) -> TimeframeVerdict:
    filters = [_tree(shape, one) for shape, one in zip(shapes["filters"], found["filters"], strict=True)]
    return TimeframeVerdict(
        Timeframe(name),
        to_ms(parse_instant(found["open"])),
        Outcome[found["outcome"]],
        _optional(Reason, found["reason"]),
        _tree(shapes["long"], found["long"]),
        _tree(shapes["short"], found["short"]),
        tuple(tree for tree in filters if tree is not None),
        tuple(shapes["filter_sides"]),
    )


def _optional(kind: Callable[[str], Kind], text: str | None) -> Kind | None:
    return None if text is None else kind(text)


def _tree(shape: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> TraceNode | None:
    if shape is None or found is None:
        return None
    values = [math.nan if value is None else float(value) for value in found["values"]]
    return trace_tree(_template_from_json(shape), [_TRUTHS[letter] for letter in found["truths"]], values)


def _template_to_json(node: TemplateNode) -> dict[str, Any]:
    document: dict[str, Any] = {"label": node.label, "kind": node.kind}
    if node.parameters:
        document["parameters"] = dict(node.parameters)
    if node.comparison:
        document["comparison"] = node.comparison
        document["slots"] = [[slot.text, slot.supplied, slot.constant] for slot in node.slots]
    if node.children:
        document["children"] = [_template_to_json(child) for child in node.children]
    return document


def _template_from_json(document: Mapping[str, Any]) -> TemplateNode:
    return TemplateNode(
        document["label"],
        document["kind"],
        tuple(document.get("parameters", {}).items()),
        document.get("comparison", ""),
        tuple(Slot(*slot) for slot in document.get("slots", ())),
        tuple(_template_from_json(child) for child in document.get("children", ())),
    )
