"""Many calls, and many runs, at the same time."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import evolve

from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sql import Database, SqlLocks
from mtf_core.market import parse_instant, to_ms
from mtf_core.ports import Acquired, LockAnswer, LockLostError, StoreUnavailableError
from mtf_core.reasons import Reason
from mtf_core.records import RunStatus, SymbolStatus
from mtf_core.runs import RunLockedError, RunReport, RunRequest
from mtf_core.runs.leases import Leases
from mtf_core.settings.profile import Profile
from mtf_core.upkeep.concurrency import for_each
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import SandboxOptions, Settings
from tests.integration.runs.test_orchestrator import CHOSEN, assert_adds_up
from tests.integration.runs.world import eager, reasons, simulated, world, world_on

EAGER = eager()
OTHER = evolve(eager(mtf_validations__mode="strict"), name="other")


async def both(*runs: Awaitable[RunReport]) -> list[RunReport]:
    return list(await asyncio.gather(*runs))


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (3, 3), (8, 5), (64, 5)])
async def test_workers_bound_how_many_symbols_are_asked_for_at_the_same_time(workers: int, most: int) -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER, capabilities=evolve(CAPABILITIES, quotes_per_call=1))
        report = await there.run(RunRequest(workers=workers))
        assert simulated(report) == list(CHOSEN)
        assert there.watched.most_in_flight == most
        assert there.watched.most_on_one_symbol == 1


async def test_a_second_run_of_the_profile_is_refused_while_the_first_works() -> None:
    async with world(EAGER) as there:
        first = asyncio.create_task(there.run())
        while not there.watched.calls:
            await asyncio.sleep(0)
        with pytest.raises(RunLockedError, match="run:test:alive"):
            await there.run()
        assert simulated(await first) == list(CHOSEN)
        assert simulated(await there.run()) == list(CHOSEN)
        assert [run.status for run in (await there.stores.runs.history(9)).items] == [RunStatus.FINISHED] * 2


async def test_runs_of_different_profiles_never_work_on_one_symbol_at_the_same_time() -> None:
    """Two processes, one database and one set of locks; their calls for a symbol would show side by side."""
    async with Database.open("memory") as database:
        one = world_on(database, EAGER)
        two = world_on(database, OTHER, locks=one.locks, prefix="other")
        two.watched.in_flight = one.watched.in_flight
        reports = await both(one.run(RunRequest(workers=3)), two.run(RunRequest(workers=3)))
        assert max(one.watched.most_on_one_symbol, two.watched.most_on_one_symbol) == 1
        for report in reports:
            assert_adds_up(report)
        for symbol in CHOSEN:
            worked = [report for report in reports if report.results[symbol].status is not SymbolStatus.SKIPPED]
            assert len(worked) == 1
        locked = [symbol for report in reports for symbol, why in reasons(report).items() if why]
        assert sorted(locked) == sorted(CHOSEN)
        assert await one.locks.held() == ()


async def test_runs_of_one_profile_may_overlap_on_other_symbols_without_disturbing_each_other() -> None:
    async with world(EAGER) as there, world(EAGER) as alone:
        halves = [RunRequest(symbols=half, lock_per_symbol=True, workers=2) for half in (CHOSEN[:3], CHOSEN[3:])]
        for _ in range(3):
            reports = await both(*(there.run(half) for half in halves))
            expected = await alone.run(RunRequest(symbols=CHOSEN))
            assert {**reports[0].results, **reports[1].results} == expected.results
            assert [report.performance.exchange_calls["quotes"] for report in reports] == [1, 1]
            there.later(minutes=1)
            alone.later(minutes=1)


async def test_overlapping_runs_of_different_instants_keep_to_their_own_candles() -> None:
    async with world(EAGER) as there, world(EAGER) as alone:
        instants = [there.clock.now_ms() - hours * 3_600_000 for hours in (0, 1)]
        requests = [RunRequest(symbols=CHOSEN, lock_per_symbol=True, at_ms=at) for at in instants]
        one, two = await both(there.run(requests[0]), there.run(evolve(requests[1], symbols=("DOTUSDT",))))
        assert one.results == (await alone.run(requests[0])).results
        assert two.results == (await alone.run(evolve(requests[1], symbols=("DOTUSDT",)))).results


async def test_locking_by_symbol_leaves_out_what_another_run_works_on() -> None:
    async with world(EAGER) as there:
        request = RunRequest(symbols=CHOSEN[:2], lock_per_symbol=True)
        one, two = await both(there.run(request), there.run(evolve(request, symbols=CHOSEN[1:3])))
        assert simulated(one) == list(CHOSEN[:2])
        assert reasons(two) == {CHOSEN[1]: Reason.SYMBOL_LOCKED, CHOSEN[2]: None}


class BrokenLocks(SqlLocks):
    """Locks whose server goes away after those of the symbols were taken, before it says so."""

    async def acquire(self, names: Iterable[str], owner: str, ttl_ms: int) -> dict[str, LockAnswer]:
        answers = await super().acquire(names, owner, ttl_ms)
        if len(answers) > 1:
            raise ConnectionError("gone")
        return answers


async def test_locks_that_were_taken_before_an_error_are_given_back() -> None:
    async with Database.open("memory") as database:
        broken = BrokenLocks(database, WallClock())
        there = world_on(database, EAGER, locks=broken)
        with pytest.raises(ConnectionError):
            await there.run()
        assert await broken.held() == ()
        (stored,) = (await there.stores.runs.history(1)).items
        assert stored.status is RunStatus.FAILED


def short_lived(profile: Profile) -> Profile:
    locks = evolve(profile.trading.locks, run_ttl_sec=1, symbol_ttl_sec=1)
    return evolve(profile, trading=evolve(profile.trading, locks=locks))


async def test_a_run_that_takes_longer_than_its_locks_live_keeps_them() -> None:
    """Locks live for a second; the other profile's run comes after a second and a half, while candles are fetched."""
    async with Database.open("memory") as database:
        locks = SqlLocks(database, WallClock())
        one = world_on(database, short_lived(EAGER), locks=locks)
        two = world_on(database, OTHER, locks=locks, prefix="other")
        one.watched.pause = 0.5
        working = asyncio.create_task(one.run(RunRequest(workers=5)))
        await asyncio.sleep(1.5)
        late = await two.run()
        assert not working.done()
        assert set(reasons(late).values()) == {Reason.SYMBOL_LOCKED}
        assert simulated(await working) == list(CHOSEN)
        assert await locks.held() == ()


async def test_a_lock_that_another_owner_took_over_is_known_as_lost_and_left_to_it() -> None:
    async with Database.open("memory") as database:
        locks = SqlLocks(database, WallClock())
        leases = Leases(locks, "one", asyncio.sleep)
        async with leases.kept():
            assert isinstance(await leases.take("symbol", 30), Acquired)
            await locks.force_release("symbol")
            await locks.acquire(["symbol"], "two", 60_000)
            while not leases.lost:
                await asyncio.sleep(0.005)
            assert leases.lost == {"symbol"}
        assert [(lock.name, lock.owner) for lock in await locks.held()] == [("symbol", "two")]


async def test_renewals_wait_as_they_are_told_to_and_come_three_times_in_the_shortest_life() -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    async with Database.open("memory") as database:
        leases = Leases(SqlLocks(database, WallClock()), "one", wait)
        async with leases.kept():
            await leases.take("run", 60_000)
            await leases.take_all(["first", "second"], 30_000)
            waits.clear()
            while len(waits) < 2:
                await asyncio.sleep(0)
        assert set(waits) == {10.0}


class DeafLocks(SqlLocks):
    """A client that takes a cancellation in the middle of its call for its own, as one does whose time is up then."""

    renewing = False

    async def renew(self, names: Iterable[str], owner: str, ttl_ms: int) -> frozenset[str]:
        if self.renewing:
            return await super().renew(names, owner, ttl_ms)
        self.renewing = True
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise StoreUnavailableError("the locks cannot be reached")


async def test_a_run_ends_although_the_client_of_its_locks_swallowed_the_end() -> None:
    """It waited for ever, and renewed its locks meanwhile."""
    async with Database.open("memory") as database:
        locks = DeafLocks(database, WallClock())
        leases = Leases(locks, "one", asyncio.sleep)

        async def work() -> None:
            async with leases.kept():
                await leases.take("run", 30)
                while not locks.renewing:
                    await asyncio.sleep(0.005)

        await asyncio.wait_for(work(), 5)
        assert await locks.held() == ()


class StolenLocks(SqlLocks):
    """ETHUSDT's lock is taken away as soon as it is held."""

    async def acquire(self, names: Iterable[str], owner: str, ttl_ms: int) -> dict[str, LockAnswer]:
        answers = await super().acquire(names, owner, ttl_ms)
        for name in answers:
            if name.endswith("ETHUSDT"):
                await self.force_release(name)
        return answers


async def test_a_symbol_whose_lock_was_lost_gets_no_entry() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, short_lived(EAGER), locks=StolenLocks(database, WallClock()))
        there.watched.pause = 0.2
        report = await there.run(RunRequest(workers=5))
        assert_adds_up(report)
        assert reasons(report) == dict.fromkeys(CHOSEN) | {"ETHUSDT": Reason.SYMBOL_LOCKED}


async def test_a_run_whose_lock_was_taken_away_stores_no_end_and_is_known_as_failed() -> None:
    async with world(EAGER) as there:
        working = asyncio.create_task(there.run())
        while not there.watched.calls:
            await asyncio.sleep(0)
        await there.locks.force_release("run:test:alive")
        with pytest.raises(LockLostError, match="run:test:alive"):
            await working
        (stored,) = (await there.stores.runs.history(1)).items
        assert (stored.status, stored.report) == (RunStatus.FAILED, None)
        assert await there.stores.runs.decisions(stored.run_id) == ()
        assert await there.locks.held() == ()


async def test_two_processes_on_one_database_never_run_one_profile_at_the_same_time(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process is `mtf run`; this one asks while that one works, and again when it has ended."""
    monkeypatch.chdir(tmp_path)  # no .env
    options = ["--seed", "7", "--universe-size", "60", "--profile", "regular", "--at", "2026-02-01T13:00Z"]
    command = [sys.executable, "-m", "mtf_entrypoints.cli.main", "run", "--database", database_url, *options]
    at_ms = to_ms(parse_instant("2026-02-01T13:00Z"))
    settings = Settings(database_url, at_ms=at_ms, sandbox=SandboxOptions(seed=7, universe_size=60))
    async with opened(settings) as container:
        other = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        while not await container.locks().held():
            assert other.returncode is None, await other.communicate()
            await asyncio.sleep(0.02)  # leave the processor to the process that is waited for
        with pytest.raises(RunLockedError, match="run:sandbox-seed-7-60:regular"):
            await container.orchestrator().run(RunRequest(profile="regular"))
        await other.communicate()
        assert other.returncode == 0
        await container.orchestrator().run(RunRequest(profile="regular"))
        assert [run.status for run in (await container.stores().runs.history(9)).items] == [RunStatus.FINISHED] * 2


async def test_pieces_of_work_begin_in_order_and_an_error_comes_out_as_it_is() -> None:
    begun: list[int] = []

    async def work(item: int) -> None:
        begun.append(item)
        await asyncio.sleep(0)
        if item == 3:
            raise KeyError(item)

    with pytest.raises(KeyError):
        await for_each(range(100), 2, work)
    assert begun == sorted(begun)
    assert len(begun) < 8
    await for_each([], 4, work)
