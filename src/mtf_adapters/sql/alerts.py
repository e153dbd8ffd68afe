"""Alerts and their receipts in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import alert_receipts, alerts
from mtf_adapters.sql.upserts import upsert
from mtf_core.records import AlertRecord, Receipt

_ALERT = tuple(alerts.c[field.name] for field in attrs.fields(AlertRecord))
_RECEIPT = tuple(alert_receipts.c[field.name] for field in attrs.fields(Receipt))
_SAME = and_(*(alerts.c[name] == alert_receipts.c[name] for name in ("namespace", "word", "subject", "began_ms")))


class SqlAlertStore:
    """The core's `AlertStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def alerts(self, ended_since_ms: int | None = None) -> tuple[AlertRecord, ...]:
        """Those that stand, and those that ended since an instant; the oldest first."""
        query = select(*_ALERT).where(self._wanted(ended_since_ms))
        query = query.order_by(alerts.c.began_ms, alerts.c.word, alerts.c.subject)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return tuple(AlertRecord(**row._mapping) for row in rows)

    async def receipts(self, ended_since_ms: int | None = None) -> tuple[Receipt, ...]:
        """The receipts of those alerts."""
        query = select(*_RECEIPT).join(alerts, _SAME).where(self._wanted(ended_since_ms))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return tuple(Receipt(**row._mapping) for row in rows)

    async def write(self, begun_or_ended: Sequence[AlertRecord], receipts: Sequence[Receipt]) -> None:
        """Inserts or replaces both, all or none."""
        here = {"namespace": self._namespace}
        alert_rows = [attrs.asdict(one) | here for one in begun_or_ended]
        receipt_rows = [attrs.asdict(one) | here for one in receipts]

        def work(connection: Connection) -> None:
            if alert_rows:
                connection.execute(upsert(alerts, connection), alert_rows)
            if receipt_rows:
                connection.execute(upsert(alert_receipts, connection), receipt_rows)

        if alert_rows or receipt_rows:
            await self._database.write(work)

    def _wanted(self, ended_since_ms: int | None) -> ColumnElement[bool]:
        stands = alerts.c.ended_ms.is_(None)
        lately = stands if ended_since_ms is None else or_(stands, alerts.c.ended_ms >= ended_since_ms)
        return (alerts.c.namespace == self._namespace) & lately
