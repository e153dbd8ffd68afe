"""A database of an earlier version, with rows in it, becomes one of this version and loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from alembic import command
from attrs import evolve
from sqlalchemy import Connection, MetaData, Table, text

from mtf_adapters.local import WallClock
from mtf_adapters.sql import (
    Database,
    SqlCandleStore,
    SqlContractStore,
    SqlLocks,
    SqlProcessStore,
    SqlRiskStore,
    SqlRunStore,
)
from mtf_adapters.sql.transactions import all_rows
from mtf_adapters.sql.upgrade import migration_config
from mtf_core.market import BracketUnit, Timeframe
from mtf_core.ports import Acquired
from mtf_core.records import ProcessKind, ProcessState, RunningProcess
from mtf_core.risk import Books, OpeningSource, RiskDay, RiskLock, Span
from tests.integration.sql.examples import WORLD, as_columns, candles, contract, run
from tests.integration.sql.orders_shop import NOW_MS, bound_store, reserved

# As the first version wrote it: its own names, decimals as text.
_CONTRACT = {
    "namespace": WORLD,
    "symbol": "BTCUSDT",
    "base_currency": "BTC",
    "quote_currency": "USDT",
    "status": "Trading",
    "tick_size": "0.10",
    "size_step": "1",
    "contract_size": "0.001",
    "min_volume": "2",
    "max_volume": "1000000",
    "market_max_volume": "50000",
    "min_leverage": "1",
    "max_leverage": "100",
    "maker_fee": "-0.0002",
    "taker_fee": "0.0006",
    "turnover_24h": "123456789.123456789",
    "opened_at_ms": 1_600_000_000_000,
    "expires_at_ms": 0,
    "brackets": [],
}
_BRACKET = {
    "notional_floor": "0",
    "notional_cap": "50000.5",
    "max_leverage": "100",
    "maintenance_margin_ratio": "0.004",
    "maintenance_amount": "0.30",
}


_RUN = {
    "namespace": WORLD,
    "profile": "scalper",
    "dry_run": True,
    "instant_ms": 0,
    "status": "finished",
    "request": {},
    "config_digest": "sha-1",
    "code_version": "0.0.1",
}
_DECISION = {"namespace": WORLD, "symbol": "BTCUSDT", "status": "INVALID"}


async def test_contracts_of_the_first_version_keep_their_sizes_under_the_new_names(empty_database_url: str) -> None:
    async with old_database(empty_database_url, "0001", {"contracts": [_CONTRACT]}) as database:
        await database.upgrade()
        await database.check()
        (kept,) = await SqlContractStore(database, WORLD).all()
    assert (kept.min_size, kept.max_size, kept.max_market_size) == (Decimal(2), Decimal(1_000_000), Decimal(50_000))
    assert kept == evolve(contract("BTCUSDT"), brackets=())


async def test_the_brackets_of_contracts_of_before_are_in_notional_and_others_can_be_stored_beside_them(
    empty_database_url: str,
) -> None:
    names = {"min_volume": "min_size", "max_volume": "max_size", "market_max_volume": "max_market_size"}
    row = {names.get(name, name): value for name, value in _CONTRACT.items()}
    row |= {"status": "trading", "brackets": [_BRACKET]}
    async with old_database(empty_database_url, "0018", {"contracts": [row]}) as database:
        await database.upgrade()
        await database.check()
        store = SqlContractStore(database, WORLD)
        (kept,) = await store.all()
        assert kept == contract("BTCUSDT")
        assert kept.brackets_in is BracketUnit.NOTIONAL
        brackets = [evolve(one, maintenance_amount=Decimal(0)) for one in kept.brackets]
        listed = (evolve(kept, brackets=brackets, brackets_in=BracketUnit.CONTRACTS), contract("ETHUSDT"))
        await store.replace_all(listed, 1)
        assert await store.all() == listed


async def test_runs_of_the_first_version_are_numbered_and_new_ones_follow_them(empty_database_url: str) -> None:
    """SQLite knows in which order they were stored; in PostgreSQL their clock is all there is to go by."""
    starts = {"r1": 4_291_747_200_000, "r2": 1_000, "r3": 2_000}
    rows = {
        "documents": [{"digest": "sha-1", "content": {}}],
        "runs": [_RUN | {"run_id": run_id, "started_ms": start} for run_id, start in starts.items()],
        "decisions": [_DECISION | {"run_id": run_id, "run_started_ms": starts[run_id]} for run_id in starts],
    }
    async with old_database(empty_database_url, "0001", rows) as database:
        await database.upgrade()
        store = SqlRunStore(database, WORLD)
        expected = ["r1", "r2", "r3"] if empty_database_url.startswith("sqlite") else ["r2", "r3", "r1"]
        assert [record.run_id for record in (await store.history(9)).items] == expected[::-1]
        query = text("SELECT run_id FROM decisions ORDER BY run_sequence")
        assert [row.run_id for row in await database.read(all_rows(query))] == expected
        await store.start(run("r4", started_ms=1), {})
        assert [record.run_id for record in (await store.history(1)).items] == ["r4"]


async def test_candles_of_the_first_version_are_all_there_bit_for_bit_with_their_gaps(empty_database_url: str) -> None:
    stored = {
        ("BTCUSDT", Timeframe.M1): candles(Timeframe.M1, [*range(5, 700), *range(705, 1010)]),
        ("BTCUSDT", Timeframe.D1): candles(Timeframe.D1, range(300), first_price=7),
        ("ETHUSDT", Timeframe.M5): candles(Timeframe.M5, [239, 240]),
    }
    rows: dict[str, list[dict[str, object]]] = {"series": [], "candles": []}
    for id_, ((symbol, timeframe), series) in enumerate(stored.items(), start=1):
        rows["series"].append({"namespace": WORLD, "symbol": symbol, "timeframe": str(timeframe)})
        columns = as_columns(series)
        rows["candles"] += [
            {"series_id": id_, **dict(zip(columns, values, strict=True))}
            for values in zip(*columns.values(), strict=True)
        ]
    rows["series"].append({"namespace": WORLD, "symbol": "XRPUSDT", "timeframe": "4h"})
    async with old_database(empty_database_url, "0001", rows) as database:
        await database.upgrade()
        store = SqlCandleStore(database, WORLD)
        for (symbol, timeframe), series in stored.items():
            found = (await store.read([symbol], timeframe, -(2**53), 2**53))[symbol]
            assert as_columns(found) == as_columns(series)
            assert await store.gaps(symbol, timeframe) == series.gaps()
        assert [span[4] for span in await store.spans()] == [1000, 300, 2]
        await store.write(
            {("SOLUSDT", Timeframe.M1): candles(Timeframe.M1, [3])}
        )  # the next series gets an id of its own
        assert [span[0] for span in await store.spans()] == ["BTCUSDT", "BTCUSDT", "ETHUSDT", "SOLUSDT"]


async def test_days_and_locks_of_before_are_kept_as_those_of_days(empty_database_url: str) -> None:
    """What was available says nothing of unrealised profit, so none is taken to have been there."""
    start_ms = 1_767_225_600_000
    key = {"namespace": WORLD, "start_ms": start_ms}
    rows: dict[str, list[dict[str, object]]] = {
        "risk_days": [key | {"opening_equity": "1000.5", "opening_balance": "200", "opened_ms": start_ms + 5}],
        "risk_locks": [key | {"profile": "scalper", "baseline": "1000.5", "loss": "25.1", "locked_ms": start_ms + 9}],
    }
    async with old_database(empty_database_url, "0014", rows) as database:
        await database.upgrade()
        await database.check()
        store = SqlRiskStore(database, WORLD)
        equity = Decimal("1000.5")
        assert await store.day(start_ms) == RiskDay(start_ms, equity, equity, start_ms + 5, OpeningSource.FIRST_SEEN)
        lock = RiskLock(start_ms, "scalper", equity, Decimal("25.1"), start_ms + 9, Span.DAY)
        assert await store.locks_of("scalper", start_ms + 10) == (lock,)


async def test_a_database_of_before_processes_showed_themselves_keeps_its_locks_and_takes_them(
    empty_database_url: str,
) -> None:
    rows: dict[str, list[dict[str, object]]] = {
        "locks": [{"name": "stream:test", "owner": "r1", "token": 7, "expires_at_ms": 0}],
    }
    async with old_database(empty_database_url, "0016", rows) as database:
        await database.upgrade()
        await database.check()
        store = SqlProcessStore(database, WORLD, WallClock())
        await store.beat(RunningProcess(ProcessKind.SERVE, "serve-1", "box", 1, "0.1.0"), ProcessState.WORKING)
        assert [one.process.owner for one in await store.all()] == ["serve-1"]
        taken = (await SqlLocks(database, WallClock()).acquire(["stream:test"], "stream-1", 1000))["stream:test"]
    assert taken == Acquired("stream:test", "stream-1", 8)


async def test_a_database_of_before_there_were_orders_keeps_what_it_has_and_takes_orders(
    empty_database_url: str,
) -> None:
    rows: dict[str, list[dict[str, object]]] = {
        "documents": [{"digest": "sha-1", "content": {}}],
        "runs": [_RUN | {"run_id": "r1", "started_ms": 1_000, "sequence": 1}],
        "decisions": [_DECISION | {"run_id": "r1", "run_sequence": 1}],
        "locks": [{"name": "supervise", "owner": "r1", "token": 7, "expires_at_ms": 0}],
        "switches": [
            {"namespace": WORLD, "key": "global", "on": False, "until_ms": None, "reason": "stop", "changed_ms": 1}
        ],
        "risk_locks": [
            {
                "namespace": WORLD,
                "start_ms": NOW_MS - NOW_MS % 86_400_000,
                "profile": "scalper_micro",
                "baseline": "100.50",
                "loss": "10",
                "locked_ms": 5,
            }
        ],
    }
    async with old_database(empty_database_url, "0014", rows) as database:
        await database.upgrade()
        await database.check()
        assert [record.run_id for record in (await SqlRunStore(database, WORLD).history(9)).items] == ["r1"]
        store = await bound_store(database)
        seen: list[Books] = []

        def look(books: Books) -> None:
            seen.append(books)

        intent = await reserved(store, guard=look)
        assert seen[0].switchboard.kill_switch_on
        assert [lock.baseline for lock in seen[0].locks] == [Decimal("100.50")]
        assert await store.live() == (intent,)


@asynccontextmanager
async def old_database(url: str, revision: str, rows: Mapping[str, list[dict[str, object]]]) -> AsyncIterator[Database]:
    """A database with the tables as they were at a revision, and rows as that version wrote them."""

    def build(connection: Connection) -> None:
        command.upgrade(migration_config(connection), revision)
        for name, content in rows.items():
            connection.execute(Table(name, MetaData(), autoload_with=connection).insert(), content)

    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).touch()  # an empty file is an empty database
    async with Database.open(url) as database:
        await database.write(build)
        yield database
