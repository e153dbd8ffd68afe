"""The tables as they are created: with the indexes over some of a table's rows, which each database writes its own way.

Apart from the tables, because SQLAlchemy imports the dialects of all databases that are named here, which takes as long
as a short command may; whoever only reads and writes rows needs none of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Index

from mtf_adapters.sql.schema import metadata, order_alarms, order_intents, order_requests, zone_events

__all__ = ["metadata"]


def _over(rows: ColumnElement[bool], name: str, *columns: Column[Any], unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


_over(zone_events.c.outcome.is_(None), "ix_zone_events_open", zone_events.c.namespace, zone_events.c.at_ms)

_INTENTS, _ALARMS, _REQUESTS = order_intents.c, order_alarms.c, order_requests.c
_over(_INTENTS.is_live, "ix_order_intents_live", _INTENTS.namespace, _INTENTS.counter)
_over(_INTENTS.holds_symbol, "uq_order_intents_held_symbol", _INTENTS.namespace, _INTENTS.symbol, unique=True)
_over(
    _ALARMS.ended_ms.is_(None),
    "uq_order_alarms_standing",
    _ALARMS.namespace,
    _ALARMS.kind,
    _ALARMS.subject,
    unique=True,
)
_over(_REQUESTS.outcome == "", "ix_order_requests_open", _REQUESTS.namespace, _REQUESTS.number)
