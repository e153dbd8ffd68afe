"""Many calls, and many runs, at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest
from attrs import evolve

from mtf_adapters.local import InProcessLocks, WallClock
from mtf_adapters.sql import Database
from mtf_core.market import Capabilities
from mtf_core.ports import LockHeld
from mtf_core.reasons import Reason
from mtf_core.records import RunStatus
from mtf_core.runs import RunLockedError, RunReport, RunRequest, SymbolStatus
from mtf_core.runs.leases import Leases
from mtf_core.settings.profile import Profile
from mtf_core.upkeep.concurrency import for_each
from tests.integration.runs.test_orchestrator import CHOSEN, assert_adds_up
from tests.integration.runs.world import eager, reasons, simulated, world, world_on

EAGER = eager()
OTHER = evolve(eager(mtf_validations__mode="strict"), name="other")


async def both(*runs: Awaitable[RunReport]) -> list[RunReport]:
    return list(await asyncio.gather(*runs))


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (3, 3), (8, 5), (64, 5)])
async def test_workers_bound_how_many_symbols_are_asked_for_at_the_same_time(workers: int, most: int) -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER, capabilities=Capabilities(quotes_per_call=1))
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
        assert [run.status for run in await there.stores.runs.latest(limit=9)] == [RunStatus.FINISHED] * 2


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


class BrokenLocks(InProcessLocks):
    """Locks whose server goes away after some have been taken."""

    left = 4

    async def acquire(self, name: str, owner: str, ttl_ms: int) -> LockHeld | None:
        self.left -= 1
        if not self.left:
            raise ConnectionError("gone")
        return await super().acquire(name, owner, ttl_ms)


async def test_locks_that_were_taken_before_an_error_are_given_back() -> None:
    async with Database.open("memory") as database:
        broken = BrokenLocks(WallClock())
        there = world_on(database, EAGER, locks=broken)
        with pytest.raises(ConnectionError):
            await there.run()
        assert await broken.held() == ()
        (stored,) = await there.stores.runs.latest()
        assert stored.status is RunStatus.FAILED


def short_lived(profile: Profile) -> Profile:
    locks = evolve(profile.trading.locks, run_ttl_sec=1, symbol_ttl_sec=1)
    return evolve(profile, trading=evolve(profile.trading, locks=locks))


async def test_a_run_that_takes_longer_than_its_locks_live_keeps_them() -> None:
    """Locks live for a second; the other profile's run comes after a second and a half, while candles are fetched."""
    async with Database.open("memory") as database:
        locks = InProcessLocks(WallClock())
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
    clock = WallClock()
    locks = InProcessLocks(clock)
    leases = Leases(locks, "one")
    async with leases.kept():
        assert await leases.take("symbol", 30) is None
        await locks.release("symbol", "one")  # as if it had expired while this process was stopped
        assert await locks.acquire("symbol", "two", 60_000) is None
        while not leases.lost:
            await asyncio.sleep(0.005)
        assert leases.lost == {"symbol"}
    assert [(one.name, one.owner) for one in await locks.held()] == [("symbol", "two")]


class StolenLocks(InProcessLocks):
    """ETHUSDT's lock cannot be renewed: it expired, and another owner took it."""

    taken = False

    async def acquire(self, name: str, owner: str, ttl_ms: int) -> LockHeld | None:
        if name.endswith("ETHUSDT"):
            if self.taken:
                return LockHeld(name, "another", 2**50)
            self.taken = True
        return await super().acquire(name, owner, ttl_ms)


async def test_a_symbol_whose_lock_was_lost_gets_no_entry() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, short_lived(EAGER), locks=StolenLocks(WallClock()))
        there.watched.pause = 0.2
        report = await there.run(RunRequest(workers=5))
        assert_adds_up(report)
        assert reasons(report) == dict.fromkeys(CHOSEN) | {"ETHUSDT": Reason.SYMBOL_LOCKED}


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
