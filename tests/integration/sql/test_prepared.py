"""A statement that was put into words once says the same as SQLAlchemy's own way to the database."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update

from mtf_adapters.sql import Database
from mtf_adapters.sql.prepared import changed_by, insert_rows, row_or_none_of, rows_of
from mtf_adapters.sql.schema import contracts, order_requests, switches
from mtf_core.ports import StoreError

_SWITCHES = select(switches).where(switches.c.namespace == bindparam("here")).order_by(switches.c.key)
_TICKS = select(contracts.c.symbol, contracts.c.tick_size, contracts.c.brackets).order_by(contracts.c.symbol)
_REQUESTS = select(order_requests).where(order_requests.c.outcome == "").order_by(order_requests.c.number)
_PUT = insert(switches)
_ASK = insert(order_requests)
_LIST = insert(contracts)
_THROW = update(switches).where(switches.c.key == bindparam("which"))

_ON = {"namespace": "here", "key": "global", "on": True, "until_ms": None, "reason": "a", "changed_ms": 5}
_OFF = _ON | {"key": "symbol:BTC", "on": False, "until_ms": 2**40, "reason": 'it\'s "b" :here ?'}
_REQUEST = {
    "namespace": "here",
    "symbol": "BTCUSDT",
    "kind": "close",
    "values": {"of": ["1", None, {"deep": 1.5}]},
    "actor": "me",
    "asked_ms": 7,
    "outcome": "",
}


def _contract(symbol: str, tick: str) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys((column.name for column in contracts.c), Decimal(tick))
    names = {"namespace": "here", "symbol": symbol, "base_currency": "B", "quote_currency": "Q", "status": "trading"}
    return values | names | {"opened_at_ms": 1, "expires_at_ms": 0, "brackets": [{"a": 1}], "brackets_in": "notional"}


async def _both(database: Database, statement: Any, values: dict[str, Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    def work(connection: Connection) -> tuple[Sequence[Any], Sequence[Any]]:
        return rows_of(connection, statement, values), connection.execute(statement, values).all()

    return await database.read(work)


async def test_its_rows_are_those_of_sqlalchemy_with_the_same_types(database: Database) -> None:
    def put(connection: Connection) -> None:
        insert_rows(connection, _PUT, [_ON, _OFF])
        insert_rows(connection, _ASK, [_REQUEST])
        insert_rows(connection, _LIST, [_contract("A", "0.1000"), _contract("B", "1E-18"), _contract("C", "1E+3")])

    await database.write(put)
    for statement, values, count in ((_SWITCHES, {"here": "here"}, 2), (_TICKS, {}, 3), (_REQUESTS, {}, 1)):
        prepared, known = await _both(database, statement, values)
        assert len(known) == count
        assert [row._asdict() for row in prepared] == [row._asdict() for row in known]
        assert [list(map(type, row)) for row in prepared] == [list(map(type, row)) for row in known]
        assert [list(map(str, row)) for row in prepared] == [list(map(str, row)) for row in known]


async def test_what_it_writes_is_read_back_as_it_was(database: Database) -> None:
    await database.write(lambda connection: insert_rows(connection, _PUT, [_OFF]))
    await database.write(lambda connection: changed_by(connection, _ASK, _REQUEST))
    ((switch,), _) = await _both(database, _SWITCHES, {"here": "here"})
    assert switch._asdict() == _OFF
    ((request,), _) = await _both(database, _REQUESTS, {})
    assert request._asdict() == _REQUEST | {"number": request.number}


async def test_it_says_how_many_rows_it_changed(database: Database) -> None:
    await database.write(lambda connection: insert_rows(connection, _PUT, [_ON, _OFF]))
    thrown = {"which": "global", "on": False, "reason": "c"}
    assert await database.write(lambda connection: changed_by(connection, _THROW, thrown)) == 1
    assert await database.write(lambda connection: changed_by(connection, _THROW, thrown | {"which": "none"})) == 0
    (rows, _) = await _both(database, _SWITCHES, {"here": "here"})
    assert [(row.key, row.on, row.reason) for row in rows] == [
        ("global", False, "c"),
        ("symbol:BTC", False, _OFF["reason"]),
    ]


async def test_the_only_row_is_given_and_of_several_none(database: Database) -> None:
    def asking(values: dict[str, Any]) -> Any:
        return lambda connection: row_or_none_of(connection, _SWITCHES, values)

    assert await database.read(asking({"here": "here"})) is None
    await database.write(lambda connection: insert_rows(connection, _PUT, [_ON]))
    assert (await database.read(asking({"here": "here"}))).key == "global"
    await database.write(lambda connection: insert_rows(connection, _PUT, [_OFF]))
    with pytest.raises(StoreError, match="2 rows"):
        await database.read(asking({"here": "here"}))


async def test_a_value_that_is_missing_is_never_taken_for_none(database: Database) -> None:
    def work(connection: Connection) -> object:
        with pytest.raises(Exception, match="here"):
            rows_of(connection, _SWITCHES, {"her": "here"})
        return None

    await database.read(work)


async def test_no_rows_are_inserted_without_a_statement(database: Database) -> None:
    await database.write(lambda connection: insert_rows(connection, _PUT, []))
    assert (await _both(database, _SWITCHES, {"here": "here"}))[0] == []
