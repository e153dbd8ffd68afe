"""The candles in SQL: blocks of bytes, so that a million of them are read in a fraction of a second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import ColumnElement, Connection, ScalarSelect, delete, func, select

from mtf_adapters.sql.candle_blocks import PLACES, Block, joined, number_of, split
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import candle_blocks as table
from mtf_adapters.sql.schema import series as series_table
from mtf_adapters.sql.upserts import insert_new, upsert
from mtf_core.market import COLUMNS, Candles, Gap, Timeframe
from mtf_core.ports import StoreError

_Stored = list[tuple[int, int, bytes]]
"""Blocks as (series, number, content), sorted."""


class SqlCandleStore:
    """The core's `CandleStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def write(self, series: Mapping[tuple[str, Timeframe], Candles]) -> int:
        """Inserts or replaces candles of many series in one transaction; returns the number of candles.

        Raises `StoreError` for candles of another timeframe than their key's, or not on its grid, or with a number
        that is not finite.
        """
        filled = {key: candles for key, candles in sorted(series.items()) if len(candles)}
        for (symbol, timeframe), candles in filled.items():
            _refuse_unfit(symbol, timeframe, candles)
        if not filled:
            return 0

        def work(connection: Connection) -> None:
            ids = self._ensure_series(connection, filled)
            blocks = {(ids[key], block.number): block for key, candles in filled.items() for block in split(candles)}
            for id_, number, content in _partly_replaced(connection, blocks):
                if (id_, number) in blocks:
                    blocks[id_, number] = blocks[id_, number].over(content)
            _put(connection, blocks)

        await self._database.write(work)
        return sum(map(len, filled.values()))

    async def read(
        self, symbols: Sequence[str], timeframe: Timeframe, first_open_ms: int, last_open_ms: int
    ) -> dict[str, Candles]:
        """Candles that open within [first, last]; a symbol without any maps to empty candles."""
        if not symbols:
            return {}

        def work(connection: Connection) -> tuple[dict[str, int], dict[int, Candles]]:
            known = self._series_ids(connection, timeframe)
            ids = sorted({known[symbol] for symbol in symbols if symbol in known})
            within = table.c.number.between(number_of(first_open_ms, timeframe), number_of(last_open_ms, timeframe))
            return known, joined(timeframe, _blocks(connection, table.c.series_id.in_(ids), within))

        known, found = await self._database.read(work)
        empty = Candles.empty(timeframe)
        return {
            symbol: found.get(known.get(symbol, 0), empty).between(first_open_ms, last_open_ms) for symbol in symbols
        }

    async def delete(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> int:
        """Deletes the candles that open within [first, last]; returns how many there were."""
        first, last = number_of(first_open_ms, timeframe), number_of(last_open_ms, timeframe)

        def work(connection: Connection) -> int:
            ids = self._series_ids(connection, timeframe, for_update=True)
            if symbol not in ids or first_open_ms > last_open_ms:
                return 0
            of_series = table.c.series_id == ids[symbol]
            edges = _blocks(connection, of_series, table.c.number.in_({first, last}))
            count = select(func.coalesce(func.sum(table.c.candles), 0)).where(of_series)
            before = connection.execute(count).scalar_one()
            connection.execute(delete(table).where(of_series, table.c.number.between(first, last)))
            for candles in joined(timeframe, edges).values():
                outside = [candles.between(-(2**62), first_open_ms - 1), candles.between(last_open_ms + 1, 2**62)]
                kept = [block for part in outside if len(part) for block in split(part)]
                _put(connection, _by_key(ids[symbol], kept))
            return int(before - connection.execute(count).scalar_one())

        return await self._database.write(work)

    async def gaps(self, symbol: str, timeframe: Timeframe) -> tuple[Gap, ...]:
        """Holes between the first and the last stored candle."""
        of_series = table.c.series_id == self._series_id(symbol, timeframe)
        stored = await self._database.read(lambda connection: _blocks(connection, of_series))
        return next((candles.gaps() for candles in joined(timeframe, stored).values()), ())

    async def spans(self) -> tuple[tuple[str, Timeframe, int, int, int], ...]:
        """What is stored: (symbol, timeframe, first open, last open, number of candles), by symbol and timeframe."""
        first = func.min(table.c.number * PLACES + table.c.first_place)
        last = func.max(table.c.number * PLACES + table.c.last_place)
        query = (
            select(series_table.c.symbol, series_table.c.timeframe, first, last, func.sum(table.c.candles))
            .join_from(series_table, table, table.c.series_id == series_table.c.id)
            .where(series_table.c.namespace == self._namespace)
            .group_by(series_table.c.id)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        found = []
        for symbol, name, first_step, last_step, count in rows:
            timeframe = Timeframe.parse(name)
            found.append((symbol, timeframe, first_step * timeframe.ms, last_step * timeframe.ms, int(count)))
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

    def _series_ids(self, connection: Connection, timeframe: Timeframe, *, for_update: bool = False) -> dict[str, int]:
        query = select(series_table.c.symbol, series_table.c.id).where(
            series_table.c.namespace == self._namespace, series_table.c.timeframe == timeframe.value
        )
        if for_update:
            # A block is read, merged and written back: on PostgreSQL two writers of a series must take turns. In the
            # order of the ids, so that they do not wait for each other in a circle.
            query = query.order_by(series_table.c.id).with_for_update()
        return {row.symbol: row.id for row in connection.execute(query).all()}

    def _ensure_series(
        self, connection: Connection, keys: Iterable[tuple[str, Timeframe]]
    ) -> dict[tuple[str, Timeframe], int]:
        """The ids of the series, which are ours until the transaction ends; new ones are made, in the order of the
        keys."""
        known: dict[Timeframe, dict[str, int]] = {}
        for timeframe in sorted({timeframe for _, timeframe in keys}):
            symbols = [symbol for symbol, of in keys if of is timeframe]
            known[timeframe] = self._series_ids(connection, timeframe, for_update=True)
            missing = [
                {"namespace": self._namespace, "symbol": symbol, "timeframe": timeframe.value}
                for symbol in symbols
                if symbol not in known[timeframe]
            ]
            if missing:
                connection.execute(insert_new(series_table, connection), missing)
                known[timeframe] = self._series_ids(connection, timeframe, for_update=True)
        return {(symbol, timeframe): known[timeframe][symbol] for symbol, timeframe in keys}


def _blocks(connection: Connection, *conditions: ColumnElement[bool]) -> _Stored:
    query = select(table.c.series_id, table.c.number, table.c.content).where(*conditions)
    rows = connection.execute(query.order_by(table.c.series_id, table.c.number)).all()
    return [(id_, number, content) for id_, number, content in rows]


def _partly_replaced(connection: Connection, blocks: Mapping[tuple[int, int], Block]) -> _Stored:
    """What is stored of the blocks that new candles do not fill, and perhaps of some others."""
    partial = [key for key, block in blocks.items() if not block.is_full]
    if not partial:
        return []
    ids, numbers = ({key[at] for key in partial} for at in (0, 1))
    return _blocks(connection, table.c.series_id.in_(ids), table.c.number.in_(numbers))


def _put(connection: Connection, blocks: Mapping[tuple[int, int], Block]) -> None:
    rows = [
        {
            "series_id": id_,
            "number": number,
            "first_place": block.first_place,
            "last_place": block.last_place,
            "candles": len(block.rows),
            "content": block.content,
        }
        for (id_, number), block in sorted(blocks.items(), key=lambda item: item[0])
    ]
    if rows:
        connection.execute(upsert(table, connection), rows)


def _by_key(id_: int, blocks: Iterable[Block]) -> dict[tuple[int, int], Block]:
    """Blocks of one series; two parts of one block become one."""
    found: dict[tuple[int, int], Block] = {}
    for block in blocks:
        before = found.get((id_, block.number))
        found[id_, block.number] = block if before is None else before.over(block.content)
    return found


def _refuse_unfit(symbol: str, timeframe: Timeframe, candles: Candles) -> None:
    if candles.timeframe is not timeframe:
        raise StoreError(f"{symbol}: {candles.timeframe} candles cannot be stored as {timeframe} ones")
    if (candles.open_ms % timeframe.ms).any():
        raise StoreError(f"{symbol} {timeframe}: a candle does not open on the timeframe's grid; nothing was stored")
    for name in COLUMNS:
        if not np.isfinite(getattr(candles, name)).all():
            raise StoreError(f"{symbol} {timeframe}: a candle's {name} is not a finite number; nothing was stored")
