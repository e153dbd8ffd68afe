"""A cleanup never takes what the next run, or verifying a kept run, needs; and says what keeps what."""

from __future__ import annotations

import gc

import pytest
from attrs import evolve

from mtf_core.inquiry import verify_run
from mtf_core.market import DAY_MS, MINUTE_MS, Timeframe
from mtf_core.ports import LEAST_KEPT
from mtf_core.problems import InvalidRequestError
from mtf_core.records import CandleFloor, KeptRuns
from mtf_core.settings.trading import ProfileEntry, RetentionSettings
from mtf_core.upkeep.cleanup import Asked, Cleanup, Kept, cleanup
from mtf_core.upkeep.floors import floors_of
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.window import window_at
from tests.integration.runs.world import NOW_MS, World, eager, world
from tests.integration.sql.examples import candles, event, run

M1 = Timeframe.M1
PROFILE = eager()
ENABLED = evolve(PROFILE, trading=evolve(PROFILE.trading, profiles={PROFILE.name: ProfileEntry(True, 1)}))
TIGHT = RetentionSettings(candles_per_series=1, runs_days=1, runs_most=LEAST_KEPT, audit_days=1)


def table(done: Cleanup, name: str) -> Kept:
    return next(one for one in done.tables if one.table == name)


async def cleaned(there: World, retention: RetentionSettings = TIGHT, **asked: int) -> Cleanup:
    return await cleanup(there.environment, retention, "anna", asked=Asked(**asked), dry_run=False)


async def test_a_run_that_is_kept_can_be_verified_after_the_tightest_cleanup() -> None:
    async with world(ENABLED) as there:
        first = await there.run()
        there.clock.set(NOW_MS + 30 * 60 * MINUTE_MS)
        last = await there.run()
        done = await cleaned(there)
        for report in (first, last):
            found = await verify_run(there.stores, report.run_id)
            assert found is not None
            assert found.ok, found.differences
    assert done.runs == 0
    assert any("to verify kept runs" in line for line in done.floors)


async def test_cleanups_keep_nothing_of_the_configurations_that_they_read() -> None:
    def compiled() -> int:
        gc.collect()
        return sum(isinstance(one, CompiledProfile) for one in gc.get_objects())

    async with world(ENABLED) as there:
        await there.run()
        await cleaned(there)
        before = compiled()
        for _ in range(3):
            done = await cleaned(there)
        assert any("to verify kept runs" in line for line in done.floors)
        assert compiled() == before


async def test_what_no_kept_run_rests_on_goes_down_to_the_warm_up() -> None:
    async with world(ENABLED) as there:
        await there.stores.candles.write({("BTCUSDT", M1): candles(M1, range(20_000))})
        floors = await floors_of(there.environment, ())
        done = await cleaned(there)
        spans = {span[:2]: span[2:] for span in await there.stores.candles.spans()}
    _, last, left = spans["BTCUSDT", M1]
    assert last == 19_999 * MINUTE_MS
    assert floors.warm_up[M1].candles <= left < floors.warm_up[M1].candles + 2 * 240
    found = table(done, "candles")
    assert (found.rows, found.goes) == (20_000, 20_000 - left)
    assert found.held > 0


async def test_the_warm_up_is_at_least_the_window_of_any_minute() -> None:
    compiled = compile_profile(ENABLED)
    async with world(ENABLED) as there:
        floors = await floors_of(there.environment, ())
    for timeframe, need in {**compiled.plan_needs, **compiled.needs}.items():
        windows = [window_at(timeframe, need, NOW_MS + step * 7 * MINUTE_MS, compiled.timezone) for step in range(500)]
        assert max(window.count for window in windows) <= floors.warm_up[timeframe].candles


async def test_a_profile_that_is_not_enabled_has_no_floor_and_a_configuration_of_nobody_neither() -> None:
    off = evolve(PROFILE, trading=evolve(PROFILE.trading, profiles={PROFILE.name: ProfileEntry(False, 1)}))
    async with world(off) as there:
        floors = await floors_of(there.environment, [KeptRuns("gone", NOW_MS)])
        assert (floors.warm_up, floors.verified_from_ms, floors.largest) == ({}, {}, None)
        done = await cleaned(there, candles_per_series=1)
    assert done.floors == ()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"candles_per_series": 10}, "candles_per_series: found 10; at least {least}: the warm-up of {name} needs"),
        ({"runs_most": 99}, "runs_most: found 99; at least 100: the newest 100 stay whatever their age"),
        ({"runs_days": 0}, "runs_days: found 0; at least 1"),
        ({"audit_days": 0}, "audit_days: found 0; at least 1"),
    ],
)
async def test_a_number_below_its_floor_is_refused_with_the_floor(asked: dict[str, int], told: str) -> None:
    async with world(ENABLED) as there:
        largest = (await floors_of(there.environment, ())).largest
        assert largest is not None
        with pytest.raises(InvalidRequestError) as refused:
            await cleaned(there, **asked)
    assert str(refused.value).startswith(told.format(least=largest[1].candles, name=ENABLED.name))


async def test_what_is_asked_for_counts_instead_of_the_retention() -> None:
    async with world(ENABLED) as there:
        now_ms = there.environment.wall.now_ms()
        await there.stores.audit.append([event(now_ms - 10 * DAY_MS) for _ in range(150)])
        everything = RetentionSettings(0, 0, 0, 0)
        assert not (await cleanup(there.environment, everything, "anna")).anything
        counted = await cleanup(there.environment, everything, "anna", asked=Asked(audit_days=5))
    assert (counted.audit_events, counted.dry_run) == (50, True)
    found = table(counted, "audit")
    assert (found.rule, found.held) == ("the last 5 days", 99)
    assert found.floor == "the newest 100 stay whatever their age"


async def test_decisions_and_zone_events_that_go_with_their_runs_are_counted_before_and_gone_after() -> None:
    async with world(ENABLED) as there:
        await there.run()
        for number in range(LEAST_KEPT):
            await there.stores.runs.start(run(f"later-{number}", NOW_MS, digest="sha-1"), {"sha-1": {}})
        asked = Asked(runs_most=LEAST_KEPT)
        before = await cleanup(there.environment, RetentionSettings(0, 0, 0, 0), "anna", asked=asked)
        after = await cleanup(there.environment, RetentionSettings(0, 0, 0, 0), "anna", asked=asked, dry_run=False)
        counts = await there.stores.cleanup.counts()
    decided = table(before, "decisions")
    assert decided.goes == decided.rows > 0
    assert table(before, "zone_events").goes == table(before, "zone_events").rows > 0
    assert (before.tables, before.runs) == (after.tables, after.runs)
    assert (counts["decisions"], counts["zone_events"], counts["runs"]) == (0, 0, LEAST_KEPT)


async def test_orders_risk_and_switches_are_told_and_never_go() -> None:
    async with world(ENABLED) as there:
        await there.switch_off("BTCUSDT")
        done = await cleaned(there)
    assert [(one.table, one.goes) for one in done.tables[-3:]] == [("orders", 0), ("risk", 0), ("switches", 0)]
    assert table(done, "switches").rows == 1
    assert all(one.floor for one in done.tables[-3:])


async def test_a_floor_holds_whole_blocks() -> None:
    async with world(ENABLED) as there:
        await there.stores.candles.write({("BTCUSDT", M1): candles(M1, range(2_400))})
        purge = there.stores.cleanup.purge_candles
        assert await purge(240, dry_run=True) == 2_400 - 2 * 240
        assert await purge(240, {M1: CandleFloor(least=1_000)}, dry_run=True) == 2_400 - 6 * 240
        assert await purge(240, {M1: CandleFloor(from_ms=500 * MINUTE_MS)}, dry_run=True) == 2 * 240
        assert await purge(240, {Timeframe.M5: CandleFloor(from_ms=0)}, dry_run=True) == 2_400 - 2 * 240
