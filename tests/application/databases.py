"""What a database holds and how large it is, read from beside the application."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from attrs import field, frozen
from psycopg import sql

_LONGEST_SERIES = """
    SELECT timeframe, max(candles) FROM (
        SELECT s.timeframe, s.id, sum(b.candles) AS candles FROM series s
        JOIN candle_blocks b ON b.series_id = s.id GROUP BY s.timeframe, s.id
    ) AS each_series GROUP BY timeframe
"""
OF_RUNS = ("decisions", "decision_details", "run_blocks", "run_documents", "zone_events")
"""Tables whose rows go with their runs."""
_ORPHANS = "SELECT count(*) FROM {} WHERE run_id NOT IN (SELECT run_id FROM runs)"
_AUDIT_MINUTES = "SELECT coalesce(max(time_ms) - min(time_ms), 0) / 60000.0 FROM audit"
_BYTES_IN_SQLITE = """
    SELECT coalesce(m.tbl_name, d.name), sum(d.pgsize) FROM dbstat d LEFT JOIN sqlite_master m ON m.name = d.name
    WHERE d.aggregate = TRUE GROUP BY 1
"""
_BYTES_IN_POSTGRES = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"


@frozen
class Stored:
    """The database. Bytes; `tables`: rows of each, `bytes`: what each takes with its indexes."""

    file: int
    wal: int
    free: int
    tables: Mapping[str, int]
    bytes: Mapping[str, int] = field(factory=dict)
    candles: Mapping[str, int] = field(factory=dict)
    """By timeframe, the most candles that a series has."""
    orphans: Mapping[str, int] = field(factory=dict)
    """Rows whose run is not stored any more, by table."""
    audit_minutes: float | None = None
    """How far the audit trail reaches back from its newest event."""


def read_sqlite(path: Path) -> Stored:
    """By a connection of its own, which is closed again."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:

        def one(query: str) -> Any:
            return connection.execute(query).fetchone()[0]

        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: int(one(f'SELECT count(*) FROM "{name}"')) for name in sorted(names)}
        free = int(one("PRAGMA freelist_count")) * int(one("PRAGMA page_size"))
        sizes = dict(connection.execute(_BYTES_IN_SQLITE))
        candles = dict(connection.execute(_LONGEST_SERIES))
        orphans = {name: int(one(_ORPHANS.format(name))) for name in OF_RUNS}
        audit = float(one(_AUDIT_MINUTES))
    wal = path.with_name(path.name + "-wal")
    size = wal.stat().st_size if wal.exists() else 0
    return Stored(path.stat().st_size, size, free, tables, sizes, candles, orphans, audit)


def read_postgres(url: str) -> Stored:
    """The same; what is free lies within the tables, and the log of writes belongs to the server."""
    with closing(psycopg.connect(url.replace("+psycopg", "", 1))) as connection:

        def rows(query: sql.Composed | sql.SQL) -> list[Any]:
            return connection.execute(query).fetchall()

        sizes = {str(name): int(size) for name, size in rows(sql.SQL(_BYTES_IN_POSTGRES))}
        counting = sql.SQL("SELECT count(*) FROM {}")
        tables = {name: int(rows(counting.format(sql.Identifier(name)))[0][0]) for name in sorted(sizes)}
        candles = {str(timeframe): int(most) for timeframe, most in rows(sql.SQL(_LONGEST_SERIES))}
        orphaned = sql.SQL(_ORPHANS)
        orphans = {name: int(rows(orphaned.format(sql.Identifier(name)))[0][0]) for name in OF_RUNS}
        audit = float(rows(sql.SQL(_AUDIT_MINUTES))[0][0])
        file = int(rows(sql.SQL("SELECT pg_database_size(current_database())"))[0][0])
    return Stored(file, 0, 0, tables, sizes, candles, orphans, audit)
