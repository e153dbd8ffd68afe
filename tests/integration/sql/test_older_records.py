"""Databases as other versions left them, with a run in each: upgraded, and every question about the run answered.

`stored/schema_0001.db.xz` was written by the code before sizes and settings got their present names: one run of the
profile `regular` over three symbols of the generated market (seed 1), at 2026-03-01T01:00Z.

`stored/schema_0011.db.xz` was written by the last code that read its records by their names in JSON: one run of a
small profile over five symbols (seed 7), at 2026-03-02T12:00Z: an order simulated, two refused by a guard, a busy
symbol, and one without candles.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, delete, select, update

from mtf_adapters.sql import Database, SqlContractStore
from mtf_adapters.sql.schema import decisions, documents, run_blocks, runs
from mtf_adapters.sql.transactions import changing, value_or_none
from mtf_core._version import __version__
from mtf_core.inquiry import Finding, funnel, verify_run, why
from mtf_core.market import ContractStatus, Timeframe
from mtf_core.ports import Stores
from mtf_core.reasons import Reason, Stage, StoredReason, UnknownReason
from mtf_core.records import RunCounts
from mtf_core.records.codec import from_compressed, to_bytes
from mtf_core.records.documents import to_document
from mtf_core.records.packed import pack
from mtf_core.validation.outcome import Outcome
from mtf_entrypoints.stores import build_stores

STORED = Path(__file__).parent / "stored"
NAMESPACE = "sandbox-seed-1-60"


def unpacked_to(folder: Path, name: str) -> Path:
    file = folder / "old.db"
    file.write_bytes(lzma.decompress((STORED / name).read_bytes()))
    return file


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    file = unpacked_to(tmp_path, "schema_0001.db.xz")
    async with Database.open(f"sqlite:///{file}") as database:
        await database.upgrade()
        await database.check()
        assert len(await SqlContractStore(database, NAMESPACE).all()) == 3
        yield build_stores(database, NAMESPACE)


async def test_decisions_read_back_with_what_they_were_made_from(stores: Stores) -> None:
    (run,) = (await stores.runs.history(1)).items
    planned = await stores.runs.decision(run.run_id, "BCHUSDT")
    assert planned is not None
    assert planned.unreadable is planned.reason is None
    assert planned.inputs is not None
    assert planned.inputs.plan is not None
    assert planned.inputs.plan.book.best_bid == Decimal("492.30")
    contract = planned.inputs.plan.contract
    assert (contract.min_size, contract.max_market_size) == (1, 745_800), "was min_volume, market_max_volume"
    assert contract.status is ContractStatus.TRADING
    assert planned.inputs.candles[Timeframe.H4].count == 682
    assert planned.trace is not None
    assert (planned.trace.key, planned.trace.execution_timeframe) == (planned.decision_key, Timeframe.M5)
    whole = await stores.runs.run(run.run_id)
    assert whole is not None
    assert whole.report is not None
    assert whole.unreadable is None
    assert set(whole.report.results or ()) == {"ADAUSDT", "BCHUSDT", "BTCUSDT"}


async def test_results_and_plans_read_back_in_todays_words(stores: Stores) -> None:
    planned = await stores.runs.last_decision("BCHUSDT")
    assert planned is not None
    assert planned.result is not None
    plan = planned.result.plan
    assert plan is not None
    assert (plan.time_in_force, plan.post_only, plan.margin_mode) == ("gtc", False, "isolated")
    assert (plan.entry_price, plan.stop_price, plan.size) == (Decimal("492.35"), Decimal("489.85"), 48)
    assert plan.supervision.hard_time_stop_minutes is None
    assert (plan.costs, plan.zone_event, plan.take_profits[0].net_r) == (None, None, None), "version 1 did not tell"
    assert plan.steps[1].inputs[1] == ("tf", "5m")
    skipped = await stores.runs.last_decision("BTCUSDT")
    assert skipped is not None
    assert skipped.result is not None
    assert skipped.result.order is not None
    assert skipped.result.order.facts["reference"] == "68272.4"
    assert skipped.result.context[Timeframe.H1].outcome is Outcome.NEUTRAL


async def test_why_and_funnel_answer(stores: Stores) -> None:
    told = await why(stores.runs, "ADAUSDT")
    assert told is not None
    assert told.trace is not None
    assert "macd_line_cross" in told.render()
    counted = await funnel(stores)
    assert counted is not None
    assert counted.unread == 1, "its trees have other parameters than those of today"
    stopped = {stage.stage: dict(stage.stopped) for stage in counted.stages if stage.stopped}
    assert stopped == {
        Stage.SELECTION: {"no_timeframe_selected": 1},
        Stage.PLAN: {"skipped_out_of_zone": 1},
    }


async def test_verify_reads_the_candles_and_the_renamed_settings_and_names_what_differs_today(stores: Stores) -> None:
    (run,) = (await stores.runs.history(1)).items
    found = await verify_run(stores, run.run_id)
    assert found is not None
    assert (found.decisions, found.plans) == (3, 2), "candles, configuration and facts were all read"
    unexpected = {Finding.RECORD_UNREADABLE, Finding.CONFIGURATION_REFUSED, Finding.CANDLES_CHANGED}
    assert not {one.finding for one in found.differences} & unexpected
    assert not [one for one in found.differences if one.what.startswith(("summary", "rejected_by", "result.status"))]


@pytest_asyncio.fixture
async def packed(tmp_path: Path) -> AsyncIterator[tuple[Database, Stores]]:
    file = unpacked_to(tmp_path, "schema_0011.db.xz")
    async with Database.open(f"sqlite:///{file}") as database:
        await database.upgrade()
        yield database, build_stores(database, "test")


async def test_blocks_of_the_version_before_are_read_and_packed_again_byte_for_byte(
    packed: tuple[Database, Stores],
) -> None:
    database, stores = packed
    (run,) = (await stores.runs.history(1)).items
    records = await stores.runs.decisions(run.run_id)
    assert {record.unreadable for record in records} == {None}
    block = await database.read(value_or_none(select(run_blocks.c.content)))
    report = await database.read(value_or_none(select(runs.c.report)))
    assert run.report is not None
    assert to_bytes(from_compressed(pack(records))) == to_bytes(from_compressed(block)), "in the same order, too"
    assert to_document(run.report) == report
    assert list(to_document(run.report)) == list(report)


async def test_a_run_of_the_version_before_is_confirmed_and_told(packed: tuple[Database, Stores]) -> None:
    _, stores = packed
    (run,) = (await stores.runs.history(1)).items
    found = await verify_run(stores, run.run_id)
    assert found is not None
    assert (found.differences, found.decisions, found.plans) == ((), 3, 3)
    told = {symbol: await why(stores.runs, symbol) for symbol in ("BTCUSDT", "XRPUSDT", "SOLUSDT", "DOTUSDT")}
    assert all(one is not None for one in told.values())
    sentences = {symbol: one.sentence for symbol, one in told.items() if one is not None}
    assert "order simulated at " in sentences["BTCUSDT"]
    assert sentences["XRPUSDT"].endswith("no order: 2 positions are open or about to be, 2 allowed")
    assert "could not be fetched" in sentences["SOLUSDT"]
    assert "its bucket was full" in sentences["DOTUSDT"]


@pytest_asyncio.fixture
async def newer(packed: tuple[Database, Stores]) -> AsyncIterator[Stores]:
    """The same run as if a later version had stored it: BTCUSDT was stopped by a reason that is not known here."""
    database, stores = packed

    def work(connection: Connection) -> None:
        content = from_compressed(connection.execute(select(run_blocks.c.content)).scalar_one())
        content["results"]["BTCUSDT"] |= {"reason": "moon_is_full", "phase": 0.98}
        content["traces"][0]["reasons"][0] = "moon_is_full"
        connection.execute(update(run_blocks).values(content=zlib.compress(to_bytes(content))))
        of_symbol = decisions.c.symbol == "BTCUSDT"
        connection.execute(update(decisions).where(of_symbol).values(reason="moon_is_full"))
        connection.execute(update(runs).values(code_version="9.1.0"))

    await database.write(work)
    yield stores


async def with_counts_of(database: Database, counts: RunCounts) -> None:
    await database.write(changing(update(runs).values(counts=counts.to_bytes())))


async def test_a_reason_of_a_later_version_is_told_as_it_is_with_the_version_that_gave_it(newer: Stores) -> None:
    told = await why(newer.runs, "BTCUSDT")
    assert told is not None
    assert (str(told.reason), told.stage) == ("moon_is_full", None)
    assert told.sentence.startswith("BTCUSDT: moon_is_full, a reason of another version that this one does not know; ")
    assert f"the run was stored by version 9.1.0; this is version {__version__}" in told.render()
    document = told.to_json()
    assert (document["reason"], document["stage"], document["result"]) == ("moon_is_full", None, None)
    assert "moon_is_full" in told._repr_html_()
    (run,) = (await newer.runs.history(1)).items
    whole = await newer.runs.run(run.run_id)
    assert whole is not None
    assert whole.report is not None
    assert "BTCUSDT: result: " in (whole.unreadable or "")
    assert set(whole.report.results or ()) == {"ETHUSDT", "SOLUSDT", "WEXNOUSDT", "XRPUSDT"}


@pytest.mark.parametrize("counted_when_stored", [True, False])
async def test_the_funnel_counts_reasons_of_a_later_version_in_no_stage(
    newer: Stores, packed: tuple[Database, Stores], counted_when_stored: bool
) -> None:
    known: dict[StoredReason | None, int] = {
        Reason.MAX_CONCURRENT_POSITIONS_REACHED: 2,
        UnknownReason("moon_is_full"): 1,
    }
    await with_counts_of(packed[0], RunCounts(known, ()))
    run_id = None if counted_when_stored else (await newer.runs.history(1)).items[0].run_id
    counted = await funnel(newer, run_id)
    assert counted is not None
    assert counted.unknown == {"moon_is_full": 1}
    assert counted.to_json()["unknown_reasons"] == {"moon_is_full": 1}
    assert "moon_is_full 1" in counted._repr_html_()
    stopped = {stage.stage: dict(stage.stopped) for stage in counted.stages if stage.stopped}
    assert stopped[Stage.GUARD] == {Reason.MAX_CONCURRENT_POSITIONS_REACHED: 2}
    assert counted.stages[0].reached == sum(sum(one.stopped.values()) for one in counted.stages)


async def test_counts_that_cannot_be_read_are_counted_anew(newer: Stores, packed: tuple[Database, Stores]) -> None:
    plain = {"version": 1, "reasons": {"moon_is_full": 1}, "conditions": [["7m", "long", "x", 1, 1, 1]]}
    await packed[0].write(changing(update(runs).values(counts=zlib.compress(to_bytes(plain)))))
    counted = await funnel(newer)
    assert counted is not None
    assert (counted.unknown, counted.unread) == ({"moon_is_full": 1}, 1)


@pytest.mark.parametrize("content", [{"5m": {"forest": []}}, {}, None])
async def test_shapes_that_are_gone_or_of_a_later_version_cost_the_trees_and_not_the_answer(
    packed: tuple[Database, Stores], content: dict[str, object] | None
) -> None:
    database, stores = packed
    record = await stores.runs.last_decision("XRPUSDT")
    assert record is not None
    assert record.trace is not None
    shapes = documents.c.digest == record.trace.templates

    def work(connection: Connection) -> None:
        changed = update(documents).where(shapes).values(content=content or {})
        connection.execute(delete(documents).where(shapes) if content is None else changed)

    await database.write(work)
    told = await why(stores.runs, "XRPUSDT")
    assert told is not None
    assert told.trace is None
    said = "are not in the store" if content is None else "do not fit its trees"
    assert (
        "as many positions as allowed are open or about to be; the rest of its record cannot be read" in told.sentence
    )
    assert said in told.sentence
    assert "plan: entry " in told.render()
    assert "the run was stored by version" in told.render()
