"""The run store: a run and all its decisions, or neither."""

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection, Delete, Update, delete, func, select, update

from mtf_adapters.sql import Database, SqlRunStore, namespace_of_run
from mtf_adapters.sql.schema import decisions as decisions_table
from mtf_adapters.sql.schema import documents as document_table
from mtf_adapters.sql.schema import run_blocks, run_documents
from mtf_adapters.sql.schema import runs as runs_table
from mtf_adapters.sql.transactions import changing, value_or_none
from mtf_core.market import Timeframe
from mtf_core.ports import StoreError
from mtf_core.reasons import Reason
from mtf_core.records import ResultRecord, RunCounts, RunRecord, RunStatus
from mtf_core.records.counts import Blocking
from mtf_core.records.documents import to_document
from mtf_core.records.marks import ConditionKey
from mtf_core.records.packed import pack
from tests.integration.sql.examples import WORLD, decision, report, result, results, run

CONFIG = {"defaults": {"risk_pct_percent": "0.5"}}
DOCUMENTS = {"sha-1": CONFIG}


def finished(started: RunRecord) -> RunRecord:
    return attrs.evolve(started, finished_ms=started.started_ms + 5, status=RunStatus.FINISHED, report=report(started))


def reported(record: RunRecord, *symbols: str) -> RunRecord:
    """The run as it comes back alone: its report has the results of its decisions."""
    assert record.report is not None
    return attrs.evolve(record, report=attrs.evolve(record.report, results=dict.fromkeys(symbols, result())))


async def ran(store: SqlRunStore, run_id: str, started_ms: int, *symbols: str, profile: str = "scalper") -> RunRecord:
    record = run(run_id, started_ms, profile)
    await store.start(record, DOCUMENTS)
    await store.finish(finished(record), [decision(run_id, symbol) for symbol in symbols])
    return finished(record)


async def test_a_started_run_is_running_with_its_configuration(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    record = run("r1")
    await store.start(record, DOCUMENTS)
    assert await store.run("r1") == record
    assert await store.document(record.config_digest) == CONFIG
    assert await store.decisions("r1") == ()


async def test_a_finished_run_has_its_report_and_its_decisions_by_symbol(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    record = await ran(store, "r1", 1_000, "ETHUSDT", "BTCUSDT")
    assert await store.run("r1") == reported(record, "BTCUSDT", "ETHUSDT")
    assert await store.run("r1", results=False) == record
    assert (await store.history(1)).items == (record,)
    assert await store.decisions("r1") == (decision("r1", "BTCUSDT"), decision("r1", "ETHUSDT"))
    assert await store.decision("r1", "ETHUSDT") == decision("r1", "ETHUSDT")


async def test_what_is_not_there_is_none(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    assert await store.run("r1") is None
    assert await store.document("sha-1") is None
    assert await store.decision("r1", "BTCUSDT") is None
    assert await store.last_decision("BTCUSDT") is None
    assert (await store.history(1)).items == ()


@given(became=results)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_results_come_back_as_they_were(database: Database, became: ResultRecord) -> None:
    store = SqlRunStore(database, WORLD)
    run_id = f"r{abs(hash(repr(became)))}"
    if await store.run(run_id) is None:
        await store.start(run(run_id), DOCUMENTS)
        await store.finish(run(run_id), [decision(run_id, "BTCUSDT", became)])
    found = await store.decision(run_id, "BTCUSDT")
    assert found is not None
    assert found.result == became
    assert found.unreadable is None


async def test_a_document_is_stored_once_per_digest(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    shape = {"shape": ["all_of", "any_of"]}
    await store.start(run("r1", digest="same"), {"same": CONFIG, "shape-1": shape})
    await store.start(
        run("r2", digest="same"), {"same": {"ignored": "the digest says it is the same"}, "shape-1": shape}
    )
    await store.start(run("r3", digest="other"), {"other": {}})
    assert await database.read(value_or_none(select(func.count()).select_from(document_table))) == 3
    assert await store.document("same") == CONFIG
    assert await store.document("shape-1") == shape
    assert await store.document("other") == {}


async def test_a_run_whose_configuration_nobody_stored_does_not_start(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    with pytest.raises(StoreError):
        await store.start(run("r1", digest="absent"), {"shape-1": {}})
    assert await store.run("r1") is None
    assert await store.document("shape-1") is None
    await store.start(run("r1"), DOCUMENTS)
    await store.start(run("r2"), {})  # stored by the run before


async def test_a_run_starts_once(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    await store.start(run("r1"), DOCUMENTS)
    with pytest.raises(StoreError):
        await store.start(run("r1", started_ms=2_000, digest="new"), {"new": CONFIG})
    assert await store.run("r1") == run("r1")
    assert await store.document("new") is None


async def test_an_end_that_fails_leaves_the_run_running_without_decisions(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    await store.start(run("r1"), DOCUMENTS)
    twice = [decision("r1", "BTCUSDT"), decision("r1", "ETHUSDT"), decision("r1", "BTCUSDT")]
    with pytest.raises(StoreError):
        await store.finish(finished(run("r1")), twice)
    assert await store.run("r1") == run("r1")
    assert await store.decisions("r1") == ()


async def test_a_number_that_json_cannot_express_is_refused(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    await store.start(run("r1"), DOCUMENTS)
    unknown = attrs.evolve(report(run("r1")), ready_rate=float("nan"))
    with pytest.raises(StoreError, match="JSON"):
        await store.finish(attrs.evolve(finished(run("r1")), report=unknown), [])
    half = result(decision_key="\ud800")
    with pytest.raises(StoreError, match="decisions of run r1 cannot be stored"):
        await store.finish(finished(run("r1")), [decision("r1", "BTCUSDT", half)])
    assert await store.run("r1") == run("r1")


async def test_a_run_that_has_not_started_or_has_ended_cannot_end(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    with pytest.raises(StoreError, match="run r1 cannot end"):
        await store.finish(finished(run("r1")), [])
    await ran(store, "r1", 1_000, "BTCUSDT")
    with pytest.raises(StoreError, match="run r1 cannot end"):
        await store.finish(finished(run("r1")), [decision("r1", "ETHUSDT")])
    assert [found.symbol for found in await store.decisions("r1")] == ["BTCUSDT"]


async def test_a_run_cannot_end_with_decisions_of_another(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    await store.start(run("r1"), DOCUMENTS)
    await store.start(run("r2"), DOCUMENTS)
    with pytest.raises(StoreError, match="decisions of r2"):
        await store.finish(finished(run("r1")), [decision("r2", "BTCUSDT")])
    assert await store.decisions("r2") == ()


async def test_the_history_begins_with_the_newest_run(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    for number, profile in enumerate(["scalper", "regular", "scalper", "scalper"]):
        await ran(store, f"r{number}", 1_000 + number, profile=profile)
    assert [record.run_id for record in (await store.history(1)).items] == ["r3"]
    assert [record.run_id for record in (await store.history(2)).items] == ["r3", "r2"]
    assert [record.run_id for record in (await store.history(2, before_ms=1_002)).items] == ["r1", "r0"]
    assert [record.run_id for record in (await store.history(9, profile="scalper")).items] == ["r3", "r2", "r0"]
    assert (await store.history(1, profile="crash")).items == ()


async def test_the_newest_run_is_the_one_that_started_last_whatever_the_clock_said(database: Database) -> None:
    """The clock stood in 2106 for a minute; the runs after it are newer, and the last of them is the newest."""
    store = SqlRunStore(database, WORLD)
    await ran(store, "of-2106", 4_291_747_200_000, "BTCUSDT", "SOLUSDT")
    await ran(store, "after", 1_000, "BTCUSDT")
    await ran(store, "a-newest", 1_000, "XRPUSDT")
    assert [record.run_id for record in (await store.history(9)).items] == ["a-newest", "after", "of-2106"]
    last = {symbol: await store.last_decision(symbol) for symbol in ("BTCUSDT", "SOLUSDT")}
    assert last == {"BTCUSDT": decision("after", "BTCUSDT"), "SOLUSDT": decision("of-2106", "SOLUSDT")}
    assert await namespace_of_run(database) == WORLD


COUNTS = RunCounts(
    {None: 2, Reason.NO_TIMEFRAME_SELECTED: 7},
    (Blocking(ConditionKey(Timeframe.M5, "filter for long", "rsi_lt_70"), 9, 4, 1),),
)


async def test_tallies_are_those_of_the_runs_since_then_newest_first(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    await ran(store, "before", 999, "BTCUSDT")
    await ran(store, "at", 1_000, "ETHUSDT", "BTCUSDT")
    await ran(store, "other", 1_500, "BTCUSDT", profile="crash")
    await store.start(run("counted", 2_000), DOCUMENTS)
    await store.finish(finished(run("counted", 2_000)), [], counts=COUNTS)
    await store.start(run("running", 3_000), DOCUMENTS)
    tallies = [(tally.run_id, tally.counts) async for tally in store.tallies_since(1_000)]
    assert tallies == [("counted", COUNTS), ("other", None), ("at", None)]
    assert [tally.run_id async for tally in store.tallies_since(1_000, "crash")] == ["other"]


async def test_tallies_of_more_runs_than_one_step_reads_are_complete_and_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtf_adapters.sql.runs._RUNS_PER_STEP", 4)
    store = SqlRunStore(database, WORLD)
    for number in range(12):
        await ran(store, f"r{number:02d}", 1_000 + number // 2)
    tallies = [(tally.run_id, await store.decisions(tally.run_id)) async for tally in store.tallies_since(0)]
    assert tallies == [(f"r{number:02d}", ()) for number in reversed(range(12))]


# --- the seal -------------------------------------------------------------------------------------------------
async def intact(store: SqlRunStore, run_id: str) -> tuple[bool, bool]:
    check = await store.seal(run_id)
    assert check is not None
    return check.unchanged, check.follows


async def test_runs_are_sealed_in_the_order_of_their_ends(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    await ran(store, "r1", 1_000, "BTCUSDT", "ETHUSDT")
    await ran(store, "r2", 2_000)
    await ran(store, "r3", 3_000, "BTCUSDT")
    seals = [await store.seal(run_id) for run_id in ("r1", "r2", "r3")]
    assert [seal and seal.recorded.before_run_id for seal in seals] == [None, "r1", "r2"]
    assert [await intact(store, run_id) for run_id in ("r1", "r2", "r3")] == [(True, True)] * 3
    assert await store.seal("r4") is None


@pytest.mark.parametrize(
    "change",
    [
        update(runs_table).values(config_digest="sha-2"),
        update(runs_table).values(request={"symbols": ["BTCUSDT"]}),
        update(runs_table).values(report=to_document(report(run("r1"), requested=2))),
        update(runs_table).values(profile="crash"),
        update(runs_table).values(started_ms=1),
        update(decisions_table).values(reason=None),
        update(decisions_table).where(decisions_table.c.symbol == "ETHUSDT").values(symbol="XRPUSDT"),
        delete(decisions_table).where(decisions_table.c.symbol == "ETHUSDT"),
        update(run_blocks).values(content=pack([decision("r1", "BTCUSDT"), decision("r1", "ETHUSDT", value=1.0)])),
        delete(run_blocks),
    ],
)
async def test_whatever_is_changed_breaks_the_seal(change: Update | Delete) -> None:
    async with Database.open("memory") as database:
        store = SqlRunStore(database, WORLD)
        await store.start(run("other", digest="sha-2"), {"sha-2": {}})
        await ran(store, "r1", 1_000, "BTCUSDT", "ETHUSDT")
        assert await intact(store, "r1") == (True, True)
        await database.write(changing(change))
        assert await intact(store, "r1") == (False, True)


async def test_a_purge_of_the_oldest_runs_leaves_a_chain_and_a_run_taken_from_its_middle_does_not() -> None:
    async with Database.open("memory") as database:
        store = SqlRunStore(database, WORLD)
        for number in range(1, 6):
            await ran(store, f"r{number}", 1_000 * number)

        def work(connection: Connection) -> None:
            connection.execute(delete(run_documents))
            connection.execute(delete(runs_table).where(runs_table.c.run_id == "r1"))

        await database.write(work)
        assert await intact(store, "r2") == (True, True)
        await database.write(changing(delete(runs_table).where(runs_table.c.run_id == "r3")))
        assert await intact(store, "r4") == (True, False)
        await database.write(changing(update(runs_table).where(runs_table.c.run_id == "r4").values(seal="another")))
        assert await intact(store, "r5") == (True, False)
