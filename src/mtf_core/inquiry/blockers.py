"""What stopped decisions over time: final reasons and conditions, all together, by side and by timeframe, with weights.

Reasons come from the rows of the decisions, conditions from what each run marked when it ended. Symbols that the
universe of a run left out have no decision, and are not counted here; `funnel` tells of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

from attrs import define, field, frozen

from mtf_core.inquiry.flat import instant_text, row_to_json, selection_to_json, share
from mtf_core.ports import Aside, Progress, Stores, at_once, no_progress
from mtf_core.reasons import Reason, Stage, stage_of
from mtf_core.records import EndingTally, RunTally, Selection
from mtf_core.records.marks import ConditionKey, named

_TOLD_EVERY = 100
_FILTER_FOR = "filter for "


class BlockedBy(StrEnum):
    """What stopped a decision."""

    REASON = "reason"
    """Its one final reason."""
    CONDITION = "condition"
    """It was not true, and nothing above it in its tree was: as `funnel` counts it."""


class GroupedBy(StrEnum):
    """By what blockers are put together."""

    ALL = "all"
    SIDE = "side"
    TIMEFRAME = "timeframe"


@frozen
class Blocker:
    """How much one reason or condition stood in the way in one group. Shares are fractions 0..1.

    For a reason, the wholes are all decisions, symbols and runs of the selection; for a condition those whose rules
    were evaluated and marked. A group's name is None where a decision was stopped before it had a side or timeframe.
    """

    by: GroupedBy
    group: str | None
    kind: BlockedBy
    name: str
    stage: Stage | None
    """Of a reason; None for a condition, and for a reason that this version does not know."""
    decisions: int
    decisions_share: float | None
    symbols: int
    symbols_share: float | None
    runs: int
    runs_share: float | None


@frozen
class Blockers:
    """Blockers in groups, in each those that stopped most decisions first; and what they are shares of."""

    selection: Selection
    first_ms: int | None
    last_ms: int | None
    runs: int
    symbols: int
    decisions: int
    passed: int
    """Decisions that nothing stopped: an order went, or would have."""
    marked_runs: int
    unmarked_runs: int
    """Runs that did not mark what their conditions blocked: other versions', or without any evaluated symbol."""
    rows: tuple[Blocker, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            **selection_to_json(self.selection),
            "first_at": instant_text(self.first_ms),
            "last_at": instant_text(self.last_ms),
            "runs": self.runs,
            "symbols_decided": self.symbols,
            "decisions": self.decisions,
            "passed": self.passed,
            "runs_with_conditions": self.marked_runs,
            "runs_without_conditions": self.unmarked_runs,
            "rows": [row_to_json(row) for row in self.rows],
        }


async def blockers(
    stores: Stores, selection: Selection, progress: Progress = no_progress, aside: Aside = at_once
) -> Blockers:
    """What stopped the selected decisions; of none where nothing fits."""
    by_symbol = await stores.tallies.by_symbol(selection)
    by_run = await stores.tallies.by_run(selection)
    conditions = _Conditions(selection)
    async for tally in stores.tallies.runs(selection):
        conditions.add(tally)  # and forgotten: a week of runs would fill the memory
        if conditions.runs % _TOLD_EVERY == 0:
            progress("runs", conditions.runs, conditions.runs)
    return await aside(partial(_blockers, selection, by_symbol, by_run, conditions))


def blockers_of(
    selection: Selection, by_symbol: Sequence[EndingTally], by_run: Sequence[EndingTally], runs: Sequence[RunTally]
) -> Blockers:
    """The blockers of these tallies; `by_symbol` and `by_run` count the same decisions."""
    conditions = _Conditions(selection)
    for one in runs:
        conditions.add(one)
    return _blockers(selection, by_symbol, by_run, conditions)


def _blockers(
    selection: Selection, by_symbol: Sequence[EndingTally], by_run: Sequence[EndingTally], conditions: _Conditions
) -> Blockers:
    return Blockers(
        selection=selection,
        first_ms=min(conditions.instants, default=None),
        last_ms=max(conditions.instants, default=None),
        runs=conditions.runs,
        symbols=len({one.of for one in by_symbol}),
        decisions=sum(one.decisions for one in by_symbol),
        passed=sum(one.decisions for one in by_symbol if one.ending.reason is None),
        marked_runs=conditions.marked,
        unmarked_runs=conditions.runs - conditions.marked,
        rows=_in_order([*_reasons(selection, by_symbol, by_run, conditions.runs), *conditions.blockers()]),
    )


_Key = tuple[GroupedBy, str | None, str]
_ORDER = tuple(GroupedBy)


def _in_order(rows: Iterable[Blocker]) -> tuple[Blocker, ...]:
    def place(row: Blocker) -> tuple[object, ...]:
        return (_ORDER.index(row.by), row.kind is BlockedBy.CONDITION, -row.decisions, row.name, str(row.group))

    return tuple(sorted(rows, key=place))


def _reasons(
    selection: Selection, by_symbol: Sequence[EndingTally], by_run: Sequence[EndingTally], runs: int
) -> Iterable[Blocker]:
    decisions: dict[_Key, int] = {}
    symbols: dict[_Key, set[str]] = {}
    in_runs: dict[_Key, set[str]] = {}
    stages: dict[str, Stage | None] = {}
    for tally in by_symbol:
        for key in _keys(selection, tally, stages):
            decisions[key] = decisions.get(key, 0) + tally.decisions
            symbols.setdefault(key, set()).add(tally.of)
    for tally in by_run:
        for key in _keys(selection, tally, stages):
            in_runs.setdefault(key, set()).add(tally.of)
    all_symbols, all_decisions = len({one.of for one in by_symbol}), sum(one.decisions for one in by_symbol)
    for (by, group, name), count in decisions.items():
        key = (by, group, name)
        of_symbols, of_runs = len(symbols[key]), len(in_runs.get(key, ()))
        yield Blocker(
            by,
            group,
            BlockedBy.REASON,
            name,
            stages[name],
            count,
            share(count, all_decisions),
            of_symbols,
            share(of_symbols, all_symbols),
            of_runs,
            share(of_runs, runs),
        )


def _keys(selection: Selection, tally: EndingTally, stages: dict[str, Stage | None]) -> Iterable[_Key]:
    """Where the reason of a decision is counted; nowhere where nothing stopped it, or it does not fit."""
    ending = tally.ending
    if ending.reason is None or not selection.has_timeframe(ending.timeframe):
        return ()
    name = str(ending.reason)
    stages[name] = stage_of(ending.reason) if isinstance(ending.reason, Reason) else None
    side = None if ending.side is None else str(ending.side)
    timeframe = None if ending.timeframe is None else str(ending.timeframe)
    return (GroupedBy.ALL, None, name), (GroupedBy.SIDE, side, name), (GroupedBy.TIMEFRAME, timeframe, name)


@define(eq=False)
class _Conditions:
    """What conditions blocked, added up run by run. Runs with the same list of symbols share one set of them."""

    selection: Selection
    instants: list[int] = field(factory=list)
    marked: int = 0
    evaluated: int = 0
    _seen: dict[tuple[str, ...], int] = field(factory=dict)
    _places: dict[ConditionKey, tuple[int, ...]] = field(factory=dict)
    """Where a condition is counted, worked out once: a day asks for it a hundred thousand times."""
    _groups: dict[_Key, int] = field(factory=dict)
    _blocked: dict[tuple[str, ...], dict[int, int]] = field(factory=dict)
    _counted: dict[int, int] = field(factory=dict)
    _in_runs: dict[int, int] = field(factory=dict)

    @property
    def runs(self) -> int:
        """How many were added, marked or not."""
        return len(self.instants)

    def add(self, run: RunTally) -> None:
        """Counts the run, and what it marked."""
        self.instants.append(run.instant_ms)
        marks = run.counts.marks if run.counts is not None else None
        if marks is None or not marks.symbols:
            return
        chosen = marks.chosen(self.selection.symbols)
        self.marked += 1
        self.evaluated += chosen.bit_count()
        self._seen[marks.symbols] = self._seen.get(marks.symbols, 0) | chosen
        in_run: dict[int, int] = {}
        for condition, blocked in marks.blocked.items():
            for place in self._places_of(condition):
                in_run[place] = in_run.get(place, 0) | blocked & chosen
        sets = self._blocked.setdefault(marks.symbols, {})
        for place, blocked in in_run.items():
            if blocked:
                sets[place] = sets.get(place, 0) | blocked
                self._counted[place] = self._counted.get(place, 0) + blocked.bit_count()
                self._in_runs[place] = self._in_runs.get(place, 0) + 1

    def _places_of(self, condition: ConditionKey) -> tuple[int, ...]:
        known = self._places.get(condition)
        if known is None:
            keys = _condition_keys(condition) if self.selection.has_timeframe(condition.timeframe) else ()
            known = tuple(self._groups.setdefault(key, len(self._groups)) for key in keys)
            self._places[condition] = known
        return known

    def blockers(self) -> Iterable[Blocker]:
        all_symbols = len(_names(self._seen))
        for (by, group, name), place in self._groups.items():
            if place not in self._counted:
                continue
            decisions, runs = self._counted[place], self._in_runs[place]
            symbols = len(_names({names: sets.get(place, 0) for names, sets in self._blocked.items()}))
            yield Blocker(
                by,
                group,
                BlockedBy.CONDITION,
                name,
                None,
                decisions,
                share(decisions, self.evaluated),
                symbols,
                share(symbols, all_symbols),
                runs,
                share(runs, self.marked),
            )


def _condition_keys(condition: ConditionKey) -> tuple[_Key, _Key, _Key]:
    """A filter stands in the group of the side that it speaks for."""
    side, timeframe = condition.tree.removeprefix(_FILTER_FOR), str(condition.timeframe)
    name = condition.name
    return (GroupedBy.ALL, None, name), (GroupedBy.SIDE, side, name), (GroupedBy.TIMEFRAME, timeframe, name)


def _names(sets: dict[tuple[str, ...], int]) -> set[str]:
    return {name for symbols, chosen in sets.items() for name in named(symbols, chosen)}
