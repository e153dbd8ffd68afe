"""Processes that stay, in SQL."""

from __future__ import annotations

from functools import cache

import attrs
from sqlalchemy import Connection, Row, case, delete, select
from sqlalchemy.sql.dml import Insert

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.prepared import changed_by
from mtf_adapters.sql.schema import processes
from mtf_adapters.sql.store_clock import store_now_ms
from mtf_adapters.sql.transactions import changing
from mtf_adapters.sql.upserts import insert_in
from mtf_core.ports import Clock, UnreadableRowError
from mtf_core.records import ProcessKind, ProcessRecord, ProcessState, RunningProcess

_WHO = tuple(field.name for field in attrs.fields(RunningProcess))


@cache
def _beating(dialect: str) -> Insert:
    """Inserts a process, or says that it goes on; built once, for each process says so every few seconds."""
    beating = insert_in(processes, dialect)
    told = beating.excluded
    is_in_state = processes.c.state == told.state
    return beating.on_conflict_do_update(
        index_elements=[column.name for column in processes.primary_key],
        set_={
            "account": told.account,
            "state": told.state,
            "since_ms": case((is_in_state, processes.c.since_ms), else_=told.since_ms),
            "beat_ms": told.beat_ms,
        },
    )


class SqlProcessStore:
    """The core's `ProcessStore` of one namespace."""

    def __init__(self, database: Database, namespace: str, clock: Clock) -> None:
        """`clock` counts where the database has none of its own (SQLite)."""
        self._database = database
        self._namespace = namespace
        self._clock = clock

    async def beat(self, process: RunningProcess, state: ProcessState) -> None:
        """A sign of life, the first of which is its start."""

        def work(connection: Connection) -> None:
            now_ms = store_now_ms(connection, self._clock)
            times = {"started_ms": now_ms, "since_ms": now_ms, "beat_ms": now_ms}
            row = attrs.asdict(process) | times | {"namespace": self._namespace, "state": state.value}
            changed_by(connection, _beating(connection.dialect.name), row)

        await self._database.write(work)

    async def remove(self, owner: str) -> None:
        """The process ended in good order."""
        its = (processes.c.namespace == self._namespace) & (processes.c.owner == owner)
        await self._database.write(changing(delete(processes).where(its)))

    async def all(self) -> tuple[ProcessRecord, ...]:
        """Every process that was not removed, sorted by kind and start."""

        def work(connection: Connection) -> tuple[ProcessRecord, ...]:
            rows = connection.execute(select(processes).where(processes.c.namespace == self._namespace)).all()
            now_ms = store_now_ms(connection, self._clock)
            return tuple(_record(row, now_ms) for row in rows)

        found = await self._database.read(work)
        kinds = list(ProcessKind)
        return tuple(sorted(found, key=lambda one: (kinds.index(one.process.kind), one.started_ms, one.process.owner)))


async def processes_of_host(database: Database, host: str, clock: Clock) -> tuple[ProcessRecord, ...]:
    """Those that show themselves from one machine, of whatever namespace: who asks after itself knows no exchange."""

    def work(connection: Connection) -> tuple[ProcessRecord, ...]:
        rows = connection.execute(select(processes).where(processes.c.host == host)).all()
        now_ms = store_now_ms(connection, clock)
        return tuple(_record(row, now_ms) for row in rows)

    return await database.read(work)


def _record(row: Row[tuple[object, ...]], now_ms: int) -> ProcessRecord:
    told = row._mapping
    try:
        kind, state = ProcessKind(told["kind"]), ProcessState(told["state"])
    except ValueError as error:
        raise UnreadableRowError(f"the process {told['owner']} was stored by another version of mtf: {error}") from None
    return ProcessRecord(
        process=RunningProcess(**{name: told[name] for name in _WHO} | {"kind": kind}),
        state=state,
        started_ms=told["started_ms"],
        since_ms=told["since_ms"],
        beat_ms=told["beat_ms"],
        read_ms=now_ms,
    )
