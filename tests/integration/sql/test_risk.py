"""Days, locks and the last equity: the first row of a day and of a lock stays, whoever comes later."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from attrs import evolve

from mtf_adapters.sql import Database, SqlRiskStore
from mtf_core.risk import EquityMark, OpeningSource, RiskDay, RiskLock, Span

DAY_MS = 86_400_000
DAY = RiskDay(1_767_225_600_000, Decimal("1000.50"), Decimal("900.25"), 1_767_225_601_000, OpeningSource.SEEN_BEFORE)
LOCK = RiskLock(DAY.start_ms, "scalper", Decimal("1000.50"), Decimal("25.1"), 1_767_225_700_000)
WEEK = evolve(LOCK, span=Span.WEEK, start_ms=Span.WEEK.start_of(DAY.start_ms))
STREAK = evolve(LOCK, span=Span.STREAK, start_ms=0, baseline=Decimal(0), loss=Decimal(3))
NOW_MS = DAY.start_ms + 7_200_000


@pytest.fixture
def store(database: Database) -> SqlRiskStore:
    return SqlRiskStore(database, "here")


async def test_the_first_opening_of_a_day_counts(store: SqlRiskStore) -> None:
    assert await store.day(DAY.start_ms) is None
    assert await store.open_day(DAY) == DAY
    assert await store.open_day(evolve(DAY, opening_equity=Decimal(1))) == DAY == await store.day(DAY.start_ms)
    tomorrow = evolve(DAY, start_ms=DAY.start_ms + DAY_MS, opening_equity=Decimal(7))
    assert await store.open_day(tomorrow) == tomorrow


async def test_a_mark_never_goes_back_in_time(store: SqlRiskStore) -> None:
    assert await store.mark() is None
    for time_ms, equity, kept in ((5, "1.5", "1.5"), (9, "-2.25", "-2.25"), (9, "7", "-2.25"), (8, "7", "-2.25")):
        await store.put_mark(EquityMark(time_ms, Decimal(equity), Decimal("0.1")))
        mark = await store.mark()
        assert mark is not None
        assert (mark.equity, mark.unrealised) == (Decimal(kept), Decimal("0.1"))


async def test_a_lock_is_of_one_span_and_one_profile_and_the_first_one_stays(store: SqlRiskStore) -> None:
    assert await store.locks_of("scalper", NOW_MS) == ()
    for lock in (LOCK, WEEK, STREAK):
        assert await store.put_lock(lock) == lock
        assert await store.put_lock(evolve(lock, loss=Decimal(1), locked_ms=1)) == lock
    assert set(await store.locks_of("scalper", NOW_MS)) == {LOCK, WEEK, STREAK}
    assert await store.locks_of("regular", NOW_MS) == ()
    other = await store.put_lock(evolve(LOCK, profile="regular"))
    assert set(await store.locks(NOW_MS)) == {LOCK, WEEK, STREAK, other}


@pytest.mark.parametrize(
    ("later_ms", "spans"),
    [
        (-5001, {Span.WEEK, Span.STREAK}),
        (-5000, {Span.DAY, Span.WEEK, Span.STREAK}),
        (DAY_MS + 4999, {Span.DAY, Span.WEEK, Span.STREAK}),
        (DAY_MS + 5000, {Span.WEEK, Span.STREAK}),
        (30 * DAY_MS, {Span.STREAK}),
    ],
)
async def test_the_locks_that_are_found_are_those_that_hold(
    store: SqlRiskStore, later_ms: int, spans: set[Span]
) -> None:
    for lock in (LOCK, WEEK, STREAK):
        await store.put_lock(lock)
    found = await store.locks_of("scalper", DAY.start_ms + later_ms)
    assert {lock.span for lock in found} == spans
    assert all(lock.holds_at(DAY.start_ms + later_ms) for lock in found)


async def test_a_lock_that_was_lifted_can_stand_anew_and_remembers_what_was_forgiven(store: SqlRiskStore) -> None:
    await store.put_lock(LOCK)
    lifted = evolve(LOCK, lifted_ms=NOW_MS, forgiven=Decimal("26.5"))
    assert await store.lift(LOCK, lifted)
    assert await store.locks_of("scalper", NOW_MS) == (lifted,)
    assert not await store.lift(LOCK, evolve(lifted, forgiven=Decimal(99))), "it is lifted once"
    again = await store.put_lock(evolve(LOCK, loss=Decimal(60), locked_ms=NOW_MS + 1))
    assert again == evolve(LOCK, loss=Decimal(60), locked_ms=NOW_MS + 1, forgiven=Decimal("26.5"))
    assert not await store.lift(LOCK, lifted), "what was read of it is an earlier lock"
    assert await store.locks_of("scalper", NOW_MS) == (again,)


async def test_of_many_that_lock_and_lift_at_once_each_lock_is_lifted_once(database_url: str) -> None:
    async with Database.open(database_url) as one, Database.open(database_url) as two:
        stores = [SqlRiskStore(database, "here") for database in (one, two)]
        put = await asyncio.gather(
            *(store.put_lock(evolve(LOCK, loss=Decimal(number))) for store in stores for number in range(30, 34))
        )
        assert len(set(put)) == 1
        lifted = evolve(put[0], lifted_ms=NOW_MS)
        done = await asyncio.gather(*(store.lift(put[0], lifted) for store in stores for _ in range(4)))
    assert sum(done) == 1


async def test_another_namespace_has_days_of_its_own(database: Database) -> None:
    here, there = SqlRiskStore(database, "here"), SqlRiskStore(database, "there")
    await here.put_lock(LOCK)
    await here.put_mark(EquityMark(5, Decimal(1), Decimal(0)))
    assert await there.locks_of("scalper", NOW_MS) == await there.locks(NOW_MS) == ()
    assert await there.mark() is None
    assert await there.open_day(evolve(DAY, opening_equity=Decimal(3))) == evolve(DAY, opening_equity=Decimal(3))
