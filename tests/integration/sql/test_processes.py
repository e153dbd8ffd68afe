"""Processes show themselves in the store, and their ages are by its clock."""

from __future__ import annotations

from attrs import evolve
from sqlalchemy import select, update

from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sql import Database, SqlAlertStore, SqlCleanupStore, SqlProcessStore
from mtf_adapters.sql.schema import alert_receipts, processes
from mtf_adapters.sql.transactions import all_rows, changing
from mtf_core.market import DAY_MS
from mtf_core.records import AlertRecord, Leftovers, ProcessKind, ProcessState, Receipt, RunningProcess, Vitality
from tests.integration.sql.examples import WORLD

STREAM = RunningProcess(ProcessKind.STREAM, "stream-1", "box", 4711, "0.1.0")
SUPERVISE = RunningProcess(ProcessKind.SUPERVISE, "supervisor-1", "box", 4712, "0.1.0", "trader")
START_MS = 1_770_000_000_000


async def test_the_first_beat_is_the_start_and_a_new_state_counts_from_its_first_beat(migrated_sqlite_url: str) -> None:
    clock = SandboxClock(START_MS)
    async with Database.open(migrated_sqlite_url) as database:
        store = SqlProcessStore(database, WORLD, clock)
        for passed_ms, state in (
            (0, ProcessState.STREAMING),
            (5000, ProcessState.BY_CALLS),
            (10_000, ProcessState.BY_CALLS),
        ):
            clock.set(START_MS + passed_ms)
            await store.beat(STREAM, state)
        clock.set(START_MS + 26_000)
        (seen,) = await store.all()
    assert seen.process == STREAM
    assert (seen.state, seen.vitality, seen.age_ms) == (ProcessState.BY_CALLS, Vitality.LATE, 16_000)
    assert [at - START_MS for at in (seen.started_ms, seen.since_ms, seen.beat_ms)] == [0, 5000, 10_000]


async def test_postgresql_tells_ages_by_its_own_clock_whatever_the_machine_thinks(migrated_postgres_url: str) -> None:
    async with Database.open(migrated_postgres_url) as database:
        await SqlProcessStore(database, WORLD, SandboxClock(1)).beat(STREAM, ProcessState.WORKING)
        (seen,) = await SqlProcessStore(database, WORLD, SandboxClock(2**42)).all()
    assert seen.vitality is Vitality.ALIVE
    assert seen.beat_ms > START_MS


async def test_a_process_that_ended_is_no_longer_there_and_others_stay(database: Database) -> None:
    store = SqlProcessStore(database, WORLD, SandboxClock(START_MS))
    elsewhere = SqlProcessStore(database, "elsewhere", SandboxClock(START_MS))
    await store.beat(STREAM, ProcessState.WORKING)
    await store.beat(SUPERVISE, ProcessState.SUPERVISING)
    await elsewhere.beat(STREAM, ProcessState.WORKING)
    assert [one.process for one in await store.all()] == [SUPERVISE, STREAM]
    await store.remove(STREAM.owner)
    assert [one.process for one in await store.all()] == [SUPERVISE]
    assert [one.process for one in await elsewhere.all()] == [STREAM]


async def test_an_account_that_becomes_known_is_stored(database: Database) -> None:
    store = SqlProcessStore(database, WORLD, SandboxClock(START_MS))
    await store.beat(evolve(SUPERVISE, account=""), ProcessState.STARTING)
    await store.beat(SUPERVISE, ProcessState.STANDING_BY)
    assert [one.process.account for one in await store.all()] == ["trader"]


async def test_a_cleanup_takes_processes_that_were_not_heard_of_for_a_day_and_alerts_that_ended(
    database: Database,
) -> None:
    store, alerts = SqlProcessStore(database, WORLD, SandboxClock(START_MS)), SqlAlertStore(database, WORLD)
    cleanup, now_ms = SqlCleanupStore(database, WORLD), START_MS + 2 * DAY_MS
    await store.beat(STREAM, ProcessState.WORKING)
    await store.beat(SUPERVISE, ProcessState.WORKING)
    is_alive = processes.c.owner == SUPERVISE.owner
    await database.write(changing(update(processes).where(is_alive).values(beat_ms=now_ms)))
    await database.write(changing(update(processes).where(~is_alive).values(beat_ms=START_MS)))
    ended = AlertRecord("kill_switch", "", "on", START_MS, START_MS + 1)
    stands = AlertRecord("disk_full", "/", "full", START_MS)
    receipts = [Receipt(one.word, one.subject, one.began_ms, "webhook", START_MS) for one in (ended, stands)]
    await alerts.write([ended, stands], receipts)
    assert await cleanup.purge_leftovers(now_ms - DAY_MS, dry_run=True) == Leftovers(processes=1, alerts=1)
    assert len(await store.all()) == 2
    assert await cleanup.purge_leftovers(now_ms - DAY_MS, dry_run=False) == Leftovers(processes=1, alerts=1)
    assert [one.process for one in await store.all()] == [SUPERVISE]
    assert await alerts.alerts(0) == (stands,)
    left = await database.read(all_rows(select(alert_receipts.c.word)))
    assert [row.word for row in left] == ["disk_full"]


async def test_alerts_and_receipts_are_kept_as_they_were_written_last(database: Database) -> None:
    store, elsewhere = SqlAlertStore(database, WORLD), SqlAlertStore(database, "elsewhere")
    first = AlertRecord("stream_silent", "", "silent for 60 s", START_MS)
    told = Receipt(*first.key, "telegram", START_MS + 10)
    await store.write([first], [told])
    await elsewhere.write([evolve(first, text="there")], [])
    assert (await store.alerts(), await store.receipts()) == ((first,), (told,))
    ended, end_told = evolve(first, ended_ms=START_MS + 50), evolve(told, told_ms=START_MS + 60, end_told=True)
    again = evolve(first, began_ms=START_MS + 90)
    await store.write([ended, again], [end_told])
    assert (await store.alerts(), await store.receipts()) == ((again,), ())
    assert (await store.alerts(START_MS), await store.receipts(START_MS)) == ((ended, again), (end_told,))
    assert await store.alerts(START_MS + 51) == (again,)
    assert [one.text for one in await elsewhere.alerts()] == ["there"]
