"""Runs, their decisions and the documents they share in SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs
from sqlalchemy import ColumnElement, Row, Select, insert, select, update

from mtf_adapters.sql.counters import next_number
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.documents import compressed, decompressed
from mtf_adapters.sql.locks import check_fence
from mtf_adapters.sql.paging import position, refuse_empty
from mtf_adapters.sql.schema import decision_details as detail_table
from mtf_adapters.sql.schema import decisions as decision_table
from mtf_adapters.sql.schema import documents as document_table
from mtf_adapters.sql.schema import runs
from mtf_adapters.sql.upserts import insert_new
from mtf_core.ports import Acquired, StoreError
from mtf_core.records import DecisionRecord, DecisionSummary, JsonObject, Page, RunRecord, RunStatus

Columns = TypeVar("Columns", bound=tuple[object, ...])

_RUN_COLUMNS = tuple(runs.c[field.name] for field in attrs.fields(RunRecord))
_SUMMARY_COLUMNS = tuple(decision_table.c[field.name] for field in attrs.fields(DecisionSummary))
_DETAILS = ("result", "inputs", "trace")
_DECISION_COLUMNS = tuple(
    (detail_table if field.name in _DETAILS else decision_table).c[field.name] for field in attrs.fields(DecisionRecord)
)
_DECISION_AND_DETAILS = decision_table.join(
    detail_table,
    (detail_table.c.namespace == decision_table.c.namespace)
    & (detail_table.c.run_id == decision_table.c.run_id)
    & (detail_table.c.symbol == decision_table.c.symbol),
)
_RUNS_PER_STEP = 20


class SqlRunStore:
    """The core's `RunStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def start(self, run: RunRecord, documents: Mapping[str, JsonObject]) -> None:
        """Records a run as running, and each document once per digest; the run's own configuration is among them.

        Raises `StoreError` when the configuration is neither among them nor stored already.
        """
        # In the order of the digests, so that two processes do not wait for each other in a circle.
        rows = [{"digest": digest, "content": documents[digest]} for digest in sorted(documents)]
        async with self._database.writing() as connection:
            if rows:
                await connection.execute(insert_new(document_table, connection), rows)
            sequence = await next_number(connection, "runs")
            await connection.execute(insert(runs), self._row(_run_row(run) | {"sequence": sequence}))

    async def finish(self, run: RunRecord, decisions: Sequence[DecisionRecord], fence: Acquired | None = None) -> None:
        """Stores the end of a run and all its decisions in one transaction; a run ends once.

        Raises `LockLostError`, and stores nothing, when the lock `fence` is no longer its owner's.
        """
        strangers = sorted({decision.run_id for decision in decisions} - {run.run_id})
        if strangers:
            raise StoreError(f"run {run.run_id} cannot end with decisions of {', '.join(strangers)}")
        detail_rows = [self._row(_details(decision)) for decision in decisions]
        running = self._is_run(run.run_id) & (runs.c.status == RunStatus.RUNNING.value)
        async with self._database.writing() as connection:
            if fence is not None:
                await check_fence(connection, fence)
            ended = await connection.execute(update(runs).where(running).values(self._row(_run_row(run))))
            if ended.rowcount != 1:
                raise StoreError(f"run {run.run_id} cannot end: it has not started, or has ended before")
            if decisions:
                query = select(runs.c.sequence).where(self._is_run(run.run_id))
                sequence = (await connection.execute(query)).scalar_one()
                rows = [self._row(_short(decision, sequence)) for decision in decisions]
                await connection.execute(insert(decision_table), rows)
                await connection.execute(insert(detail_table), detail_rows)

    async def run(self, run_id: str) -> RunRecord | None:
        query = select(*_RUN_COLUMNS).where(self._is_run(run_id))
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else _run(row)

    async def latest(
        self, profile: str | None = None, limit: int = 1, before_ms: int | None = None
    ) -> tuple[RunRecord, ...]:
        """The newest runs first, in the order in which the store saw them start, whatever a clock said."""
        query = self._newest_first(select(*_RUN_COLUMNS), profile, before_ms).limit(max(limit, 0))
        async with self._database.reading() as connection:
            return tuple(_run(row) for row in (await connection.execute(query)).all())

    async def history(
        self, limit: int, cursor: str | None = None, *, profile: str | None = None, before_ms: int | None = None
    ) -> Page[RunRecord]:
        """A page of at least one run, in the order of `latest`; raises `InvalidCursorError`."""
        refuse_empty(limit)
        numbered: Select[Any] = select(*_RUN_COLUMNS, runs.c.sequence)
        query = self._newest_first(numbered, profile, before_ms).limit(limit + 1)
        if cursor is not None:
            query = query.where(runs.c.sequence < position(cursor))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        follows = str(rows[limit - 1].sequence) if len(rows) > limit else None
        return Page(tuple(_run(row) for row in rows[:limit]), follows)

    async def reasons_since(self, since_ms: int, profile: str | None = None) -> AsyncIterator[DecisionSummary]:
        """What became of each symbol in each run that started at or after an instant: newest run first, by symbol."""
        query = self._newest_first(select(runs.c.run_id), profile).where(runs.c.started_ms >= since_ms)
        async with self._database.reading() as connection:
            run_ids = (await connection.execute(query)).scalars().all()
        # Each step is a transaction of its own: none is open while the caller works with what it got.
        for start in range(0, len(run_ids), _RUNS_PER_STEP):
            for summary in await self._summaries(run_ids[start : start + _RUNS_PER_STEP]):
                yield summary

    async def _summaries(self, run_ids: Sequence[str]) -> list[DecisionSummary]:
        query = select(*_SUMMARY_COLUMNS).where(
            decision_table.c.namespace == self._namespace, decision_table.c.run_id.in_(run_ids)
        )
        async with self._database.reading() as connection:
            found = [DecisionSummary(*row) for row in (await connection.execute(query)).all()]
        place = {run_id: number for number, run_id in enumerate(run_ids)}
        return sorted(found, key=lambda summary: (place[summary.run_id], summary.symbol))

    async def decisions(self, run_id: str) -> tuple[DecisionRecord, ...]:
        """All decisions of a run, sorted by symbol."""
        found = await self._decisions(self._select_decisions().where(decision_table.c.run_id == run_id))
        return tuple(sorted(found, key=lambda decision: decision.symbol))

    async def decision(self, run_id: str, symbol: str) -> DecisionRecord | None:
        wanted = (decision_table.c.run_id == run_id) & (decision_table.c.symbol == symbol)
        return next(iter(await self._decisions(self._select_decisions().where(wanted))), None)

    async def last_decision(self, symbol: str) -> DecisionRecord | None:
        """The symbol's decision in the newest run that had it."""
        newest_first = decision_table.c.run_sequence.desc()
        query = self._select_decisions().where(decision_table.c.symbol == symbol).order_by(newest_first).limit(1)
        return next(iter(await self._decisions(query)), None)

    async def document(self, digest: str) -> JsonObject | None:
        """The document stored under a digest."""
        async with self._database.reading() as connection:
            query = select(document_table.c.content).where(document_table.c.digest == digest)
            return (await connection.execute(query)).scalar_one_or_none()

    def _row(self, values: dict[str, object]) -> dict[str, object]:
        return values | {"namespace": self._namespace}

    def _newest_first(
        self, query: Select[Columns], profile: str | None, before_ms: int | None = None
    ) -> Select[Columns]:
        query = query.where(runs.c.namespace == self._namespace)
        if profile is not None:
            query = query.where(runs.c.profile == profile)
        if before_ms is not None:
            query = query.where(runs.c.started_ms < before_ms)
        return query.order_by(runs.c.sequence.desc())

    def _is_run(self, run_id: str) -> ColumnElement[bool]:
        return (runs.c.namespace == self._namespace) & (runs.c.run_id == run_id)

    def _select_decisions(self) -> Select[tuple[object, ...]]:
        query = select(*_DECISION_COLUMNS).select_from(_DECISION_AND_DETAILS)
        return query.where(decision_table.c.namespace == self._namespace)

    async def _decisions(self, query: Select[tuple[object, ...]]) -> list[DecisionRecord]:
        async with self._database.reading() as connection:
            return [_decision(row) for row in (await connection.execute(query)).all()]


def _run_row(run: RunRecord) -> dict[str, object]:
    return attrs.asdict(run, recurse=False) | {"status": run.status.value}


def _run(row: Row[tuple[object, ...]]) -> RunRecord:
    values = {column.name: row._mapping[column] for column in _RUN_COLUMNS}
    return RunRecord(**(values | {"status": RunStatus(values["status"])}))


def _short(decision: DecisionRecord, run_sequence: int) -> dict[str, object]:
    row = attrs.asdict(decision, recurse=False, filter=lambda field, _: field.name not in _DETAILS)
    return row | {"run_sequence": run_sequence}


def _details(decision: DecisionRecord) -> dict[str, object]:
    return {
        "run_id": decision.run_id,
        "symbol": decision.symbol,
        "result": decision.result,
        "inputs": decision.inputs,
        "trace": compressed(decision.trace),
    }


def _decision(row: Row[tuple[object, ...]]) -> DecisionRecord:
    values = dict(row._mapping)
    return DecisionRecord(**(values | {"trace": decompressed(values["trace"])}))


async def namespace_of_run(database: Database, run_id: str | None = None, symbol: str | None = None) -> str | None:
    """Where a stored run belongs: that run, else the newest one (that had a symbol); None when there is none."""
    query = select(runs.c.namespace).order_by(runs.c.sequence.desc()).limit(1)
    if run_id is not None:
        query = query.where(runs.c.run_id == run_id)
    if symbol is not None:
        same_run = (decision_table.c.namespace == runs.c.namespace) & (decision_table.c.run_id == runs.c.run_id)
        query = query.where(select(decision_table.c.symbol).where(same_run, decision_table.c.symbol == symbol).exists())
    async with database.reading() as connection:
        namespace: str | None = (await connection.execute(query)).scalar_one_or_none()
        return namespace
