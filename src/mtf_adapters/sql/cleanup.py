"""The purge in SQL. Runs and events go from the oldest on, in the order in which they were stored: a clock that was
wrong makes no hole in the middle, which the seals of runs would show as a fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, select, text

from mtf_adapters.sql.candle_blocks import PLACES, number_of
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import (
    alert_receipts,
    alerts,
    audit,
    candle_blocks,
    decision_details,
    decisions,
    documents,
    keyed_runs,
    locks,
    metadata,
    order_supervisors,
    processes,
    run_blocks,
    run_documents,
    run_openings,
    run_parts,
    runs,
    series,
    zone_events,
)
from mtf_adapters.sql.transactions import changing
from mtf_core.market import Timeframe
from mtf_core.ports import LEAST_KEPT, NO_FLOORS
from mtf_core.records import CandleFloor, KeptRuns, Leftovers

_RUNS_PER_STEP = 200
"""Deleted in one transaction: others who want to write wait no longer than for these."""
_HAS_ALERT = (
    select(alerts.c.word)
    .where(*(alerts.c[name] == alert_receipts.c[name] for name in ("namespace", "word", "subject", "began_ms")))
    .exists()
)
"""The alert of a receipt is still there."""
_OF_RUNS = (decision_details, decisions, run_blocks, run_documents, run_openings, run_parts, zone_events, keyed_runs)


class SqlCleanupStore:
    """The core's `CleanupStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def purge_candles(
        self, keep: int, floors: Mapping[Timeframe, CandleFloor] = NO_FLOORS, *, dry_run: bool
    ) -> int:
        """Candles that lie more than `keep` candles before the last of their series, and below the floor of their
        timeframe; by whole blocks."""
        last = (
            select(series.c.id, series.c.timeframe, func.max(candle_blocks.c.number).label("number"))
            .join_from(series, candle_blocks, series.c.id == candle_blocks.c.series_id)
            .where(series.c.namespace == self._namespace)
            .group_by(series.c.id, series.c.timeframe)
        ).subquery()
        beyond = candle_blocks.c.number < last.c.number - -(-keep // PLACES)
        columns = (candle_blocks.c.series_id, candle_blocks.c.number, candle_blocks.c.candles)
        query = select(*columns, last.c.timeframe, last.c.number.label("newest"))
        query = query.join(last, last.c.id == candle_blocks.c.series_id).where(beyond)
        found = await self._database.read(lambda connection: connection.execute(query).all())
        gone, firsts_kept = 0, {}
        for row in found:
            timeframe = Timeframe(row.timeframe)
            first_kept = _first_block(timeframe, row.newest, keep, floors.get(timeframe, CandleFloor()))
            if row.number < first_kept:
                gone += row.candles
                firsts_kept[row.series_id] = first_kept
        for id_, first_kept in firsts_kept.items() if not dry_run else ():
            too_old = (candle_blocks.c.series_id == id_) & (candle_blocks.c.number < first_kept)
            await self._database.write(changing(delete(candle_blocks).where(too_old)))
        return gone

    async def purge_runs(
        self, started_before_ms: int | None, keep: int | None, *, dry_run: bool, least: int = LEAST_KEPT
    ) -> int:
        """Runs that started before an instant, and all but the newest `keep`, with everything that belongs to them."""

        def ids_too_old(connection: Connection) -> Sequence[str]:
            first = self._first_kept(connection, runs.c.sequence, runs.c.started_ms, started_before_ms, keep, least)
            too_old = (runs.c.namespace == self._namespace) & (runs.c.sequence < first)
            return connection.execute(select(runs.c.run_id).where(too_old).order_by(runs.c.sequence)).scalars().all()

        run_ids = await self._database.read(ids_too_old)
        for start in range(0, 0 if dry_run else len(run_ids), _RUNS_PER_STEP):
            step = run_ids[start : start + _RUNS_PER_STEP]
            await self._database.write(partial(self._delete_runs, run_ids=step))
        return len(run_ids)

    def _delete_runs(self, connection: Connection, run_ids: Sequence[str]) -> None:
        for table in (*_OF_RUNS, runs):
            connection.execute(delete(table).where(self._here(table), table.c.run_id.in_(run_ids)))

    async def purge_audit(self, before_ms: int, *, dry_run: bool, least: int = LEAST_KEPT) -> int:
        """Events of before an instant; the newest `least` stay."""

        def work(connection: Connection) -> int:
            first = self._first_kept(connection, audit.c.id, audit.c.time_ms, before_ms, None, least)
            too_old = self._here(audit) & (audit.c.id < first)
            count = connection.execute(select(func.count()).select_from(audit).where(too_old)).scalar_one()
            if not dry_run:
                connection.execute(delete(audit).where(too_old))
            return int(count)

        return await self._database.write(work)

    async def kept_runs(self, started_before_ms: int | None, keep: int | None) -> tuple[KeptRuns, ...]:
        """What `purge_runs` leaves, by the configurations of the runs."""

        def work(connection: Connection) -> list[KeptRuns]:
            columns = (runs.c.sequence, runs.c.started_ms)
            first = self._first_kept(connection, *columns, started_before_ms, keep, LEAST_KEPT)
            kept = select(runs.c.config_digest, func.min(runs.c.instant_ms)).where(runs.c.sequence >= first)
            rows = connection.execute(kept.where(self._here(runs)).group_by(runs.c.config_digest)).all()
            return [KeptRuns(digest, int(first_ms)) for digest, first_ms in rows]

        return tuple(sorted(await self._database.read(work), key=lambda one: one.config_digest))

    async def counts_of_runs(self, started_before_ms: int | None, keep: int | None) -> dict[str, int]:
        """How many decisions and zone events go with the runs that `purge_runs` takes, by their tables."""

        def work(connection: Connection) -> dict[str, int]:
            columns = (runs.c.sequence, runs.c.started_ms)
            first = self._first_kept(connection, *columns, started_before_ms, keep, LEAST_KEPT)
            too_old = select(runs.c.run_id).where(self._here(runs), runs.c.sequence < first)
            return {
                table.name: int(
                    connection.execute(
                        select(func.count()).where(self._here(table), table.c.run_id.in_(too_old))
                    ).scalar_one()
                )
                for table in (decisions, zone_events)
            }

        return await self._database.read(work)

    async def counts(self) -> dict[str, int]:
        """How many rows each table has of this namespace; of candles, the candles."""

        def work(connection: Connection) -> dict[str, int]:
            found = {}
            for name, table in sorted(metadata.tables.items()):
                if "namespace" in table.c:
                    query = select(func.count()).select_from(table).where(self._here(table))
                    found[name] = int(connection.execute(query).scalar_one())
            candles = select(func.coalesce(func.sum(candle_blocks.c.candles), 0)).join_from(
                series, candle_blocks, series.c.id == candle_blocks.c.series_id
            )
            found["candles"] = int(connection.execute(candles.where(self._here(series))).scalar_one())
            return found

        return await self._database.read(work)

    async def purge_leftovers(self, before_ms: int, *, dry_run: bool) -> Leftovers:
        """Keys, documents and locks to which no stored run refers (any more); processes and alerts that are over."""

        def work(connection: Connection) -> Leftovers:
            # Keys are the first to go and locks the last to come: whoever holds a lock of now is left alone.
            keys = self._purge(connection, keyed_runs, self._dead_keys(before_ms), dry_run)
            gone = self._purge(connection, locks, _ownerless_locks(before_ms), dry_run)
            documents_gone = 0
            if not self._has_runs_without_notes(connection):
                if self._database.is_postgres and not dry_run:
                    # A run that starts stores its documents before it refers to them; it waits here, or is waited for.
                    connection.execute(text("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE"))
                documents_gone = self._purge(connection, documents, _unneeded_documents(), dry_run)
            dead = self._purge(
                connection, processes, self._here(processes) & (processes.c.beat_ms < before_ms), dry_run
            )
            ended = self._purge(connection, alerts, self._here(alerts) & (alerts.c.ended_ms < before_ms), dry_run)
            if not dry_run:
                connection.execute(delete(alert_receipts).where(self._here(alert_receipts), ~_HAS_ALERT))
            return Leftovers(keys, documents_gone, gone, dead, ended)

        return await self._database.write(work)

    def _purge(self, connection: Connection, table: Table, leftover: ColumnElement[bool], dry_run: bool) -> int:
        count = connection.execute(select(func.count()).select_from(table).where(leftover)).scalar_one()
        if count and not dry_run:
            connection.execute(delete(table).where(leftover))
        return int(count)

    def _dead_keys(self, before_ms: int) -> ColumnElement[bool]:
        """The process that claimed the key died before its run began."""
        same = (runs.c.namespace == keyed_runs.c.namespace) & (runs.c.run_id == keyed_runs.c.run_id)
        began = select(runs.c.run_id).where(same).exists()
        return self._here(keyed_runs) & (keyed_runs.c.asked_ms < before_ms) & ~began

    def _has_runs_without_notes(self, connection: Connection) -> bool:
        """Whether there are runs of an earlier version, which did not note the documents that they need."""
        same = (run_documents.c.namespace == runs.c.namespace) & (run_documents.c.run_id == runs.c.run_id)
        noted = select(run_documents.c.digest).where(same).exists()
        query = select(runs.c.run_id).where(~noted).limit(1)
        return connection.execute(query).scalar_one_or_none() is not None

    async def give_back(self) -> None:
        """Pages that became free go back to the file system where the file can do so; else later rows use them."""
        if not self._database.is_postgres:
            await self._database.read(_give_back)

    def _first_kept(
        self,
        connection: Connection,
        number: Column[int],
        time_ms: Column[int],
        before_ms: int | None,
        keep: int | None,
        least: int,
    ) -> int:
        """The number of the oldest row that stays; 0 when all do."""

        def nth_newest(count: int) -> int:
            newest_first = select(number).where(self._here(number.table)).order_by(number.desc())
            query = newest_first.offset(max(count, 1) - 1).limit(1)
            return connection.execute(query).scalar_one_or_none() or 0

        first = 0
        if before_ms is not None:
            young = select(func.min(number)).where(self._here(number.table), time_ms >= before_ms)
            oldest_young = connection.execute(young).scalar_one_or_none()
            first = nth_newest(least) if oldest_young is None else oldest_young
        if keep is not None:
            first = max(first, nth_newest(keep))
        return min(first, nth_newest(least))

    def _here(self, table: Any) -> ColumnElement[bool]:
        return cast("Table", table).c.namespace == self._namespace


def _first_block(timeframe: Timeframe, newest: int, keep: int, floor: CandleFloor) -> int:
    """The number of the oldest block that stays of a series whose newest block has a number."""
    first = newest - -(-max(keep, floor.least) // PLACES)
    return first if floor.from_ms is None else min(first, number_of(floor.from_ms, timeframe))


def _give_back(connection: Connection) -> None:
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    # As a script, which ends the transaction and runs to the end; executed, it would free a single page.
    driver.executescript("PRAGMA incremental_vacuum")


def _ownerless_locks(before_ms: int) -> ColumnElement[bool]:
    """Given back or expired, and of no stored run: its tokens may begin anew, for nobody has an old one.

    That of a supervisor stays: a lock in Redis looks expired here, and one that was frozen for days has an old token.
    """
    owned = select(runs.c.run_id).where(runs.c.run_id == locks.c.owner).exists()
    supervises = select(order_supervisors.c.lock).where(order_supervisors.c.lock == locks.c.name).exists()
    return (locks.c.expires_at_ms < before_ms) & ~owned & ~supervises


def _unneeded_documents() -> ColumnElement[bool]:
    return ~select(run_documents.c.digest).where(run_documents.c.digest == documents.c.digest).exists()
