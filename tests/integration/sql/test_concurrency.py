"""Several tasks and several processes on one database."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from mtf_adapters.sql import Database, SqlAuditStore, SqlCandleStore, SqlContractStore, SqlSwitchStore
from mtf_adapters.sql.transactions import changing
from mtf_core.market import Timeframe
from mtf_core.risk import Switch
from tests.integration.sql.examples import WORLD, candles, event
from tests.integration.sql.standing import Standing, standing

M1 = Timeframe.M1

# Each process writes every other candle of the same series, the same switches and the whole list of contracts, many
# times over.
_WRITER = """
import asyncio, sys
from mtf_adapters.sql import Database, SqlAuditStore, SqlCandleStore, SqlContractStore, SqlSwitchStore
from mtf_core.market import Timeframe
from mtf_core.risk import Switch
from tests.integration.sql.examples import WORLD, candles, contract, event

async def main(url, name):
    async with Database.open(url) as database:
        symbols = [f"S{number}USDT" for number in range(20)]
        for round in range(8):
            price = 100.0 + round
            own = range(0, 50, 2) if name == "first" else range(1, 50, 2)
            series = {(symbol, Timeframe.M1): candles(Timeframe.M1, own, price) for symbol in symbols}
            await SqlCandleStore(database, WORLD).write(series)
            await SqlSwitchStore(database, WORLD).put([Switch(symbol, True, None, name, round) for symbol in symbols])
            await SqlContractStore(database, WORLD).replace_all([contract(symbol) for symbol in symbols], round)
            await SqlAuditStore(database, WORLD).append([event(round, action=name)])

asyncio.run(main(*sys.argv[1:]))
"""


async def test_processes_that_write_the_same_things_at_once_all_succeed(
    database_url: str, pytestconfig: pytest.Config
) -> None:
    def start(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _WRITER, database_url, name]
        return subprocess.Popen(command, cwd=pytestconfig.rootpath, stderr=subprocess.PIPE, text=True)

    processes = [start("first"), start("second")]
    complaints = [process.communicate()[1] for process in processes]
    assert complaints == ["", ""]
    async with Database.open(database_url) as database:
        for name in ("first", "second"):
            assert len((await SqlAuditStore(database, WORLD).history(100, action=name)).items) == 8
        assert [span[4] for span in await SqlCandleStore(database, WORLD).spans()] == [50] * 20
        assert len(await SqlContractStore(database, WORLD).all()) == 20
        assert len(await SqlSwitchStore(database, WORLD).all()) == 20


async def test_tasks_of_one_process_take_turns(database: Database) -> None:
    audit, switches = SqlAuditStore(database, WORLD), SqlSwitchStore(database, WORLD)
    await asyncio.gather(
        *(audit.append([event(number)]) for number in range(30)),
        *(switches.put([Switch("BTCUSDT", True, None, "", number)]) for number in range(30)),
        *(audit.history(5) for _ in range(30)),
    )
    assert sorted(found.time_ms for found in (await audit.history(100)).items) == list(range(30))
    assert len(await switches.all()) == 1


async def test_a_reader_sees_what_was_there_while_a_writer_has_not_ended(database_url: str) -> None:
    async with Database.open(database_url) as database, Database.open(database_url) as other:
        async with standing(database, changing(text(f"INSERT INTO contract_sync VALUES ('{WORLD}', 5)"))):
            assert await SqlContractStore(other, WORLD).synced_ms() is None
        assert await SqlContractStore(other, WORLD).synced_ms() == 5


async def test_a_task_cancelled_within_a_transaction_stores_nothing_of_it(shared_database: Database) -> None:
    work = Standing(changing(text(f"INSERT INTO contract_sync VALUES ('{WORLD}', 5)")))
    await cancelled(asyncio.create_task(shared_database.write(work)), after=work.stands.wait())
    work.goes_on.set()
    assert await SqlContractStore(shared_database, WORLD).synced_ms() is None
    await SqlContractStore(shared_database, WORLD).replace_all([], synced_ms=6)


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1])
async def test_a_write_that_is_cancelled_at_any_moment_is_stored_whole_or_not_and_holds_up_no_other(
    database: Database, seconds: float
) -> None:
    """Wherever the driver is just then: in a statement, between two, in the commit."""
    store = SqlCandleStore(database, WORLD)
    many = {(f"S{number}USDT", M1): candles(M1, range(10_000)) for number in range(20)}
    writing = asyncio.create_task(store.write(many))
    await asyncio.sleep(seconds)
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    assert await store.write({("ETHUSDT", M1): candles(M1, range(3))}) == 3
    symbols = {symbol for symbol, *_ in await store.spans()} - {"ETHUSDT"}
    assert symbols in (set(), {symbol for symbol, _ in many})


async def cancelled(task: asyncio.Task[Any], after: Awaitable[Any]) -> None:
    await after
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
