"""The switches in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from sqlalchemy import Connection, Executable, Row, bindparam, delete, select, update

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import queued_symbols as queue_table
from mtf_adapters.sql.schema import switches as table
from mtf_adapters.sql.transactions import all_rows
from mtf_adapters.sql.upserts import insert_new_and_tell, upsert
from mtf_core.risk import QueuedSymbol, Switch, SwitchChange

_QUEUE_COLUMNS = tuple(queue_table.c[field.name] for field in attrs.fields(QueuedSymbol))
_COLUMNS = tuple(table.c[field.name] for field in attrs.fields(Switch))


_ALL = ("namespace", *(column.name for column in _COLUMNS))
_OF_HERE = select(*_COLUMNS).where(table.c.namespace == bindparam("here"))
_THROW = (
    update(table)
    .where(*(table.c[name].is_not_distinct_from(bindparam(f"was_{name}", type_=table.c[name].type)) for name in _ALL))
    .returning(table.c.key)
)
"""Changes a switch that is still as it was read."""
_QUEUED = select(*_QUEUE_COLUMNS).where(queue_table.c.namespace == bindparam("here"))


class SqlSwitchStore:
    """The core's `SwitchStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def all(self) -> tuple[Switch, ...]:
        """Every stored switch, sorted by key, also those whose expiry has passed."""
        rows = await self._database.read(all_rows(_OF_HERE, {"here": self._namespace}))
        # Sorted here, not there: PostgreSQL's order of text depends on how the server was set up.
        return tuple(sorted((Switch(**row._mapping) for row in rows), key=lambda switch: switch.key))

    async def put(self, switches: Sequence[Switch]) -> None:
        """Inserts or replaces switches by key; of several with one key the last wins."""
        if not switches:
            return
        last = {switch.key: switch for switch in switches}
        # In the order of the keys, so that two processes that put the same ones do not wait for each other in a circle.
        rows = [attrs.asdict(last[key]) | {"namespace": self._namespace} for key in sorted(last)]
        await self._database.write(lambda connection: connection.execute(upsert(table, connection), rows).rowcount)

    async def change(self, changes: Sequence[SwitchChange]) -> tuple[Switch, ...]:
        """Stores those that nobody changed since they were read, and returns these; the others stay as they are."""
        if not changes:
            return ()

        def work(connection: Connection) -> tuple[Switch, ...]:
            stored = []
            # In the order of the keys, as in `put`. What another is changing just now is waited for, then looked at.
            for change in sorted(changes, key=lambda change: change.after.key):
                done = connection.execute(*self._changing(change, connection))
                if done.scalar_one_or_none() is not None:
                    stored.append(change.after)
            return tuple(stored)

        return await self._database.write(work)

    def _changing(self, change: SwitchChange, connection: Connection) -> tuple[Executable, dict[str, object]]:
        row = attrs.asdict(change.after) | {"namespace": self._namespace}
        if change.before is None:
            return insert_new_and_tell(table.c.key, connection), row
        before = attrs.asdict(change.before) | {"namespace": self._namespace}
        return _THROW, row | {f"was_{name}": value for name, value in before.items()}

    async def queue(self, queued: QueuedSymbol) -> None:
        """Remembers the symbol for the next run; one that waits already waits once."""
        row = attrs.asdict(queued) | {"namespace": self._namespace}
        await self._database.write(lambda connection: connection.execute(upsert(queue_table, connection), row).rowcount)

    async def queued(self) -> tuple[QueuedSymbol, ...]:
        """The symbols that wait for the next run, sorted."""
        return _sorted(await self._database.read(all_rows(_QUEUED, {"here": self._namespace})))

    async def take_queued(self) -> tuple[QueuedSymbol, ...]:
        """The symbols that wait, sorted; they are forgotten here, so of several runs one gets each."""
        taking = delete(queue_table).where(queue_table.c.namespace == self._namespace).returning(*_QUEUE_COLUMNS)
        if not await self.queued():
            return ()  # a run each minute need not write for nothing
        return _sorted(await self._database.write(all_rows(taking)))


def _sorted(rows: Sequence[Row[tuple[object, ...]]]) -> tuple[QueuedSymbol, ...]:
    return tuple(sorted((QueuedSymbol(**row._mapping) for row in rows), key=lambda queued: queued.symbol))
