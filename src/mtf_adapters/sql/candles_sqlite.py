"""Candles from and to SQLite, by the driver itself: rows go straight between its cursor and arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise, repeat
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from mtf_core.market import COLUMNS, Candles, Timeframe

if TYPE_CHECKING:
    import aiosqlite

_NAMES = ("series_id", "open_ms", *COLUMNS)
_ROW = np.dtype([(name, np.int64 if name.endswith(("_id", "_ms")) else np.float64) for name in _NAMES])
_UPSERT = (
    f"INSERT INTO candles ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})"
    " ON CONFLICT (series_id, open_ms) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
)


async def read(
    connection: AsyncConnection, timeframe: Timeframe, ids: Sequence[int], first_ms: int, last_ms: int
) -> dict[int, Candles]:
    """Candles of each series that has any within [first, last]."""
    # The ids are our own integers; written out they are not bound by the limit on parameters.
    query = (
        f"SELECT {', '.join(_NAMES)} FROM candles WHERE series_id IN ({', '.join(map(str, ids))})"
        " AND open_ms BETWEEN ? AND ? ORDER BY series_id, open_ms"
    )
    rows = cast(
        "list[tuple[float, ...]]", await (await _driver(connection)).execute_fetchall(query, (first_ms, last_ms))
    )
    table = np.fromiter(rows, dtype=_ROW, count=len(rows))
    del rows
    columns = [np.ascontiguousarray(table[name]) for name in _NAMES[1:]]
    return {
        id_: Candles.trusted(timeframe, *(column[part] for column in columns))
        for id_, part in _parts(table["series_id"])
    }


async def write(connection: AsyncConnection, chunks: Iterable[tuple[int, Candles]]) -> None:
    """Inserts or replaces candles."""
    cursor = await (await _driver(connection)).executemany(_UPSERT, chain.from_iterable(map(_rows, chunks)))
    await cursor.close()


def _rows(chunk: tuple[int, Candles]) -> Iterator[tuple[float, ...]]:
    id_, found = chunk
    return zip(repeat(id_), *(getattr(found, name).tolist() for name in _NAMES[1:]), strict=False)


def _parts(ids: NDArray[np.int64]) -> Iterator[tuple[int, slice]]:
    """Each id of a sorted column with the slice of its rows."""
    bounds = [*np.flatnonzero(np.diff(ids, prepend=-1)).tolist(), len(ids)]
    for start, stop in pairwise(bounds):
        yield int(ids[start]), slice(start, stop)


async def _driver(connection: AsyncConnection) -> aiosqlite.Connection:
    return cast("aiosqlite.Connection", (await connection.get_raw_connection()).driver_connection)
