"""One run from beginning to end: universe, account, busy filter, candles, decisions, plans, report."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from attrs import define, evolve, field

from mtf_core.execution import Desk, open_desk
from mtf_core.ports import Acquired, Environment, PortError, Progress, no_progress
from mtf_core.records import RunRecord, RunStatus
from mtf_core.records.blocking import counts_of
from mtf_core.run_request import RunRequest
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.admission import choose_symbols
from mtf_core.runs.beginning import begun, run_lock, running_record
from mtf_core.runs.caches import RunCaches
from mtf_core.runs.deciding import RunCache, carried_by_symbol
from mtf_core.runs.findings import Findings
from mtf_core.runs.observing import UNOBSERVED, RunObserver
from mtf_core.runs.recording import performance_of, recorded, zone_records
from mtf_core.runs.report import RunReport, SymbolResult
from mtf_core.runs.stages import put_back, settle_earlier, stages_of


@define(eq=False)
class Orchestrator:
    """Runs the pipeline in one environment, again and again; what did not change since the last run is kept."""

    environment: Environment
    observer: RunObserver = UNOBSERVED
    _caches: RunCaches = field(factory=RunCaches, init=False)
    _desk: Desk | None = field(default=None, init=False)

    async def run(
        self,
        request: RunRequest,
        progress: Progress = no_progress,
        run_id: str | None = None,
        key_lock: Acquired | None = None,
    ) -> RunReport:
        """One run, under an id of its own unless one is given; it does not start once `key_lock` is another's.

        Raises `RunLockedError`, `InvalidRequestError`, `ConfigError`, `TradingRefusedError` where orders are to be sent
        and must not, and `PortError` when a store or the whole exchange fails; a symbol's own troubles are in the
        report.
        """
        run = begun(self.environment, request, progress, run_id or self.environment.new_run_id(), self.observer)
        desk = None if request.dry_run else await self.desk()
        async with run.leases.kept():
            ttl_ms = run.profile.trading.locks.run_ttl_sec * 1000
            fence = None if request.lock_per_symbol else await run_lock(run, run.leases, ttl_ms)
            return await self._run(run, desk, fence, key_lock)

    async def desk(self) -> Desk:
        """Where this process acts on its account; bound to account and store when it is first asked for."""
        if self._desk is None:
            self._desk = await open_desk(self.environment)
        return self._desk

    async def _run(
        self, run: ActiveRun, desk: Desk | None, fence: Acquired | None, key_lock: Acquired | None
    ) -> RunReport:
        universe = await choose_symbols(run)
        runs, record = run.environment.stores.runs, running_record(run)
        cache = self._caches.taken(run)
        try:
            await runs.start(record, cache.documents, [lock for lock in (fence, key_lock) if lock is not None])
            findings = await stages_of(run, desk, cache, universe)
            await settle_earlier(run)
            report = await _finish(run, cache, record, findings, fence)
        except BaseException:
            failed = evolve(record, status=RunStatus.FAILED, finished_ms=run.environment.wall.now_ms())
            await put_back(run, universe)
            with suppress(PortError):  # what ended the run says more than a store that cannot note it
                await runs.finish(failed, ())
            raise
        self._caches.left(run, cache)
        return report


async def _finish(
    run: ActiveRun, cache: RunCache, record: RunRecord, findings: Findings, fence: Acquired | None
) -> RunReport:
    """Stores the run, its decisions, zone events and report, in one transaction, if the run still holds its lock."""
    with run.watch.stage("store"):
        results, records = recorded(run, cache, findings)
        report = _report(run, findings, results)
        finished = evolve(record, status=RunStatus.FINISHED, finished_ms=report.finished_ms, report=report.record)
        left_out = [skip.reason for skip in findings.universe.left_out.values()]
        zones = zone_records(run, findings.entries)
        counts = counts_of(records, cache.compiled, run.request.current_tf, left_out)
        await run.environment.stores.runs.finish(finished, records, fence, counts, zones)
    return evolve(report, performance=performance_of(run, findings.decided), finished_ms=run.environment.wall.now_ms())


def _report(run: ActiveRun, findings: Findings, results: Mapping[str, SymbolResult]) -> RunReport:
    return RunReport(
        run_id=run.run_id,
        profile=run.profile.name,
        dry_run=run.request.dry_run,
        exchange=run.environment.venue.exchange,
        instant_ms=run.instant_ms,
        started_ms=run.started_ms,
        finished_ms=run.environment.wall.now_ms(),
        requested=len(findings.universe.contracts),
        results=results,
        performance=performance_of(run, findings.decided),
        account_error=findings.account.error,
        left_out=findings.universe.left_out,
        carried=carried_by_symbol(findings.decided.stacks),
        candles_are_final=run.environment.venue.capabilities.candles.final,
    )
