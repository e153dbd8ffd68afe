"""Why symbols were not traded over several runs: what stopped them, when they were READY, what changed at last."""

from __future__ import annotations

import json

from mtf_core.inquiry.why_over_time import Change, WhyOverTime, why_over_time
from mtf_core.market import MINUTE_MS
from mtf_core.records import Selection
from mtf_core.runs import RunRequest
from tests.integration.runs.world import NOW_MS, World, eager, reasons, world
from tests.unit.files.shipped import shipped

EAGER = eager()


async def asked(there: World, *symbols: str, since_ms: int | None = None) -> WhyOverTime:
    return await why_over_time(there.stores, Selection(since_ms, symbols=symbols))


async def test_reasons_are_counted_and_the_last_ready_run_is_named() -> None:
    async with world(EAGER) as there:
        first = await there.run()
        ready = next(symbol for symbol, code in reasons(first).items() if code is None)
        await there.switch_off(ready)
        there.clock.set(NOW_MS + MINUTE_MS)
        second = await there.run(RunRequest(symbols=tuple(first.results)))
        found = (await asked(there, ready)).symbols[0]
    assert (found.decisions, found.ready) == (2, 1)
    assert [(one.reason, one.decisions, one.decisions_share) for one in found.stopped] == [
        ("symbol_switched_off", 1, 0.5)
    ]
    assert found.last_ready is not None
    assert (found.last_ready.run_id, found.last_ready.seconds_before_newest) == (first.run_id, 60.0)
    assert found.newest is not None
    assert (found.newest.run.run_id, found.before_run_id) == (second.run_id, first.run_id)
    assert Change("status", "READY", "SKIPPED") in found.changes
    assert Change("reason", "–", "symbol_switched_off") in found.changes


async def test_what_two_runs_say_alike_is_no_change_and_what_turned_is_one() -> None:
    async with world(shipped("scalper")) as there:
        await there.run()
        await there.run()
        same = (await asked(there, "BTCUSDT")).symbols[0]
        there.clock.set(NOW_MS + 60 * MINUTE_MS)
        await there.run()
        later = (await asked(there, "BTCUSDT")).symbols[0]
    assert same.changes == ()
    assert same.before_run_id is not None
    truths = [one for one in later.changes if {one.before, one.now} <= {"true", "false", "unknown"}]
    assert truths
    assert all(":" in one.what for one in truths)


async def test_conditions_are_counted_over_the_runs_that_evaluated_the_symbol() -> None:
    async with world(shipped("scalper")) as there:
        for minute in range(3):
            there.clock.set(NOW_MS + minute * MINUTE_MS)
            await there.run()
        found = (await asked(there, "BTCUSDT")).symbols[0]
        part = (await asked(there, "BTCUSDT", since_ms=NOW_MS + 2 * MINUTE_MS)).symbols[0]
    assert found.in_the_way
    assert all(one.runs_share == one.runs / 3 for one in found.in_the_way)
    assert (part.decisions, part.before_run_id, part.changes) == (1, None, ())
    assert all((one.runs, one.runs_share) == (1, 1.0) for one in part.in_the_way)


async def test_a_symbol_without_a_decision_has_nothing_rather_than_zeros_of_something() -> None:
    async with world(EAGER) as there:
        await there.run()
        found = await asked(there, "NOUSDT", "BTCUSDT")
    nothing = found.symbols[0]
    assert (nothing.decisions, nothing.first_ms, nothing.stopped, nothing.last_ready) == (0, None, (), None)
    assert found.render().splitlines()[:2] == ["NOUSDT: no decision in 1 run", "  last READY: never in a stored run"]
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [one["symbol"] for one in document["answers"]] == document["symbols"] == ["NOUSDT", "BTCUSDT"]
    assert (document["answers"][0]["sentence"], document["answers"][0]["first_at"]) == (None, None)


async def test_ready_long_ago_is_told_although_it_lies_before_the_time_that_was_asked_for() -> None:
    async with world(EAGER) as there:
        first = await there.run()
        ready = next(symbol for symbol, code in reasons(first).items() if code is None)
        await there.switch_off(ready)
        there.clock.set(NOW_MS + 90 * MINUTE_MS)
        await there.run(RunRequest(symbols=(ready,)))
        found = await asked(there, ready, since_ms=NOW_MS + MINUTE_MS)
    assert (found.symbols[0].ready, found.runs) == (0, 1)
    assert "1 h 30 min before the newest run" in found.render()
