"""The runs that keys stand for, in SQL."""

from __future__ import annotations

import attrs
from sqlalchemy import Connection, delete, select

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import keyed_runs as table
from mtf_adapters.sql.transactions import changing, row_or_none
from mtf_adapters.sql.upserts import insert_new
from mtf_core.records import KeyedRun

_COLUMNS = tuple(table.c[field.name] for field in attrs.fields(KeyedRun))


class SqlKeyedRunStore:
    """The core's `KeyedRunStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def claim(self, run: KeyedRun) -> KeyedRun:
        """The run that the key stands for: this one, or the one that claimed it before."""
        row = attrs.asdict(run, recurse=False) | {"namespace": self._namespace}
        mine = (table.c.namespace == self._namespace) & (table.c.key == run.key)

        def work(connection: Connection) -> KeyedRun:
            connection.execute(insert_new(table, connection), row)
            return KeyedRun(**connection.execute(select(*_COLUMNS).where(mine)).one()._mapping)

        return await self._database.write(work)

    async def find(self, key: str) -> KeyedRun | None:
        """The run that the key stands for; None: nobody claimed it."""
        query = select(*_COLUMNS).where(table.c.namespace == self._namespace, table.c.key == key)
        row = await self._database.read(row_or_none(query))
        return None if row is None else KeyedRun(**row._mapping)

    async def release(self, run: KeyedRun) -> None:
        """The key stands for nothing again, if it is this run's."""
        mine = (table.c.namespace == self._namespace) & (table.c.key == run.key) & (table.c.run_id == run.run_id)
        await self._database.write(changing(delete(table).where(mine)))
