"""The days of an account and their locks in SQL."""

from __future__ import annotations

from typing import Any

import attrs
from sqlalchemy import Table, select

from mtf_adapters.sql import schema
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.upserts import insert_new
from mtf_core.risk import RiskDay, RiskLock, Span
from mtf_core.risk.locks import BORDER_MS


class SqlRiskStore:
    """The core's `RiskStore` of one namespace: the first row of a day, and of a lock, stays as it is."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def open_day(self, day: RiskDay) -> RiskDay:
        """Stores the day unless it is there already; returns it as stored."""
        values = attrs.asdict(day, filter=lambda field, _: field.name != "source")
        return RiskDay(**await self._kept(schema.risk_days, values))

    async def put_lock(self, lock: RiskLock) -> RiskLock:
        """Locks the day for a profile unless it is locked already; returns the lock as stored."""
        kept = {"start_ms", "profile", "baseline", "loss", "locked_ms"}
        values = attrs.asdict(lock, filter=lambda field, _: field.name in kept)
        return RiskLock(**await self._kept(schema.risk_locks, values))

    async def locks_of(self, profile: str, now_ms: int) -> tuple[RiskLock, ...]:
        """The locks of a profile that may hold at an instant."""
        starts = {Span.DAY.start_of(now_ms + apart) for apart in (-BORDER_MS, 0, BORDER_MS)}
        async with self._database.reading() as connection:
            rows = [
                (await connection.execute(self._row(schema.risk_locks, start_ms=start, profile=profile))).first()
                for start in starts
            ]
        return tuple(RiskLock(**row._mapping) for row in rows if row is not None)

    async def _kept(self, table: Table, values: dict[str, Any]) -> dict[str, Any]:
        """The row with this key as it is once these values were offered to the table."""
        key = {column.name: values[column.name] for column in table.primary_key if column.name != "namespace"}
        async with self._database.writing() as connection:
            await connection.execute(insert_new(table, connection), values | {"namespace": self._namespace})
            return dict((await connection.execute(self._row(table, **key))).one()._mapping)

    def _row(self, table: Table, **key: object) -> Any:
        columns = [column for column in table.c if column.name != "namespace"]
        wanted = [table.c.namespace == self._namespace, *(table.c[name] == value for name, value in key.items())]
        return select(*columns).where(*wanted)
