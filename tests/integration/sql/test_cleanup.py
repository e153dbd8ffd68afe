"""The purge: from the oldest on, counted first, and never all of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from attrs import asdict, evolve
from sqlalchemy import Connection, Table, delete, insert, select

from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sql import (
    Database,
    SqlAuditStore,
    SqlCandleStore,
    SqlCleanupStore,
    SqlKeyedRunStore,
    SqlLocks,
    SqlRunStore,
)
from mtf_adapters.sql.schema import documents, locks, run_documents, runs
from mtf_adapters.sql.transactions import all_rows, changing
from mtf_adapters.sql.upserts import insert_new
from mtf_core.market import Timeframe
from mtf_core.ports import LEAST_KEPT, Acquired
from mtf_core.records import KeyedRun, Leftovers, RunStatus
from tests.integration.sql.examples import WORLD, as_columns, candles, decision, event, report, run
from tests.integration.sql.standing import standing

M1 = Timeframe.M1
EVER = (0, 2**53)


async def test_candles_far_before_the_last_of_their_series_go_by_whole_blocks(database: Database) -> None:
    store, cleanup = SqlCandleStore(database, WORLD), SqlCleanupStore(database, WORLD)
    long, short = candles(M1, range(100, 1_000)), candles(M1, range(50))
    await store.write({("BTCUSDT", M1): long, ("ETHUSDT", M1): short})
    elsewhere = SqlCandleStore(database, "elsewhere")
    await elsewhere.write({("BTCUSDT", M1): long})
    assert await cleanup.purge_candles(400, dry_run=True) == 380, "blocks end at 239 and 479; 520 stay"
    assert as_columns((await store.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]) == as_columns(long)
    assert await cleanup.purge_candles(400, dry_run=False) == 380
    assert await cleanup.purge_candles(400, dry_run=False) == 0
    assert as_columns((await store.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]) == as_columns(long[380:])
    assert as_columns((await store.read(["ETHUSDT"], M1, *EVER))["ETHUSDT"]) == as_columns(short)
    assert as_columns((await elsewhere.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]) == as_columns(long)


async def filled(database: Database, world: str, starts: list[int]) -> SqlRunStore:
    """Runs that ended with a decision, each started at an instant."""
    store = SqlRunStore(database, world)
    for number, start in enumerate(starts):
        record = run(f"r{number:03d}", start)
        await store.start(record, {"sha-1": {}})
        ended = evolve(record, status=RunStatus.FINISHED, finished_ms=start, report=report(record))
        await store.finish(ended, [evolve(decision(record.run_id, "BTCUSDT"))])
    return store


async def left(store: SqlRunStore) -> list[str]:
    return [record.run_id for record in (await store.history(999)).items][::-1]


async def test_runs_go_by_age_and_by_number_from_the_oldest_on_with_their_decisions(database: Database) -> None:
    """Run 5 started by a clock that was wrong: nothing younger than it goes by age, for runs go in one piece."""
    starts = [*range(1_000, 1_005), 2**41, *range(1_006, 1_000 + LEAST_KEPT + 20)]
    store, cleanup = await filled(database, WORLD, starts), SqlCleanupStore(database, WORLD)
    elsewhere = await filled(database, "elsewhere", [1_000, 1_001])
    assert await cleanup.purge_runs(1_010, None, dry_run=True) == 5
    assert len(await left(store)) == len(starts)
    assert await cleanup.purge_runs(1_010, None, dry_run=False) == 5
    assert (await left(store))[0] == "r005"
    assert await store.decision("r004", "BTCUSDT") is None
    assert await store.decision("r005", "BTCUSDT") is not None
    assert await cleanup.purge_runs(None, LEAST_KEPT + 10, dry_run=False) == 5
    assert (await left(store))[0] == "r010"
    assert await cleanup.purge_runs(2**42, 1, dry_run=False) == 10, "a clock in the far future does not take all"
    assert len(await left(store)) == LEAST_KEPT
    assert await left(elsewhere) == ["r000", "r001"]
    await store.start(run("next", 5), {})
    assert (await left(store))[-1] == "next"


async def test_events_go_by_age_and_the_newest_stay(database: Database) -> None:
    store, cleanup = SqlAuditStore(database, WORLD), SqlCleanupStore(database, WORLD)
    await store.append([event(time) for time in range(LEAST_KEPT + 20)])
    assert await cleanup.purge_audit(10, dry_run=True) == 10
    assert await cleanup.purge_audit(10, dry_run=False) == 10
    assert await cleanup.purge_audit(2**42, dry_run=False) == 10
    assert [found.time_ms for found in (await store.history(999)).items] == list(reversed(range(20, LEAST_KEPT + 20)))


async def referring(store: SqlRunStore, number: int, *shapes: str) -> None:
    """A run with a configuration of its own and these shapes, that ended."""
    record = run(f"r{number:03d}", 1_000 + number, digest=f"config-{number}")
    await store.start(record, {f"config-{number}": {}, **{shape: {} for shape in shapes}})
    await store.finish(evolve(record, status=RunStatus.FAILED, finished_ms=9_999), [])


async def documents_left(database: Database) -> set[str]:
    return {row.digest for row in await database.read(all_rows(select(documents.c.digest)))}


async def test_documents_go_with_the_last_run_of_any_world_that_needs_them(database: Database) -> None:
    store, cleanup = SqlRunStore(database, WORLD), SqlCleanupStore(database, WORLD)
    elsewhere = SqlRunStore(database, "elsewhere")
    for number in range(LEAST_KEPT + 3):
        await referring(store, number, "shapes-old" if number < 3 else "shapes-new")
    await referring(elsewhere, 1, "shapes-elsewhere")
    await database_row(database, documents, {"digest": "stray", "content": {}})
    assert await cleanup.purge_leftovers(2**42, dry_run=True) == Leftovers(documents=1)
    assert "stray" in await documents_left(database)
    assert await cleanup.purge_runs(2**42, None, dry_run=False) == 3
    assert await cleanup.purge_leftovers(2**42, dry_run=False) == Leftovers(documents=4)
    left = await documents_left(database)
    assert not left & {"stray", "shapes-old", "config-0", "config-2"} - {"config-1"}
    assert {"shapes-new", "shapes-elsewhere", "config-1", "config-3"} <= left
    assert await cleanup.purge_leftovers(2**42, dry_run=False) == Leftovers()


async def test_while_a_run_of_an_earlier_version_is_stored_no_document_goes(database: Database) -> None:
    """Nobody noted which shapes such a run is read with."""
    await referring(SqlRunStore(database, WORLD), 1, "shapes")
    await database.write(changing(delete(run_documents)))
    await database_row(database, documents, {"digest": "stray", "content": {}})
    assert await SqlCleanupStore(database, WORLD).purge_leftovers(2**42, dry_run=False) == Leftovers()
    assert await documents_left(database) == {"config-1", "shapes", "stray"}


async def test_a_run_that_starts_during_a_cleanup_keeps_its_documents(shared_database: Database) -> None:
    """It has stored its documents, which are there already, and not yet that it needs them."""
    database, cleanup = shared_database, SqlCleanupStore(shared_database, WORLD)
    await database_row(database, documents, {"digest": "shapes", "content": {}})
    row = {"namespace": WORLD, **asdict(run("r1", digest="shapes"), filter=lambda each, _: each.name in runs.c)}

    def begins(connection: Connection) -> None:
        connection.execute(insert_new(documents, connection), {"digest": "shapes", "content": {}})

    def says_that_it_needs_them(connection: Connection) -> None:
        connection.execute(insert(runs), row | {"status": "running", "sequence": 1})
        connection.execute(insert(run_documents), {"namespace": WORLD, "run_id": "r1", "digest": "shapes"})

    async with standing(database, begins, says_that_it_needs_them):
        cleaning = asyncio.create_task(cleanup.purge_leftovers(2**42, dry_run=False))
        await asyncio.sleep(0.05)
        assert not cleaning.done()
    assert await cleaning == Leftovers()
    assert await documents_left(database) == {"shapes"}


async def test_a_key_goes_a_day_after_its_process_died_and_with_its_run(database: Database) -> None:
    keys, cleanup = SqlKeyedRunStore(database, WORLD), SqlCleanupStore(database, WORLD)
    store = await filled(database, WORLD, [1])
    for key, run_id, asked_ms in (("ran", "r000", 1), ("died", "gone", 1), ("young", "gone-2", 500)):
        await keys.claim(KeyedRun(key, run_id, {}, asked_ms))
    elsewhere = SqlKeyedRunStore(database, "elsewhere")
    await elsewhere.claim(KeyedRun("died", "gone", {}, 1))
    assert await cleanup.purge_leftovers(500, dry_run=True) == Leftovers(keys=1)
    assert await keys.find("died") is not None
    assert await cleanup.purge_leftovers(500, dry_run=False) == Leftovers(keys=1)
    found = [await keys.find(key) for key in ("ran", "died", "young")]
    assert [one and one.run_id for one in found] == ["r000", None, "gone-2"]
    assert await elsewhere.find("died") is not None
    assert await left(store) == ["r000"]


async def test_names_of_locks_go_when_nobody_holds_them_and_no_stored_run_did(database: Database) -> None:
    clock, cleanup = SandboxClock(10_000_000), SqlCleanupStore(database, WORLD)
    names = SqlLocks(database, clock)
    await filled(database, WORLD, [1])
    await names.acquire(["symbol:a", "held"], "r000", 60_000)
    await names.acquire(["key:a", "kept"], "gone", 60_000)
    await names.release(["symbol:a"], "r000")
    await names.release(["key:a"], "gone")
    assert await cleanup.purge_leftovers(1_000, dry_run=True) == Leftovers(locks=1)
    assert await cleanup.purge_leftovers(1_000, dry_run=False) == Leftovers(locks=1)
    kept = {row.name for row in await database.read(all_rows(select(locks.c.name)))}
    assert kept == {"symbol:a", "held", "kept"}
    (again,) = (await names.acquire(["key:a"], "other", 60_000)).values()
    assert isinstance(again, Acquired)


async def database_row(database: Database, table: Table, row: dict[str, object]) -> None:
    await database.write(changing(insert(table), row))


async def test_an_sqlite_file_becomes_smaller(tmp_path: Path) -> None:
    path = tmp_path / "mtf.db"
    async with Database.open(f"sqlite:///{path}") as database:
        await database.upgrade()
        await SqlCandleStore(database, WORLD).write({("BTCUSDT", M1): candles(M1, range(50_000))})
    before = path.stat().st_size
    async with Database.open(f"sqlite:///{path}") as database:
        cleanup = SqlCleanupStore(database, WORLD)
        assert await cleanup.purge_candles(1_000, dry_run=False) > 48_000
        await cleanup.give_back()
    assert path.stat().st_size < before / 4


@pytest.mark.parametrize("keep", [None, 5])
async def test_a_store_with_little_in_it_keeps_it(database: Database, keep: int | None) -> None:
    store, cleanup = await filled(database, WORLD, [1, 2, 3]), SqlCleanupStore(database, WORLD)
    assert await cleanup.purge_runs(2**42, keep, dry_run=False) == 0
    assert await cleanup.purge_audit(2**42, dry_run=False) == 0
    assert await cleanup.purge_candles(240, dry_run=False) == 0
    assert len(await left(store)) == 3
