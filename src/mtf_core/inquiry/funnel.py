"""Where symbols fall out: how many reach each stage of the stored runs, and what stops the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from html import escape
from typing import Any

from attrs import evolve, frozen

from mtf_core.market import Timeframe, format_instant
from mtf_core.ports import Progress, Stores, no_progress
from mtf_core.reasons import Reason, Stage, stage_of
from mtf_core.records import DecisionRecord, RunRecord, RunStatus
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import profile_from_content
from mtf_core.validation.blocking import Blocking, ConditionKey, blocking_conditions
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.traces import templates_digest

MOST_RUNS = 1440
"""Runs that one funnel looks at: a day of minutes."""
RUNS_PER_PAGE = 20


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
    unread: int
    """Runs whose conditions could not be counted: another version's trees, or a configuration that is refused now."""

    @property
    def most_blocking(self) -> Blocking | None:
        """The condition that stands in the way of most symbols."""
        return max(self.conditions, key=lambda one: one.blocks, default=None)

    @property
    def most_admitting(self) -> Blocking | None:
        """The condition that would admit most symbols if it alone were dropped; None when none would."""
        best = max(self.conditions, key=lambda one: one.admits, default=None)
        return best if best is not None and best.admits else None

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
            "conditions": [_blocking_to_json(one) for one in self.conditions],
            "most_blocking": None if self.most_blocking is None else _blocking_to_json(self.most_blocking),
            "most_admitting": None if self.most_admitting is None else _blocking_to_json(self.most_admitting),
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
        return (
            "<table><tr><th>stage</th><th>reached</th><th>passed</th><th>stopped by</th></tr>"
            f"{stages}</table><table><tr><th>where</th><th>condition</th><th>blocks</th><th>decides</th>"
            f"<th>admits</th></tr>{conditions}</table>"
        )


def _blocking_to_json(one: Blocking) -> dict[str, Any]:
    return {
        "timeframe": str(one.key.timeframe),
        "tree": one.key.tree,
        "condition": one.key.name,
        "blocks": one.blocks,
        "decides": one.decides,
        "admits": one.admits,
    }


def stages_of(reasons: Sequence[Reason | None]) -> tuple[FunnelStage, ...]:
    """The stages from the final reasons of all symbols; None is a simulated order, which passed them all."""
    remaining = len(reasons)
    counts = Counter(reason for reason in reasons if reason is not None)
    found = []
    for stage in Stage:
        here = {reason: count for reason, count in counts.most_common() if stage_of(reason) is stage}
        found.append(FunnelStage(stage, remaining, here))
        remaining -= sum(here.values())
    return tuple(found)


async def funnel(
    stores: Stores,
    run_id: str | None = None,
    since_ms: int | None = None,
    profile: str | None = None,
    progress: Progress = no_progress,
) -> Funnel | None:
    """The funnel of one run, of all finished runs that started since an instant (the newest `MOST_RUNS`), or of the
    newest run; of one profile: the one given, or that of the newest run found. None when there is no such run."""
    runs = await _runs(stores, run_id, since_ms, profile)
    if not runs:
        return None
    counter = _Counter(stores)
    for done, run in enumerate(runs, start=1):
        await counter.add(run)
        progress("runs", done, len(runs))
    return counter.funnel(runs)


async def _runs(stores: Stores, run_id: str | None, since_ms: int | None, profile: str | None) -> tuple[RunRecord, ...]:
    if run_id is not None:
        run = await stores.runs.run(run_id)
        return () if run is None or run.status is not RunStatus.FINISHED else (run,)
    found: list[RunRecord] = []
    async for run in _newest_first(stores, profile):
        if since_ms is not None and (run.started_ms < since_ms or len(found) == MOST_RUNS):
            break
        if run.status is RunStatus.FINISHED and (not found or run.profile == found[0].profile):
            found.append(evolve(run, report=None))  # a day of reports does not fit into memory
            if since_ms is None:
                break
    return tuple(found)


async def _newest_first(stores: Stores, profile: str | None) -> AsyncIterator[RunRecord]:
    page = await stores.runs.history(RUNS_PER_PAGE, profile=profile)
    while True:
        for run in page.items:
            yield run
        if page.next is None:
            return
        page = await stores.runs.history(RUNS_PER_PAGE, page.next, profile=profile)


class _Counter:
    """Adds up runs one at a time, so that no more than one run's traces are in memory."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._compiled_profiles: dict[str, CompiledProfile | None] = {}
        self._reasons: list[Reason | None] = []
        self._conditions: dict[ConditionKey, Blocking] = {}
        self._unread = 0

    async def add(self, run: RunRecord) -> None:
        records = await self._stores.runs.decisions(run.run_id)
        self._reasons += [Reason(record.reason) if record.reason else None for record in records]
        compiled = await self._compiled_profile(run.config_digest)
        traces = _readable(records, compiled)
        if traces is None or compiled is None:
            self._unread += 1
            return
        current: Any = run.request.get("current_tf")
        for one in blocking_conditions(compiled, traces, Timeframe(current) if current else None):
            known = self._conditions.get(one.key)
            self._conditions[one.key] = (
                one
                if known is None
                else evolve(
                    known,
                    blocks=known.blocks + one.blocks,
                    decides=known.decides + one.decides,
                    admits=known.admits + one.admits,
                )
            )

    async def _compiled_profile(self, digest: str) -> CompiledProfile | None:
        if digest not in self._compiled_profiles:
            content: Any = await self._stores.runs.document(digest)
            try:
                self._compiled_profiles[digest] = (
                    None if content is None else compile_profile(profile_from_content(content))
                )
            except ConfigError:
                self._compiled_profiles[digest] = None
        return self._compiled_profiles[digest]

    def funnel(self, runs: Sequence[RunRecord]) -> Funnel:
        order = sorted(self._conditions.values(), key=lambda one: (-one.admits, -one.decides, -one.blocks, one.key))
        instants = [run.instant_ms for run in runs]
        return Funnel(
            runs[0].profile,
            len(runs),
            min(instants),
            max(instants),
            stages_of(self._reasons),
            tuple(order),
            self._unread,
        )


def _readable(records: Sequence[DecisionRecord], compiled: CompiledProfile | None) -> list[Mapping[str, Any]] | None:
    """The traces, if their trees are the ones that this version makes of the configuration; else None."""
    traces: list[Mapping[str, Any]] = [record.trace for record in records if record.trace]
    if compiled is None:
        return None
    digest = templates_digest(compiled)
    return traces if all(trace["templates"] == digest for trace in traces) else None
