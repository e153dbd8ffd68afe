"""A stored run is decided again from the store alone, and whatever was changed since is found."""

from __future__ import annotations

import copy
import zlib
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from attrs import evolve
from sqlalchemy import Connection, Delete, Update, delete, select, update

from mtf_adapters.sql import Database
from mtf_adapters.sql.schema import decisions, documents, run_blocks, run_documents, runs
from mtf_adapters.sql.transactions import changing, value_or_none
from mtf_core.inquiry import Finding, Verification, verify_run
from mtf_core.market import COLUMNS, Candles, Timeframe, parse_instant, to_ms
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.records import DecisionRecord
from mtf_core.records.codec import from_bytes, to_bytes
from mtf_core.records.packed import pack
from mtf_core.records.traces import TimeframeRecord
from mtf_core.runs import RunReport, RunRequest
from mtf_core.validation.outcome import Outcome
from mtf_entrypoints.stores import build_stores
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
            for timeframe in (Timeframe.M1, Timeframe.M5):  # from those of 1m, those of 5m would be built again
                await there.stores.candles.delete(symbol, timeframe, NOW_MS - 6_000_000, NOW_MS - 5_400_000)
        there.exchange.faults["candles"] = ExchangeUnavailableError("down")
        restarted = world_on(database, EAGER, prefix="again")
        restarted.watched.candles = _nothing  # type: ignore[method-assign]
        second = await restarted.run()
        assert (await verified(database, second.run_id)).ok
        assert not (await verified(database, first.run_id)).ok


async def _nothing(symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
    return Candles.empty(timeframe)


# --- what was changed since is found --------------------------------------------------------------------------
Edit = Callable[[DecisionRecord], DecisionRecord]


class Stored:
    """A run in a database, to be tampered with."""

    def __init__(self, database: Database, there: World, report: RunReport) -> None:
        self.database, self.there, self.report = database, there, report
        self.resealed = True

    async def findings(self) -> set[tuple[Finding, str | None]]:
        """What is found beside the seal, which breaks whenever the run's own rows were changed."""
        found = await verified(self.database, self.report.run_id)
        assert found.ok == (not found.differences)
        findings = {(one.finding, one.symbol) for one in found.differences}
        assert ((Finding.SEAL_BROKEN, None) in findings) != self.resealed
        return findings - {(Finding.SEAL_BROKEN, None)}

    async def change(self, edit: Edit, symbol: str = "BTCUSDT") -> None:
        """Edits what is packed of a symbol."""
        records = await self.there.stores.runs.decisions(self.report.run_id)
        edited = [edit(record) if record.symbol == symbol else record for record in records]
        await self.execute(update(run_blocks).values(content=pack(edited)))

    async def change_block(self, change: Callable[[Any], object]) -> None:
        """Edits the plain values of the block."""
        content = await self.database.read(value_or_none(select(run_blocks.c.content)))
        block = from_bytes(zlib.decompress(content))
        change(block)
        await self.execute(update(run_blocks).values(content=zlib.compress(to_bytes(block))))

    async def records(self) -> tuple[DecisionRecord, ...]:
        return await self.there.stores.runs.decisions(self.report.run_id)

    async def execute(self, statement: Update | Delete) -> None:
        """Changes rows that the seal covers."""
        self.resealed = False
        await self.database.write(changing(statement))


def in_inputs(**changed: object) -> Edit:
    return lambda record: evolve(record, inputs=record.inputs and evolve(record.inputs, **changed))


def in_plan_inputs(**changed: object) -> Edit:
    def edit(record: DecisionRecord) -> DecisionRecord:
        assert record.inputs is not None
        assert record.inputs.plan is not None
        return in_inputs(plan=evolve(record.inputs.plan, **changed))(record)

    return edit


def in_timeframe(timeframe: Timeframe, change: Callable[[TimeframeRecord], TimeframeRecord]) -> Edit:
    def edit(record: DecisionRecord) -> DecisionRecord:
        assert record.trace is not None
        timeframes = dict(record.trace.timeframes)
        timeframes[timeframe] = change(timeframes[timeframe])
        return evolve(record, trace=evolve(record.trace, timeframes=timeframes))

    return edit


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
    await stored.database.write(
        changing(update(documents).where(documents.c.digest == EAGER.digest).values(content=content))
    )
    found = await stored.findings()
    assert (Finding.CONFIGURATION_CHANGED, None) in found
    assert any(finding is Finding.DECISION_DIFFERS for finding, _ in found)


async def test_a_configuration_that_is_gone_or_refused_is_found(stored: Stored) -> None:

    def work(connection: Connection) -> None:
        where = documents.c.digest == EAGER.digest
        connection.execute(update(documents).where(where).values(content={"profile": "alive"}))

    await stored.database.write(work)
    assert {finding for finding, _ in await stored.findings()} == {
        Finding.CONFIGURATION_CHANGED,
        Finding.CONFIGURATION_REFUSED,
    }


def _other_truth(record: TimeframeRecord) -> TimeframeRecord:
    assert record.long is not None
    truths = record.long.truths.copy()
    truths[0] = -1 if truths[0] == 1 else 1
    return evolve(record, long=evolve(record.long, truths=truths))


def _other_value(record: TimeframeRecord) -> TimeframeRecord:
    assert record.long is not None
    values = record.long.values.copy()
    values[0] = np.nextafter(values[0], np.inf)
    return evolve(record, long=evolve(record.long, values=values))


_OTHER_OUTCOME = in_timeframe(Timeframe.M15, lambda record: evolve(record, outcome=Outcome.CONFLICT))


@pytest.mark.parametrize(
    "edit", [in_timeframe(Timeframe.M5, _other_truth), in_timeframe(Timeframe.M5, _other_value), _OTHER_OUTCOME]
)
async def test_a_changed_trace_is_found(stored: Stored, edit: Edit) -> None:
    await stored.change(edit)
    assert await stored.findings() == {(Finding.DECISION_DIFFERS, "BTCUSDT")}


async def test_a_trace_that_was_removed_is_found(stored: Stored) -> None:
    await stored.change(lambda record: evolve(record, trace=None))
    assert await stored.findings() == {(Finding.RECORD_INCOMPLETE, "BTCUSDT")}


@pytest.mark.parametrize(
    "change",
    [
        lambda result: result["plan"].update(size="1"),
        lambda result: result["plan"]["steps"][0].update(value="1"),
        lambda result: result["plan"].pop("costs"),
        lambda result: result["plan"]["take_profits"][0].update(share=0.25),
    ],
)
async def test_a_changed_plan_is_found(stored: Stored, change: Callable[[Any], object]) -> None:
    await stored.change_block(lambda block: change(block["results"]["BTCUSDT"]))
    found = await stored.findings()
    assert (Finding.PLAN_DIFFERS, "BTCUSDT") in found
    assert {symbol for _, symbol in found} <= {"BTCUSDT", None}


@pytest.mark.parametrize(
    "change",
    [
        lambda result: result.update(side="short"),
        lambda result: result.update(reason="kill_switch_on"),
        lambda result: result["order"].update(status="skipped"),
        lambda result: result["context"]["1h"].update(outcome="NEUTRAL"),
        lambda result: result.update(last_timeframe="1d"),
        lambda result: result.update(context_skipped=True),
    ],
)
async def test_a_changed_result_is_found(stored: Stored, change: Callable[[Any], object]) -> None:
    await stored.change_block(lambda block: change(block["results"]["BTCUSDT"]))
    found = await stored.findings()
    assert found & {(Finding.RECORD_CHANGED, "BTCUSDT"), (Finding.DECISION_DIFFERS, "BTCUSDT")} or found == {
        (Finding.RECORD_CHANGED, None)
    }, "an order that was not simulated is not among those of the report"


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("stop_price", lambda result: result["plan"].pop("stop_price")),
        ("entry_price", lambda result: result["plan"].update(entry_price=1.5)),
        ("1E+2", lambda result: result["plan"].update(size="1E+2")),
        ("planned_at", lambda result: result["plan"].update(planned_at="yesterday")),
        ("share", lambda result: result["plan"]["take_profits"][0].update(share="1")),
        ("steps[0]", lambda result: result["plan"]["steps"][0].update(more=1)),
        ("plan", lambda result: result.update(plan=[])),
        ("perhaps", lambda result: result["order"].update(status="perhaps")),
        ("SIDEWAYS", lambda result: result["context"]["1h"].update(outcome="SIDEWAYS")),
        ("no_such_reason", lambda result: result.update(reason="no_such_reason")),
        ("opinion", lambda result: result.update(opinion="good")),
    ],
)
async def test_a_result_that_cannot_be_is_named_and_the_rest_is_verified(
    stored: Stored, said: str, change: Callable[[Any], object]
) -> None:
    await stored.change_block(lambda block: change(block["results"]["BTCUSDT"]))
    found = await verified(stored.database, stored.report.run_id)
    assert (found.decisions, found.plans) == (4, 4)
    (unreadable,) = [one for one in found.differences if one.finding is Finding.RECORD_UNREADABLE]
    assert unreadable.symbol == "BTCUSDT"
    assert said in unreadable.recorded
    run = await stored.there.stores.runs.run(stored.report.run_id)
    assert run is not None
    assert run.report is not None
    assert (set(run.report.results or ()), "BTCUSDT" in (run.unreadable or "")) == (
        set(stored.report.results) - {"BTCUSDT"},
        True,
    )


async def test_a_changed_column_of_a_decision_is_found(stored: Stored) -> None:
    await stored.execute(update(decisions).where(decisions.c.symbol == "BTCUSDT").values(side="short"))
    assert await stored.findings() == {(Finding.RECORD_CHANGED, "BTCUSDT")}


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("summary", {"ready": 4}),
        ("rejected_by", {"no_timeframe_selected": ["ETHUSDT"]}),
        ("summary_by_tf", {}),
        ("orders_placed", {"total": 0, "orders": []}),
        ("symbols_by_tf", {"1m": ["BTCUSDT"]}),
        ("status", "completed_with_errors"),
        ("profile", "crash"),
    ],
)
async def test_what_a_report_says_of_its_results_follows_from_them(stored: Stored, part: str, value: Any) -> None:
    report = stored.report.to_json()
    report[part] = {**report[part], **value} if value and isinstance(value, dict) else value
    await stored.execute(update(runs).values(report={name: report[name] for name in report if name != "results"}))
    assert await stored.findings() == {(Finding.RECORD_CHANGED, None)}


@pytest.mark.parametrize("report", [{}, {"summary": {"ready": 1}}, [], {"run_id": 5}])
async def test_a_report_that_cannot_be_is_named_and_the_decisions_are_verified(stored: Stored, report: Any) -> None:
    await stored.execute(update(runs).values(report=report))
    found = await verified(stored.database, stored.report.run_id)
    assert (found.decisions, found.plans) == (5, 5)
    assert {(one.finding, one.symbol) for one in found.differences} == {
        (Finding.SEAL_BROKEN, None),
        (Finding.RECORD_UNREADABLE, None),
    }


async def test_a_request_that_cannot_be_is_named(stored: Stored) -> None:
    await stored.execute(update(runs).values(request={"current_tf": "7m"}))
    assert await stored.findings() == {(Finding.RECORD_UNREADABLE, None)}


async def test_a_profile_that_was_renamed_and_a_symbol_that_was_asked_for_are_found(stored: Stored) -> None:
    await stored.execute(update(runs).values(profile="crash"))
    assert await stored.findings() == {(Finding.RECORD_CHANGED, None)}
    await stored.execute(update(runs).values(request={"symbols": ["BTCUSDT", "XRPUSDT"]}))
    assert await stored.findings() == {(Finding.RECORD_CHANGED, None)}


async def test_a_symbol_that_was_removed_everywhere_is_found(stored: Stored) -> None:
    records = await stored.there.stores.runs.decisions(stored.report.run_id)
    left = [record for record in records if record.symbol != "BTCUSDT"]
    await stored.execute(update(run_blocks).values(content=pack(left)))
    await stored.execute(delete(decisions).where(decisions.c.symbol == "BTCUSDT"))
    assert await stored.findings() == {(Finding.RECORD_CHANGED, None)}, "the report counted it"


async def test_a_symbol_that_was_removed_from_the_rows_alone_is_found(stored: Stored) -> None:
    await stored.execute(delete(decisions).where(decisions.c.symbol == "BTCUSDT"))
    assert (Finding.RECORD_INCOMPLETE, "BTCUSDT") in await stored.findings()


@pytest.mark.parametrize("lost", [Timeframe.H1, Timeframe.M1])
async def test_ranges_that_were_removed_do_not_pass_as_verified(stored: Stored, lost: Timeframe) -> None:
    (record,) = [one for one in await stored.records() if one.symbol == "BTCUSDT"]
    assert record.inputs is not None
    left = {timeframe: one for timeframe, one in record.inputs.candles.items() if timeframe is not lost}
    await stored.change(in_inputs(candles=left))
    assert await stored.findings() == {(Finding.RECORD_INCOMPLETE, "BTCUSDT")}


async def test_facts_that_were_removed_or_changed_do_not_pass_as_verified(stored: Stored) -> None:
    await stored.change(in_inputs(plan=None))
    await stored.change(in_plan_inputs(available_balance=Decimal(50)), "ETHUSDT")
    found = await stored.findings()
    assert found == {(Finding.RECORD_INCOMPLETE, "BTCUSDT"), (Finding.PLAN_DIFFERS, "ETHUSDT")}


# --- what cannot be is named, and the rest is verified --------------------------------------------------------
IMPOSSIBLE: list[tuple[str, Callable[[Any], object]]] = [
    ("bid", lambda inputs: inputs["plan"]["book"].update(best_bid=inputs["plan"]["book"]["best_ask"])),
    ("tick_size must be above zero", lambda inputs: inputs["plan"]["contract"].update(tick_size="0")),
    ("available_balance", lambda inputs: inputs["plan"].update(available_balance="much")),
    ("at_ms", lambda inputs: inputs.update(at_ms="yesterday")),
    ("window", lambda inputs: inputs.update(windows=[99])),
    ("plan", lambda inputs: inputs["plan"].pop("book")),
]


@pytest.mark.parametrize(("said", "change"), IMPOSSIBLE)
async def test_inputs_that_cannot_be_are_named_and_the_rest_is_verified(
    stored: Stored, said: str, change: Callable[[Any], object]
) -> None:
    await stored.change_block(lambda block: change(block["inputs"]["BTCUSDT"]))
    assert await stored.findings() == {(Finding.RECORD_UNREADABLE, "BTCUSDT")}
    found = await verified(stored.database, stored.report.run_id)
    assert (found.decisions, found.plans) == (4, 4)
    (unreadable,) = [one for one in found.differences if one.finding is Finding.RECORD_UNREADABLE]
    assert said in unreadable.recorded


@pytest.mark.parametrize(
    "change",
    [
        lambda group: group.update(truths=b"short"),
        lambda group: group.update(outcomes=group["outcomes"].replace(b"\x01", b"\x63")),
        lambda group: group.update(columns=b"\xff" * len(group["columns"])),
        lambda group: group.pop("values"),
        lambda group: group.update(reasons=["no such reason"] * 5),
    ],
)
async def test_traces_that_cannot_be_read_are_named(stored: Stored, change: Callable[[Any], object]) -> None:
    await stored.change_block(lambda block: change(block["traces"][0]))
    assert await stored.findings() == {(Finding.RECORD_UNREADABLE, symbol) for symbol in stored.report.results}


@pytest.mark.parametrize("content", [b"", b"no block", zlib.compress(b"no block"), zlib.compress(to_bytes({"a": 1}))])
async def test_a_block_that_cannot_be_read_is_named(stored: Stored, content: bytes) -> None:
    await stored.execute(update(run_blocks).values(content=content))
    found = await stored.findings()
    assert {(Finding.RECORD_UNREADABLE, symbol) for symbol in stored.report.results} <= found


async def test_templates_that_were_removed_are_found(stored: Stored) -> None:

    def work(connection: Connection) -> None:
        connection.execute(delete(run_documents))
        connection.execute(delete(documents).where(documents.c.digest != EAGER.digest))

    await stored.database.write(work)
    assert await stored.findings() == {(Finding.RECORD_INCOMPLETE, None)}


async def test_changed_shapes_of_trees_are_found(stored: Stored) -> None:

    def work(connection: Connection) -> None:
        rows = connection.execute(select(documents)).mappings().all()
        shapes = next(row for row in rows if row["digest"] != EAGER.digest)
        content = copy.deepcopy(shapes["content"])
        content["5m"]["long"]["label"] = "something else"
        connection.execute(update(documents).where(documents.c.digest == shapes["digest"]).values(content=content))

    await stored.database.write(work)
    assert await stored.findings() == {(Finding.RECORD_CHANGED, None)}


async def test_an_instant_that_was_changed_is_found(stored: Stored) -> None:
    await stored.execute(update(runs).values(instant_ms=NOW_MS + 60_000))
    assert {finding for finding, _ in await stored.findings()} >= {Finding.RECORD_CHANGED}


# --- runs that cannot be verified -----------------------------------------------------------------------------
async def test_a_run_that_did_not_finish_is_not_confirmed() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, EAGER)
        there.exchange.faults["account_state"] = ValueError("a bug")  # type: ignore[assignment]
        with pytest.raises(ValueError, match="a bug"):
            await there.run()
        (run,) = (await there.stores.runs.history(1)).items
        found = await verified(database, run.run_id)
        assert [one.finding for one in found.differences] == [Finding.RUN_NOT_FINISHED]


async def test_an_unknown_run_is_none() -> None:
    async with world(EAGER) as there:
        assert await verify_run(there.stores, "nothing") is None


async def test_the_document_tells_what_was_compared_and_every_difference(stored: Stored) -> None:
    await stored.change(_OTHER_OUTCOME)
    document = (await verified(stored.database, stored.report.run_id)).to_json()
    assert (document["ok"], document["decisions"], document["plans"]) == (False, 5, 5)
    assert document["differences"].pop(0)["finding"] == "seal_broken"
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
