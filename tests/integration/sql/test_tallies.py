"""What stored runs add up to, on both databases: each question asks for what it needs, of its own world alone."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import update

from mtf_adapters.sql import Database, SqlRunStore, SqlTallyStore
from mtf_adapters.sql.schema import decisions
from mtf_adapters.sql.transactions import changing
from mtf_core.market import Side, Timeframe
from mtf_core.ports import UnreadableRowError
from mtf_core.reasons import Reason
from mtf_core.records import DecisionRecord, Ending, EndingTally, RunCounts, RunMarks, RunStatus, Selection
from tests.integration.sql.examples import WORLD, decision, report, run

NO = Ending("INVALID", Reason.NO_TIMEFRAME_SELECTED, None, None)
READY = Ending("READY", None, Side.LONG, Timeframe.M5)
WIDE = Ending("READY", Reason.SPREAD_TOO_WIDE, Side.SHORT, Timeframe.M15)


def ended(run_id: str, symbol: str, ending: Ending = NO) -> DecisionRecord:
    return evolve(
        decision(run_id, symbol),
        status=ending.status,
        reason=None if ending.reason is None else str(ending.reason),
        side=None if ending.side is None else str(ending.side),
        execution_timeframe=None if ending.timeframe is None else str(ending.timeframe),
    )


async def ran(database: Database, run_id: str, minute: int, *records: DecisionRecord, **changed: Any) -> None:
    """A run of that minute of the market (`examples.run` has an instant of 1 ms before its start)."""
    world = changed.pop("world", WORLD)
    store, record = SqlRunStore(database, world), evolve(run(run_id, minute * 60_000 + 1), **changed)
    await store.start(record, {"sha-1": {}})
    counts = RunCounts({}, (), (), RunMarks((run_id,), {}, {}))
    done = evolve(record, status=RunStatus.FINISHED, finished_ms=record.started_ms + 5, report=report(record))
    await store.finish(done, records, counts=counts)


@pytest.fixture
async def tallies(database: Database) -> SqlTallyStore:
    """Three runs, one of another profile, one of another world, and one that has not ended."""
    await ran(database, "r1", 1, ended("r1", "AUSDT"), ended("r1", "BUSDT", READY))
    await ran(database, "r2", 2, ended("r2", "AUSDT", READY), ended("r2", "BUSDT", WIDE), profile="regular")
    await ran(database, "r3", 3, ended("r3", "AUSDT"), ended("r3", "CUSDT", READY))
    await ran(database, "r1", 9, ended("r1", "ZUSDT", READY), world="elsewhere")
    await SqlRunStore(database, WORLD).start(run("r9", 9 * 60_000), {})
    return SqlTallyStore(database, WORLD)


async def test_endings_are_counted_by_symbol(tallies: SqlTallyStore) -> None:
    found = await tallies.by_symbol(Selection())
    assert set(found) == {
        EndingTally("AUSDT", NO, 2),
        EndingTally("AUSDT", READY, 1),
        EndingTally("BUSDT", READY, 1),
        EndingTally("BUSDT", WIDE, 1),
        EndingTally("CUSDT", READY, 1),
    }
    assert len(found) == 5


async def test_endings_are_counted_by_run(tallies: SqlTallyStore) -> None:
    found = await tallies.by_run(Selection(symbols=("AUSDT", "BUSDT"), since_ms=120_000))
    assert set(found) == {EndingTally("r2", READY, 1), EndingTally("r2", WIDE, 1), EndingTally("r3", NO, 1)}


@pytest.mark.parametrize(
    ("selection", "symbols"),
    [
        (Selection(), ("AUSDT", "BUSDT", "CUSDT")),
        (Selection(since_ms=180_000), ("AUSDT", "CUSDT")),
        (Selection(until_ms=180_000), ("AUSDT", "BUSDT")),
        (Selection(profile="regular"), ("AUSDT", "BUSDT")),
        (Selection(symbols=("CUSDT", "ZUSDT")), ("CUSDT",)),
        (Selection(since_ms=999_999), ()),
    ],
)
async def test_a_selection_chooses_runs_by_their_instant_and_profile(
    tallies: SqlTallyStore, selection: Selection, symbols: tuple[str, ...]
) -> None:
    assert await tallies.symbols(selection) == symbols


async def test_the_last_ready_decision_of_each_symbol_and_timeframe(tallies: SqlTallyStore) -> None:
    found = await tallies.last_ready(Selection())
    assert [(one.symbol, one.run_id, one.instant_ms, one.ending) for one in found] == [
        ("AUSDT", "r2", 120_000, READY),
        ("BUSDT", "r1", 60_000, READY),
        ("BUSDT", "r2", 120_000, WIDE),
        ("CUSDT", "r3", 180_000, READY),
    ]
    assert [one.profile for one in found] == ["regular", "scalper", "regular", "scalper"]
    only = await tallies.last_ready(Selection(timeframes=(Timeframe.M15,)))
    assert [(one.symbol, one.ending) for one in only] == [("BUSDT", WIDE)]
    assert [one.run_id for one in await tallies.last_ready(Selection(until_ms=120_000))] == ["r1"]


async def test_the_newest_run_wins_over_an_older_ready_one(database: Database, tallies: SqlTallyStore) -> None:
    await ran(database, "r4", 4, ended("r4", "AUSDT", READY))
    found = await tallies.last_ready(Selection(symbols=("AUSDT",)))
    assert [(one.run_id, one.instant_ms) for one in found] == [("r4", 240_000)]


async def test_the_decisions_of_a_symbol_come_newest_first(tallies: SqlTallyStore) -> None:
    found = [(one.run_id, one.ending) async for one in tallies.of_symbol("AUSDT", Selection())]
    assert found == [("r3", NO), ("r2", READY), ("r1", NO)]
    later = [one.run_id async for one in tallies.of_symbol("AUSDT", Selection(120_000, profile="scalper"))]
    assert later == ["r3"]


async def test_many_decisions_and_runs_are_read_in_steps_none_twice(database: Database) -> None:
    for number in range(205):
        await ran(database, f"r{number:03d}", number + 1, ended(f"r{number:03d}", "AUSDT"))
    store, expected = SqlTallyStore(database, WORLD), [f"r{number:03d}" for number in reversed(range(205))]
    assert [one.run_id async for one in store.of_symbol("AUSDT", Selection())] == expected
    assert [one.run_id async for one in store.runs(Selection())] == expected


async def test_runs_come_with_what_was_counted_of_them(tallies: SqlTallyStore) -> None:
    found = [one async for one in tallies.runs(Selection(profile="scalper"))]
    assert [one.run_id for one in found] == ["r3", "r1"]
    assert [one.counts.marks.symbols for one in found if one.counts and one.counts.marks] == [("r3",), ("r1",)]


async def test_the_newest_finished_run(database: Database, tallies: SqlTallyStore) -> None:
    assert (await tallies.newest_ms(), await tallies.newest_ms("regular")) == (180_000, 120_000)
    assert await SqlTallyStore(database, "nowhere").newest_ms() is None


async def test_a_word_that_is_no_side_is_named(database: Database, tallies: SqlTallyStore) -> None:
    await database.write(changing(update(decisions).where(decisions.c.run_id == "r2").values(side="up")))
    with pytest.raises(UnreadableRowError, match="'up' is not a valid Side"):
        await tallies.by_symbol(Selection())
