"""The purge: from the oldest on, counted first, and never all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from mtf_adapters.sql import Database, SqlAuditStore, SqlCandleStore, SqlCleanupStore, SqlRunStore
from mtf_adapters.sql.cleanup import LEAST_KEPT
from mtf_core.market import Timeframe
from mtf_core.records import RunStatus
from tests.integration.sql.examples import WORLD, as_columns, candles, decision, event, report, run

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
    return [record.run_id for record in await store.latest(limit=999)][::-1]


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
