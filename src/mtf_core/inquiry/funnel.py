"""Where symbols fall out: how many reach each stage of the stored runs, and what stops the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

from attrs import frozen

from mtf_core.market import Timeframe, format_instant
from mtf_core.ports import Aside, Progress, Stores, at_once, no_progress
from mtf_core.reasons import Reason, Stage, StoredReason, UnknownReason, stage_of
from mtf_core.records import (
    DecisionRecord,
    JsonObject,
    RunCounts,
    RunRecord,
    RunStatus,
    RunTally,
    UnreadableRecordError,
)
from mtf_core.records.blocking import counts_of
from mtf_core.records.counts import (
    Blocking,
    ShortSeries,
    by_symbols,
    by_what_they_admit,
    reasons_of,
    short_series,
)
from mtf_core.records.marks import ConditionKey
from mtf_core.records.older import current_content
from mtf_core.runs.request import recorded_request
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import profile_from_content
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.traces import templates_digest

MOST_RUNS = 1440
"""Runs that one funnel looks at: a day of minutes."""


@frozen
class FunnelStage:
    """How many symbols came to a stage, and what stopped some of them there."""

    stage: Stage
    reached: int
    stopped: Mapping[Reason, int]

    @property
    def passed(self) -> int:
        return self.reached - sum(self.stopped.values())


@frozen
class Funnel:
    """Stages in order and blocking conditions, over one run or many (then counts are symbols times runs)."""

    profile: str
    runs: int
    first_instant_ms: int
    last_instant_ms: int
    stages: tuple[FunnelStage, ...]
    conditions: tuple[Blocking, ...]
    short: tuple[ShortSeries, ...]
    """Timeframes that lacked candles, of symbols that other timeframes may have let through all the same."""
    unknown: Mapping[str, int]
    """Symbols stopped by codes of other versions, which are in no stage that this one knows."""
    unread: int
    """Runs whose conditions could not be counted: another version's trees, or a configuration that is refused now."""

    @property
    def most_blocking(self) -> Blocking | None:
        """The condition most in the way: without it alone, more symbols would be READY than without any other. Where
        that is so for none, the one that decides or blocks most."""
        return self.conditions[0] if self.conditions else None

    @property
    def most_admitting(self) -> Blocking | None:
        """The condition that would admit most symbols if it alone were dropped; None when none would."""
        best = self.most_blocking
        return best if best is not None and best.admits else None

    @property
    def unknown_words(self) -> tuple[str, ...]:
        """What is counted in no stage, as one says it."""
        if not self.unknown:
            return ()
        told = ", ".join(f"{code} {count}" for code, count in self.unknown.items())
        return (f"in no stage, for another version stored these reasons, which this one does not know: {told}",)

    def to_json(self) -> dict[str, Any]:
        return {
            "profile": self.profile,
            "runs": self.runs,
            "first_instant": format_instant(self.first_instant_ms),
            "last_instant": format_instant(self.last_instant_ms),
            "stages": [
                {
                    "stage": str(one.stage),
                    "reached": one.reached,
                    "passed": one.passed,
                    "stopped_by": {str(reason): count for reason, count in one.stopped.items()},
                }
                for one in self.stages
            ],
            "short_of_candles": [_short_to_json(one) for one in self.short],
            "conditions": [_blocking_to_json(one) for one in self.conditions],
            "most_blocking": None if self.most_blocking is None else _blocking_to_json(self.most_blocking),
            "most_admitting": None if self.most_admitting is None else _blocking_to_json(self.most_admitting),
            "unknown_reasons": dict(self.unknown),
            "runs_without_conditions": self.unread,
        }

    def _repr_html_(self) -> str:
        stages = "".join(
            f"<tr><td>{escape(one.stage)}</td><td>{one.reached}</td><td>{one.passed}</td><td>"
            + escape(", ".join(f"{reason} {count}" for reason, count in one.stopped.items()))
            + "</td></tr>"
            for one in self.stages
        )
        conditions = "".join(
            f"<tr><td>{one.key.timeframe} {one.key.tree}</td><td>{escape(one.key.name)}</td>"
            f"<td>{one.blocks}</td><td>{one.decides}</td><td>{one.admits}</td></tr>"
            for one in self.conditions[:20]
        )
        short = "".join(
            f"<p>{escape(one)}</p>" for one in (*(each.in_words for each in self.short), *self.unknown_words)
        )
        return (
            "<table><tr><th>stage</th><th>reached</th><th>passed</th><th>stopped by</th></tr>"
            f"{stages}</table>{short}<table><tr><th>where</th><th>condition</th><th>blocks</th><th>decides</th>"
            f"<th>admits</th></tr>{conditions}</table>"
        )


def _short_to_json(one: ShortSeries) -> dict[str, Any]:
    return {
        "timeframe": str(one.timeframe),
        "reason": str(one.reason),
        "symbols": one.symbols,
        "fewest": one.fewest,
        "needed": one.needed,
    }


def _blocking_to_json(one: Blocking) -> dict[str, Any]:
    return {
        "timeframe": str(one.key.timeframe),
        "tree": one.key.tree,
        "condition": one.key.name,
        "blocks": one.blocks,
        "decides": one.decides,
        "admits": one.admits,
    }


def stages_of(reasons: Mapping[StoredReason | None, int]) -> tuple[FunnelStage, ...]:
    """The stages from how many symbols each final reason stopped; None is a simulated order, which passed them all.

    Reasons that this version does not know are left out: nobody can say how far their symbols came.
    """
    known = {reason: count for reason, count in reasons.items() if not isinstance(reason, UnknownReason)}
    remaining = sum(known.values())
    stages = []
    for stage in Stage:
        stopped = {
            reason: count
            for reason, count in Counter(known).most_common()
            if reason is not None and stage_of(reason) is stage
        }
        stages.append(FunnelStage(stage, remaining, stopped))
        remaining -= sum(stopped.values())
    return tuple(stages)


async def funnel(
    stores: Stores,
    run_id: str | None = None,
    since_ms: int | None = None,
    profile: str | None = None,
    progress: Progress = no_progress,
    aside: Aside = at_once,
) -> Funnel | None:
    """The funnel of one run, of all finished runs that started since an instant (the newest `MOST_RUNS`), or of the
    newest run; of one profile: the one given, or that of the newest run that there is. None without such a run.

    With several of them, a run must be all that is asked for.
    """
    total: _Total | None = None
    async for tally in _tallies(stores, run_id, since_ms, profile):
        if total is None:
            total = _Total(tally.profile)
        elif tally.profile != total.profile:
            continue
        total.add(tally, tally.counts or await _counted_now(stores, tally.run_id, aside))
        progress("runs", total.runs, total.runs)
        if total.runs == (MOST_RUNS if since_ms is not None else 1):
            break
    return None if total is None else total.funnel()


async def _tallies(
    stores: Stores, run_id: str | None, since_ms: int | None, profile: str | None
) -> AsyncIterator[RunTally]:
    if run_id is None:
        async for tally in stores.runs.tallies_since(0 if since_ms is None else since_ms, profile):
            yield tally
        return
    run = await stores.runs.run(run_id, results=False)
    asked_for = run is not None and run.started_ms >= (since_ms or 0) and profile in (None, run.profile)
    if run is not None and run.status is RunStatus.FINISHED and asked_for:
        # Counted anew, so that one run is told by what is stored of each symbol.
        yield RunTally(run.run_id, run.profile, run.instant_ms, run.started_ms, None)


async def _counted_now(stores: Stores, run_id: str, aside: Aside) -> RunCounts:
    """The counts of a run that has none beside it; without conditions where its trees cannot be read any more."""
    run = await stores.runs.run(run_id, results=False)
    records = await stores.runs.decisions(run_id)
    content = None if run is None else await stores.runs.document(run.config_digest)
    return await aside(partial(_counted, run, records, content))


def _counted(run: RunRecord | None, records: Sequence[DecisionRecord], content: JsonObject | None) -> RunCounts:
    left_out = () if run is None else _left_out(run)
    compiled = None if content is None else _compiled(content)
    if run is None or compiled is None or not _has_trees_of(compiled, records):
        return RunCounts(reasons_of(records, left_out), None, short_series(records))
    try:
        current_tf = recorded_request(run.request).current_tf
    except UnreadableRecordError:
        return RunCounts(reasons_of(records, left_out), None, short_series(records))
    return counts_of(records, compiled, current_tf, left_out)


def _left_out(run: RunRecord) -> tuple[Reason, ...]:
    """Why its universe did not choose each of the other listed contracts; runs of the first version do not say."""
    left_out = run.report.left_out if run.report is not None else None
    return tuple(skip.reason for skip in (left_out or {}).values())


def _compiled(content: JsonObject) -> CompiledProfile | None:
    try:
        return compile_profile(profile_from_content(current_content(content)))
    except ConfigError:
        return None


def _has_trees_of(compiled: CompiledProfile, records: Sequence[DecisionRecord]) -> bool:
    """Whether all traces can be read, by the trees that this version makes of the configuration."""
    digest = templates_digest(compiled)
    return all(
        record.unreadable is None and (record.trace is None or record.trace.templates == digest) for record in records
    )


class _Total:
    """Runs of one profile, added up."""

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self.runs = 0
        self._unread = 0
        self._instants: list[int] = []
        self._reasons: Counter[StoredReason | None] = Counter()
        self._conditions: dict[ConditionKey, Blocking] = {}
        self._short: dict[tuple[Timeframe, StoredReason], ShortSeries] = {}

    def add(self, tally: RunTally, counts: RunCounts) -> None:
        self.runs += 1
        self._instants.append(tally.instant_ms)
        self._reasons.update(counts.reasons)
        if counts.conditions is None:
            self._unread += 1
        for one in counts.conditions or ():
            known = self._conditions.get(one.key)
            self._conditions[one.key] = one if known is None else known.plus(one)
        for series in counts.short:
            before = self._short.get((series.timeframe, series.reason))
            self._short[series.timeframe, series.reason] = series if before is None else before.plus(series)

    def funnel(self) -> Funnel:
        return Funnel(
            self.profile,
            self.runs,
            min(self._instants),
            max(self._instants),
            stages_of(self._reasons),
            by_what_they_admit(self._conditions.values()),
            by_symbols(self._short.values()),
            {str(reason): count for reason, count in self._reasons.items() if isinstance(reason, UnknownReason)},
            self._unread,
        )
