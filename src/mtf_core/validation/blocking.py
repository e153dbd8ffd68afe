"""Which conditions stop symbols: counted over stored traces, without rules or candles at hand.

For many symbols of one run, the captured truths of a tree are rows of a matrix. Dropping a condition means taking it
for true; the tree above it is then combined again from what was captured, for all symbols at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.rules.ruleset import RuleSet
from mtf_core.rules.trace import TemplateNode, TraceTemplate
from mtf_core.rules.truth import FALSE, TRUE, Truth
from mtf_core.validation.compiled_profile import CompiledProfile, TimeframePart
from mtf_core.validation.context import resolve_context
from mtf_core.validation.outcome import SIDE_CODES, Codes, Mask, Outcome
from mtf_core.validation.selection import GroupTruths, select_by_groups
from mtf_core.validation.timeframe import resolve_filters

_TRUTHS = np.full(256, 0, dtype=np.int8)
_TRUTHS[ord("t")], _TRUTHS[ord("f")] = TRUE, FALSE


@frozen(order=True)
class ConditionKey:
    """A named condition where it stands: on a timeframe, in the tree of a side or in a mandatory filter."""

    timeframe: Timeframe
    tree: str
    """`long`, `short` or `filter`."""
    name: str


@frozen
class Blocking:
    """How much one condition stands in the way. Counts are symbols.

    `blocks`: it is not true, and neither is anything between it and the verdict of its tree. `decides`: it alone
    turned that verdict. `admits`: READY if this condition alone were dropped, and not READY with it.
    """

    key: ConditionKey
    blocks: int
    decides: int
    admits: int


def blocking_conditions(
    compiled: CompiledProfile, traces: Sequence[Mapping[str, Any]], current_tf: Timeframe | None = None
) -> tuple[Blocking, ...]:
    """Every named condition that stops some symbol, those that would admit most first.

    `traces` are stored traces of one run (`compact_trace`), all with the compiled's own templates; `current_tf` is
    the only timeframe that the run let take an entry, if it named one. What a trace does not tell of the selector
    stays unknown, and admits no symbol.
    """
    if not traces:
        return ()
    found = _Traces(compiled, traces, current_tf)
    before = np.array([trace["reason"] is None for trace in traces])
    rows = [found.blocking(key, before) for key in found.conditions()]
    stopping = [row for row in rows if row.blocks]
    return tuple(sorted(stopping, key=lambda row: (-row.admits, -row.decides, -row.blocks, row.key)))


@frozen(eq=False)
class _Tree:
    """One tree's shape and the captured truths of all symbols, int8 (n_symbols, n_nodes)."""

    root: TemplateNode
    truths: Truth


class _Traces:
    """The stored traces of one run as matrices."""

    def __init__(
        self, compiled: CompiledProfile, traces: Sequence[Mapping[str, Any]], current_tf: Timeframe | None
    ) -> None:
        self._rules: RuleSet = compiled.profile.rules
        self._execution = tuple(tf for tf in self._rules.execution_timeframes if current_tf in (None, tf))
        self._allowed = compiled.profile.trade_entry.decision.allowed_execution_timeframes or self._execution
        self._parts: Mapping[Timeframe, TimeframePart] = compiled.parts
        self._traces = traces
        self._trees = {
            (timeframe, tree): found
            for timeframe, part in compiled.parts.items()
            for tree, found in self._trees_of(timeframe, part)
        }
        self._outcomes = {
            timeframe: np.array([Outcome[trace["timeframes"][timeframe]["outcome"]] for trace in traces], np.int8)
            for timeframe in compiled.parts
        }

    def _trees_of(self, timeframe: Timeframe, part: TimeframePart) -> Iterator[tuple[str, _Tree]]:
        for number, template in enumerate(part.filters):
            yield f"filter {number}", self._tree(template, timeframe, lambda one, n=number: one["filters"][n])
        if part.long is not None:
            yield "long", self._tree(part.long, timeframe, lambda one: one["long"])
        if part.short is not None:
            yield "short", self._tree(part.short, timeframe, lambda one: one["short"])

    def _tree(self, template: TraceTemplate, timeframe: Timeframe, of: Any) -> _Tree:
        letters = [of(trace["timeframes"][timeframe])["truths"].encode("ascii") for trace in self._traces]
        rows = np.frombuffer(b"".join(letters), dtype=np.uint8).reshape(len(letters), -1)
        return _Tree(template.root, _TRUTHS[rows])

    def conditions(self) -> list[ConditionKey]:
        """Every named condition of every tree, each once."""
        found = {
            ConditionKey(timeframe, tree.split()[0], node.label)
            for (timeframe, tree), one in self._trees.items()
            for node in _nodes(one.root)
            if node.kind in ("rule", "builtin")
        }
        return sorted(found)

    def blocking(self, key: ConditionKey, ready_before: Mask) -> Blocking:
        trees = [
            (name, tree)
            for (timeframe, name), tree in self._trees.items()
            if timeframe is key.timeframe and name.split()[0] == key.tree
        ]
        blocks = np.zeros(len(self._traces), dtype=np.bool_)
        decides = blocks.copy()
        dropped: dict[tuple[Timeframe, str], Truth] = {}
        for name, tree in trees:
            verdict = tree.truths[:, 0] == TRUE
            without = _combined(tree, key.name)
            blocks |= _on_failing_path(tree, key.name)
            decides |= ~verdict & (without == TRUE)
            dropped[key.timeframe, name] = without
        admits = self.ready(dropped) & ~ready_before if blocks.any() else np.zeros_like(blocks)
        return Blocking(key, int(blocks.sum()), int(decides.sum()), int(admits.sum()))

    def ready(self, replaced: Mapping[tuple[Timeframe, str], Truth]) -> Mask:
        """Which symbols would be READY with some trees' verdicts replaced."""
        shape = (len(self._traces), 1)
        touched = {timeframe for timeframe, _ in replaced}
        outcomes = {
            timeframe: (self._again(timeframe, replaced) if timeframe in touched else codes).reshape(shape)
            for timeframe, codes in self._outcomes.items()
        }
        skipped = np.array([trace["context"] is None for trace in self._traces]).reshape(shape)
        seen = [outcomes[timeframe] for timeframe in self._rules.context_timeframes]
        context = resolve_context(self._rules.mode, seen, shape)
        candidates = {}
        for timeframe in self._execution:
            codes = outcomes[timeframe]
            has_side = (codes == Outcome.LONG) | (codes == Outcome.SHORT)
            candidates[timeframe] = has_side & (skipped | (codes == context.sides))
        if self._rules.allow_1m_only_if_any is not None and Timeframe.M1 in candidates:
            candidates[Timeframe.M1] &= self._known_to_allow_1m().reshape(shape)
        selection = select_by_groups(self._rules, candidates, self._groups(), shape)
        passes = skipped | (context.reasons == 0)
        allowed = np.isin(
            selection.chosen, [self._execution.index(tf) for tf in self._execution if tf in self._allowed]
        )
        return np.asarray(passes & (selection.reasons == 0) & allowed)[:, 0]

    def _known_to_allow_1m(self) -> Mask:
        """Where the trace shows that 1m may take an entry: it was a candidate, or took one."""
        return np.array(
            [
                trace["execution_timeframe"] == Timeframe.M1
                or any(step["timeframe"] == Timeframe.M1 and step["candidate"] for step in trace["selection"])
                for trace in self._traces
            ]
        )

    def _groups(self) -> dict[Timeframe, GroupTruths]:
        """What each symbol's walk found for the groups of the selector."""
        values = {"true": TRUE, "false": FALSE, "unknown": np.int8(0)}
        found: dict[Timeframe, GroupTruths] = {}
        for place, timeframe in enumerate(self._walk()):
            steps = [trace["selection"][place] for trace in self._traces]
            found[timeframe] = GroupTruths(
                *(np.array([[values[step[group]]] for step in steps], np.int8) for group in ("stay", "drop", "forbid"))
            )
        return found

    def _walk(self) -> list[Timeframe]:
        return [Timeframe(step["timeframe"]) for step in self._traces[0]["selection"]]

    def _again(self, timeframe: Timeframe, replaced: Mapping[tuple[Timeframe, str], Truth]) -> Codes:
        """A timeframe's outcomes with some verdicts replaced; candles that were too few stay too few."""
        verdicts = {
            name: replaced.get((timeframe, name), tree.truths[:, 0]) == TRUE
            for (one, name), tree in self._trees.items()
            if one is timeframe
        }
        filters, sides = self._rules.filters_on(timeframe), self._parts[timeframe].sides
        holds = [verdicts[f"filter {number}"] for number in range(len(filters))]
        filtered, passes = resolve_filters(filters, holds, sides, (len(self._traces),))
        codes = np.zeros(len(self._traces), dtype=np.int8)
        for side in sides:
            codes += (verdicts[side] & passes[side]).view(np.int8) * SIDE_CODES[side]
        reasons = [trace["timeframes"][timeframe]["reason"] for trace in self._traces]
        unready = np.array([reason not in (None, "filters_mandatory_failed") for reason in reasons])
        codes[filtered | unready] = np.int8(Outcome.INVALID)
        return codes


def _nodes(root: TemplateNode) -> Iterator[TemplateNode]:
    yield root
    for child in root.children:
        yield from _nodes(child)


def _size(node: TemplateNode) -> int:
    return sum(1 for _ in _nodes(node))


def _combined(tree: _Tree, name: str) -> Truth:
    """The verdict of a tree in which every condition of that name is taken for true."""

    def combine(node: TemplateNode, place: int) -> Truth:
        if node.kind in ("rule", "builtin") and node.label == name:
            return np.full(len(tree.truths), TRUE)
        if not any(one.kind in ("rule", "builtin") and one.label == name for one in _nodes(node)):
            return tree.truths[:, place]
        parts, start = [], place + 1
        for child in node.children:
            parts.append(combine(child, start))
            start += _size(child)
        if node.kind == "within_bars":  # of the candles before, only the whole is known
            return np.maximum(tree.truths[:, place], parts[0])
        return _of_kind(node.kind, parts)

    return combine(tree.root, 0)


def _of_kind(kind: str, parts: list[Truth]) -> Truth:
    match kind:
        case "all_of":
            combined: Truth = np.minimum.reduce(parts)
        case "any_of":
            combined = np.maximum.reduce(parts)
        case "not":
            combined = np.negative(parts[0])
        case _:
            combined = parts[0]
    return combined


def _on_failing_path(tree: _Tree, name: str) -> Mask:
    """Where a condition of that name is not true, and nothing above it is."""
    found = np.zeros(len(tree.truths), dtype=np.bool_)

    def walk(node: TemplateNode, place: int, failing: Mask) -> None:
        here = failing & (tree.truths[:, place] < TRUE)
        if node.kind in ("rule", "builtin") and node.label == name:
            np.logical_or(found, here, out=found)
            return
        start = place + 1
        for child in node.children:
            walk(child, start, here)
            start += _size(child)

    walk(tree.root, 0, np.ones(len(tree.truths), dtype=np.bool_))
    return found
