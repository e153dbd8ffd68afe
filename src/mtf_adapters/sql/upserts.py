"""INSERT … ON CONFLICT, which both databases speak but SQLAlchemy keeps apart."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import Insert, ReturningInsert

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def upsert(table: Table, connection: Connection) -> Insert:
    """Inserts a row, or replaces all columns of the one with the same primary key; built once for each table."""
    return _upsert(table, connection.dialect.name)


@cache
def _upsert(table: Table, dialect: str) -> Insert:
    statement = insert_in(table, dialect)
    keys = [column.name for column in table.primary_key]
    replaced = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=replaced)


def upsert_newer(table: Table, connection: Connection, number: str, changed: tuple[str, ...]) -> Insert:
    """Inserts a row, or changes some columns of the one with the same primary key if its `number` is lower."""
    return _upsert_newer(table, connection.dialect.name, number, changed)


@cache
def _upsert_newer(table: Table, dialect: str, number: str, changed: tuple[str, ...]) -> Insert:
    statement = insert_in(table, dialect)
    return statement.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={name: statement.excluded[name] for name in changed},
        where=table.c[number] < statement.excluded[number],
    )


def insert_new(table: Table, connection: Connection) -> Insert:
    """Inserts a row unless one that conflicts is there; built once for each table."""
    return _insert_new(table, connection.dialect.name)


def insert_new_and_tell(column: Column[Any], connection: Connection) -> ReturningInsert[Any]:
    """The same into the table of a column, and gives the column's value where the row was inserted."""
    return _insert_new_and_tell(column, connection.dialect.name)


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    return insert_in(table, dialect).on_conflict_do_nothing()


@cache
def _insert_new_and_tell(column: Column[Any], dialect: str) -> ReturningInsert[Any]:
    return _insert_new(column.table, dialect).returning(column)


def insert_for(table: Table, connection: Connection) -> postgresql.Insert | sqlite.Insert:
    """An INSERT in the words of the connection's database."""
    return insert_in(table, connection.dialect.name)


def insert_in(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT in the words of a dialect."""
    if dialect != "postgresql":
        return sqlite.insert(table)
    # Who works with SQLite need not wait for it to be imported.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)
