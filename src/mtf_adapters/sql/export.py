"""Every row of a symbol around an instant, as it is stored: the raw material of a report on a fault.

Which rows of a table belong is said here for each table that there is; a test names a table that is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, LargeBinary, Table, and_, or_, select

from mtf_adapters.sql import schema
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import metadata
from mtf_core.records import JsonObject
from mtf_core.risk import GLOBAL_SWITCH

LEFT_OUT: Mapping[str, str] = {
    "documents": "of many runs: exported by their digests",
    "candle_blocks": "packed: exported as candles",
    "run_openings": "of a run that goes on: its report tells the same",
    "run_parts": "of a run that goes on: packed, of many symbols",
    "run_blocks": "packed, of all symbols: exported as this symbol's results, inputs and traces",
    "risk_days": "of the account, not of a symbol",
    "risk_marks": "of the account, not of a symbol",
    "risk_span_locks": "of the account, not of a symbol",
    "counters": "of the whole database",
    "alert_receipts": "of receivers, not of a symbol",
}
"""Tables without rows of a symbol, and why; or whose rows are exported unpacked."""


@frozen
class Around:
    """Which rows are meant: of a symbol of one namespace, from one instant to another, both included, in ms."""

    namespace: str
    symbol: str
    first_ms: int
    last_ms: int


def _conditions(around: Around) -> dict[str, ColumnElement[bool]]:
    """Which rows of each table belong, besides their namespace."""
    c = {name: table.c for name, table in metadata.tables.items()}
    symbol, span = around.symbol, (around.first_ms, around.last_ms)
    in_runs = select(schema.runs.c.run_id).where(
        schema.runs.c.namespace == around.namespace, schema.runs.c.instant_ms.between(*span)
    )
    intents = c["order_intents"]
    alive = and_(
        intents.symbol == symbol,
        intents.created_ms <= around.last_ms,
        or_(intents.is_live, intents.updated_ms >= around.first_ms),
    )
    keys = select(intents.decision_key).where(intents.namespace == around.namespace, alive)

    def of_symbol(text: Any) -> ColumnElement[bool]:
        return or_(text == symbol, text.startswith(f"{symbol}:", autoescape=True))

    of_runs = {name: c[name].run_id.in_(in_runs) for name in ("runs", "run_documents", "keyed_runs")}
    of_decisions = {
        name: and_(c[name].run_id.in_(in_runs), c[name].symbol == symbol)
        for name in ("decisions", "decision_details", "zone_events")
    }
    alarms, events, fills, requests = (c[f"order_{name}"] for name in ("alarms", "events", "fills", "requests"))
    whole_world = {
        name: c[name].namespace == around.namespace for name in ("contract_sync", "order_books", "processes")
    }
    alerts = c["alerts"]
    return {
        **of_runs,
        **of_decisions,
        **whole_world,
        **{name: c[name].symbol == symbol for name in ("contracts", "series", "queued_symbols")},
        "switches": or_(of_symbol(c["switches"].key), c["switches"].key == GLOBAL_SWITCH),
        "audit": and_(
            c["audit"].time_ms.between(*span),
            or_(of_symbol(c["audit"].subject), c["audit"].subject == GLOBAL_SWITCH),
        ),
        "locks": c["locks"].name.endswith(f":{symbol}", autoescape=True),
        "order_intents": alive,
        "order_client_ids": c["order_client_ids"].decision_key.in_(keys),
        "order_events": and_(
            events.symbol == symbol, or_(events.venue_ms.between(*span), events.decision_key.in_(keys))
        ),
        "order_fills": and_(fills.symbol == symbol, or_(fills.time_ms.between(*span), fills.decision_key.in_(keys))),
        "order_alarms": and_(
            of_symbol(alarms.subject),
            alarms.venue_ms <= around.last_ms,
            or_(alarms.ended_ms.is_(None), alarms.ended_ms >= around.first_ms),
        ),
        "alerts": and_(
            of_symbol(alerts.subject),
            alerts.began_ms <= around.last_ms,
            or_(alerts.ended_ms.is_(None), alerts.ended_ms >= around.first_ms),
        ),
        "order_requests": and_(requests.symbol == symbol, requests.asked_ms.between(*span)),
        "order_supervisors": c["order_supervisors"].namespace == around.namespace,
    }


async def exported_rows(database: Database, around: Around) -> dict[str, list[JsonObject]]:
    """The rows of each table by its name, all of one instant, in the order of their keys; packed columns are left out.

    An intent belongs that was alive within the time, and with it its whole story.
    """
    conditions = _conditions(around)

    def work(connection: Connection) -> dict[str, list[JsonObject]]:
        return {name: _rows(connection, metadata.tables[name], around, of) for name, of in sorted(conditions.items())}

    return await database.read(work)


def _rows(connection: Connection, table: Table, around: Around, condition: ColumnElement[bool]) -> list[JsonObject]:
    columns = [column for column in table.c if not isinstance(column.type, LargeBinary)]
    query = select(*columns).where(condition).order_by(*table.primary_key.columns)
    if "namespace" in table.c:
        query = query.where(table.c.namespace == around.namespace)
    rows = connection.execute(query).all()
    return [{name: _plain(value) for name, value in row._mapping.items()} for row in rows]


def _plain(value: object) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value
