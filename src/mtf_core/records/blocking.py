"""Which conditions stop symbols: counted over stored traces, without rules or candles at hand.

For many symbols of one run, the captured truths of a tree are rows of a matrix. Dropping a condition means taking it
for true; the tree above it is then combined again from what was captured, for all symbols at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import numpy as np
from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.reasons import Reason
from mtf_core.records.counts import (
    Blocking,
    RunCounts,
    by_what_they_admit,
    reasons_of,
    short_series,
)
from mtf_core.records.marks import ConditionKey, FeatureKey, RunMarks, set_of
from mtf_core.records.runs import DecisionRecord
from mtf_core.records.traces import TraceRecord, TreeRecord
from mtf_core.rules.capture import TraceTemplate
from mtf_core.rules.expressions import Feature, Metric
from mtf_core.rules.ruleset import RuleSet
from mtf_core.rules.trace import TemplateNode
from mtf_core.rules.truth import TRUE, Truth
from mtf_core.validation.compiled_profile import CompiledProfile, TimeframePart
from mtf_core.validation.context import resolve_context
from mtf_core.validation.outcome import SIDE_CODES, Codes, Mask, Outcome
from mtf_core.validation.selection import GroupTruths, select_by_groups
from mtf_core.validation.timeframe import resolve_filters


def counts_of(
    records: Iterable[DecisionRecord],
    compiled: CompiledProfile,
    current_tf: Timeframe | None = None,
    left_out: Iterable[Reason] = (),
) -> RunCounts:
    """The counts of a run; `current_tf` is the only timeframe that it let take an entry, if it named one.

    `left_out` are the reasons of the listed contracts that its universe did not choose.
    """
    records = list(records)
    traces = [record.trace for record in records if record.trace is not None]
    reasons, short = reasons_of(records, left_out), short_series(records)
    if not traces:
        return RunCounts(reasons, (), short, RunMarks((), {}, {}))
    forest = _Forest.of(compiled, traces)
    dropped = forest.dropped()
    marks = RunMarks(
        tuple(trace.symbol for trace in traces),
        {one.key: set_of(one.blocks) for one in dropped},
        missing_features(compiled, traces),
    )
    return RunCounts(reasons, _counted(compiled, traces, forest, dropped, current_tf), short, marks)


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
    return _counted(compiled, traces, forest, forest.dropped(), current_tf)


def _counted(
    compiled: CompiledProfile,
    traces: Sequence[TraceRecord],
    forest: _Forest,
    dropped: Sequence[_Dropped],
    current_tf: Timeframe | None,
) -> tuple[Blocking, ...]:
    ready = np.array([trace.reason is None for trace in traces])
    turning = [one for one in dropped if one.turned]
    admitted = _Outcomes(compiled, traces, forest, current_tf).ready_with([one.turned for one in turning])
    admits = {one.key: int((column & ~ready).sum()) for one, column in zip(turning, admitted.T, strict=True)}
    return by_what_they_admit(
        Blocking(one.key, int(one.blocks.sum()), int(one.decides.sum()), admits.get(one.key, 0)) for one in dropped
    )


def missing_features(compiled: CompiledProfile, traces: Sequence[TraceRecord]) -> dict[FeatureKey, int]:
    """Every feature and metric that the trees of a run ask for, with the set of the symbols that lacked it."""
    lacking: dict[FeatureKey, Mask] = {}
    for timeframe, part in compiled.parts.items():
        records = [trace.timeframes[timeframe] for trace in traces]
        trees: list[tuple[TraceTemplate, list[TreeRecord | None]]] = [
            (template, [one.filters[number] for one in records]) for number, template in enumerate(part.filters)
        ]
        trees += [(part.long, [one.long for one in records])] if part.long is not None else []
        trees += [(part.short, [one.short for one in records])] if part.short is not None else []
        for template, captured in trees:
            absent = np.isnan(np.stack([tree.values for tree in captured if tree is not None]))
            for column, operand in enumerate(template.operands):
                if isinstance(operand, Feature | Metric):
                    key = FeatureKey(timeframe, str(operand))
                    lacking[key] = lacking.get(key, False) | absent[:, column]
    return {key: set_of(column) for key, column in sorted(lacking.items())}


@frozen(eq=False)
class _Dropped:
    """A condition taken for true: where it blocked and decided, and the verdicts of the trees that turn somewhere."""

    key: ConditionKey
    blocks: Mask
    decides: Mask
    turned: Mapping[TreePlace, Mask]

    @classmethod
    def of(cls, forest: _Forest, key: ConditionKey) -> _Dropped:
        blocks = np.zeros(forest.symbols, dtype=np.bool_)
        decides, turned = blocks.copy(), {}
        for place, tree in forest.of_key(key):
            blocks |= tree.blocked_by(key.name)
            holds = tree.without(key.name) == TRUE
            decides |= ~tree.holds & holds
            if (tree.holds != holds).any():
                turned[place] = holds
        return cls(key, blocks, decides, turned)


@frozen
class TreePlace:
    """Where a tree stands; `number` counts the filters of a timeframe that speak for the same side, and the others."""

    timeframe: Timeframe
    tree: str
    number: int = 0


class _Tree:
    """One tree's nodes, parents first, with the captured truths of all symbols, int8 (n_symbols, n_nodes)."""

    def __init__(self, root: TemplateNode, truths: Truth) -> None:
        self._truths = truths
        self._nodes: list[TemplateNode] = []
        self._children: list[list[int]] = []
        self._named: dict[str, list[int]] = {}
        self._parents: list[int] = []
        self._add(root, -1)
        self.holds: Mask = np.asarray(truths[:, 0] == TRUE)
        self._failing = self._failing_paths()

    def _add(self, node: TemplateNode, parent: int) -> None:
        place = len(self._nodes)
        self._nodes.append(node)
        self._children.append([])
        self._parents.append(parent)
        if parent >= 0:
            self._children[parent].append(place)
        if node.kind in ("rule", "builtin"):
            self._named.setdefault(node.label, []).append(place)
        for child in node.children:
            self._add(child, place)

    def _failing_paths(self) -> Mask:
        """Where a node is not true, and nothing above it is."""
        failing = np.asarray(self._truths < TRUE)
        for place, parent in enumerate(self._parents[1:], start=1):
            failing[:, place] &= failing[:, parent]
        return failing

    @property
    def names(self) -> Iterable[str]:
        """The named conditions, each once."""
        return self._named

    def blocked_by(self, name: str) -> Mask:
        """Where a condition of that name is not true, and nothing above it is."""
        return np.asarray(self._failing[:, self._named.get(name, [])].any(axis=1))

    def without(self, name: str) -> Truth:
        """The verdict of the tree in which every condition of that name is taken for true."""
        taken = self._named.get(name, [])
        touched = {above for place in taken for above in self._and_above(place)}
        return self._combined(0, set(taken), touched)

    def _and_above(self, place: int) -> Iterator[int]:
        while place >= 0:
            yield place
            place = self._parents[place]

    def _combined(self, place: int, taken: Set[int], touched: Set[int]) -> Truth:
        if place in taken:
            return np.full(len(self._truths), TRUE)
        if place not in touched:
            return self._truths[:, place]
        parts = [self._combined(child, taken, touched) for child in self._children[place]]
        kind = self._nodes[place].kind
        if kind == "within_bars":  # of the candles before, only the whole is known
            return np.maximum(self._truths[:, place], parts[0])
        return _of_kind(kind, parts)


@frozen(eq=False)
class _Forest:
    """Every tree of a profile with what was captured of it for the symbols of a run."""

    trees: Mapping[TreePlace, _Tree]
    symbols: int

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
        return cls(trees, len(traces))

    def conditions(self) -> list[ConditionKey]:
        """Every named condition of every tree, each once."""
        return sorted(
            {
                ConditionKey(place.timeframe, place.tree, name)
                for place, tree in self.trees.items()
                for name in tree.names
            }
        )

    def dropped(self) -> list[_Dropped]:
        """Every condition that stops some symbol, taken for true."""
        dropped = (_Dropped.of(self, key) for key in self.conditions())
        return [one for one in dropped if one.blocks.any()]

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
        self._outcomes = {
            timeframe: np.array([trace.timeframes[timeframe].outcome for trace in traces], np.int8)
            for timeframe in compiled.parts
        }
        self._unready = {
            timeframe: np.array([_is_unready(trace.timeframes[timeframe].reason) for trace in traces])
            for timeframe in compiled.parts
        }
        self._context_skipped = np.array([trace.context is None for trace in traces])[:, None]
        self._groups = self._groups_of_the_walk()

    def ready_with(self, cases: Sequence[Mapping[TreePlace, Mask]]) -> Mask:
        """Which symbols would be READY if some trees held elsewhere than they did: (n_symbols, n_cases)."""
        shape = (len(self._traces), len(cases))
        if not cases:
            return np.zeros(shape, dtype=np.bool_)
        outcomes = {timeframe: np.repeat(codes[:, None], len(cases), 1) for timeframe, codes in self._outcomes.items()}
        for case, turned in enumerate(cases):
            for timeframe in {place.timeframe for place in turned}:
                outcomes[timeframe][:, case] = self._again(timeframe, turned)
        context = resolve_context(
            self._rules.mode, [outcomes[timeframe] for timeframe in self._rules.context_timeframes], shape
        )
        groups = {timeframe: _repeated(truths, shape) for timeframe, truths in self._groups.items()}
        selection = select_by_groups(self._rules, self._candidates(outcomes, context.sides), groups, shape)
        passes = self._context_skipped | (context.reasons == 0)
        allowed = np.isin(
            selection.chosen, [self._execution.index(tf) for tf in self._execution if tf in self._allowed]
        )
        return np.asarray(passes & (selection.reasons == 0) & allowed)

    def _candidates(self, outcomes: Mapping[Timeframe, Codes], sides: Codes) -> dict[Timeframe, Mask]:
        candidates = {}
        for timeframe in self._execution:
            codes = outcomes[timeframe]
            has_side = (codes == Outcome.LONG) | (codes == Outcome.SHORT)
            candidates[timeframe] = np.asarray(has_side & (self._context_skipped | (codes == sides)))
        if self._rules.allow_1m_only_if_any is not None and Timeframe.M1 in candidates:
            candidates[Timeframe.M1] &= self._known_to_allow_1m()[:, None]
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

    def _again(self, timeframe: Timeframe, turned: Mapping[TreePlace, Mask]) -> Codes:
        """A timeframe's outcomes with some verdicts turned; candles that were too few stay too few."""
        holds = {
            place: turned.get(place, tree.holds) for place, tree in self._trees.items() if place.timeframe is timeframe
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


def _repeated(truths: GroupTruths, shape: tuple[int, int]) -> GroupTruths:
    return GroupTruths(*(np.broadcast_to(column, shape) for column in (truths.stay, truths.drop, truths.forbid)))


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
