"""The clock of a database: PostgreSQL's own, for its clients may run on machines whose clocks differ; an SQLite file is
used from one machine, whose clock it is."""

from __future__ import annotations

from sqlalchemy import Connection, text

from mtf_core.ports import Clock

POSTGRES_NOW_MS = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
_NOW = text(f"SELECT {POSTGRES_NOW_MS}")


def store_now_ms(connection: Connection, clock: Clock) -> int:
    """Milliseconds UTC. `clock` is this machine's."""
    if connection.dialect.name != "postgresql":
        return clock.now_ms()
    return int(connection.execute(_NOW).scalar_one())
