"""The switches in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from sqlalchemy import select

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import switches as table
from mtf_adapters.sql.upserts import upsert
from mtf_core.risk import Switch

_COLUMNS = tuple(table.c[field.name] for field in attrs.fields(Switch))


class SqlSwitchStore:
    """The core's `SwitchStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def all(self) -> tuple[Switch, ...]:
        """Every stored switch, sorted by key, also those whose expiry has passed."""
        query = select(*_COLUMNS).where(table.c.namespace == self._namespace)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        # Sorted here, not there: PostgreSQL's order of text depends on how the server was set up.
        return tuple(sorted((Switch(**row._mapping) for row in rows), key=lambda switch: switch.key))

    async def put(self, switches: Sequence[Switch]) -> None:
        """Inserts or replaces switches by key; of several with one key the last wins."""
        if not switches:
            return
        last = {switch.key: switch for switch in switches}
        # In the order of the keys, so that two processes that put the same ones do not wait for each other in a circle.
        rows = [attrs.asdict(last[key]) | {"namespace": self._namespace} for key in sorted(last)]
        async with self._database.writing() as connection:
            await connection.execute(upsert(table, connection), rows)
