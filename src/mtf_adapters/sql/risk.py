"""The days of an account and their locks in SQL."""

from __future__ import annotations

from typing import Any

import attrs
from sqlalchemy import Table, select

from mtf_adapters.sql import schema
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.upserts import insert_new
from mtf_core.risk import DayLock, RiskDay


class SqlRiskStore:
    """The core's `RiskStore` of one namespace: the first row of a day, and of a lock, stays as it is."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def open_day(self, day: RiskDay) -> RiskDay:
        """Stores the day unless it is there already; returns it as stored."""
        return RiskDay(**await self._kept(schema.risk_days, attrs.asdict(day)))

    async def lock_day(self, lock: DayLock) -> DayLock:
        """Locks the day for a profile unless it is locked already; returns the lock as stored."""
        return DayLock(**await self._kept(schema.risk_locks, attrs.asdict(lock)))

    async def lock_of(self, start_ms: int, profile: str) -> DayLock | None:
        """The lock of a profile on the day that starts then."""
        async with self._database.reading() as connection:
            row = (await connection.execute(self._row(schema.risk_locks, start_ms=start_ms, profile=profile))).first()
        return None if row is None else DayLock(**row._mapping)

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
