"""The tables as they are created: with the indexes over some of a table's rows, which each database writes its own way.

Apart from the tables, because SQLAlchemy imports the dialects of all databases that are named here, which takes as long
as a short command may; whoever only reads and writes rows needs none of it.
"""

from __future__ import annotations

from sqlalchemy import Index

from mtf_adapters.sql.schema import metadata, zone_events

__all__ = ["metadata"]

Index(
    "ix_zone_events_open",
    zone_events.c.namespace,
    zone_events.c.at_ms,
    sqlite_where=zone_events.c.outcome.is_(None),
    postgresql_where=zone_events.c.outcome.is_(None),
)
