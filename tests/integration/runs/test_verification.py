"""A stored run is decided again from the store alone, and whatever was changed since is found."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from mtf_adapters.sql import Database
from mtf_adapters.sql.documents import compressed
from mtf_adapters.sql.schema import decision_details, decisions, documents, runs
from mtf_core.inquiry import Finding, Verification, verify_run
from mtf_core.market import COLUMNS, Candles, Timeframe, parse_instant, to_ms
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.runs import RunReport, RunRequest
from mtf_entrypoints.container import build_stores
from tests.integration.runs.world import NOW_MS, World, eager, simulated, world, world_on
from tests.unit.files.shipped import NAMES, shipped

PLANNED_MS = to_ms(parse_instant("2026-03-01T01:00Z"))
"""regular and scalper find something to trade in this world."""
EAGER = eager()


async def verified(database: Database, run_id: str) -> Verification:
    """By a process that has nothing but the database."""
    found = await verify_run(build_stores(database, "test"), run_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "request_",
    [
        RunRequest(),
        RunRequest(skip_context=True),
        RunRequest(current_tf=Timeframe.M1),
        RunRequest(current_tf=Timeframe.M1, skip_context=True, workers=4),
    ],
)
@pytest.mark.parametrize("name", NAMES)
async def test_runs_of_every_profile_are_decided_again_bit_for_bit(name: str, request_: RunRequest) -> None:
    async with Database.open("memory") as database:
        there = world_on(database, shipped(name), at_ms=PLANNED_MS)
        for _ in range(2):
            report = await there.run(request_)
            found = await verified(database, report.run_id)
            assert found.differences == ()
            assert found.decisions == len(report.results) > 5
            assert found.plans == sum(one.order is not None for one in report.results.values())
            there.later(minutes=1, seconds=10)


async def test_plans_are_made_again_whatever_a_guard_said_of_them() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER)
        report = await there.run()
        assert (await verified(database, report.run_id)).plans == len(simulated(report)) == 5
        await there.switch_off("global")
        killed = await there.run()
        found = await verified(database, killed.run_id)
        assert (found.ok, found.plans) == (True, 5)


async def test_failures_skips_and_an_unknown_account_do_not_disturb() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER)
        there.exchange.faults["candles:BTCUSDT"] = ExchangeUnavailableError("down")
        there.exchange.faults["quotes:ETHUSDT"] = ExchangeUnavailableError("down")
        there.hold("SOLUSDT")
        report = await there.run()
        found = await verified(database, report.run_id)
        assert (found.ok, found.decisions, found.plans) == (True, 3, 2)
        there.exchange.faults["account_state"] = ExchangeUnavailableError("down")
        there.later(minutes=1)
        assert (await verified(database, (await there.run()).run_id)).ok


async def test_a_run_is_verified_after_a_restart_and_after_later_runs(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/mtf.db"
    async with Database.open(url) as database:
        await database.upgrade()
        there = world_on(database, shipped("regular"), at_ms=PLANNED_MS)
        first = await there.run()
        there.later(minutes=90)
        await there.run()
    async with Database.open(url) as reopened:
        found = await verified(reopened, first.run_id)
        assert found.ok
        assert found.decisions > 5


async def test_a_run_with_holes_in_its_candles_is_verified() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER)
        first = await there.run()
        for symbol in ("BTCUSDT", "ETHUSDT"):
            await there.stores.candles.delete(symbol, Timeframe.M5, NOW_MS - 6_000_000, NOW_MS - 5_400_000)
        there.exchange.faults["candles"] = ExchangeUnavailableError("down")
        restarted = world_on(database, EAGER, prefix="again")
        restarted.watched.candles = _nothing  # type: ignore[method-assign]
        second = await restarted.run()
        assert (await verified(database, second.run_id)).ok
        assert not (await verified(database, first.run_id)).ok


async def _nothing(symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
    return Candles.empty(timeframe)


# --- what was changed since is found --------------------------------------------------------------------------
class Stored:
    """A run in a database, to be tampered with."""

    def __init__(self, database: Database, there: World, report: RunReport) -> None:
        self.database, self.there, self.report = database, there, report

    async def findings(self) -> set[tuple[Finding, str | None]]:
        found = await verified(self.database, self.report.run_id)
        assert found.ok == (not found.differences)
        return {(one.finding, one.symbol) for one in found.differences}

    async def change(self, column: str, edit: Callable[[Any], None], symbol: str = "BTCUSDT") -> None:
        """Edits the stored `result`, `inputs` or `trace` of a symbol."""
        record = await self.there.stores.runs.decision(self.report.run_id, symbol)
        assert record is not None
        document = copy.deepcopy(getattr(record, column))
        edit(document)
        value = compressed(document) if column == "trace" else document
        where = decision_details.c.symbol == symbol
        async with self.database.writing() as connection:
            await connection.execute(update(decision_details).where(where).values({column: value}))


@pytest_asyncio.fixture
async def stored() -> AsyncIterator[Stored]:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER)
        found = Stored(database, there, await there.run())
        assert await found.findings() == set()
        yield found


async def test_a_changed_candle_is_found(stored: Stored) -> None:
    candles = stored.there.stores.candles
    at = NOW_MS - 40 * 60_000
    (one,) = (await candles.read(["ETHUSDT"], Timeframe.M1, at, at)).values()
    columns = {name: getattr(one, name) for name in COLUMNS} | {"volume": one.volume * (1 + 2**-50)}
    await candles.write({("ETHUSDT", Timeframe.M1): Candles.checked(Timeframe.M1, one.open_ms, **columns)})
    assert await stored.findings() == {(Finding.CANDLES_CHANGED, "ETHUSDT")}


async def test_a_deleted_candle_is_found(stored: Stored) -> None:
    last = Timeframe.H1.last_closed_open(NOW_MS)
    await stored.there.stores.candles.delete("SOLUSDT", Timeframe.H1, last, last)
    assert await stored.findings() == {(Finding.CANDLES_MISSING, "SOLUSDT")}


async def test_purged_candles_are_told_as_missing_for_every_symbol(stored: Stored) -> None:
    for symbol in stored.report.results:
        await stored.there.stores.candles.delete(symbol, Timeframe.M1, 0, NOW_MS)
    assert await stored.findings() == {(Finding.CANDLES_MISSING, symbol) for symbol in stored.report.results}


async def test_a_changed_configuration_is_found(stored: Stored) -> None:
    content: Any = copy.deepcopy(EAGER.content)
    content["mtf_validations"]["validation"]["timeframe"]["1h"]["long"] = [{"gt": 99, "field": "rsi"}]
    async with stored.database.writing() as connection:
        await connection.execute(update(documents).where(documents.c.digest == EAGER.digest).values(content=content))
    found = await stored.findings()
    assert (Finding.CONFIGURATION_CHANGED, None) in found
    assert any(finding is Finding.DECISION_DIFFERS for finding, _ in found)


async def test_a_configuration_that_is_gone_or_refused_is_found(stored: Stored) -> None:
    async with stored.database.writing() as connection:
        where = documents.c.digest == EAGER.digest
        await connection.execute(update(documents).where(where).values(content={"profile": "alive"}))
    assert {finding for finding, _ in await stored.findings()} == {
        Finding.CONFIGURATION_CHANGED,
        Finding.CONFIGURATION_REFUSED,
    }


def _other_letter(trace: Any) -> None:
    letters = trace["timeframes"]["5m"]["long"]["truths"]
    trace["timeframes"]["5m"]["long"]["truths"] = ("f" if letters[0] == "t" else "t") + letters[1:]


def _other_value(trace: Any) -> None:
    values = trace["timeframes"]["5m"]["long"]["values"]
    values[0] += 1e-9


def _other_step(trace: Any) -> None:
    trace["timeframes"]["15m"]["outcome"] = "CONFLICT"


@pytest.mark.parametrize("edit", [_other_letter, _other_value, _other_step])
async def test_a_changed_trace_is_found(stored: Stored, edit: Callable[[Any], None]) -> None:
    await stored.change("trace", edit)
    assert await stored.findings() == {(Finding.DECISION_DIFFERS, "BTCUSDT")}


async def test_a_trace_that_was_removed_is_found(stored: Stored) -> None:
    await stored.change("trace", dict.clear)
    assert await stored.findings() == {(Finding.RECORD_INCOMPLETE, "BTCUSDT")}


@pytest.mark.parametrize(
    "edit",
    [
        lambda result: result["plan"].update(size="1"),
        lambda result: result["plan"]["steps"][0].update(value="1"),
        lambda result: result["plan"].pop("stop_price"),
    ],
)
async def test_a_changed_plan_is_found(stored: Stored, edit: Callable[[Any], None]) -> None:
    await stored.change("result", edit)
    found = await stored.findings()
    assert (Finding.PLAN_DIFFERS, "BTCUSDT") in found
    assert {symbol for _, symbol in found} == {"BTCUSDT"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda result: result.update(side="short"),
        lambda result: result.update(reason="kill_switch_on"),
        lambda result: result["context"]["1h"].update(outcome="NEUTRAL"),
    ],
)
async def test_a_changed_result_is_found(stored: Stored, edit: Callable[[Any], None]) -> None:
    await stored.change("result", edit)
    found = await stored.findings()
    assert (Finding.RECORD_CHANGED, "BTCUSDT") in found


async def test_a_result_that_was_changed_together_with_the_report_is_found(stored: Stored) -> None:
    def edit(result: Any) -> None:
        result["context"]["1h"]["outcome"] = "NEUTRAL"

    report = copy.deepcopy(stored.report.to_json())
    edit(report["results"]["BTCUSDT"])
    await stored.change("result", edit)
    async with stored.database.writing() as connection:
        await connection.execute(update(runs).values(report=report))
    assert await stored.findings() == {(Finding.DECISION_DIFFERS, "BTCUSDT")}


async def test_a_changed_column_of_a_decision_is_found(stored: Stored) -> None:
    async with stored.database.writing() as connection:
        where = decisions.c.symbol == "BTCUSDT"
        await connection.execute(update(decisions).where(where).values(side="short"))
    assert await stored.findings() == {(Finding.RECORD_CHANGED, "BTCUSDT")}


async def test_a_changed_report_is_found(stored: Stored) -> None:
    report = copy.deepcopy(stored.report.to_json())
    report["results"]["BTCUSDT"]["plan"]["size"] = "1"
    report["results"]["ZZZUSDT"] = report["results"]["ETHUSDT"]
    async with stored.database.writing() as connection:
        await connection.execute(update(runs).values(report=report))
    assert await stored.findings() == {
        (Finding.RECORD_CHANGED, "BTCUSDT"),
        (Finding.RECORD_INCOMPLETE, "ZZZUSDT"),
    }


@pytest.mark.parametrize("lost", ["1h", "1m"])
async def test_ranges_that_were_removed_do_not_pass_as_verified(stored: Stored, lost: str) -> None:
    await stored.change("inputs", lambda inputs: inputs["candles"].pop(lost))
    assert await stored.findings() == {(Finding.RECORD_INCOMPLETE, "BTCUSDT")}


async def test_facts_that_were_removed_or_changed_do_not_pass_as_verified(stored: Stored) -> None:
    await stored.change("inputs", lambda inputs: inputs.pop("facts"))
    await stored.change("inputs", lambda inputs: inputs["facts"].update(available_balance="50"), "ETHUSDT")
    found = await stored.findings()
    assert found == {(Finding.RECORD_INCOMPLETE, "BTCUSDT"), (Finding.PLAN_DIFFERS, "ETHUSDT")}


async def test_changed_shapes_of_trees_are_found(stored: Stored) -> None:
    async with stored.database.writing() as connection:
        rows = (await connection.execute(select(documents))).mappings().all()
        shapes = next(row for row in rows if row["digest"] != EAGER.digest)
        content = copy.deepcopy(shapes["content"])
        content["5m"]["long"]["label"] = "something else"
        await connection.execute(
            update(documents).where(documents.c.digest == shapes["digest"]).values(content=content)
        )
    assert await stored.findings() == {(Finding.RECORD_CHANGED, None)}


async def test_an_instant_that_was_changed_is_found(stored: Stored) -> None:
    async with stored.database.writing() as connection:
        await connection.execute(update(runs).values(instant_ms=NOW_MS + 60_000))
    assert {finding for finding, _ in await stored.findings()} >= {Finding.RECORD_CHANGED}


# --- runs that cannot be verified -----------------------------------------------------------------------------
async def test_a_run_that_did_not_finish_is_not_confirmed() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER)
        there.exchange.faults["account_state"] = ValueError("a bug")  # type: ignore[assignment]
        with pytest.raises(ValueError, match="a bug"):
            await there.run()
        (run,) = await there.stores.runs.latest()
        found = await verified(database, run.run_id)
        assert [one.finding for one in found.differences] == [Finding.RUN_NOT_FINISHED]


async def test_an_unknown_run_is_none() -> None:
    async with world(EAGER) as there:
        assert await verify_run(there.stores, "nothing") is None


async def test_the_document_tells_what_was_compared_and_every_difference(stored: Stored) -> None:
    await stored.change("trace", _other_step)
    document = (await verified(stored.database, stored.report.run_id)).to_json()
    assert (document["ok"], document["decisions"], document["plans"]) == (False, 5, 5)
    assert document["differences"] == [
        {
            "finding": "decision_differs",
            "symbol": "BTCUSDT",
            "what": "timeframes.15m.outcome",
            "recorded": "CONFLICT",
            "found": document["differences"][0]["found"],
        }
    ]
    assert document["differences"][0]["found"] in ("LONG", "SHORT", "NEUTRAL")
