"""INSERT … ON CONFLICT, which both databases speak but SQLAlchemy keeps apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def upsert(table: Table, connection: AsyncConnection) -> Insert:
    """Inserts a row, or replaces all columns of the one with the same primary key."""
    statement = insert_for(table, connection)
    keys = [column.name for column in table.primary_key]
    replaced = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=replaced)


def insert_new(table: Table, connection: AsyncConnection) -> Insert:
    """Inserts a row unless one that conflicts is there."""
    return insert_for(table, connection).on_conflict_do_nothing()


def insert_for(table: Table, connection: AsyncConnection) -> postgresql.Insert | sqlite.Insert:
    """An INSERT in the words of the connection's database."""
    if connection.dialect.name != "postgresql":
        return sqlite.insert(table)
    # Who works with SQLite need not wait for it to be imported.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)
