"""What stopped symbols over the stored runs, how often, when they were last READY, and what changed at last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from mtf_core.inquiry.flat import instant_text, row_to_json, selection_to_json, share
from mtf_core.inquiry.why import Why, why
from mtf_core.market import Side, Timeframe, format_instant
from mtf_core.ports import Stores
from mtf_core.reasons import Reason, Stage, meaning_of, stage_of, stored_reason
from mtf_core.records import RunTally, Selection, SymbolDecision, SymbolStatus
from mtf_core.records.marks import ConditionKey
from mtf_core.rules.trace import TraceNode
from mtf_core.validation.verdicts import TimeframeVerdict
from mtf_core.words import counted, lasting

_MOST_TOLD = 5
_NAMED = ("rule", "builtin")
NONE = "–"
"""Stands for what there was not."""


@frozen
class Stopped:
    """How many decisions of a symbol one final reason stopped; a fraction of all its decisions."""

    reason: str
    stage: Stage | None
    meaning: str
    decisions: int
    decisions_share: float | None


@frozen
class InTheWay:
    """In how many runs a condition blocked the symbol; a fraction of those that marked it."""

    condition: str
    timeframe: Timeframe
    tree: str
    runs: int
    runs_share: float | None


@frozen
class Ready:
    """The last READY decision of a symbol, whenever it was."""

    at_ms: int
    side: Side | None
    timeframe: Timeframe | None
    reason: str | None
    """Why no order came of it; None: one went, or would have."""
    run_id: str
    seconds_before_newest: float
    """Between its run and the newest one."""


@frozen
class Change:
    """What one run of a symbol said otherwise than the run before."""

    what: str
    before: str
    now: str


@frozen
class SymbolOverTime:
    """One symbol over the selected runs. What needs a decision is empty, or None, where it had none."""

    symbol: str
    decisions: int
    """Of the runs; in the others the universe left it out, or they did not ask for it."""
    ready: int
    first_ms: int | None
    last_ms: int | None
    stopped: tuple[Stopped, ...]
    in_the_way: tuple[InTheWay, ...]
    last_ready: Ready | None
    newest: Why | None
    before_run_id: str | None
    """The run before the newest that decided on it, of the same profile; None: there is none."""
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "decisions": self.decisions,
            "ready": self.ready,
            "first_at": instant_text(self.first_ms),
            "last_at": instant_text(self.last_ms),
            "stopped_by": [row_to_json(one) for one in self.stopped],
            "conditions": [row_to_json(one) for one in self.in_the_way],
            "last_ready": None if self.last_ready is None else row_to_json(self.last_ready),
            "sentence": None if self.newest is None else self.newest.sentence,
            "run_id": None if self.newest is None else self.newest.run.run_id,
            "run_before": self.before_run_id,
            "changes": [row_to_json(one) for one in self.changes],
        }


@frozen
class WhyOverTime:
    """Some symbols over the selected runs, in the order in which they were asked for."""

    selection: Selection
    runs: int
    newest_ms: int | None
    symbols: tuple[SymbolOverTime, ...]

    def to_json(self) -> dict[str, Any]:
        chosen = {name: value for name, value in selection_to_json(self.selection).items() if name != "timeframes"}
        return chosen | {
            "symbols": list(self.selection.symbols or ()),
            "runs": self.runs,
            "newest_run_at": instant_text(self.newest_ms),
            "answers": [one.to_json() for one in self.symbols],
        }

    def render(self) -> str:
        """A few lines for each symbol."""
        return "\n".join(line for one in self.symbols for line in _lines(one, self.runs))


async def why_over_time(stores: Stores, selection: Selection) -> WhyOverTime:
    """The answer for each selected symbol; the last READY decision is looked for in all runs of the profile.

    Decisions are read row by row, of the traces only those of the last two runs.
    """
    symbols = selection.symbols or ()
    newest_ms = await stores.tallies.newest_ms(selection.profile)
    marks = _Marks(symbols)
    async for run in stores.tallies.runs(selection):
        marks.add(run)
    ever = Selection(symbols=symbols, profile=selection.profile)
    last_ready: dict[str, SymbolDecision] = {}
    for one in await stores.tallies.last_ready(ever):
        if one.symbol not in last_ready or one.instant_ms > last_ready[one.symbol].instant_ms:
            last_ready[one.symbol] = one
    answers = [
        await _symbol(stores, symbol, selection, marks, _ready(last_ready.get(symbol), newest_ms)) for symbol in symbols
    ]
    return WhyOverTime(selection, marks.runs, newest_ms, tuple(answers))


async def _symbol(
    stores: Stores, symbol: str, selection: Selection, marks: _Marks, last_ready: Ready | None
) -> SymbolOverTime:
    decisions = [one async for one in stores.tallies.of_symbol(symbol, selection)]
    found = SymbolOverTime(
        symbol=symbol,
        decisions=len(decisions),
        ready=sum(one.ending.status == SymbolStatus.READY for one in decisions),
        first_ms=min((one.instant_ms for one in decisions), default=None),
        last_ms=max((one.instant_ms for one in decisions), default=None),
        stopped=_stopped(decisions),
        in_the_way=marks.in_the_way(symbol),
        last_ready=last_ready,
        newest=None,
        before_run_id=None,
        changes=(),
    )
    if not decisions:
        return found
    newest, *older = decisions
    now = await why(stores.runs, symbol, newest.run_id)
    before = next((one for one in older if one.profile == newest.profile), None)
    found = evolve(found, newest=now)
    if before is None:
        return found
    then = await why(stores.runs, symbol, before.run_id)
    changes = tuple(_changes(before, newest, then, now))
    return evolve(found, before_run_id=before.run_id, changes=changes)


def _ready(found: SymbolDecision | None, newest_ms: int | None) -> Ready | None:
    if found is None or newest_ms is None:
        return None
    ending = found.ending
    reason = None if ending.reason is None else str(ending.reason)
    before = (newest_ms - found.instant_ms) / 1000
    return Ready(found.instant_ms, ending.side, ending.timeframe, reason, found.run_id, before)


def _stopped(decisions: Sequence[SymbolDecision]) -> tuple[Stopped, ...]:
    reasons = Counter(str(one.ending.reason) for one in decisions if one.ending.reason is not None)
    found = []
    for name, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        reason = stored_reason(name)
        stage = stage_of(reason) if isinstance(reason, Reason) else None
        found.append(Stopped(name, stage, meaning_of(reason), count, share(count, len(decisions))))
    return tuple(found)


@define(eq=False)
class _Marks:
    """In how many runs each condition blocked each symbol."""

    symbols: tuple[str, ...]
    runs: int = 0
    _evaluated: Counter[str] = field(factory=Counter)
    _blocked: dict[str, Counter[ConditionKey]] = field(factory=dict)

    def add(self, run: RunTally) -> None:
        self.runs += 1
        marks = run.counts.marks if run.counts is not None else None
        for symbol in self.symbols if marks is not None else ():
            assert marks is not None
            chosen = marks.chosen((symbol,))
            if chosen:
                self._evaluated[symbol] += 1
                blocked = self._blocked.setdefault(symbol, Counter())
                blocked.update(key for key, of in marks.blocked.items() if of & chosen)

    def in_the_way(self, symbol: str) -> tuple[InTheWay, ...]:
        blocked = self._blocked.get(symbol, Counter())
        ordered = sorted(blocked.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            InTheWay(key.name, key.timeframe, key.tree, count, share(count, self._evaluated[symbol]))
            for key, count in ordered
        )


# --- what changed ---------------------------------------------------------------------------------------------
def _changes(before: SymbolDecision, now: SymbolDecision, then: Why | None, newest: Why | None) -> Iterator[Change]:
    old, new = before.ending, now.ending
    pairs = (
        ("status", old.status, new.status),
        ("reason", old.reason, new.reason),
        ("side", old.side, new.side),
        ("execution timeframe", old.timeframe, new.timeframe),
    )
    yield from _different(pairs)
    if then is not None and newest is not None and then.trace is not None and newest.trace is not None:
        earlier = {verdict.timeframe: verdict for verdict in then.trace.timeframes}
        for verdict in newest.trace.timeframes:
            if verdict.timeframe in earlier:
                yield from _verdict_changes(earlier[verdict.timeframe], verdict)


def _verdict_changes(before: TimeframeVerdict, now: TimeframeVerdict) -> Iterator[Change]:
    name = str(now.timeframe)
    yield from _different([(name, before.outcome.name, now.outcome.name)])
    trees = [("long", before.long, now.long), ("short", before.short, now.short)]
    trees += [
        (f"filter for {side}", old, new)
        for side, old, new in zip(now.filter_sides, before.filters, now.filters, strict=False)
    ]
    for tree, old, new in trees:
        if old is not None and new is not None:
            earlier, later = _results(old), _results(new)
            shared = [(f"{name} {tree}: {each}", earlier[each], later[each]) for each in later if each in earlier]
            yield from _different(shared)


def _results(tree: TraceNode) -> Mapping[str, str]:
    """The named conditions of a tree; one that stands in it twice is told by its first place."""
    found: dict[str, str] = {}
    for node in tree.walk():
        if node.kind in _NAMED:
            found.setdefault(node.label, node.result)
    return found


def _different(pairs: Iterable[tuple[str, object, object]]) -> Iterator[Change]:
    for what, before, now in pairs:
        if before != now:
            yield Change(what, NONE if before is None else str(before), NONE if now is None else str(now))


# --- in words -------------------------------------------------------------------------------------------------
def _lines(one: SymbolOverTime, runs: int) -> Iterator[str]:
    if one.first_ms is None or one.last_ms is None:
        yield f"{one.symbol}: no decision in {counted(runs, 'run')}"
    else:
        span = f"{format_instant(one.first_ms)} to {format_instant(one.last_ms)}"
        yield f"{one.symbol}: {counted(one.decisions, 'decision')} in {counted(runs, 'run')}, {span}, {one.ready} READY"
    yield f"  last READY: {_ready_words(one.last_ready)}"
    if one.newest is not None:
        yield f"  now: {one.newest.sentence.removeprefix(f'{one.symbol}: ')}"
    if one.stopped:
        yield "  stopped by: " + _told(f"{each.reason} {_of(each.decisions, one.decisions)}" for each in one.stopped)
    if one.in_the_way:
        each_told = (f"{each.condition} ({each.timeframe} {each.tree}) {each.runs}" for each in one.in_the_way)
        yield f"  conditions not true: {_told(each_told)}"
    if one.before_run_id is not None:
        told = _told(f"{each.what} {each.before} → {each.now}" for each in one.changes) or "nothing"
        yield f"  changed since the run before: {told}"


def _ready_words(found: Ready | None) -> str:
    if found is None:
        return "never in a stored run"
    order = "" if found.reason is None else f", no order: {found.reason}"
    before = found.seconds_before_newest
    ago = "in the newest run" if before == 0 else f"{lasting(before)} before the newest run"
    return f"{format_instant(found.at_ms)} {found.side} on {found.timeframe}, {ago}{order}"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}"


def _told(parts: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    listed = list(parts)
    more = len(listed) - _MOST_TOLD
    return ", ".join(listed[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
