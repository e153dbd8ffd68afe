"""The audit trail in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from sqlalchemy import insert, select

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import audit
from mtf_core.ports import AuditEvent

_COLUMNS = tuple(audit.c[field.name] for field in attrs.fields(AuditEvent))


class SqlAuditStore:
    """The core's `AuditStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def append(self, events: Sequence[AuditEvent]) -> None:
        """Stores all of the events, or none."""
        if not events:
            return
        rows = [attrs.asdict(event, recurse=False) | {"namespace": self._namespace} for event in events]
        async with self._database.writing() as connection:
            await connection.execute(insert(audit), rows)

    async def page(self, limit: int, before_ms: int | None = None, action: str | None = None) -> tuple[AuditEvent, ...]:
        """The newest events first; of one and the same time, the last appended first."""
        query = select(*_COLUMNS).where(audit.c.namespace == self._namespace)
        query = query.order_by(audit.c.time_ms.desc(), audit.c.id.desc()).limit(max(limit, 0))
        if before_ms is not None:
            query = query.where(audit.c.time_ms < before_ms)
        if action is not None:
            query = query.where(audit.c.action == action)
        async with self._database.reading() as connection:
            return tuple(AuditEvent(**row._mapping) for row in (await connection.execute(query)).all())
