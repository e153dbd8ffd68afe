"""Candles from and to PostgreSQL as packed bytes, so that Python touches a series, not a candle.

Reading, the server packs each series into one value; writing, one COPY fills a temporary table. Numbers are in network
byte order, floats bit for bit. Reading by COPY was five times slower: psycopg hands over one row at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER
from sqlalchemy.ext.asyncio import AsyncConnection

from mtf_core.market import COLUMNS, Candles, Timeframe

if TYPE_CHECKING:
    import psycopg

_PACKED = np.dtype([("open_ms", ">i8"), *((name, ">f8") for name in COLUMNS)])
_READ = text(
    f"SELECT series_id, string_agg(int8send(open_ms) || {' || '.join(f'float8send({name})' for name in COLUMNS)}, '')"
    " FROM candles WHERE series_id = ANY(:ids) AND open_ms BETWEEN :first_ms AND :last_ms GROUP BY series_id"
).bindparams(bindparam("ids", type_=ARRAY(INTEGER)))

# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": a row is its number of fields, then each field
# after its length in bytes; all of ours have a fixed length, so rows do too.
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_COPY_FIELDS = (("series_id", ">i4"), ("open_ms", ">i8"), *((name, ">f8") for name in COLUMNS))
_COPY_ROW = np.dtype(
    [("fields", ">i2")] + [part for name, kind in _COPY_FIELDS for part in ((f"{name}_bytes", ">i4"), (name, kind))]
)
_COPY_NAMES = ", ".join(name for name, _ in _COPY_FIELDS)
_CREATE_INCOMING = text("CREATE TEMPORARY TABLE incoming_candles (LIKE candles) ON COMMIT DROP")
_COPY = f"COPY incoming_candles ({_COPY_NAMES}) FROM STDIN (FORMAT BINARY)"
# In the order of the key, so that two processes that write the same candles do not wait for each other in a circle.
_UPSERT = text(
    f"INSERT INTO candles ({_COPY_NAMES}) SELECT {_COPY_NAMES} FROM incoming_candles ORDER BY series_id, open_ms"
    " ON CONFLICT (series_id, open_ms) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
)


async def read(
    connection: AsyncConnection, timeframe: Timeframe, ids: Sequence[int], first_ms: int, last_ms: int
) -> dict[int, Candles]:
    """Candles of each series that has any within [first, last]."""
    rows = await connection.execute(_READ, {"ids": list(ids), "first_ms": first_ms, "last_ms": last_ms})
    return {id_: _unpacked(timeframe, packed) for id_, packed in rows.all()}


async def write(connection: AsyncConnection, chunks: Iterable[tuple[int, Candles]]) -> None:
    """Inserts or replaces candles."""
    await connection.execute(_CREATE_INCOMING)
    driver = cast("psycopg.AsyncConnection", (await connection.get_raw_connection()).driver_connection)
    async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        await copy.write(_COPY_HEADER)
        for id_, found in chunks:
            await copy.write(_copy_rows(id_, found))
        await copy.write(_COPY_END)
    await connection.execute(_UPSERT)
    await connection.execute(text("DROP TABLE incoming_candles"))


def _unpacked(timeframe: Timeframe, packed: bytes) -> Candles:
    table = np.frombuffer(packed, dtype=_PACKED)
    times = table["open_ms"].astype(np.int64)
    if not (times[1:] > times[:-1]).all():  # the server promises no order, though an index scan gives it
        order = np.argsort(times)
        table, times = table[order], times[order]
    return Candles.trusted(timeframe, times, *(table[name].astype(np.float64) for name in COLUMNS))


def _copy_rows(id_: int, found: Candles) -> bytes:
    rows = np.empty(len(found), dtype=_COPY_ROW)
    rows["fields"] = len(_COPY_FIELDS)
    for name, kind in _COPY_FIELDS:
        rows[f"{name}_bytes"] = np.dtype(kind).itemsize
        rows[name] = id_ if name == "series_id" else getattr(found, name)
    return rows.tobytes()
