"""A run that many processes share: one opens it, each shard is decided by any of them, one closes it.

```
open: universe, account, busy filter ─► shards of symbols ─► decide, side by side ─► close: the READY ones once more,
                                                             plans, guards, entries, one report
```

Each step may be begun again, by another process and even at the same time, and what it did counts once: a run is opened
under a key, a shard's first stored part stays, and entries are made under a lock whose token the store knows. The
closing process decides the READY symbols itself, from the same candles: what it enters rests on no other's word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from attrs import define, evolve, field, frozen

from mtf_core.execution import Desk
from mtf_core.planning import Skip
from mtf_core.ports import Acquired, HeldBy, Progress, no_progress
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.reasons import Reason
from mtf_core.records import (
    AuditEvent,
    DecisionRecord,
    KeyedRun,
    Opening,
    ReportRecord,
    RunRecord,
    RunStatus,
    ShardDone,
    ShardPart,
    SymbolStatus,
)
from mtf_core.records.blocking import counts_of
from mtf_core.run_request import RunRequest
from mtf_core.runs.account import AccountSync, sync_account
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.admission import Admission, admit_symbols, choose_symbols
from mtf_core.runs.beginning import begun, run_lock, running_record
from mtf_core.runs.caches import RunCaches
from mtf_core.runs.closing import (
    Closed,
    delisted,
    entered_before,
    looked_at_again,
    lost_shards,
    skipped_records,
    together,
    too_late,
)
from mtf_core.runs.deciding import Decided, RunCache, carried_by_symbol, decide
from mtf_core.runs.entries import Entries
from mtf_core.runs.findings import Findings
from mtf_core.runs.leases import Leases
from mtf_core.runs.once import RunBrokenOffError, check_key, check_same, in_progress, locked_key
from mtf_core.runs.orchestrator import Orchestrator
from mtf_core.runs.recording import performance_of, recorded, zone_records
from mtf_core.runs.report import left_out_records
from mtf_core.runs.request import recorded_request
from mtf_core.runs.stages import put_back, settle_earlier, stages_of
from mtf_core.runs.universe import Universe

LOCK_TTL_MS = 15_000
"""How long the locks of a step outlive a process that died in it: the next one must still end within the minute."""
MOST_SHARDS = 38
"""With opening and closing, 40 steps: a server that leads more of them a minute needs its own machine."""
_READY = "ready"


class ConfigurationDiffersError(RuntimeError):
    """This process has another configuration than the one that the run was opened with."""


@frozen
class Told:
    """What whoever led the shards says of them when the run is to be closed."""

    digests: Mapping[int, str]
    """Of the parts that were stored, by the shards' numbers."""
    failed: Mapping[int, str]
    """Why the others were not decided."""
    place_by_ms: int
    """Later than this, by the clock on the wall, nothing is entered: the decisions are too old."""


@define(eq=False)
class ShardedRuns:
    """The steps of shared runs, carried out by this process."""

    orchestrator: Orchestrator
    _caches: RunCaches = field(factory=RunCaches, init=False)

    async def open(
        self, request: RunRequest, key: str, per_shard: int, ends_by_ms: int, progress: Progress = no_progress
    ) -> Opening | ReportRecord:
        """Opens the run that the key stands for, or tells how it was opened, or its report where it has one.

        `per_shard`: how many symbols a shard has at most. Raises as `run_once`, and `RunLockedError`.
        """
        environment = self.orchestrator.environment
        check_key(key)
        if request.lock_per_symbol:
            raise InvalidRequestError((FieldProblem("lock_per_symbol", "a run that workers share locks its profile"),))
        stores = environment.stores
        mine = KeyedRun(key, environment.new_run_id(), request.to_json(), environment.wall.now_ms())
        async with locked_key(environment, key, mine.run_id, LOCK_TTL_MS) as lock:
            keyed = await stores.keyed_runs.find(key)
            if keyed is not None:
                check_same(keyed, mine)
                begun_before = await self._begun_before(keyed)
                if begun_before is not None:
                    return begun_before
            if isinstance(lock, HeldBy):  # its owner is opening it
                raise in_progress(lock.owner)
            if keyed is not None:
                await stores.keyed_runs.release(keyed)
            await stores.keyed_runs.claim(mine)
            try:
                return await self._open(request, mine.run_id, lock, per_shard, ends_by_ms, progress)
            except BaseException:
                if await stores.runs.run(mine.run_id, results=False) is None:
                    await stores.keyed_runs.release(mine)
                raise

    async def decide(self, run_id: str, number: int, progress: Progress = no_progress) -> ShardDone:
        """Decides the symbols of a shard and stores them, unless that was done.

        Raises `RunBrokenOffError`, `ConfigurationDiffersError`, `PortError`; a symbol's own troubles are in its result.
        """
        stores = self.orchestrator.environment.stores
        done = await stores.shards.done(run_id, number)
        if done is not None:
            return done
        record, opening = await self._going_on(run_id, await stores.runs.run(run_id, results=False))
        run = self._resumed(record, progress)
        with self.orchestrator.observer.part("shard", run_id, run.profile.name):
            return await self._decided(run, opening, number)

    async def _decided(self, run: ActiveRun, opening: Opening, number: int) -> ShardDone:
        contracts = await _listed(run, opening.shards[number])
        part = f"{number + 1} of {len(opening.shards)}"
        cache = self._caches.taken(run, part)
        decided = await decide(run, cache, contracts.contracts)
        findings = Findings(contracts, Admission((), contracts.left_out), AccountSync(), _ALL, decided, Entries())
        _, records = recorded(run, cache, findings)
        carried = carried_by_symbol(decided.stacks)
        shards, part_of_run = run.environment.stores.shards, performance_of(run, findings.decided)
        stored = await shards.put(run.run_id, ShardPart(number, tuple(records), carried, part_of_run))
        self._caches.left(run, cache, part)
        return stored

    async def close(self, run_id: str, told: Told, progress: Progress = no_progress) -> ReportRecord:
        """Enters what is READY, if there is still time, and stores the run; its report where that was done.

        Raises `RunLockedError`, `RunBrokenOffError`, `ConfigurationDiffersError`, `TradingRefusedError`, `PortError`.
        """
        environment = self.orchestrator.environment
        stored = await environment.stores.runs.run(run_id)
        if stored is not None and stored.report is not None:
            return stored.report
        record, opening = await self._going_on(run_id, stored)
        run = self._resumed(record, progress)
        desk = None if record.dry_run else await self.orchestrator.desk()
        # The lock has an owner of its own for every attempt: its token tells two of them apart.
        leases = Leases(environment.locks, environment.new_run_id(), environment.sleep)
        async with leases.kept(), run.leases.kept():
            fence = await run_lock(run, leases, LOCK_TTL_MS)
            await environment.stores.shards.take_over(run_id, fence)
            cache = self._caches.taken(run, _READY)
            with self.orchestrator.observer.part("close", run_id, run.profile.name):
                closed = await self._closed(run, desk, cache, opening, told)
                report = await self._finish(run, cache, record, opening, closed, fence)
            await environment.stores.shards.forget(run_id)
        self._caches.left(run, cache, _READY)
        return report

    async def _begun_before(self, keyed: KeyedRun) -> Opening | ReportRecord | None:
        """What is stored of the key's run; None where it never began."""
        stores = self.orchestrator.environment.stores
        record = await stores.runs.run(keyed.run_id)
        if record is None:
            return None
        if record.report is not None:
            return record.report
        opening = await stores.shards.opening(keyed.run_id)
        if record.status is not RunStatus.RUNNING or opening is None:
            raise RunBrokenOffError(keyed.run_id, f"run {keyed.run_id} ended without a report")
        return opening

    async def _open(
        self, request: RunRequest, run_id: str, key_lock: Acquired, per_shard: int, ends_by_ms: int, progress: Progress
    ) -> Opening:
        run = begun(self.orchestrator.environment, request, progress, run_id, self.orchestrator.observer)
        if not request.dry_run:
            await self.orchestrator.desk()  # whatever forbids orders is told before the work
        leases = Leases(run.environment.locks, key_lock.owner, run.environment.sleep)
        async with leases.kept():
            fence = await run_lock(run, leases, LOCK_TTL_MS)
            await self._end_overdue(run)
            with self.orchestrator.observer.part("open", run_id, run.profile.name):
                return await self._opened(run, (fence, key_lock), per_shard, ends_by_ms)

    async def _opened(self, run: ActiveRun, fences: Sequence[Acquired], per_shard: int, ends_by_ms: int) -> Opening:
        universe = await choose_symbols(run)
        try:
            account = await sync_account(run)
            admitted = await admit_symbols(run, universe.contracts, account)
            opening = _opening(run, universe, admitted, per_shard, ends_by_ms)
            _check_shards(len(opening.shards))
            cache = self._caches.taken(run, _READY)
            self._caches.left(run, cache, _READY)
            await run.environment.stores.runs.start(running_record(run), cache.documents, fences, opening)
        except BaseException:
            await put_back(run, universe)
            raise
        return opening

    async def _end_overdue(self, run: ActiveRun) -> None:
        """Runs that were lost with those who worked on them are told as failed."""
        stores, now_ms = run.environment.stores, run.environment.wall.now_ms()
        for run_id in await stores.shards.overdue(now_ms):
            record = await stores.runs.run(run_id, results=False)
            if record is None:
                continue
            await stores.runs.finish(evolve(record, status=RunStatus.FAILED, finished_ms=now_ms), ())
            await stores.shards.forget(run_id)
            details = {"profile": record.profile, "why": "whoever worked on it was lost before it was closed"}
            await stores.audit.append([AuditEvent(now_ms, "run", "run_lost", run_id, details)])

    async def _going_on(self, run_id: str, record: RunRecord | None) -> tuple[RunRecord, Opening]:
        """The run as it is stored, and how it was opened; raises `RunBrokenOffError` where it does not go on."""
        opening = await self.orchestrator.environment.stores.shards.opening(run_id)
        if record is None or opening is None or record.status is not RunStatus.RUNNING:
            status = record.status if record is not None else "not stored"
            raise RunBrokenOffError(run_id, f"run {run_id} does not go on: it is {status}")
        return record, opening

    def _resumed(self, record: RunRecord, progress: Progress) -> ActiveRun:
        """The run as this process goes on with it: at the same instant, with the same configuration."""
        request = evolve(recorded_request(record.request), profile=record.profile)
        run = begun(self.orchestrator.environment, request, progress, record.run_id, self.orchestrator.observer)
        if run.profile.digest != record.config_digest:
            raise ConfigurationDiffersError(
                f"this process has configuration {run.profile.digest[:12]} of profile {record.profile}, and run "
                f"{record.run_id} was opened with {record.config_digest[:12]}: give all workers the same files"
            )
        return evolve(run, started_ms=record.started_ms, instant_ms=record.instant_ms)

    async def _closed(self, run: ActiveRun, desk: Desk | None, cache: RunCache, opening: Opening, told: Told) -> Closed:
        parts = await run.environment.stores.shards.parts(run.run_id, told.digests)
        lost = lost_shards(run, opening, parts, told.failed, cache.templates_digest)
        decided = {one.symbol: one for part in parts.values() for one in part.decisions}
        records = {**skipped_records(run, opening, cache.templates_digest), **lost, **decided}
        ready = {symbol: one for symbol, one in decided.items() if one.status == SymbolStatus.READY}
        entered = {} if desk is None else await entered_before(desk, run.run_id, ready)
        waiting = {symbol: one for symbol, one in ready.items() if symbol not in entered}
        carried = {symbol: count for part in parts.values() for symbol, count in part.carried.items()}
        spent = [part.performance for part in parts.values()]
        late_ms = run.environment.wall.now_ms() - told.place_by_ms
        if late_ms > 0:
            records |= entered | too_late(waiting, late_ms)
            return Closed(records, (), carried, None, together(opening.performance, spent, None))
        universe = await _listed(run, sorted(waiting))
        findings = await stages_of(run, desk, cache, universe)
        _, now = recorded(run, cache, findings)
        records |= entered | delisted(waiting, universe.left_out)
        records |= {one.symbol: looked_at_again(one, waiting[one.symbol]) for one in now}
        if desk is not None:  # another attempt to close the run, in the same moments, may have been first
            records |= await entered_before(desk, run.run_id, {one.symbol: one for one in now if _was_taken(one)})
        await settle_earlier(run)
        performance = together(opening.performance, spent, performance_of(run, findings.decided))
        return Closed(records, zone_records(run, findings.entries), carried, findings.account.error, performance)

    async def _finish(
        self,
        run: ActiveRun,
        cache: RunCache,
        record: RunRecord,
        opening: Opening,
        closed: Closed,
        fence: Acquired,
    ) -> ReportRecord:
        report = closed.report(run, opening)
        finished = evolve(record, status=RunStatus.FINISHED, finished_ms=report.finished_at_ms, report=report)
        left_out = [one.reason for one in opening.left_out.values()]
        records = closed.in_order
        counts = counts_of(records, cache.compiled, run.request.current_tf, left_out)
        await run.environment.stores.runs.finish(finished, records, fence, counts, closed.zones)
        return report


_ALL = Admission((), {})
"""Who decides a shard lets everything in: that was settled when the run was opened."""


def shards_of(symbols: Sequence[str], per_shard: int) -> tuple[tuple[str, ...], ...]:
    """The symbols in shards of nearly equal size, each no larger than `per_shard`.

    By name, so that a symbol is mostly in the same shard minute after minute, where its candles are kept.
    """
    ordered, count = sorted(symbols), -(-len(symbols) // per_shard)
    ends = [len(ordered) * number // count for number in range(count + 1)] if count else []
    return tuple(tuple(ordered[start:end]) for start, end in pairwise(ends))


def _check_shards(count: int) -> None:
    if count > MOST_SHARDS:
        said = f"they would be {count}; at most {MOST_SHARDS} are allowed: give each more symbols"
        raise InvalidRequestError((FieldProblem("shards", said),))


def _opening(run: ActiveRun, universe: Universe, admitted: Admission, per_shard: int, ends_by_ms: int) -> Opening:
    return Opening(
        run_id=run.run_id,
        shards=shards_of([contract.symbol for contract in admitted.contracts], per_shard),
        skipped={symbol: skip.reason for symbol, skip in admitted.skipped.items()},
        left_out=left_out_records(universe.left_out),
        performance=performance_of(run, Decided()),
        ends_by_ms=ends_by_ms,
    )


async def _listed(run: ActiveRun, symbols: Sequence[str]) -> Universe:
    """The symbols' contracts as they are stored; one that was delisted since the run was opened is left out."""
    stored = {contract.symbol: contract for contract in await run.environment.stores.contracts.all()}
    found = tuple(stored[symbol] for symbol in symbols if symbol in stored)
    gone = {symbol: Skip(Reason.SYMBOL_UNKNOWN) for symbol in symbols if symbol not in stored}
    return Universe(found, gone)


def _was_taken(record: DecisionRecord) -> bool:
    return record.reason in {Reason.DUPLICATE_DECISION_KEY, Reason.SYMBOL_BUSY, Reason.HAS_OPEN_ORDERS_OR_POSITIONS}
