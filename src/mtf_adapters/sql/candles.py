"""The candles in SQL. A million of them must be read in a second or two, so each database has its own fast path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from sqlalchemy import ScalarSelect, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mtf_adapters.sql import candles_postgres, candles_sqlite
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import candles
from mtf_adapters.sql.schema import series as series_table
from mtf_adapters.sql.upserts import insert_new
from mtf_core.market import COLUMNS, Candles, Gap, Timeframe
from mtf_core.ports import StoreError


class _FastPath(Protocol):
    """What each database does its own way. Both take series ids, and hold a transaction already."""

    async def read(
        self, connection: AsyncConnection, timeframe: Timeframe, ids: Sequence[int], first_ms: int, last_ms: int
    ) -> dict[int, Candles]: ...

    async def write(self, connection: AsyncConnection, chunks: Iterable[tuple[int, Candles]]) -> None: ...


class SqlCandleStore:
    """The core's `CandleStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace
        self._fast: _FastPath = candles_postgres if database.is_postgres else candles_sqlite

    async def write(self, series: Mapping[tuple[str, Timeframe], Candles]) -> int:
        """Inserts or replaces candles of many series in one transaction; returns the number of candles.

        Raises `StoreError` for candles of another timeframe than their key's, or with a number that is not finite.
        """
        filled = {key: found for key, found in sorted(series.items()) if len(found)}
        for (symbol, timeframe), found in filled.items():
            _refuse_unfit(symbol, timeframe, found)
        if not filled:
            return 0
        async with self._database.writing() as connection:
            ids = await self._ensure_series(connection, filled)
            await self._fast.write(connection, sorted((ids[key], found) for key, found in filled.items()))
        return sum(map(len, filled.values()))

    async def read(
        self, symbols: Sequence[str], timeframe: Timeframe, first_open_ms: int, last_open_ms: int
    ) -> dict[str, Candles]:
        """Candles that open within [first, last]; a symbol without any maps to empty candles."""
        if not symbols:
            return {}
        async with self._database.reading() as connection:
            known = await self._series_ids(connection, timeframe)
            ids = sorted({known[symbol] for symbol in symbols if symbol in known})
            found = await self._fast.read(connection, timeframe, ids, first_open_ms, last_open_ms) if ids else {}
        empty = Candles.empty(timeframe)
        return {symbol: found.get(known.get(symbol, 0), empty) for symbol in symbols}

    async def delete(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> int:
        """Deletes the candles that open within [first, last]; returns how many there were."""
        one_series = candles.c.series_id == self._series_id(symbol, timeframe)
        within = candles.c.open_ms.between(first_open_ms, last_open_ms)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(candles).where(one_series, within))).rowcount

    async def gaps(self, symbol: str, timeframe: Timeframe) -> tuple[Gap, ...]:
        """Holes between the first and the last stored candle."""
        step = timeframe.ms
        following = func.lead(candles.c.open_ms).over(order_by=candles.c.open_ms).label("following")
        one_series = candles.c.series_id == self._series_id(symbol, timeframe)
        pairs = select(candles.c.open_ms, following).where(one_series).subquery()
        query = select(pairs).where(pairs.c.following - pairs.c.open_ms > step).order_by(pairs.c.open_ms)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(Gap.spanning(before + step, after - step, timeframe) for before, after in rows)

    async def spans(self) -> tuple[tuple[str, Timeframe, int, int, int], ...]:
        """What is stored: (symbol, timeframe, first open, last open, number of candles), by symbol and timeframe."""
        extent = (func.min(candles.c.open_ms), func.max(candles.c.open_ms), func.count())
        query = (
            select(series_table.c.symbol, series_table.c.timeframe, *extent)
            .join_from(series_table, candles, candles.c.series_id == series_table.c.id)
            .where(series_table.c.namespace == self._namespace)
            .group_by(series_table.c.id)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
            found = [(symbol, Timeframe.parse(name), first, last, count) for symbol, name, first, last, count in rows]
        return tuple(sorted(found, key=lambda span: (span[0], span[1].ms)))

    def _series_id(self, symbol: str, timeframe: Timeframe) -> ScalarSelect[int]:
        return (
            select(series_table.c.id)
            .where(
                series_table.c.namespace == self._namespace,
                series_table.c.timeframe == timeframe.value,
                series_table.c.symbol == symbol,
            )
            .scalar_subquery()
        )

    async def _series_ids(self, connection: AsyncConnection, timeframe: Timeframe) -> dict[str, int]:
        query = select(series_table.c.symbol, series_table.c.id).where(
            series_table.c.namespace == self._namespace, series_table.c.timeframe == timeframe.value
        )
        return {row.symbol: row.id for row in (await connection.execute(query)).all()}

    async def _ensure_series(
        self, connection: AsyncConnection, keys: Iterable[tuple[str, Timeframe]]
    ) -> dict[tuple[str, Timeframe], int]:
        """The ids of the series; new ones are made, in the order of the keys."""
        known: dict[Timeframe, dict[str, int]] = {}
        for timeframe in sorted({timeframe for _, timeframe in keys}):
            symbols = [symbol for symbol, of in keys if of is timeframe]
            known[timeframe] = await self._series_ids(connection, timeframe)
            missing = [
                {"namespace": self._namespace, "symbol": symbol, "timeframe": timeframe.value}
                for symbol in symbols
                if symbol not in known[timeframe]
            ]
            if missing:
                await connection.execute(insert_new(series_table, connection), missing)
                known[timeframe] = await self._series_ids(connection, timeframe)
        return {(symbol, timeframe): known[timeframe][symbol] for symbol, timeframe in keys}


def _refuse_unfit(symbol: str, timeframe: Timeframe, found: Candles) -> None:
    if found.timeframe is not timeframe:
        raise StoreError(f"{symbol}: {found.timeframe} candles cannot be stored as {timeframe} ones")
    for name in COLUMNS:
        if not np.isfinite(getattr(found, name)).all():
            raise StoreError(f"{symbol} {timeframe}: a candle's {name} is not a finite number; nothing was stored")
