"""Zone events of runs: stored with their plans and skips, and settled by the runs that come after."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from sqlalchemy import update

from mtf_adapters.sql import Database
from mtf_adapters.sql.schema import zone_events
from mtf_adapters.sql.transactions import changing
from mtf_core.inquiry import Finding, verify_run
from mtf_core.market import MINUTE_MS, Candles, Timeframe, parse_instant, to_ms
from mtf_core.planning import EndSource, ZoneCheck, ZoneEnd, ZoneOutcome, zone_outcome
from mtf_core.ports import ExchangeUnavailableError, UnknownSymbolError
from mtf_core.records import RunStatus, ZoneRecord
from mtf_core.runs import RunReport, RunRequest
from mtf_core.upkeep.zones import GIVE_UP_MS, MOST_ASKED, settle_zones
from tests.integration.runs.world import NOW_MS, World, eager, reasons, world, world_on
from tests.integration.sql.examples import report, run
from tests.integration.sql.test_zones import zone
from tests.unit.files.shipped import shipped

DOWN = ExchangeUnavailableError("down")
PLANNED_MS = to_ms(parse_instant("2026-03-01T01:00Z"))
WAITING = eager(trade_entry__defaults__inside_ticks=0)
"""Entries at their own side's touch: they wait."""


async def events(there: World, report: RunReport) -> dict[str, ZoneRecord]:
    return {record.symbol: record for record in await there.stores.zones.of_run(report.run_id)}


async def minutes_of(there: World, symbol: str) -> Candles:
    """What the exchange shows of the symbol up to now."""
    return await there.exchange.candles(symbol, Timeframe.M1, NOW_MS - 10 * MINUTE_MS, there.clock.now_ms())


async def test_every_plan_and_every_skip_that_saw_a_zone_leaves_its_event() -> None:
    """Some symbols are refused by a guard; their plans, and so their zones, were there all the same."""
    async with world(eager()) as there:
        await there.switch_off("SOLUSDT:5m")
        report = await there.run()
        found = await events(there, report)
        plans = {symbol: one.plan for symbol, one in report.results.items() if one.plan is not None}
        assert len(plans) > 4
        assert set(found) == set(plans)
        for symbol, plan in plans.items():
            record = found[symbol]
            assert (record.run_id, record.profile) == (report.run_id, report.profile)
            at_once = ZoneOutcome(ZoneEnd.FILLED, EndSource.BOOK, record.event.at_ms)
            assert record.outcome == (at_once if record.terms.takes else None)
            assert record.event == plan.zone_event
            assert plan.zone is not None
            ends = (plan.supervision.order_deadline_ms or plan.zone.expires_at_ms, plan.zone.expires_at_ms)
            assert record.terms.deadline_ms == min(ends)
            assert record.terms.leaves_from_ms == plan.supervision.out_of_zone_from_ms
            assert record.terms.tick_size == plan.tick_size


async def test_a_skip_because_of_the_zone_leaves_its_event_and_one_before_there_was_a_zone_leaves_none() -> None:
    narrow = eager(trade_entry__defaults__zone_max_deviation_pct=0.0001)
    async with world(narrow) as there:
        report = await there.run()
        found = await events(there, report)
        assert set(reasons(report).values()) >= {"skipped_out_of_zone"}
        skipped = [symbol for symbol, reason in reasons(report).items() if reason == "skipped_out_of_zone"]
        assert list(found) == skipped
        assert {record.event.failed_check for record in found.values()} == {"zone_max_deviation_pct"}
        assert all(record.event.deviation > record.event.allowed == Decimal("0.0001") for record in found.values())
        there.exchange.faults["quotes"] = DOWN
        there.later(minutes=1)
        assert await events(there, await there.run()) == {}


async def test_later_runs_settle_what_became_of_the_entries() -> None:
    async with world(WAITING) as there:
        report = await there.run()
        waiting = {symbol: one for symbol, one in (await events(there, report)).items() if not one.terms.takes}
        assert waiting
        seen: dict[str, set[object]] = {symbol: set() for symbol in waiting}
        for _ in range(6):
            there.later(minutes=1)
            await there.run()
            for symbol, record in (await events(there, report)).items():
                seen.setdefault(symbol, set()).add(record.outcome)
        settled = await events(there, report)
        for symbol, record in settled.items():
            expected = zone_outcome(record.event, record.terms, await minutes_of(there, symbol), there.clock.now_ms())
            assert record.outcome == expected is not None
            assert seen[symbol] <= {None, expected}, "an outcome is told once"
        assert {record.outcome.end for record in settled.values() if record.outcome} - {ZoneEnd.UNKNOWN}


async def test_a_run_at_an_earlier_instant_leaves_later_events_open() -> None:
    async with world(WAITING) as there:
        report = await there.run()
        before = await events(there, report)
        await there.run(RunRequest(at_ms=NOW_MS - 60 * MINUTE_MS))
        assert None in {record.outcome for record in (await events(there, report)).values()}
        assert await events(there, report) == before


async def test_minutes_that_are_not_stored_are_asked_for_once_the_deadline_has_passed() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, shipped("regular"), at_ms=PLANNED_MS)
        report = await there.run()
        waiting = {symbol: one for symbol, one in (await events(there, report)).items() if not one.terms.takes}
        assert waiting
        restarted = world_on(database, shipped("regular"), at_ms=PLANNED_MS + MINUTE_MS, prefix="next")
        await settle_here(restarted)
        assert minutes_asked(restarted) == []
        restarted.later(minutes=5)
        restarted.exchange.faults["candles"] = DOWN
        assert await settle_here(restarted) == 0, "an exchange that does not answer leaves them open"
        del restarted.exchange.faults["candles"]
        restarted.watched.ranges.clear()
        await settle_here(restarted)
        assert minutes_asked(restarted) == sorted(waiting)
        assert all(record.outcome is not None for record in (await events(restarted, report)).values())


async def test_an_event_whose_symbol_is_gone_or_whose_exchange_is_down_for_long_is_unknown() -> None:
    async with world(WAITING) as there:
        stores = there.stores
        await stored(there, zone("r", "GONEUSDT", NOW_MS), zone("r", "DOWNUSDT", NOW_MS))
        there.exchange.faults["GONEUSDT"] = UnknownSymbolError("GONEUSDT is not listed")
        there.exchange.faults["DOWNUSDT"] = DOWN
        there.later(minutes=120)
        assert await settle_here(there) == 1
        there.clock.advance(GIVE_UP_MS)
        assert await settle_here(there) == 1
        found = await stores.zones.of_run("r")
        assert [one.outcome and one.outcome.end for one in found] == [ZoneEnd.UNKNOWN, ZoneEnd.UNKNOWN]


async def test_no_more_symbols_are_asked_for_at_once_than_are_bearable() -> None:
    async with world(WAITING) as there:
        many = [zone("r", f"S{number:03d}USDT", NOW_MS) for number in range(MOST_ASKED + 5)]
        await stored(there, *many)
        there.later(minutes=120)
        for left in (MOST_ASKED, 5, 0):
            there.watched.ranges.clear()
            assert await settle_here(there) == left
            assert len(there.watched.ranges) == left


@pytest.mark.parametrize(
    ("carry_minutes", "hole", "end"),
    [
        (0, (1, 1), ZoneEnd.UNKNOWN),
        (1, (1, 1), ZoneEnd.EXPIRED),
        (8, (-6, 1), ZoneEnd.EXPIRED),
        (7, (-6, 1), ZoneEnd.UNKNOWN),
        (8, (0, 7), ZoneEnd.EXPIRED),
    ],
)
async def test_minutes_that_the_exchange_has_not_are_carried_only_as_far_as_decisions_carry_them(
    carry_minutes: int, hole: tuple[int, int], end: ZoneEnd
) -> None:
    """The price of BTCUSDT is far above the made-up limit of 99.5, so with the minutes carried nothing is filled."""
    async with world(WAITING) as there:
        await stored(there, zone("r", "BTCUSDT", NOW_MS, failed_check=ZoneCheck.MAX_DEVIATION))
        there.later(minutes=10)
        candles = there.exchange.candles
        before, after = NOW_MS + (hole[0] - 1) * MINUTE_MS, NOW_MS + (hole[1] + 1) * MINUTE_MS

        async def with_a_hole(symbol: str, timeframe: Timeframe, first: int, last: int) -> Candles:
            found = await candles(symbol, timeframe, first, last)
            return found.between(first, before).merged(found.between(after, last))

        there.watched.candles = with_a_hole  # type: ignore[method-assign]
        assert await settle_here(there, carry_ms=carry_minutes * MINUTE_MS) == 1
        (settled,) = await there.stores.zones.of_run("r")
        assert settled.outcome is not None
        assert settled.outcome.end is end


async def settle_here(there: World, *, carry_ms: int = 0) -> int:
    stores, market = there.stores, there.environment.venue.market
    return await settle_zones(stores.zones, stores.candles, market, there.clock.now_ms(), carry_ms=carry_ms)


async def stored(there: World, *zones: ZoneRecord) -> None:
    """A run that ended with these events alone."""
    await there.stores.runs.start(run("r"), {"sha-1": {}})
    ended = evolve(run("r"), status=RunStatus.FINISHED, finished_ms=2_000, report=report(run("r")))
    await there.stores.runs.finish(ended, [], zones=zones)


def minutes_asked(there: World) -> list[str]:
    return sorted({symbol for symbol, timeframe, *_ in there.watched.ranges if timeframe is Timeframe.M1})


# --- verified -------------------------------------------------------------------------------------------------
async def findings(there: World, report: RunReport) -> set[tuple[Finding, str | None, str]]:
    found = await verify_run(there.stores, report.run_id)
    assert found is not None
    assert found.plans > 0
    return {(one.finding, one.symbol, one.what.partition(" ")[0]) for one in found.differences}


async def test_a_verification_makes_the_zone_events_again_and_reads_their_outcomes_again() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, WAITING)
        report = await there.run()
        for _ in range(4):
            there.later(minutes=1)
            await there.run()
        assert await findings(there, report) == set()
        settled = [record for record in await there.stores.zones.of_run(report.run_id) if record.outcome]
        symbol, other = settled[0].symbol, settled[1].symbol

        async def change(symbol: str, **values: object) -> None:
            where = (zone_events.c.run_id == report.run_id) & (zone_events.c.symbol == symbol)
            await database.write(changing(update(zone_events).where(where).values(**values)))

        await change(symbol, outcome_at_ms=NOW_MS + 60_001)
        outcome = {(Finding.ZONE_DIFFERS, symbol, "zone.outcome.at_ms")}
        assert await findings(there, report) == outcome, "a seal does not cover what came later"
        await change(symbol, outcome_source="rumour")
        assert await findings(there, report) == {(Finding.RECORD_UNREADABLE, None, "zone")}
        await change(symbol, outcome_source=settled[0].outcome.source.value)
        await change(other, volume_ratio=Decimal("9.5"))
        broken = {(Finding.SEAL_BROKEN, None, "seal"), (Finding.ZONE_DIFFERS, other, "zone.event.volume_ratio")}
        assert await findings(there, report) == outcome | broken


async def test_outcomes_whose_minutes_were_purged_are_not_judged() -> None:
    async with world(WAITING) as there:
        report = await there.run()
        for _ in range(4):
            there.later(minutes=1)
            await there.run()
        for symbol in report.results:
            await there.stores.candles.delete(symbol, Timeframe.M1, NOW_MS, NOW_MS + 10 * MINUTE_MS)
        assert await findings(there, report) == set()
