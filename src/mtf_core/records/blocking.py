"""Which conditions stop symbols: counted over stored traces, without rules or candles at hand.

For many symbols of one run, the captured truths of a tree are rows of a matrix. Dropping a condition means taking it
for true; the tree above it is then combined again from what was captured, for all symbols at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.reasons import Reason
from mtf_core.records.traces import TraceRecord, TreeRecord
from mtf_core.rules.ruleset import RuleSet
from mtf_core.rules.trace import TemplateNode, TraceTemplate
from mtf_core.rules.truth import TRUE, Truth
from mtf_core.validation.compiled_profile import CompiledProfile, TimeframePart
from mtf_core.validation.context import resolve_context
from mtf_core.validation.outcome import SIDE_CODES, Codes, Mask, Outcome
from mtf_core.validation.selection import GroupTruths, select_by_groups
from mtf_core.validation.timeframe import resolve_filters


@frozen(order=True)
class ConditionKey:
    """A named condition where it stands: on a timeframe, in the tree of a side or in a mandatory filter."""

    timeframe: Timeframe
    tree: str
    """`long`, `short`, or `filter for` the side that the filter speaks for (`both`)."""
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

    def plus(self, other: Blocking) -> Blocking:
        """The counts of two runs together."""
        return Blocking(self.key, self.blocks + other.blocks, self.decides + other.decides, self.admits + other.admits)


def by_what_they_admit(counted: Iterable[Blocking]) -> tuple[Blocking, ...]:
    """Those that would admit most symbols first; then those that decide, then those that block most."""
    return tuple(sorted(counted, key=lambda one: (-one.admits, -one.decides, -one.blocks, one.key)))


def blocking_conditions(
    compiled: CompiledProfile, traces: Sequence[TraceRecord], current_tf: Timeframe | None = None
) -> tuple[Blocking, ...]:
    """Every named condition that stops some symbol, those that would admit most first.

    `traces` are of one run, all with the profile's own templates; `current_tf` is the only timeframe that the run let
    take an entry, if it named one. What a trace does not tell of the selector stays unknown, and admits no symbol.
    """
    if not traces:
        return ()
    forest = _Forest.of(compiled, traces)
    outcomes = _Outcomes(compiled, traces, forest, current_tf)
    ready = np.array([trace.reason is None for trace in traces])
    counted = [_counted(forest, outcomes, key, ready) for key in forest.conditions()]
    return by_what_they_admit(one for one in counted if one.blocks)


def _counted(forest: _Forest, outcomes: _Outcomes, key: ConditionKey, ready: Mask) -> Blocking:
    blocks, decides = np.zeros_like(ready), np.zeros_like(ready)
    replaced: dict[TreePlace, Truth] = {}
    for place, tree in forest.of_key(key):
        without = _combined(tree, key.name)
        blocks |= _on_failing_path(tree, key.name)
        decides |= ~tree.holds & (without == TRUE)
        replaced[place] = without
    admits = outcomes.ready_with(replaced) & ~ready if blocks.any() else np.zeros_like(ready)
    return Blocking(key, int(blocks.sum()), int(decides.sum()), int(admits.sum()))


@frozen
class TreePlace:
    """Where a tree stands; `number` counts the filters of a timeframe that speak for the same side, and the others."""

    timeframe: Timeframe
    tree: str
    number: int = 0


@frozen(eq=False)
class _Tree:
    """One tree's shape and the captured truths of all symbols, int8 (n_symbols, n_nodes)."""

    root: TemplateNode
    truths: Truth

    @property
    def holds(self) -> Mask:
        return np.asarray(self.truths[:, 0] == TRUE)


@frozen(eq=False)
class _Forest:
    """Every tree of a profile with what was captured of it for the symbols of a run."""

    trees: Mapping[TreePlace, _Tree]

    @classmethod
    def of(cls, compiled: CompiledProfile, traces: Sequence[TraceRecord]) -> _Forest:
        trees: dict[TreePlace, _Tree] = {}
        for timeframe, part in compiled.parts.items():
            records = [trace.timeframes[timeframe] for trace in traces]
            for number, (item, template) in enumerate(
                zip(compiled.profile.rules.filters_on(timeframe), part.filters, strict=True)
            ):
                place = TreePlace(timeframe, f"filter for {item.spoken_for}", number)
                trees[place] = _tree(template, [record.filters[number] for record in records])
            if part.long is not None:
                trees[TreePlace(timeframe, "long")] = _tree(part.long, [record.long for record in records])
            if part.short is not None:
                trees[TreePlace(timeframe, "short")] = _tree(part.short, [record.short for record in records])
        return cls(trees)

    def conditions(self) -> list[ConditionKey]:
        """Every named condition of every tree, each once."""
        return sorted(
            {
                ConditionKey(place.timeframe, place.tree, node.label)
                for place, tree in self.trees.items()
                for node in _nodes(tree.root)
                if _is_named(node)
            }
        )

    def of_key(self, key: ConditionKey) -> list[tuple[TreePlace, _Tree]]:
        """The trees in which a condition may stand."""
        return [
            (place, tree)
            for place, tree in self.trees.items()
            if (place.timeframe, place.tree) == (key.timeframe, key.tree)
        ]


def _tree(template: TraceTemplate, records: Sequence[TreeRecord | None]) -> _Tree:
    rows = [record.truths for record in records if record is not None]
    if len(rows) != len(records):
        raise ValueError("a tree of the profile is missing in a trace")
    return _Tree(template.root, np.stack(rows))


class _Outcomes:
    """What the symbols of a run would have come to with other verdicts of some trees."""

    def __init__(
        self,
        compiled: CompiledProfile,
        traces: Sequence[TraceRecord],
        forest: _Forest,
        current_tf: Timeframe | None,
    ) -> None:
        self._rules: RuleSet = compiled.profile.rules
        self._execution = tuple(tf for tf in self._rules.execution_timeframes if current_tf in (None, tf))
        self._allowed = compiled.profile.trade_entry.decision.allowed_execution_timeframes or self._execution
        self._parts: Mapping[Timeframe, TimeframePart] = compiled.parts
        self._trees = forest.trees
        self._traces = traces
        self._shape = (len(traces), 1)
        self._outcomes = {
            timeframe: np.array([trace.timeframes[timeframe].outcome for trace in traces], np.int8)
            for timeframe in compiled.parts
        }
        self._unready = {
            timeframe: np.array([_is_unready(trace.timeframes[timeframe].reason) for trace in traces])
            for timeframe in compiled.parts
        }
        self._context_skipped = np.array([trace.context is None for trace in traces]).reshape(self._shape)
        self._groups = self._groups_of_the_walk()

    def ready_with(self, replaced: Mapping[TreePlace, Truth]) -> Mask:
        """Which symbols would be READY with these verdicts of trees instead of their own."""
        touched = {place.timeframe for place in replaced}
        outcomes = {
            timeframe: (self._again(timeframe, replaced) if timeframe in touched else codes).reshape(self._shape)
            for timeframe, codes in self._outcomes.items()
        }
        context = resolve_context(
            self._rules.mode, [outcomes[timeframe] for timeframe in self._rules.context_timeframes], self._shape
        )
        selection = select_by_groups(self._rules, self._candidates(outcomes, context.sides), self._groups, self._shape)
        passes = self._context_skipped | (context.reasons == 0)
        allowed = np.isin(
            selection.chosen, [self._execution.index(tf) for tf in self._execution if tf in self._allowed]
        )
        return np.asarray(passes & (selection.reasons == 0) & allowed)[:, 0]

    def _candidates(self, outcomes: Mapping[Timeframe, Codes], sides: Codes) -> dict[Timeframe, Mask]:
        candidates = {}
        for timeframe in self._execution:
            codes = outcomes[timeframe]
            has_side = (codes == Outcome.LONG) | (codes == Outcome.SHORT)
            candidates[timeframe] = np.asarray(has_side & (self._context_skipped | (codes == sides)))
        if self._rules.allow_1m_only_if_any is not None and Timeframe.M1 in candidates:
            candidates[Timeframe.M1] &= self._known_to_allow_1m().reshape(self._shape)
        return candidates

    def _known_to_allow_1m(self) -> Mask:
        """Where the trace shows that 1m may take an entry: it was a candidate, or took one."""
        return np.array(
            [
                trace.execution_timeframe is Timeframe.M1
                or any(step.timeframe is Timeframe.M1 and step.candidate for step in trace.selection)
                for trace in self._traces
            ]
        )

    def _groups_of_the_walk(self) -> dict[Timeframe, GroupTruths]:
        """What each symbol's walk found for the groups of the selector."""
        groups: dict[Timeframe, GroupTruths] = {}
        for place, step in enumerate(self._traces[0].selection):
            steps = [trace.selection[place] for trace in self._traces]
            groups[step.timeframe] = GroupTruths(
                np.array([[one.stay] for one in steps], np.int8),
                np.array([[one.drop] for one in steps], np.int8),
                np.array([[one.forbid] for one in steps], np.int8),
            )
        return groups

    def _again(self, timeframe: Timeframe, replaced: Mapping[TreePlace, Truth]) -> Codes:
        """A timeframe's outcomes with some verdicts replaced; candles that were too few stay too few."""
        holds = {
            place: replaced[place] == TRUE if place in replaced else tree.holds
            for place, tree in self._trees.items()
            if place.timeframe is timeframe
        }
        sides = self._parts[timeframe].sides
        filters = [mask for place, mask in holds.items() if place.tree not in SIDE_CODES]
        filtered, passes = resolve_filters(self._rules.filters_on(timeframe), filters, sides, (len(self._traces),))
        codes = np.zeros(len(self._traces), dtype=np.int8)
        for side in sides:
            codes += (holds[TreePlace(timeframe, side)] & passes[side]).view(np.int8) * SIDE_CODES[side]
        codes[filtered | self._unready[timeframe]] = np.int8(Outcome.INVALID)
        return codes


def _is_unready(reason: Reason | None) -> bool:
    """Whether a timeframe had too few candles to judge, whatever its rules say."""
    return reason not in (None, Reason.FILTERS_MANDATORY_FAILED)


def _is_named(node: TemplateNode) -> bool:
    return node.kind in ("rule", "builtin")


def _nodes(root: TemplateNode) -> Iterator[TemplateNode]:
    yield root
    for child in root.children:
        yield from _nodes(child)


def _size(node: TemplateNode) -> int:
    return sum(1 for _ in _nodes(node))


def _combined(tree: _Tree, name: str) -> Truth:
    """The verdict of a tree in which every condition of that name is taken for true."""

    def combine(node: TemplateNode, place: int) -> Truth:
        if _is_named(node) and node.label == name:
            return np.full(len(tree.truths), TRUE)
        if not any(_is_named(below) and below.label == name for below in _nodes(node)):
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
        if _is_named(node) and node.label == name:
            np.logical_or(found, here, out=found)
            return
        start = place + 1
        for child in node.children:
            walk(child, start, here)
            start += _size(child)

    walk(tree.root, 0, np.ones(len(tree.truths), dtype=np.bool_))
    return found
