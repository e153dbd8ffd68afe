"""Zone events: rows that a run stores with its end, that get an outcome once, and that its seal covers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update

from mtf_adapters.sql import Database, SqlCleanupStore, SqlRunStore, SqlZoneStore
from mtf_adapters.sql.schema import zone_events
from mtf_adapters.sql.transactions import all_rows, changing, value_or_none
from mtf_core.market import Side, Timeframe
from mtf_core.planning import (
    EndSource,
    EntryTerms,
    EntryZone,
    ZoneCategory,
    ZoneCheck,
    ZoneEnd,
    ZoneEvent,
    ZoneOutcome,
)
from mtf_core.ports import LEAST_KEPT, StoreError, UnreadableRowError
from mtf_core.records import RunRecord, RunStatus, Selection, ZoneRecord
from tests.integration.sql.examples import WORLD, decision, report, run

FILLED = ZoneOutcome(ZoneEnd.FILLED, EndSource.CANDLES, 180_000)
_EXACT = st.decimals(Decimal("1e-18"), Decimal("1e15"), places=18)
_TIMES = st.integers(0, 2**45)


def zone(run_id: str, symbol: str, at_ms: int = 60_000, **changed: object) -> ZoneRecord:
    """A zone event whose numbers all differ."""
    event = ZoneEvent(
        symbol=symbol,
        side=Side.LONG,
        execution_timeframe=Timeframe.M5,
        decision_key=f"{symbol}:5m:0:long",
        at_ms=at_ms,
        zone=EntryZone(Decimal("99.10"), Decimal("100.30"), Decimal("99.7"), "5m.vwap", at_ms + 240_000),
        candidate_price=Decimal("99.50"),
        reference_price=Decimal("100.5"),
        deviation=Decimal("0.0099502487563"),
        allowed=Decimal("0.012"),
        width_ratio=Decimal("0.0120361"),
        atr_ratio=Decimal("0.004"),
        spread_ratio=Decimal("0.0001"),
        volume_ratio=Decimal("1.25"),
        category=ZoneCategory.WAITING,
        failed_check=None,
    )
    terms = EntryTerms(Decimal("0.10"), at_ms + 120_000, at_ms + 30_000, Decimal("0.012"), takes=False)
    return ZoneRecord(run_id, "scalper", evolve(event, **changed), terms)


async def ran(store: SqlRunStore, run_id: str, *zones: ZoneRecord, started_ms: int = 1_000) -> RunRecord:
    record = run(run_id, started_ms)
    await store.start(record, {"sha-1": {}})
    ended = evolve(record, status=RunStatus.FINISHED, finished_ms=started_ms + 5, report=report(record))
    await store.finish(ended, [decision(run_id, one.symbol) for one in zones], zones=zones)
    return ended


async def test_zone_events_are_stored_with_the_end_of_their_run(database: Database) -> None:
    store, zones = SqlRunStore(database, WORLD), SqlZoneStore(database, WORLD)
    refused = zone("r1", "AUSDT", failed_check=ZoneCheck.MAX_DEVIATION, atr_ratio=None, volume_ratio=None)
    await ran(store, "r1", zone("r1", "BUSDT", side=Side.SHORT), refused)
    await ran(store, "r2")
    assert await zones.of_run("r1") == (refused, zone("r1", "BUSDT", side=Side.SHORT))
    assert await zones.of_run("r2") == await zones.of_run("nothing") == ()
    assert await SqlZoneStore(database, "elsewhere").of_run("r1") == ()


async def test_a_run_that_cannot_end_leaves_no_zone_event(database: Database) -> None:
    store, zones = SqlRunStore(database, WORLD), SqlZoneStore(database, WORLD)
    ended = await ran(store, "r1", zone("r1", "AUSDT"))
    with pytest.raises(StoreError, match="cannot end: it has not started, or has ended before"):
        await store.finish(ended, [], zones=[zone("r1", "BUSDT")])
    await store.start(run("r2"), {})
    with pytest.raises(StoreError, match="run r2 cannot end with decisions of r1"):
        await store.finish(evolve(ended, run_id="r2"), [], zones=[zone("r1", "AUSDT")])
    assert [one.symbol for one in await zones.of_run("r1")] == ["AUSDT"]
    assert await zones.of_run("r2") == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.data())
async def test_every_digit_comes_back(database: Database, data: st.DataObject) -> None:
    names = ("candidate_price", "reference_price", "deviation", "allowed", "width_ratio", "spread_ratio")
    changed = {name: data.draw(_EXACT) for name in names} | {"at_ms": data.draw(_TIMES)}
    made = zone("r", "AUSDT", **changed, atr_ratio=data.draw(st.none() | _EXACT))  # type: ignore[arg-type]
    store, number = SqlRunStore(database, WORLD), data.draw(st.integers(0, 2**60))
    made = evolve(made, run_id=f"r{number}")
    if await store.run(made.run_id) is None:
        await ran(store, made.run_id, made)
        assert await SqlZoneStore(database, WORLD).of_run(made.run_id) == (made,)
        seal = await store.seal(made.run_id)
        assert seal is not None
        assert seal.unchanged


async def test_open_events_are_found_the_oldest_first_and_no_more_than_asked_for(database: Database) -> None:
    store, zones = SqlRunStore(database, WORLD), SqlZoneStore(database, WORLD)
    for number, at_ms in enumerate([3_000, 1_000, 2_000, 4_000]):
        await ran(store, f"r{number}", zone(f"r{number}", "AUSDT", at_ms))
    await ran(SqlRunStore(database, "elsewhere"), "r0", zone("r0", "AUSDT", 1))

    async def found(before_ms: int, most: int) -> list[int]:
        return [record.event.at_ms for record in await zones.open_before(before_ms, most)]

    assert await found(4_000, 9) == [1_000, 2_000, 3_000]
    assert await found(4_000, 2) == [1_000, 2_000]
    await zones.settle([evolve(one, outcome=FILLED) for one in await zones.open_before(2_500, 9)])
    assert await found(9_000, 9) == [3_000, 4_000]


async def test_the_first_outcome_stays_and_another_event_stays_open(database: Database) -> None:
    zones = SqlZoneStore(database, WORLD)
    first, second = zone("r1", "AUSDT"), zone("r1", "BUSDT")
    await ran(SqlRunStore(database, WORLD), "r1", first, second)
    await zones.settle([evolve(first, outcome=FILLED)])
    unknown = ZoneOutcome(ZoneEnd.UNKNOWN, EndSource.CANDLES, None)
    await zones.settle([evolve(first, outcome=unknown), second])
    await SqlZoneStore(database, "elsewhere").settle([evolve(second, outcome=FILLED)])
    assert await zones.of_run("r1") == (evolve(first, outcome=FILLED), second)
    await zones.settle([evolve(second, outcome=unknown)])
    assert (await zones.of_run("r1"))[1].outcome == unknown


async def test_the_seal_covers_an_event_and_not_what_became_of_it(database: Database) -> None:
    store, zones = SqlRunStore(database, WORLD), SqlZoneStore(database, WORLD)
    made = zone("r1", "AUSDT")
    await ran(store, "r1", made)
    await zones.settle([evolve(made, outcome=FILLED)])

    async def unchanged() -> bool:
        check = await store.seal("r1")
        assert check is not None
        return check.unchanged

    assert await unchanged()
    for statement in (
        update(zone_events).values(deviation=Decimal("0.5")),
        update(zone_events).values(deviation=made.event.deviation, takes=True),
        update(zone_events).values(takes=False, failed_check="max_deviation_pct"),
    ):
        await database.write(changing(statement))
        assert not await unchanged()
    await database.write(changing(update(zone_events).values(failed_check=None)))
    assert await unchanged()
    await database.write(changing(delete(zone_events)))
    assert not await unchanged()


async def test_events_go_with_their_runs(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    for number in range(LEAST_KEPT + 3):
        await ran(store, f"r{number:03d}", zone(f"r{number:03d}", "AUSDT"), started_ms=1_000 + number)
    await ran(SqlRunStore(database, "elsewhere"), "r000", zone("r000", "AUSDT"))
    assert await SqlCleanupStore(database, WORLD).purge_runs(2**42, 1, dry_run=False) == 3
    left = await database.read(value_or_none(select(func.count()).select_from(zone_events)))
    assert left == LEAST_KEPT + 1


async def test_tallies_are_those_of_the_selection_however_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtf_adapters.sql.zones._EVENTS_PER_STEP", 2)
    store, zones = SqlRunStore(database, WORLD), SqlZoneStore(database, WORLD)
    first = (zone("r1", "AUSDT", 1_000), zone("r1", "BUSDT", 1_000), zone("r1", "CUSDT", 1_000))
    second = (zone("r2", "AUSDT", 2_000), zone("r2", "BUSDT", 2_000, execution_timeframe=Timeframe.M15))
    await ran(store, "r1", *first)
    await ran(store, "r2", *(evolve(one, profile="regular") for one in second))
    await zones.settle([evolve(first[0], outcome=FILLED)])

    async def found(**selected: object) -> list[tuple[int, str]]:
        selection = Selection(**selected)  # type: ignore[arg-type]
        return sorted([(one.at_ms, one.symbol) async for one in zones.tallies(selection)])

    everything = [(1_000, "AUSDT"), (1_000, "BUSDT"), (1_000, "CUSDT"), (2_000, "AUSDT"), (2_000, "BUSDT")]
    assert await found() == everything
    assert await found(since_ms=2_000) == everything[3:]
    assert await found(until_ms=2_000) == everything[:3]
    assert await found(symbols=("BUSDT", "CUSDT")) == [everything[place] for place in (1, 2, 4)]
    assert await found(profile="regular") == everything[3:]
    assert await found(timeframes=(Timeframe.M15,)) == everything[4:]
    assert await found(symbols=()) == []
    tally = await anext(zones.tallies(Selection(symbols=("AUSDT",), until_ms=2_000)))
    assert (tally.deviation, tally.allowed) == (Decimal("0.0099502487563"), Decimal("0.012"))
    assert (tally.category, tally.failed_check) == (ZoneCategory.WAITING, None)
    assert (tally.end, tally.end_ms, tally.minutes) == (ZoneEnd.FILLED, 180_000, 179 / 60)


async def test_looking_for_open_events_reads_only_those(migrated_sqlite_url: str) -> None:
    """A week has 200,000 events of which a few dozen are open; every run looks for them."""
    async with Database.open(migrated_sqlite_url) as database:
        query = "SELECT * FROM zone_events WHERE namespace = 'w' AND outcome IS NULL AND at_ms < 5 ORDER BY at_ms"
        plan = await database.read(all_rows(text(f"EXPLAIN QUERY PLAN {query}")))
    assert ["ix_zone_events_open" in row.detail for row in plan] == [True]


async def test_a_row_with_a_word_that_there_is_not_is_named_and_ends_no_run(database: Database) -> None:
    store, zones = SqlRunStore(database, WORLD), SqlZoneStore(database, WORLD)
    await ran(store, "r1", zone("r1", "AUSDT"), zone("r1", "BUSDT"))

    async def change(**values: object) -> None:
        await database.write(changing(update(zone_events).where(zone_events.c.symbol == "AUSDT").values(**values)))

    for values in ({"category": "upside_down"}, {"category": "inside", "outcome": "lost", "outcome_source": "candles"}):
        await change(**values)
        assert [record.symbol for record in await zones.open_before(2**42, 9)] == ["BUSDT"]
        for asked in (zones.of_run("r1"), anext(zones.tallies(Selection()))):
            with pytest.raises(UnreadableRowError, match="the zone event of AUSDT in run r1 cannot be read: '"):
                await asked
