"""Statements that are carried out every second: put into words once, for the whole program.

On its way to SQLite and back SQLAlchemy takes ten times as long as SQLite does to answer. There such a statement goes
to the driver itself, in the words and with the conversions that SQLAlchemy has for it; in PostgreSQL, where the way to
the server is what takes long, it goes as any other.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from mtf_adapters.sql.documents import to_json

_DIALECT = sqlite.dialect(json_serializer=to_json)


def rows_of(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
    """All rows of a statement that was built once; each has its columns as attributes, and `_asdict`."""
    if connection.dialect.name != _DIALECT.name:
        return connection.execute(statement, values).all()
    return _in_sqlite(statement, tuple(values)).rows(driver_of(connection), values)


def row_or_none_of(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> Any:
    """The only row of such a statement, if there is one."""
    rows = rows_of(connection, statement, values)
    if len(rows) > 1:
        raise ValueError(f"{len(rows)} rows where there is one at most")
    return rows[0] if rows else None


def changed_by(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> int:
    """How many rows such a statement changed, which gives none."""
    if connection.dialect.name != _DIALECT.name:
        return connection.execute(statement, values).rowcount
    return _in_sqlite(statement, tuple(values)).carried_out(driver_of(connection), values).rowcount


def insert_rows(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Carries out such a statement for each of some rows, which have the same columns."""
    if len(rows) == 1:
        changed_by(connection, statement, rows[0])
    elif rows:
        connection.execute(statement, rows)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """What speaks to SQLite below SQLAlchemy."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


Conversion = Callable[[Any], Any]


@frozen(eq=False)
class _Words:
    """A statement as the driver hears it, and how its values and its rows are converted."""

    text: str
    parameters: tuple[tuple[str | None, Any], ...]
    """In their order: the name of a value and its conversion, if any; None, and what the statement itself holds."""
    conversions: Mapping[str, Conversion]
    """Of the columns that have one."""

    def carried_out(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> sqlite3.Cursor:
        return driver.execute(
            self.text,
            [
                held if name is None else values[name] if held is None else held(values[name])
                for name, held in self.parameters
            ],
        )

    def rows(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> list[Any]:
        cursor = self.carried_out(driver, values)
        found = cursor.fetchall()
        if not found:
            return found
        row = _row_of(tuple(name for name, *_ in cursor.description))
        if not self.conversions:
            return list(map(row._make, found))
        convert = [self.conversions.get(name, _as_it_is) for name in row._fields]
        return [row._make(of(value) for of, value in zip(convert, one, strict=True)) for one in found]


@cache
def _in_sqlite(statement: Executable, names: tuple[str, ...]) -> _Words:
    """Of a statement that gets values of these names; raises KeyError where it wants another one."""
    assert isinstance(statement, ClauseElement)
    compiled = statement.compile(dialect=_DIALECT, column_keys=list(names))
    assert isinstance(compiled, SQLCompiler)
    parameters: list[tuple[str | None, Any]] = []
    for name in compiled.positiontup or ():
        bound = compiled.binds[name]
        conversion = bound.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
        if name in names:
            parameters.append((name, conversion))
        elif bound.required:
            raise KeyError(name)
        else:
            held = bound.effective_value
            parameters.append((None, held if conversion is None else conversion(held)))
    columns = getattr(statement, "exported_columns", ())
    read = {column.name: column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None) for column in columns}
    return _Words(
        compiled.string, tuple(parameters), {name: conversion for name, conversion in read.items() if conversion}
    )


@cache
def _row_of(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)


def _as_it_is(value: Any) -> Any:
    return value
