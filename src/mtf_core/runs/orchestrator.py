"""One run from beginning to end: universe, account, busy filter, candles, decisions, plans, report."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from attrs import define, evolve, field

from mtf_core._version import __version__
from mtf_core.execution import Desk, open_desk
from mtf_core.ports import Acquired, Environment, HeldBy, PortError, Progress, no_progress
from mtf_core.records import DecisionRecord, Performance, RunRecord, RunStatus, ZoneRecord
from mtf_core.records.blocking import counts_of
from mtf_core.run_request import RunRequest
from mtf_core.runs.account import sync_account
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.admission import admit_symbols, choose_symbols, lock_symbols
from mtf_core.runs.deciding import RunCache, carried_by_symbol, decide
from mtf_core.runs.entries import Entries, Entry, simulate_entries
from mtf_core.runs.failures import SymbolFailure, alone
from mtf_core.runs.findings import Findings, failed
from mtf_core.runs.journal import decision_inputs, decision_record, zone_record
from mtf_core.runs.leases import Leases
from mtf_core.runs.locked import RunLockedError
from mtf_core.runs.metering import MeteredExchange, Stopwatch
from mtf_core.runs.placing import place_entries
from mtf_core.runs.report import RunReport, SymbolResult
from mtf_core.runs.request import check_profile, check_request
from mtf_core.runs.universe import Universe
from mtf_core.settings.profile import Profile, with_context_mode
from mtf_core.upkeep.zones import settle_zones


@define(eq=False)
class Orchestrator:
    """Runs the pipeline in one environment, again and again; what did not change since the last run is kept."""

    environment: Environment
    _caches: dict[tuple[str, str], RunCache] = field(factory=dict, init=False)
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
        run = self._begin(request, progress, run_id or self.environment.new_run_id())
        desk = None if request.dry_run else await self.desk()
        async with run.leases.kept():
            return await self._run(run, desk, None if request.lock_per_symbol else await _run_lock(run), key_lock)

    async def desk(self) -> Desk:
        """Where this process acts on its account; bound to account and store when it is first asked for."""
        if self._desk is None:
            self._desk = await open_desk(self.environment)
        return self._desk

    def _begin(self, request: RunRequest, progress: Progress, run_id: str) -> ActiveRun:
        check_request(request, self.environment.venue.exchange, self.environment.venue.market_type)
        environment = self.environment.at(request.at_ms)
        profile = _profile(environment, request)
        check_profile(request, profile)
        return ActiveRun(
            request=request,
            environment=environment,
            profile=profile,
            run_id=run_id,
            started_ms=environment.wall.now_ms(),
            instant_ms=environment.venue.clock.now_ms(),
            exchange=MeteredExchange(environment.venue.market, environment.venue.account, environment.venue.waited),
            watch=Stopwatch(environment.timer),
            progress=progress,
            leases=Leases(environment.locks, run_id, environment.sleep),
        )

    async def _run(
        self, run: ActiveRun, desk: Desk | None, fence: Acquired | None, key_lock: Acquired | None
    ) -> RunReport:
        universe = await choose_symbols(run)
        runs = run.environment.stores.runs
        record = RunRecord(
            run_id=run.run_id,
            profile=run.profile.name,
            dry_run=run.request.dry_run,
            instant_ms=run.instant_ms,
            started_ms=run.started_ms,
            finished_ms=None,
            status=RunStatus.RUNNING,
            request=run.request.to_json(),
            config_digest=run.profile.digest,
            code_version=__version__,
            report=None,
        )
        # One run at a time works with it, and one that broke off leaves nothing behind.
        key = (run.profile.digest, run.environment.venue.namespace)
        cache = self._caches.pop(key, None) or RunCache.of(
            run.profile,
            run.exchange,
            run.environment.stores.candles,
            run.environment.venue.exchange,
            run.environment.venue.capabilities.candles,
        )
        cache.ask(run.exchange)
        documents = {run.profile.digest: dict(run.profile.content), cache.templates_digest: cache.templates}
        try:
            await runs.start(record, documents, [lock for lock in (fence, key_lock) if lock is not None])
            findings = await _stages(run, desk, cache, universe)
            await _settle_earlier(run)
            report = await _finish(run, cache, record, findings, fence)
        except BaseException:
            failed = evolve(record, status=RunStatus.FAILED, finished_ms=run.environment.wall.now_ms())
            with suppress(PortError):  # what ended the run says more than a store that cannot note it
                for queued in universe.queued:  # no run has looked at them yet
                    await run.environment.stores.switches.queue(queued)
                await runs.finish(failed, ())
            raise
        self._caches[key] = cache
        return report


async def _run_lock(run: ActiveRun) -> Acquired:
    """The lock that keeps runs of one profile apart; raises `RunLockedError`."""
    name = f"run:{run.environment.venue.namespace}:{run.profile.name}"
    answer = await run.leases.take(name, run.profile.trading.locks.run_ttl_sec * 1000)
    if isinstance(answer, HeldBy):
        raise RunLockedError(answer)
    return answer


def _profile(environment: Environment, request: RunRequest) -> Profile:
    profile = environment.profiles(request.profile)
    return profile if request.validation_mode is None else with_context_mode(profile, request.validation_mode)


async def _stages(run: ActiveRun, desk: Desk | None, cache: RunCache, universe: Universe) -> Findings:
    locked = await lock_symbols(run, universe.contracts)
    account = await sync_account(run)
    admitted = await admit_symbols(run, locked.contracts, account)
    decided = await decide(run, cache, admitted.contracts)
    contracts = {contract.symbol: contract for contract in admitted.contracts}
    ready = decided.ready()
    if desk is None:
        entries = await simulate_entries(run, cache, ready, contracts, account)
    else:
        entries = await place_entries(run, desk, cache, ready, contracts, account)
    return Findings(universe, locked, account, admitted, decided, entries)


async def _settle_earlier(run: ActiveRun) -> None:
    """Stores what became of the zone events of earlier runs: the minutes since then are stored by now."""
    with run.watch.stage("zones"):
        stores, carry_ms = run.environment.stores, run.profile.trading.carry_ms(run.environment.venue.exchange)
        workers = run.request.workers
        await settle_zones(
            stores.zones, stores.candles, run.exchange, run.instant_ms, carry_ms=carry_ms, workers=workers
        )


async def _finish(
    run: ActiveRun, cache: RunCache, record: RunRecord, findings: Findings, fence: Acquired | None
) -> RunReport:
    """Stores the run, its decisions, zone events and report, in one transaction, if the run still holds its lock."""
    with run.watch.stage("store"):
        results, records = _recorded(run, cache, findings)
        report = _report(run, findings, results)
        finished = evolve(record, status=RunStatus.FINISHED, finished_ms=report.finished_ms, report=report.record)
        left_out = [skip.reason for skip in findings.universe.left_out.values()]
        zones = _zone_records(run, findings.entries)
        counts = counts_of(records, cache.compiled, run.request.current_tf, left_out)
        await run.environment.stores.runs.finish(finished, records, fence, counts, zones)
    return evolve(report, performance=_performance(run, findings), finished_ms=run.environment.wall.now_ms())


def _recorded(
    run: ActiveRun, cache: RunCache, findings: Findings
) -> tuple[dict[str, SymbolResult], list[DecisionRecord]]:
    """Each symbol's result and its record; one that cannot be recorded fails alone, and its failure is the record."""
    results, records = findings.results(), []
    for symbol, result in results.items():
        record = alone(lambda result=result: _record(run, cache, findings, result))  # type: ignore[misc]
        if isinstance(record, SymbolFailure):
            results[symbol] = failed(result, record)
            record = decision_record(run.run_id, results[symbol], None, None, cache.templates_digest)
        records.append(record)
    return results, records


def _record(run: ActiveRun, cache: RunCache, findings: Findings, result: SymbolResult) -> DecisionRecord:
    decided, entry = findings.decided, findings.entries.by_symbol.get(result.symbol)
    decision = decided.decision(result.symbol)
    planned = entry.planned if isinstance(entry, Entry) else None
    stacks = {**findings.entries.stacks, **decided.stacks}
    inputs = decision_inputs(decision, stacks, cache.digests, planned, decided.spreads_bps.get(result.symbol))
    return decision_record(run.run_id, result, decision, inputs, cache.templates_digest)


def _zone_records(run: ActiveRun, entries: Entries) -> list[ZoneRecord]:
    """The zone event of every plan and every skip that got as far as a zone."""
    planned = [entry.planned for entry in entries.by_symbol.values() if isinstance(entry, Entry)]
    found = [zone_record(run.run_id, run.profile, one) for one in planned if one is not None]
    return [record for record in found if record is not None]


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
        performance=_performance(run, findings),
        account_error=findings.account.error,
        left_out=findings.universe.left_out,
        carried=carried_by_symbol(findings.decided.stacks),
        candles_are_final=run.environment.venue.capabilities.candles.final,
    )


def _performance(run: ActiveRun, findings: Findings) -> Performance:
    return Performance(
        stages=dict(run.watch.seconds),
        exchange_calls=dict(run.exchange.calls),
        timeframes_evaluated=findings.decided.evaluated,
        timeframes_reused=findings.decided.reused,
        rate_limit_wait_seconds=run.exchange.waited_seconds,
    )
