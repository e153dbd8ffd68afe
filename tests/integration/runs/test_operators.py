"""What operators do by hand: it takes effect in the next run, and the audit trail knows who did it."""

from __future__ import annotations

import pytest

from mtf_core.market import MINUTE_MS, Timeframe
from mtf_core.ports import HeldBy
from mtf_core.problems import InvalidRequestError
from mtf_core.risk import QueuedSymbol, Switch
from mtf_core.upkeep import (
    kill,
    list_locks,
    list_switches,
    queue_symbol,
    release_lock,
    switch_off,
    switch_on,
    unkill,
)
from tests.integration.runs.test_orchestrator import CHOSEN
from tests.integration.runs.world import NOW_MS, World, eager, reasons, simulated, world

BTC = "BTCUSDT"


async def trail(there: World) -> list[tuple[str, str, str]]:
    """Who did what on what, the last first, without what runs and syncs did."""
    events = (await there.stores.audit.history(20)).items
    return [(event.actor, event.action, event.subject) for event in events if event.actor not in ("run", "sync")]


async def test_the_kill_switch_stops_every_entry_until_it_is_lifted() -> None:
    async with world(eager()) as there:
        await kill(there.environment, "anna", "news")
        assert (await list_switches(there.environment)).kill_switch_on
        assert set(reasons(await there.run()).values()) == {"kill_switch_on"}
        await unkill(there.environment, "ben")
        assert not (await list_switches(there.environment)).kill_switch_on
        assert simulated(await there.run()) == list(CHOSEN)
        assert await trail(there) == [("ben", "switch_on", "global"), ("anna", "switch_off", "global")]


async def test_a_switch_turned_off_for_minutes_of_the_venues_clock_comes_back_by_itself() -> None:
    async with world(eager()) as there:
        await there.run()  # stores the contracts
        off = await switch_off(there.environment, f"{CHOSEN[0]}:5m", "anna", "odd candles", minutes=15)
        assert off == Switch(f"{CHOSEN[0]}:{Timeframe.M5}", False, NOW_MS + 15 * MINUTE_MS, "odd candles", NOW_MS)
        (listed,) = (await list_switches(there.environment)).switches
        assert listed == off
        (event,) = [event for event in (await there.stores.audit.history(9)).items if event.action == "switch_off"]
        assert event.details == {"reason": "odd candles", "until_ms": NOW_MS + 15 * MINUTE_MS}
        there.later(minutes=15)
        assert not off.is_off(there.clock.now_ms())
        on = await switch_on(there.environment, f"{CHOSEN[0]}:5m", "anna")
        assert (on.on, on.until_ms) == (True, None)


async def test_a_key_that_would_switch_nothing_is_refused_with_what_was_meant() -> None:
    async with world(eager()) as there:
        await there.run()
        for key, says in {
            "BTCUSTD": "did you mean BTCUSDT",
            "btcusdt": "did you mean BTCUSDT",
            "BTCUSDT:7m": "unknown timeframe '7m'",
            "": "allowed: global, a symbol like BTCUSDT",
            "BTC USDT": "allowed: global, a symbol like BTCUSDT",
        }.items():
            with pytest.raises(InvalidRequestError, match=says):
                await switch_off(there.environment, key, "anna")
        assert (await list_switches(there.environment)).switches == ()
        assert await trail(there) == []


async def test_minutes_and_reasons_that_cannot_be_kept_are_refused_together() -> None:
    async with world(eager()) as there:
        with pytest.raises(InvalidRequestError) as refusal:
            await switch_off(there.environment, BTC, "anna", "Busy", minutes=0)
        assert [problem.field for problem in refusal.value.problems] == ["minutes", "reason"]
        assert (await kill(there.environment, "anna", "busy")).reason == "by hand", "a kill is never refused"


async def test_a_queued_symbol_waits_for_the_next_run_and_is_audited() -> None:
    async with world(eager()) as there:
        await there.run()
        queued = await queue_symbol(there.environment, BTC, "anna")
        assert queued == QueuedSymbol(BTC, NOW_MS, "anna")
        assert (await list_switches(there.environment)).queued == (queued,)
        assert await trail(there) == [("anna", "symbol_queued", BTC)]
        with pytest.raises(InvalidRequestError, match="no contract for NOSUCHUSDT"):
            await queue_symbol(there.environment, "NOSUCHUSDT", "anna")


async def test_a_lock_is_released_by_hand_once_and_the_trail_names_whose_it_was() -> None:
    async with world(eager()) as there:
        await there.locks.acquire(["run:test:alive"], "dead-run", 60_000)
        held = HeldBy("run:test:alive", "dead-run", NOW_MS + 60_000)
        assert await list_locks(there.environment) == (held,)
        assert await release_lock(there.environment, "run:test:alive", "anna") == held
        assert simulated(await there.run()) == list(CHOSEN)
        with pytest.raises(InvalidRequestError, match="nobody holds the lock 'run:test:alive'; no lock is held"):
            await release_lock(there.environment, "run:test:alive", "anna")
        (event,) = [event for event in (await there.stores.audit.history(9)).items if event.action == "lock_released"]
        assert (event.actor, event.subject, event.details["owner"]) == ("anna", "run:test:alive", "dead-run")
