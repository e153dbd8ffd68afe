"""The audit trail in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from sqlalchemy import Row, Select, insert, select

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.paging import position, refuse_empty
from mtf_adapters.sql.schema import audit
from mtf_adapters.sql.transactions import all_rows, changing
from mtf_core.records import AuditEvent, Page

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
        await self._database.write(changing(insert(audit), rows))

    async def history(
        self, limit: int, cursor: str | None = None, *, action: str | None = None, before_ms: int | None = None
    ) -> Page[AuditEvent]:
        """A page of at least one event, the last appended first, whatever a clock said; raises `InvalidCursorError`."""
        refuse_empty(limit)
        query = self._newest_first(action, before_ms).limit(limit + 1)
        if cursor is not None:
            query = query.where(audit.c.id < position(cursor))
        rows = await self._database.read(all_rows(query))
        follows = str(rows[limit - 1].id) if len(rows) > limit else None
        return Page(tuple(map(_event, rows[:limit])), follows)

    def _newest_first(self, action: str | None, before_ms: int | None) -> Select[tuple[object, ...]]:
        query = select(audit.c.id, *_COLUMNS).where(audit.c.namespace == self._namespace)
        if action is not None:
            query = query.where(audit.c.action == action)
        if before_ms is not None:
            query = query.where(audit.c.time_ms < before_ms)
        return query.order_by(audit.c.id.desc())


def _event(row: Row[tuple[object, ...]]) -> AuditEvent:
    return AuditEvent(**{column.name: row._mapping[column] for column in _COLUMNS})
