"""Every row of a symbol around an instant: of each table that there is, and of no other symbol, time or world."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import insert

from mtf_adapters.sql import Database, SqlRunStore, schema
from mtf_adapters.sql.export import LEFT_OUT, Around, _conditions, exported_rows
from mtf_adapters.sql.transactions import changing
from mtf_core.records import RunStatus
from tests.integration.sql.examples import WORLD, decision, report, run

AROUND = Around(WORLD, "AUSDT", 1_000_000, 2_000_000)


def test_every_table_is_exported_or_said_to_be_left_out() -> None:
    told = {*_conditions(AROUND), *LEFT_OUT}
    assert told == set(schema.metadata.tables)
    assert len(told) == len(_conditions(AROUND)) + len(LEFT_OUT)


async def put(database: Database, table: Any, **values: object) -> None:
    await database.write(changing(insert(table).values(namespace=values.pop("namespace", WORLD), **values)))


async def ran(database: Database, run_id: str, instant_ms: int, *symbols: str) -> None:
    store, record = SqlRunStore(database, WORLD), evolve(run(run_id, instant_ms + 1), instant_ms=instant_ms)
    await store.start(record, {"sha-1": {}})
    ended = evolve(record, status=RunStatus.FINISHED, finished_ms=instant_ms + 5, report=report(record))
    await store.finish(ended, [decision(run_id, symbol) for symbol in symbols])


async def test_runs_and_decisions_are_those_of_the_time_and_of_the_symbol(database: Database) -> None:
    for run_id, at_ms in (("before", 999_999), ("first", 1_000_000), ("last", 2_000_000), ("after", 2_000_001)):
        await ran(database, run_id, at_ms, "AUSDT", "BUSDT")
    found = await exported_rows(database, AROUND)
    assert [row["run_id"] for row in found["runs"]] == ["first", "last"]
    assert [(row["run_id"], row["symbol"]) for row in found["decisions"]] == [("first", "AUSDT"), ("last", "AUSDT")]
    assert {row["digest"] for row in found["run_documents"]} == {"sha-1"}
    assert "counts" not in found["runs"][0]
    elsewhere = await exported_rows(database, evolve(AROUND, namespace="elsewhere"))
    assert {name for name, rows in elsewhere.items() if rows} == set()


def event(key: str, symbol: str, venue_ms: int) -> dict[str, Any]:
    return {
        "decision_key": key,
        "symbol": symbol,
        "attempt": 1,
        "kind": "planned",
        "venue_ms": venue_ms,
        "run_id": "r",
        "program_ms": venue_ms,
        "details": {"price": "0.10"},
    }


def intent(key: str, symbol: str, counter: int, **changed: object) -> dict[str, Any]:
    return {
        "decision_key": key,
        "counter": counter,
        **dict.fromkeys(("side", "profile", "run_id", "entry", "position"), "x"),
        "symbol": symbol,
        "is_live": False,
        "holds_symbol": False,
        **dict.fromkeys(("planned_steps", "filled_steps", "alive_steps"), 0),
        **dict.fromkeys(("notional", "margin", "loss_at_stop"), Decimal("1.50")),
        "version": 1,
        "created_ms": 0,
        "updated_ms": 0,
        "content": {},
        **changed,
    }


async def test_an_intent_that_was_alive_in_the_time_comes_with_its_whole_story(database: Database) -> None:
    await put(database, schema.order_intents, **intent("ended-before", "AUSDT", 1, updated_ms=999_999))
    await put(database, schema.order_intents, **intent("lives", "AUSDT", 2, is_live=True, holds_symbol=True))
    await put(database, schema.order_intents, **intent("ended-in", "AUSDT", 3, updated_ms=1_500_000))
    await put(database, schema.order_intents, **intent("came-after", "AUSDT", 4, created_ms=2_000_001))
    await put(database, schema.order_intents, **intent("other", "BUSDT", 5, updated_ms=1_500_000))
    for key, symbol, at_ms in (
        ("ended-before", "AUSDT", 5),
        ("ended-before", "AUSDT", 1_500_000),
        ("ended-in", "AUSDT", 7),
        ("other", "BUSDT", 1_500_000),
    ):
        await put(database, schema.order_events, **event(key, symbol, at_ms))
    found = await exported_rows(database, AROUND)
    assert [row["decision_key"] for row in found["order_intents"]] == ["ended-in", "lives"]
    assert [(row["decision_key"], row["venue_ms"]) for row in found["order_events"]] == [
        ("ended-before", 1_500_000),
        ("ended-in", 7),
    ]
    assert found["order_intents"][0]["notional"] == "1.50"


@pytest.mark.parametrize(
    ("subject", "venue_ms", "ended_ms", "belongs"),
    [
        ("AUSDT", 1_500_000, None, True),
        ("AUSDT:5m:0:long", 1_500_000, 1_600_000, True),
        ("AUSDT", 10, None, True),
        ("AUSDT", 10, 999_999, False),
        ("AUSDT", 2_000_001, None, False),
        ("AUSDTX", 1_500_000, None, False),
        ("BUSDT", 1_500_000, None, False),
    ],
)
async def test_alarms_belong_while_they_stood(
    database: Database, subject: str, venue_ms: int, ended_ms: int | None, belongs: bool
) -> None:
    told = {"kind": "k", "text": "t", "venue_ms": venue_ms, "raised_ms": venue_ms, "ended_ms": ended_ms}
    await put(database, schema.order_alarms, subject=subject, **told)
    assert bool((await exported_rows(database, AROUND))["order_alarms"]) is belongs


async def test_switches_and_audit_are_those_of_the_symbol_and_of_everything(database: Database) -> None:
    for key in ("AUSDT", "AUSDT:5m", "global", "BUSDT", "AUSDTX"):
        await put(database, schema.switches, key=key, on=True, reason="r", changed_ms=1)
        event = {"actor": "me", "action": "switch_on", "details": {}}
        await put(database, schema.audit, time_ms=1_500_000, subject=key, **event)
        await put(database, schema.audit, time_ms=5, subject=key, **event)
    found = await exported_rows(database, AROUND)
    assert [row["key"] for row in found["switches"]] == ["AUSDT", "AUSDT:5m", "global"]
    assert [(row["subject"], row["time_ms"]) for row in found["audit"]] == [
        ("AUSDT", 1_500_000),
        ("AUSDT:5m", 1_500_000),
        ("global", 1_500_000),
    ]
