"""The days of an account and their locks: the first row stays, whoever comes later."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_adapters.sql import Database, SqlRiskStore
from mtf_core.risk import RiskDay, RiskLock

DAY = RiskDay(1_767_225_600_000, Decimal("1000.50"), Decimal("900.25"), 1_767_225_601_000)
LOCK = RiskLock(DAY.start_ms, "scalper", Decimal("1000.50"), Decimal("25.1"), 1_767_225_700_000)


async def test_the_first_opening_of_a_day_counts(database: Database) -> None:
    store = SqlRiskStore(database, "here")
    assert await store.open_day(DAY) == DAY
    assert await store.open_day(evolve(DAY, opening_equity=Decimal(1))) == DAY
    tomorrow = evolve(DAY, start_ms=DAY.start_ms + 86_400_000, opening_equity=Decimal(7))
    assert await store.open_day(tomorrow) == tomorrow


async def test_a_lock_is_of_one_day_and_one_profile_and_the_first_one_stays(database: Database) -> None:
    store = SqlRiskStore(database, "here")
    assert await store.locks_of("scalper", DAY.start_ms) == ()
    assert await store.put_lock(LOCK) == LOCK
    assert await store.put_lock(evolve(LOCK, loss=Decimal(1))) == LOCK
    assert await store.locks_of("scalper", DAY.start_ms) == (LOCK,)
    assert await store.locks_of("regular", DAY.start_ms) == ()
    assert await store.locks_of("scalper", DAY.start_ms + 86_406_000) == ()


async def test_another_namespace_has_days_of_its_own(database: Database) -> None:
    await SqlRiskStore(database, "here").put_lock(LOCK)
    there = SqlRiskStore(database, "there")
    assert await there.locks_of("scalper", DAY.start_ms) == ()
    assert await there.open_day(evolve(DAY, opening_equity=Decimal(3))) == evolve(DAY, opening_equity=Decimal(3))
