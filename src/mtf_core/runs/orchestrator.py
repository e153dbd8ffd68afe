"""One run from beginning to end: universe, account, busy filter, candles, decisions, plans, report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from attrs import define, evolve, field

from mtf_core._version import __version__
from mtf_core.market import Contract
from mtf_core.ports import Environment, HeldBy, PortError, Progress, no_progress
from mtf_core.records import RunRecord, RunStatus
from mtf_core.run_request import RunRequest
from mtf_core.runs.admission import (
    choose_symbols,
    filter_busy,
    lock_symbols,
    read_switchboard,
    sync_account,
)
from mtf_core.runs.deciding import RunCache, decide
from mtf_core.runs.entries import simulate
from mtf_core.runs.journal import decision_inputs, decision_record
from mtf_core.runs.leases import Leases
from mtf_core.runs.metering import MeteredExchange, Stopwatch
from mtf_core.runs.report import Performance, RunReport
from mtf_core.runs.request import check_profile, check_request
from mtf_core.runs.state import RunState
from mtf_core.settings.profile import Profile, with_context_mode


def _profile(environment: Environment, request: RunRequest) -> Profile:
    profile = environment.profiles(request.profile)
    return profile if request.validation_mode is None else with_context_mode(profile, request.validation_mode)


class RunLockedError(RuntimeError):
    """Another run of the profile holds the lock."""

    def __init__(self, held: HeldBy) -> None:
        self.held = held
        super().__init__(f"a run holds the lock {held.name!r}; it expires by itself if its owner died")


@define(eq=False)
class Orchestrator:
    """Runs the pipeline in one environment, again and again; what did not change since the last run is kept."""

    environment: Environment
    _kept: dict[tuple[str, str], RunCache] = field(factory=dict, init=False)

    async def run(self, request: RunRequest, progress: Progress = no_progress) -> RunReport:
        """One run.

        Raises `RunLockedError`, `InvalidRequestError`, `ConfigError`, and `PortError` when a store or the whole
        exchange fails; a symbol's own troubles are in the report.
        """
        run = self._state(request, progress)
        async with run.leases.kept():
            if not request.lock_per_symbol:
                lock = f"run:{run.environment.venue.namespace}:{run.profile.name}"
                answer = await run.leases.take(lock, run.profile.trading.locks.run_ttl_sec * 1000)
                if isinstance(answer, HeldBy):
                    raise RunLockedError(answer)
                run.fence = answer
            return await self._run(run)

    def _state(self, request: RunRequest, progress: Progress) -> RunState:
        check_request(request, self.environment.venue.exchange, self.environment.venue.market_type)
        environment = self.environment.at(request.at_ms)
        profile = _profile(environment, request)
        check_profile(request, profile)
        run_id = environment.new_run_id()
        return RunState(
            request=request,
            environment=environment,
            profile=profile,
            run_id=run_id,
            started_ms=environment.wall.now_ms(),
            instant_ms=environment.venue.clock.now_ms(),
            exchange=MeteredExchange(environment.venue.market, environment.venue.account),
            watch=Stopwatch(environment.timer),
            progress=progress,
            leases=Leases(environment.locks, run_id, environment.sleep),
        )

    async def _run(self, run: RunState) -> RunReport:
        contracts = await choose_symbols(run)
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
        cache = self._kept.pop(key, None) or RunCache.of(run.profile, run.exchange, run.environment.stores.candles)
        cache.ask(run.exchange)
        documents = {run.profile.digest: dict(run.profile.content), cache.templates_digest: cache.templates}
        try:
            await runs.start(record, documents)
            await self._stages(run, cache, contracts)
            report = await self._finish(run, cache, record)
        except BaseException:
            failed = evolve(record, status=RunStatus.FAILED, finished_ms=run.environment.wall.now_ms())
            with suppress(PortError):  # what ended the run says more than a store that cannot note it
                await runs.finish(failed, ())
            raise
        self._kept[key] = cache
        return report

    async def _stages(self, run: RunState, cache: RunCache, contracts: Sequence[Contract]) -> None:
        locked = await lock_symbols(run, contracts)
        switchboard = await read_switchboard(run)
        await sync_account(run)
        admitted = await filter_busy(run, locked, switchboard)
        batch = await decide(run, cache, admitted)
        if batch is not None:
            await simulate(run, cache, batch, {contract.symbol: contract for contract in admitted})

    async def _finish(self, run: RunState, cache: RunCache, record: RunRecord) -> RunReport:
        with run.watch.stage("store"):
            stacks = {**run.plan_stacks, **run.stacks}
            records = []
            for symbol, result in run.results.items():
                decision = run.decisions.get(symbol)
                spread = run.spreads_bps.get(symbol)
                inputs = decision_inputs(decision, stacks, cache.digests, run.plans.get(symbol), spread)
                records.append(decision_record(run.run_id, result, decision, inputs, cache.templates_digest))
            report = self._report(run)
            finished = evolve(
                record, status=RunStatus.FINISHED, finished_ms=report.finished_ms, report=report.to_json()
            )
            await run.environment.stores.runs.finish(finished, records, run.fence)
        return evolve(report, performance=self._performance(run), finished_ms=run.environment.wall.now_ms())

    def _report(self, run: RunState) -> RunReport:
        return RunReport(
            run_id=run.run_id,
            profile=run.profile.name,
            dry_run=run.request.dry_run,
            exchange=run.environment.venue.exchange,
            instant_ms=run.instant_ms,
            started_ms=run.started_ms,
            finished_ms=run.environment.wall.now_ms(),
            requested=run.requested,
            results=dict(sorted(run.results.items())),
            performance=self._performance(run),
            account_error=run.account_error,
        )

    @staticmethod
    def _performance(run: RunState) -> Performance:
        return Performance(
            stages=dict(run.watch.seconds),
            exchange_calls=dict(run.exchange.calls),
            timeframes_evaluated=run.evaluated,
            timeframes_reused=run.reused,
        )
