"""A run that workers share comes to what one process comes to, and whatever is done twice counts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from attrs import define, evolve

from mtf_adapters.sql import Database
from mtf_core.inquiry import verify_run
from mtf_core.market import EntryOrder, WriteOutcome
from mtf_core.ports import Acquired, LockLostError, StoreError, Stores
from mtf_core.problems import InvalidRequestError
from mtf_core.records import Opening, OrderStatus, ReportRecord, ReportStatus, RunStatus, ShardDone
from mtf_core.records.documents import to_document
from mtf_core.runs import (
    ConfigurationDiffersError,
    Orchestrator,
    RunBrokenOffError,
    RunInProgressError,
    RunLockedError,
    RunRequest,
    ShardedRuns,
    Told,
    run_of_key,
)
from mtf_core.runs.sharded import LOCK_TTL_MS, shards_of
from tests.integration.execution.counter import a_world, beat
from tests.integration.runs.test_placing import Floor, floor_on
from tests.integration.runs.world import MARKET, NOW_MS, World, eager, world, world_on

EAGER = eager()
ASKED = RunRequest()
LIVE = RunRequest(dry_run=False)
SOON_MS = 45_000
ENDS_MS = 60_000


@define(eq=False)
class Worker:
    """A process that takes part; several of them share a database."""

    runs: ShardedRuns

    @classmethod
    def of(cls, there: World | Floor) -> Worker:
        return cls(ShardedRuns(there.orchestrator))

    @property
    def now_ms(self) -> int:
        return self.runs.orchestrator.environment.wall.now_ms()

    async def opened(self, key: str = "a", per_shard: int = 3, request: RunRequest = ASKED) -> Opening:
        opening = await self.runs.open(request, key, per_shard, self.now_ms + ENDS_MS)
        assert isinstance(opening, Opening)
        return opening

    async def closed(self, opening: Opening, *done: ShardDone, **failed: str) -> ReportRecord:
        digests = {one.number: one.digest for one in done}
        why = {int(number.removeprefix("shard")): words for number, words in failed.items()}
        return await self.runs.close(opening.run_id, Told(digests, why, self.now_ms + SOON_MS))


async def shared(workers: list[Worker], per_shard: int = 3, request: RunRequest = ASKED, key: str = "a") -> Any:
    """A whole run, its steps taken by one worker after the other."""
    opening = await workers[0].opened(key, per_shard, request)
    done = [
        await workers[number % len(workers)].runs.decide(opening.run_id, number)
        for number in range(len(opening.shards))
    ]
    return await workers[-1].closed(opening, *done)


def told(report: Any) -> dict[str, Any]:
    """What a report says of the market, without where and when the run was made."""
    document = to_document(report.record if hasattr(report, "record") else report)
    return {name: value for name, value in document.items() if name not in ("run_id", "performance")}


async def assert_verified(stores: Stores, report: ReportRecord) -> None:
    """Decided and planned again from the store, the run is the same."""
    found = await verify_run(stores, report.run_id)
    assert found is not None
    assert found.differences == ()
    assert found.decisions > 0


@pytest.mark.parametrize("per_shard", [1, 3, 7, 100])
async def test_however_the_symbols_are_cut_the_report_is_that_of_one_process(per_shard: int) -> None:
    async with world(EAGER) as alone:
        expected = told(await alone.run())
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        report = await shared([Worker.of(here), Worker.of(there)], per_shard)
        assert told(report) == expected
        assert report.orders_placed is not None
        assert report.orders_placed.simulated > 0
        stored = await here.stores.runs.run(report.run_id)
        assert stored is not None
        assert stored.status is RunStatus.FINISHED
        assert told(stored.report) == expected
        await assert_verified(there.stores, report)
        assert await here.stores.shards.opening(report.run_id) is None


async def test_the_calls_of_all_workers_are_added_up() -> None:
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        report = await shared([Worker.of(here), Worker.of(there)])
        made = [name for one in (here, there) for name, _ in one.watched.calls if name == "candles"]
        assert report.performance.exchange_calls["candles"] == len(made) > 0


async def test_the_next_minute_asks_for_what_is_new_alone() -> None:
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        workers = [Worker.of(here), Worker.of(there)]
        first = await shared(workers)
        for one in (here, there):
            one.later(minutes=1)
        second = await shared(workers, key="b")
        symbols = first.summary.requested
        assert second.performance.exchange_calls["candles"] <= symbols


async def test_shards_are_nearly_of_one_size_and_never_too_large() -> None:
    names = [f"S{number}" for number in range(10)]
    assert [len(shard) for shard in shards_of(names, 4)] == [3, 3, 4]
    assert sorted(name for shard in shards_of(names, 4) for name in shard) == sorted(names)
    assert shards_of([], 4) == ()
    assert shards_of(names, 100) == (tuple(sorted(names)),)


async def test_without_a_symbol_there_is_a_report_all_the_same() -> None:
    async with world(EAGER) as there:
        await there.switch_off("*")
        there.hold("BTCUSDT")
        report = await shared([Worker.of(there)], request=RunRequest(symbols=("BTCUSDT",)))
        assert report.summary.requested == 1
        assert report.rejected_by == {"has_open_orders_or_positions": ("BTCUSDT",)}


# --- what is done twice


async def test_a_run_that_was_opened_is_not_opened_again() -> None:
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        opening = await Worker.of(here).opened()
        assert await Worker.of(there).opened() == opening
        done = [await Worker.of(there).runs.decide(opening.run_id, number) for number in range(len(opening.shards))]
        report = await Worker.of(here).closed(opening, *done)
        again = await Worker.of(there).runs.open(ASKED, "a", 3, NOW_MS + ENDS_MS)
        assert to_document(again) == to_document(report)
        assert len((await here.stores.runs.history(9)).items) == 1


async def test_of_two_that_open_a_run_at_the_same_time_one_does() -> None:
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        answers = await asyncio.gather(
            *(Worker.of(one).runs.open(ASKED, "a", 3, NOW_MS + ENDS_MS) for one in (here, there)),
            return_exceptions=True,
        )
        opened = [one for one in answers if isinstance(one, Opening)]
        assert opened
        assert all(one == opened[0] for one in opened)
        assert all(isinstance(one, Opening | RunInProgressError) for one in answers)
        assert len((await here.stores.runs.history(9)).items) == 1


async def test_a_shard_that_two_decide_is_stored_once_and_both_are_told_the_same() -> None:
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        opening = await Worker.of(here).opened()
        first, second = await asyncio.gather(*(Worker.of(one).runs.decide(opening.run_id, 0) for one in (here, there)))
        assert first == second
        calls = len(here.watched.calls)
        assert await Worker.of(here).runs.decide(opening.run_id, 0) == first
        assert len(here.watched.calls) == calls


async def test_a_run_that_was_closed_gives_its_report_and_takes_no_more_parts() -> None:
    async with world(EAGER) as there:
        worker = Worker.of(there)
        opening = await worker.opened()
        done = [await worker.runs.decide(opening.run_id, number) for number in range(len(opening.shards))]
        report = await worker.closed(opening, *done)
        assert to_document(await worker.closed(opening, *done)) == to_document(report)
        with pytest.raises(RunBrokenOffError, match="it is finished"):
            await worker.runs.decide(opening.run_id, 0)


async def test_of_two_that_close_a_run_one_does_and_who_was_too_slow_stores_nothing() -> None:
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        opening = await Worker.of(here).opened()
        done = [await Worker.of(here).runs.decide(opening.run_id, number) for number in range(len(opening.shards))]
        paused = asyncio.Event()

        async def waits(*_: object) -> Any:
            paused.set()
            await asyncio.sleep(0)
            there.later(seconds=LOCK_TTL_MS // 1000 + 1)  # the lock of the first has run out
            here.later(seconds=LOCK_TTL_MS // 1000 + 1)
            reports.append(await Worker.of(there).closed(opening, *done))
            return await quotes(*_)

        reports: list[ReportRecord] = []
        quotes, here.watched.quotes = here.watched.quotes, waits  # type: ignore[method-assign, assignment]
        with pytest.raises((LockLostError, StoreError)):
            await Worker.of(here).closed(opening, *done)
        assert paused.is_set()
        stored = await there.stores.runs.run(opening.run_id)
        assert stored is not None
        assert to_document(stored.report) == to_document(reports[0])


async def test_while_one_closes_a_run_another_is_told_who_does() -> None:
    async with Database.open("memory") as database:
        here, there = (world_on(database, EAGER, prefix=name) for name in ("here", "there"))
        opening = await Worker.of(here).opened()
        done = [await Worker.of(here).runs.decide(opening.run_id, number) for number in range(len(opening.shards))]

        async def waits(*asked: object) -> Any:
            with pytest.raises(RunLockedError):
                await Worker.of(there).closed(opening, *done)
            return await quotes(*asked)

        quotes, here.watched.quotes = here.watched.quotes, waits  # type: ignore[method-assign, assignment]
        assert (await Worker.of(here).closed(opening, *done)).summary.ready > 0


# --- what is lost


async def test_a_shard_that_was_not_decided_fails_by_its_symbols_and_the_others_are_entered() -> None:
    async with world(EAGER) as there:
        worker = Worker.of(there)
        opening = await worker.opened(per_shard=1)
        lost, kept = opening.shards[0][0], len(opening.shards) - 1
        done = [await worker.runs.decide(opening.run_id, number) for number in range(1, len(opening.shards))]
        report = await worker.closed(opening, *done, shard0="its worker was lost")
        assert report.status is ReportStatus.COMPLETED_WITH_ERRORS
        assert report.results is not None
        assert report.results[lost].reason == "shard_not_decided"
        assert (report.summary.errors, report.summary.requested) == (1, kept + 1)
        assert [(one.symbol, one.message) for one in report.errors] == [
            (lost, f"shard 1 of {kept + 1}: its worker was lost")
        ]
        assert report.orders_placed is not None
        assert report.orders_placed.simulated == kept
        await assert_verified(there.stores, report)


async def test_a_part_that_is_another_one_than_was_told_counts_as_lost() -> None:
    async with world(EAGER) as there:
        worker = Worker.of(there)
        opening = await worker.opened(per_shard=100)
        done = await worker.runs.decide(opening.run_id, 0)
        report = await worker.closed(opening, evolve(done, digest="0" * 64))
        assert set(report.rejected_by) == {"shard_not_decided"}
        assert report.errors[0].message == "shard 1 of 1: what it found is not in the store"


async def test_a_run_that_is_closed_too_late_enters_nothing() -> None:
    async with world(EAGER) as there:
        worker = Worker.of(there)
        opening = await worker.opened()
        done = {n: await worker.runs.decide(opening.run_id, n) for n in range(len(opening.shards))}
        there.later(seconds=50)
        quotes = [name for name, _ in there.watched.calls].count("quotes")
        digests = {number: one.digest for number, one in done.items()}
        report = await worker.runs.close(opening.run_id, Told(digests, {}, NOW_MS + SOON_MS))
        assert report.summary.ready == sum(one.ready for one in done.values()) > 0
        assert set(report.rejected_by) == {"plan_expired"}
        assert [name for name, _ in there.watched.calls].count("quotes") == quotes


async def test_a_run_that_nobody_closed_is_told_as_lost_by_the_next_one() -> None:
    async with world(EAGER) as there:
        worker = Worker.of(there)
        lost = await worker.opened("a")
        there.later(minutes=1, seconds=1)
        await worker.opened("b")
        record = await there.stores.runs.run(lost.run_id)
        assert record is not None
        assert (record.status, record.finished_ms) == (RunStatus.FAILED, NOW_MS + 61_000)
        assert await there.stores.shards.opening(lost.run_id) is None
        events = (await there.stores.audit.history(20)).items
        assert [(one.subject, one.details["profile"]) for one in events if one.action == "run_lost"] == [
            (lost.run_id, EAGER.name)
        ]
        with pytest.raises(RunBrokenOffError):
            await worker.runs.open(ASKED, "a", 3, worker.now_ms + ENDS_MS)
        with pytest.raises(RunBrokenOffError):
            await worker.closed(lost)


async def test_who_asks_by_the_key_is_told_that_the_run_goes_on_until_it_is_overdue() -> None:
    async with world(EAGER) as there:
        opening = await Worker.of(there).opened("a")
        with pytest.raises(RunInProgressError):
            await run_of_key(there.environment, "a")
        there.later(minutes=2)
        with pytest.raises(RunBrokenOffError):
            await run_of_key(there.environment, "a")
        record = await there.stores.runs.run(opening.run_id)
        assert record is not None
        assert record.status is RunStatus.FAILED


async def test_an_opening_that_breaks_off_gives_the_key_and_the_queued_symbols_back() -> None:
    async with world(EAGER) as there:
        worker = Worker.of(there)

        async def breaks(*_: object, **__: object) -> None:
            raise StoreError("the database is gone")

        start, there.stores.runs.start = there.stores.runs.start, breaks  # type: ignore[method-assign, assignment]
        with pytest.raises(StoreError, match="gone"):
            await worker.opened()
        there.stores.runs.start = start  # type: ignore[method-assign]
        assert (await worker.opened()).shards


# --- what does not fit


async def test_a_worker_with_another_configuration_takes_no_part() -> None:
    async with Database.open("memory") as database:
        here = world_on(database, EAGER)
        there = world_on(database, eager(trade_entry__defaults__risk_pct_percent=1), prefix="other")
        opening = await Worker.of(here).opened()
        for step in (
            Worker.of(there).runs.decide(opening.run_id, 0),
            Worker.of(there).closed(opening),
        ):
            with pytest.raises(ConfigurationDiffersError, match="give all workers the same files"):
                await step


async def test_symbol_locks_alone_cannot_be_asked_for() -> None:
    async with world(EAGER) as there:
        with pytest.raises(InvalidRequestError, match="lock_per_symbol"):
            await Worker.of(there).opened(request=RunRequest(lock_per_symbol=True))


async def test_a_run_of_the_profile_that_is_under_way_keeps_it_from_opening() -> None:
    async with world(EAGER) as there:
        name = f"run:{there.environment.venue.namespace}:{EAGER.name}"
        answer = (await there.locks.acquire([name], "somebody", 60_000))[name]
        assert isinstance(answer, Acquired)
        with pytest.raises(RunLockedError):
            await Worker.of(there).opened()
        await there.locks.release([name], "somebody")
        assert (await Worker.of(there).opened()).shards


# --- with orders


@pytest_asyncio.fixture
async def floors(migrated_sqlite_url: str) -> AsyncIterator[tuple[Floor, Floor]]:
    """Two processes on one account."""
    async with Database.open(migrated_sqlite_url) as database:
        place = a_world(MARKET, NOW_MS)
        first = floor_on(database, place)
        second = Floor(place, first.exchange, first.environment, Orchestrator(first.environment))
        await beat(first.environment)
        yield first, second


async def test_orders_are_those_of_one_process_and_each_once(
    floors: tuple[Floor, Floor], migrated_sqlite: Callable[[Path], None], tmp_path: Path
) -> None:
    first, second = floors
    empty = tmp_path / "another.db"
    migrated_sqlite(empty)
    report = await shared([Worker.of(first), Worker.of(second)], request=LIVE)
    sent = [order.symbol for order in first.exchange.entries]
    assert len(sent) == len(set(sent)) >= 3
    assert report.orders_placed is not None
    assert (report.orders_placed.submitted, report.orders_placed.simulated) == (len(sent), 0)
    async with Database.open(f"sqlite:///{empty}") as other:
        alone = floor_on(other, a_world(MARKET, NOW_MS))
        await alone.run()
        assert [one.symbol for one in alone.exchange.entries] == sent


async def test_a_run_whose_closing_breaks_off_in_the_middle_of_its_orders_enters_each_symbol_once(
    floors: tuple[Floor, Floor],
) -> None:
    first, second = floors
    worker, successor = Worker.of(first), Worker.of(second)
    opening = await worker.opened(request=LIVE)
    done = [await worker.runs.decide(opening.run_id, number) for number in range(len(opening.shards))]
    trading = first.environment.venue.trading
    assert trading is not None
    submit, sent = trading.submit_entry, list[str]()

    async def dies(order: EntryOrder) -> WriteOutcome:
        outcome = await submit(order)
        sent.append(order.symbol)
        if len(sent) == 2:
            raise asyncio.CancelledError
        return outcome

    trading.submit_entry = dies  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await worker.closed(opening, *done)
    assert len(sent) == 2
    trading.submit_entry = submit  # type: ignore[method-assign]
    report = await successor.closed(opening, *done)
    entered = [order.symbol for order in first.exchange.entries]
    assert len(entered) == len(set(entered)) == sum(one.ready for one in done)
    assert report.results is not None
    assert report.orders_placed is not None
    assert report.orders_placed.submitted == len(entered)
    for symbol in sent:
        order = report.results[symbol].order
        assert order is not None
        assert order.status is OrderStatus.SUBMITTED
        assert order.facts["entered"] == "by another attempt to close this run"
    await assert_verified(first.environment.stores, report)


async def test_without_a_desk_no_run_is_opened_that_is_to_send_orders() -> None:
    async with world(EAGER) as there:
        with pytest.raises(Exception, match="trad"):
            await Worker.of(there).opened(request=LIVE)
        assert (await there.stores.runs.history(9)).items == ()
