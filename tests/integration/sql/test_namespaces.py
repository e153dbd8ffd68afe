"""Two worlds in one database: neither sees, changes nor blocks anything of the other."""

import asyncio

import attrs
import pytest
from attrs import evolve

from mtf_adapters.sql import (
    Database,
    SqlAuditStore,
    SqlCandleStore,
    SqlContractStore,
    SqlRunStore,
    SqlSwitchStore,
)
from mtf_core.market import ContractStatus, Gap, Timeframe
from mtf_core.ports import StoreError
from mtf_core.reasons import Reason
from mtf_core.records import RunRecord, RunStatus
from mtf_core.risk import GLOBAL_SWITCH, Switch
from tests.integration.sql.examples import as_columns, candles, contract, decision, event, report, result, run

M1 = Timeframe.M1
HERE, THERE = "sandbox-seed-1-20", "bitmart-perpetual"
OURS = result(Reason.NOT_ENOUGH_CANDLES)
EVER = (0, 2**53)
DOCUMENTS = {"sha-1": {"defaults": {}}}


async def test_contracts_of_another_world_are_not_listed_and_survive_a_sync(database: Database) -> None:
    here, there = SqlContractStore(database, HERE), SqlContractStore(database, THERE)
    await here.replace_all([contract("BTCUSDT", status=ContractStatus.TRADING), contract("ETHUSDT")], synced_ms=1)
    assert await there.all() == ()
    assert await there.synced_ms() is None
    await there.replace_all([contract("BTCUSDT", status=ContractStatus.DELISTED)], synced_ms=2)
    assert await here.all() == (contract("BTCUSDT", status=ContractStatus.TRADING), contract("ETHUSDT"))
    assert await here.synced_ms() == 1
    await here.replace_all([], synced_ms=3)
    assert await there.all() == (contract("BTCUSDT", status=ContractStatus.DELISTED),)
    assert await there.synced_ms() == 2


async def test_candles_of_one_symbol_in_two_worlds_are_two_series(database: Database) -> None:
    here, there = SqlCandleStore(database, HERE), SqlCandleStore(database, THERE)
    ours, theirs = candles(M1, [0, 1, 5], first_price=10), candles(M1, [1, 2], first_price=900)
    await here.write({("BTCUSDT", M1): ours})
    assert len((await there.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]) == 0
    assert await there.gaps("BTCUSDT", M1) == ()
    assert await there.spans() == ()
    await there.write({("BTCUSDT", M1): theirs})
    assert as_columns((await here.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]) == as_columns(ours)
    assert as_columns((await there.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]) == as_columns(theirs)
    assert await here.gaps("BTCUSDT", M1) == (Gap(2 * M1.ms, 4 * M1.ms, 3),)
    assert await here.spans() == (("BTCUSDT", M1, 0, 5 * M1.ms, 3),)
    assert await there.spans() == (("BTCUSDT", M1, M1.ms, 2 * M1.ms, 2),)


async def test_deleting_candles_leaves_those_of_another_world(database: Database) -> None:
    here, there = SqlCandleStore(database, HERE), SqlCandleStore(database, THERE)
    for store in (here, there):
        await store.write({("BTCUSDT", M1): candles(M1, range(4))})
    assert await here.delete("BTCUSDT", M1, *EVER) == 4
    assert await here.spans() == ()
    assert await there.spans() == (("BTCUSDT", M1, 0, 3 * M1.ms, 4),)


async def test_runs_and_decisions_of_another_world_do_not_exist(database: Database) -> None:
    here, there = SqlRunStore(database, HERE), SqlRunStore(database, THERE)
    await _ran(here, "ours", "BTCUSDT")
    assert await there.run("ours") is None
    assert (await there.history(9)).items == ()
    assert (await there.history(9)).items == ()
    assert await there.decisions("ours") == ()
    assert await there.decision("ours", "BTCUSDT") is None
    assert await there.last_decision("BTCUSDT") is None
    assert [tally async for tally in there.tallies_since(0)] == []


async def test_a_world_can_neither_end_nor_occupy_a_run_of_another(database: Database) -> None:
    here, there = SqlRunStore(database, HERE), SqlRunStore(database, THERE)
    await here.start(run("same"), DOCUMENTS)
    with pytest.raises(StoreError, match="run same cannot end: it has not started"):
        await there.finish(_finished(run("same")), [])
    theirs = await _ran(there, "same", "BTCUSDT", "ETHUSDT", started_ms=7_000)
    assert await here.run("same") == run("same")
    assert await here.decisions("same") == ()
    ours = _finished(run("same"))
    await here.finish(ours, [decision("same", "BTCUSDT", OURS)])
    assert await here.run("same") == evolve(ours, report=evolve(report(run("same")), results={"BTCUSDT": OURS}))
    kept = await there.run("same")
    assert kept is not None
    assert kept.report is not None
    assert evolve(kept, report=evolve(kept.report, results=None)) == theirs
    assert set(kept.report.results or ()) == {"BTCUSDT", "ETHUSDT"}
    assert await here.decisions("same") == (decision("same", "BTCUSDT", OURS),)
    assert await there.decisions("same") == (decision("same", "BTCUSDT"), decision("same", "ETHUSDT"))
    assert await here.last_decision("BTCUSDT") == decision("same", "BTCUSDT", OURS)
    assert [tally.run_id async for tally in here.tallies_since(0)] == ["same"]
    assert [record.started_ms for record in (await here.history(9)).items] == [1_000]


async def test_documents_are_shared_because_their_digest_says_what_they_are(database: Database) -> None:
    here, there = SqlRunStore(database, HERE), SqlRunStore(database, THERE)
    await here.start(run("ours"), DOCUMENTS)
    await there.start(run("theirs"), {})
    assert await there.document("sha-1") == DOCUMENTS["sha-1"]


async def test_a_switch_of_one_world_switches_nothing_of_another(database: Database) -> None:
    here, there = SqlSwitchStore(database, HERE), SqlSwitchStore(database, THERE)
    kill = Switch(GLOBAL_SWITCH, on=False, until_ms=None, reason="kill", changed_ms=3)
    on = Switch(GLOBAL_SWITCH, on=True, until_ms=None, reason="", changed_ms=4)
    await here.put([kill])
    assert await there.all() == ()
    await there.put([on])
    assert await here.all() == (kill,)
    assert await there.all() == (on,)


async def test_the_audit_of_one_world_is_no_baseline_for_another(database: Database) -> None:
    here, there = SqlAuditStore(database, HERE), SqlAuditStore(database, THERE)
    await here.append([event(1, "daily_baseline"), event(3, "daily_baseline")])
    await there.append([event(2, "daily_baseline", subject="theirs")])
    assert (await here.history(9, action="daily_baseline")).items == (
        event(3, "daily_baseline"),
        event(1, "daily_baseline"),
    )
    assert (await there.history(9)).items == (event(2, "daily_baseline", subject="theirs"),)
    assert (await there.history(9)).items == (event(2, "daily_baseline", subject="theirs"),)


async def test_worlds_that_write_the_same_keys_at_once_all_succeed(database: Database) -> None:
    async def write(world: str, number: int) -> None:
        symbols = [f"S{index}USDT" for index in range(10)]
        price = 100.0 + number
        await SqlCandleStore(database, world).write({(name, M1): candles(M1, range(9), price) for name in symbols})
        await SqlContractStore(database, world).replace_all([contract(name) for name in symbols], number)
        await SqlSwitchStore(database, world).put([Switch(name, True, None, world, number) for name in symbols])

    worlds = [f"world-{number}" for number in range(6)]
    await asyncio.gather(*(write(world, number) for number, world in enumerate(worlds)))
    for number, world in enumerate(worlds):
        found = await SqlCandleStore(database, world).read(["S3USDT"], M1, *EVER)
        assert as_columns(found["S3USDT"]) == as_columns(candles(M1, range(9), 100.0 + number))
        assert await SqlContractStore(database, world).synced_ms() == number
        assert {switch.reason for switch in await SqlSwitchStore(database, world).all()} == {world}


def _finished(started: RunRecord) -> RunRecord:
    return attrs.evolve(started, finished_ms=started.started_ms + 5, status=RunStatus.FINISHED, report=report(started))


async def _ran(store: SqlRunStore, run_id: str, *symbols: str, started_ms: int = 1_000) -> RunRecord:
    record = run(run_id, started_ms)
    await store.start(record, DOCUMENTS)
    await store.finish(_finished(record), [decision(run_id, symbol) for symbol in symbols])
    return _finished(record)
