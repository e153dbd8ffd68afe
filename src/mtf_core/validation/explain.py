"""A decision as a person reads it and as JSON: rendered from the decision's trace alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Any, Protocol

from mtf_core.market import Side, format_instant
from mtf_core.rules.trace import GUARDS, TraceNode
from mtf_core.rules.truth import NAMES
from mtf_core.validation.shortage import CandleShortage, what_is_lacking
from mtf_core.validation.value_history import history_lines
from mtf_core.validation.verdicts import DecisionTrace, SelectorVerdict, TimeframeVerdict, Verdict

INDENT = "  "


def decision_to_json(decision: DecisionTrace) -> dict[str, Any]:
    """The whole trace of a decision: every timeframe's trees, the context's verdict, every step of the selector."""
    context = decision.context
    return {
        **head_to_json(decision),
        "context": {"skipped": True}
        if context is None
        else {
            "skipped": False,
            "side": str(context.side) if context.side else None,
            "reason": str(context.reason) if context.reason else None,
        },
        "timeframes": {str(one.timeframe): timeframe_to_json(one) for one in decision.timeframes},
        "selection": [step_to_json(step) for step in decision.selection],
    }


def head_to_json(decision: Verdict) -> dict[str, Any]:
    """What was decided, without what led there."""
    return {
        "symbol": decision.symbol,
        "at": format_instant(decision.at_ms),
        "status": decision.status,
        "reason": str(decision.reason) if decision.reason else None,
        "side": str(decision.side) if decision.side else None,
        "execution_timeframe": str(decision.execution_timeframe) if decision.execution_timeframe else None,
        "decision_key": decision.key,
    }


def timeframe_to_json(verdict: TimeframeVerdict) -> dict[str, Any]:
    """One timeframe's verdict with its trees."""
    return {
        "open": format_instant(verdict.open_ms),
        "outcome": verdict.outcome.name,
        "reason": str(verdict.reason) if verdict.reason else None,
        "missing": list(verdict.missing),
        **lacks_to_json(verdict),
        **({"carried": verdict.carried} if verdict.carried else {}),
        "history": {name: one.to_json() for name, one in verdict.histories.items()},
        "filters": [trace_to_json(node) for node in verdict.filters],
        "filter_sides": list(verdict.filter_sides),
        "long": trace_to_json(verdict.long) if verdict.long else None,
        "short": trace_to_json(verdict.short) if verdict.short else None,
    }


class Lacks(Protocol):
    """What made a timeframe invalid, in numbers and names."""

    @property
    def shortage(self) -> CandleShortage | None: ...
    @property
    def failed_filters(self) -> tuple[str, ...]: ...


def lacks_to_json(one: Lacks) -> dict[str, Any]:
    """The candles that a timeframe lacks, or the filters that failed; nothing where it is not invalid for them."""
    document: dict[str, Any] = {}
    if one.shortage is not None:
        document["shortage"] = one.shortage.to_json()
    if one.failed_filters:
        document["failed_filters"] = list(one.failed_filters)
    return document


def trace_to_json(node: TraceNode) -> dict[str, Any]:
    """One node and all below it; a missing operand is null."""
    document: dict[str, Any] = {"label": node.label, "kind": node.kind, "result": node.result}
    if node.decides:
        document["decides"] = True
    if node.parameters:
        document["parameters"] = dict(node.parameters)
    if node.comparison:
        document["comparison"] = node.comparison
    if node.values:
        document["values"] = {name: None if math.isnan(value) else value for name, value in node.values.items()}
    if node.distance is not None:
        document["distance"] = node.distance
    if node.missing:
        document["missing"] = list(node.missing)
    if node.children:
        document["children"] = [trace_to_json(child) for child in node.children]
    return document


def step_to_json(step: SelectorVerdict) -> dict[str, Any]:
    return {
        "timeframe": str(step.timeframe),
        "step": step.step.name,
        "candidate": step.candidate,
        "stay": NAMES[step.stay],
        "drop": NAMES[step.drop],
        "forbid": NAMES[step.forbid],
    }


def render_decision(decision: DecisionTrace) -> str:
    """Every timeframe's trees, then the context, the selector's walk and the verdict, as indented text."""
    return "\n".join(_decision_lines(decision))


def decision_html(decision: DecisionTrace) -> str:
    """The verdict and, folded away, each timeframe's trees, for a notebook."""
    parts = [f"<b>{escape(_header(decision))}</b>"]
    for verdict in decision.timeframes:
        lines = render_timeframe(verdict).splitlines()
        body = escape("\n".join(lines[1:]))
        parts.append(f"<details><summary>{escape(lines[0])}</summary><pre>{body}</pre></details>")
    parts.append(f"<pre>{escape(chr(10).join(_ending(decision)))}</pre>")
    return "\n".join(parts)


def _decision_lines(decision: DecisionTrace) -> Iterator[str]:
    yield _header(decision)
    for verdict in decision.timeframes:
        yield ""
        yield render_timeframe(verdict)
    yield ""
    yield from _ending(decision)


def _header(decision: DecisionTrace) -> str:
    return f"{decision.symbol} at {format_instant(decision.at_ms)}: {_verdict(decision)}"


def _ending(decision: DecisionTrace) -> Iterator[str]:
    """The context's verdict and the selector's walk."""
    context = decision.context
    yield "context: " + ("skipped" if context is None else str(context.side or context.reason))
    for step in decision.selection:
        groups = f"stay {NAMES[step.stay]}, drop {NAMES[step.drop]}, forbid {NAMES[step.forbid]}"
        candidate = "a candidate" if step.candidate else "no candidate"
        yield f"selector {step.timeframe}: {step.step.name.lower().replace('_', ' ')} ({candidate}; {groups})"


def _verdict(decision: DecisionTrace) -> str:
    if decision.reason is None:
        return f"READY {decision.side} on {decision.execution_timeframe}"
    return f"{decision.status} {decision.reason}"


def render_timeframe(verdict: TimeframeVerdict) -> str:
    """One timeframe's filters and both sides as indented text; deciding leaves are marked with an arrow."""
    why = f" ({_why(verdict)})" if verdict.reason else ""
    lines = [f"{verdict.timeframe} {format_instant(verdict.open_ms)}: {verdict.outcome.name}{why}{_carried(verdict)}"]
    for node, sides in zip(verdict.filters, verdict.filter_sides, strict=True):
        lines += [f"{verdict.timeframe} filter for {sides}: {node.result}", *_tree_lines(node, 1)]
    for side, tree in ((Side.LONG, verdict.long), (Side.SHORT, verdict.short)):
        if tree is None:
            lines.append(f"{verdict.timeframe} {side}: no rules")
        else:
            lines += [f"{verdict.timeframe} {side}: {tree.result}", *_tree_lines(tree, 1)]
    resting = list(history_lines(verdict.histories))
    if resting:
        lines += [f"{verdict.timeframe} values rest on", *(f"{INDENT}{line}" for line in resting)]
    return "\n".join(_aligned(lines))


def _why(verdict: TimeframeVerdict) -> str:
    """The reason with its numbers: the candles that are lacking, or the filters that failed."""
    facts = list(verdict.failed_filters)
    if verdict.shortage is not None:
        whose = "" if verdict.shortage.timeframe is verdict.timeframe else f"of {verdict.shortage.timeframe}, "
        facts.append(whose + what_is_lacking(verdict.shortage))
    return f"{verdict.reason}: {', '.join(facts)}" if facts else str(verdict.reason)


def _carried(verdict: TimeframeVerdict) -> str:
    if not verdict.carried:
        return ""
    noun = "candle carries" if verdict.carried == 1 else "candles carry"
    return f"; {verdict.carried} {noun} the close before, for nothing traded (no_trade: carry)"


def _tree_lines(node: TraceNode, depth: int) -> Iterator[str]:
    label, shown, below = _line(node)
    mark = "   ← decides" if node.decides and not any(child.decides for child in below) else ""
    yield f"{INDENT * depth}{label}\t{node.result}\t{_operands(shown)}{mark}"
    for child in below:
        yield from _tree_lines(child, depth + 1)


def _line(node: TraceNode) -> tuple[str, TraceNode, tuple[TraceNode, ...]]:
    """A node's label, the node whose operands stand beside it, and what goes on the lines below.

    A named test takes its body onto its own line: a comparison with its operands, `all_of` or `any_of` by name.
    """
    label = _label(node)
    shown = node
    while shown.kind in ("rule", "builtin", *GUARDS) and len(shown.children) == 1:
        shown = shown.children[0]
        if shown.kind != "compare":
            label = f"{label}: {_label(shown)}"
    return label, shown, shown.children


def _label(node: TraceNode) -> str:
    if node.kind == "compare":
        return "·"
    if not node.parameters:
        return node.label
    return f"{node.label} ({', '.join(_parameter(name, value) for name, value in node.parameters)})"


def _parameter(name: str, value: float | bool) -> str:
    return f"{name} {str(value).lower() if isinstance(value, bool) else number(value)}"


def _operands(node: TraceNode) -> str:
    """`close 67123.4 > vwap 67080.1`: each side with its value, the features of a computed side, how far it is off."""
    if node.kind != "compare":
        return ""
    sides = [f"{name} {_value(value)}" if name in node.values else name for name, value in _sides(node)]
    inner = [name for name in node.values if name not in dict(_sides(node))]
    features = f"   ({', '.join(f'{name} {_value(node.values[name])}' for name in inner)})" if inner else ""
    off = f"   off by {number(abs(node.distance))}" if node.result == "false" and node.distance is not None else ""
    return f" {node.comparison} ".join(sides) + features + off


def _sides(node: TraceNode) -> tuple[tuple[str, float], tuple[str, float]]:
    return (node.left, node.values.get(node.left, math.nan)), (node.right, node.values.get(node.right, math.nan))


def _value(value: float) -> str:
    return "missing" if math.isnan(value) else number(value)


def number(value: float) -> str:
    """A number with six significant digits, without needless zeros or exponents."""
    if value == 0:
        return "0"
    if 1e-6 <= abs(value) < 1e15:
        text = f"{value:.{max(0, 6 - len(str(int(abs(value)))))}f}" if abs(value) >= 1 else f"{value:.6g}"
        return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return f"{value:.6g}"


def _aligned(lines: list[str]) -> list[str]:
    """Columns behind tabs stand below each other."""
    parts = [line.split("\t") for line in lines]
    width = max((len(part[0]) for part in parts if len(part) > 1), default=0)
    return [part[0] if len(part) == 1 else f"{part[0]:<{width}}  {part[1]:<7}  {part[2]}".rstrip() for part in parts]


__all__ = [
    "decision_to_json",
    "number",
    "render_decision",
    "render_timeframe",
    "timeframe_to_json",
    "trace_to_json",
]
