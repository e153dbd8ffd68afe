"""Runs, their decisions and the documents they share in SQL."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import attrs
from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Row, Select, insert, select, update

from mtf_adapters.sql.counters import next_number
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.locks import check_fence, note_fence
from mtf_adapters.sql.paging import position, refuse_empty
from mtf_adapters.sql.schema import decision_details as detail_table
from mtf_adapters.sql.schema import decisions as decision_table
from mtf_adapters.sql.schema import documents as document_table
from mtf_adapters.sql.schema import run_blocks, run_documents, runs, zone_events
from mtf_adapters.sql.shards import add_opening
from mtf_adapters.sql.transactions import all_rows, value_or_none
from mtf_adapters.sql.upserts import insert_new
from mtf_adapters.sql.zones import sealed_zone, sealed_zones_of, zone_row
from mtf_core.ports import Acquired, Aside, StoreError, at_once
from mtf_core.records import (
    DecisionRecord,
    JsonObject,
    Opening,
    Page,
    ResultRecord,
    RunCounts,
    RunRecord,
    RunStatus,
    RunTally,
    Seal,
    SealCheck,
    UnreadableRecordError,
    ZoneRecord,
)
from mtf_core.records.documents import to_document
from mtf_core.records.older import inputs_of_version_1, report_of, result_of, trace_of_version_1
from mtf_core.records.packed import Unpacked, pack
from mtf_core.records.seal import sealed

Columns = TypeVar("Columns", bound=tuple[object, ...])

_RUN_COLUMNS = tuple(runs.c[field.name] for field in attrs.fields(RunRecord) if field.name != "unreadable")
_SEALED_COLUMNS = _RUN_COLUMNS
_SHORT = ("run_id", "symbol", "status", "reason", "side", "execution_timeframe", "decision_key")
_SHORT_COLUMNS = tuple(decision_table.c[name] for name in _SHORT)
TALLY = ("run_id", "profile", "instant_ms", "started_ms", "counts")
"""The columns of a `RunTally`."""
_RUNS_PER_STEP = 200


@frozen(kw_only=True, eq=False)
class _UnderSeal:
    """What the seal of a run covers, and what it is compared with."""

    run: Row[Any]
    block: bytes | None
    decisions: Sequence[Row[Any]]
    zones: Sequence[Row[Any]]
    before_now: str | None
    """The seal that the run before has now."""
    older_runs: bool
    """Whether runs that were sealed before are stored."""


class SqlRunStore:
    """The core's `RunStore` of one namespace."""

    def __init__(self, database: Database, namespace: str, aside: Aside = at_once) -> None:
        """Blocks, which hold all decisions of a run, are packed and read `aside`."""
        self._database = database
        self._namespace = namespace
        self._aside = aside

    async def start(
        self,
        run: RunRecord,
        documents: Mapping[str, JsonObject],
        fences: Sequence[Acquired] = (),
        opening: Opening | None = None,
    ) -> None:
        """Records a run as running, and each document once per digest; the run's own configuration is among them.

        Raises `StoreError` when the configuration is neither among them nor stored already, and `LockLostError` when
        a run with a higher token of one of the locks `fences` has started.
        """
        # In the order of the digests, so that two processes do not wait for each other in a circle.
        rows = [{"digest": digest, "content": documents[digest]} for digest in sorted(documents)]

        def work(connection: Connection) -> None:
            for fence in sorted(fences, key=lambda fence: fence.name):
                note_fence(connection, fence)
            if rows:
                connection.execute(insert_new(document_table, connection), rows)
            sequence = next_number(connection, "runs")
            connection.execute(insert(runs), self._row(_run_row(run) | {"sequence": sequence}))
            needed = [{"run_id": run.run_id, "digest": digest} for digest in sorted({*documents, run.config_digest})]
            connection.execute(insert(run_documents), list(map(self._row, needed)))
            if opening is not None:
                add_opening(connection, self._namespace, opening)

        await self._database.write(work)

    async def finish(
        self,
        run: RunRecord,
        decisions: Sequence[DecisionRecord],
        fence: Acquired | None = None,
        counts: RunCounts | None = None,
        zones: Sequence[ZoneRecord] = (),
    ) -> None:
        """Stores the end of a run, all its decisions, their zone events and their seal in one transaction; a run ends
        once.

        Raises `LockLostError`, and stores nothing, when the lock `fence` is no longer its owner's.
        """
        strangers = sorted({*(one.run_id for one in decisions), *(one.run_id for one in zones)} - {run.run_id})
        if strangers:
            raise StoreError(f"run {run.run_id} cannot end with decisions of {', '.join(strangers)}")
        rows = [self._row(_short(decision)) for decision in decisions]
        zone_rows = [self._row(zone_row(zone)) for zone in zones]
        try:
            block = await self._aside(partial(pack, decisions))
        except ValueError as error:
            raise StoreError(f"the decisions of run {run.run_id} cannot be stored: {error}") from error
        columns = _run_row(run)
        running = self._is_run(run.run_id) & (runs.c.status == RunStatus.RUNNING.value)

        def work(connection: Connection) -> None:
            if fence is not None:
                check_fence(connection, fence)
            number = next_number(connection, "seals")  # from here on, runs end one after the other
            sealed_rows = [_sealed_row(row) for row in rows]
            newest = self._newest_seal(connection)
            seal = sealed(columns, sealed_rows, block, *newest, [sealed_zone(row) for row in zone_rows])
            numbered = {"seal_number": number, "counts": counts and counts.to_bytes()}
            values = self._row(columns) | _seal_row(seal) | numbered
            ended = connection.execute(update(runs).where(running).values(values))
            if ended.rowcount != 1:
                raise StoreError(f"run {run.run_id} cannot end: it has not started, or has ended before")
            if decisions:
                query = select(runs.c.sequence).where(self._is_run(run.run_id))
                place = {"run_sequence": connection.execute(query).scalar_one()}
                connection.execute(insert(decision_table), [row | place for row in rows])
                connection.execute(insert(run_blocks), self._row({"run_id": run.run_id, "content": block}))
            if zone_rows:
                connection.execute(insert(zone_events), zone_rows)

        await self._database.write(work)

    def _newest_seal(self, connection: Connection) -> tuple[str | None, str | None]:
        """The run that was sealed last, and its seal."""
        query = (
            select(runs.c.run_id, runs.c.seal)
            .where(runs.c.namespace == self._namespace, runs.c.seal.is_not(None))
            .order_by(runs.c.seal_number.desc())
            .limit(1)
        )
        row = connection.execute(query).one_or_none()
        return (None, None) if row is None else (row.run_id, row.seal)

    async def seal(self, run_id: str) -> SealCheck | None:
        """The run's seal beside what its rows give now; None for a run that has none."""
        found = await self._database.read(partial(self._rows_under_seal, run_id=run_id))
        if found is None:
            return None
        row = found.run
        recorded = Seal(row.seal, row.run_before, row.seal_before)
        values = {column.name: row._mapping[column] for column in _SEALED_COLUMNS}
        now = await self._aside(
            partial(
                sealed,
                values,
                [_sealed_row(dict(one._mapping)) for one in found.decisions],
                _block_or_empty(found.block),
                recorded.before_run_id,
                recorded.before,
                [sealed_zone(dict(one._mapping)) for one in found.zones],
            )
        )
        return SealCheck(recorded, now.digest, found.before_now, found.older_runs)

    def _rows_under_seal(self, connection: Connection, run_id: str) -> _UnderSeal | None:
        columns = (*_SEALED_COLUMNS, runs.c.seal, runs.c.seal_number, runs.c.seal_before, runs.c.run_before)
        row = connection.execute(select(*columns).where(self._is_run(run_id))).one_or_none()
        if row is None or row.seal is None:
            return None
        before = select(runs.c.seal).where(self._is_run(row.run_before or ""))
        older = select(runs.c.run_id).where(runs.c.namespace == self._namespace, runs.c.seal_number < row.seal_number)
        return _UnderSeal(
            run=row,
            block=self._block(connection, run_id),
            decisions=connection.execute(select(*_SHORT_COLUMNS).where(self._of_run(run_id))).all(),
            zones=connection.execute(sealed_zones_of(self._namespace, run_id)).all(),
            before_now=connection.execute(before).scalar_one_or_none(),
            older_runs=connection.execute(older.limit(1)).one_or_none() is not None,
        )

    async def run(self, run_id: str, *, results: bool = True) -> RunRecord | None:
        """The run with its whole report, or, which reads much less, without the symbols' results."""

        def work(connection: Connection) -> tuple[Row[Any] | None, bytes | None, dict[str, Row[Any]]]:
            row = connection.execute(select(*_RUN_COLUMNS).where(self._is_run(run_id))).one_or_none()
            if row is None or not results:
                return row, None, {}
            block = self._block(connection, run_id)
            return row, block, self._rows_of_version_1(connection, run_id) if block is None else {}

        row, block, older = await self._database.read(work)
        run = None if row is None else _run(row)
        if run is None or run.report is None or not results:
            return run
        reading = partial(_results_of_version_1, older) if older else partial(_results, _block_or_empty(block))
        found, unreadable = await self._aside(reading)
        report = attrs.evolve(run.report, results=found)
        return attrs.evolve(run, report=report, unreadable=run.unreadable or unreadable)

    async def history(
        self, limit: int, cursor: str | None = None, *, profile: str | None = None, before_ms: int | None = None
    ) -> Page[RunRecord]:
        """A page of at least one run, in the order in which the store saw them start, the newest first.

        Reports come without results. Raises `InvalidCursorError`.
        """
        refuse_empty(limit)
        numbered: Select[Any] = select(*_RUN_COLUMNS, runs.c.sequence)
        query = self._newest_first(numbered, profile, before_ms).limit(limit + 1)
        if cursor is not None:
            query = query.where(runs.c.sequence < position(cursor))
        rows = await self._database.read(all_rows(query))
        follows = str(rows[limit - 1].sequence) if len(rows) > limit else None
        return Page(tuple(_run(row) for row in rows[:limit]), follows)

    async def tallies_since(self, since_ms: int, profile: str | None = None) -> AsyncIterator[RunTally]:
        """What was counted of each finished run that started at or after an instant, the newest run first."""
        finished = (runs.c.started_ms >= since_ms) & (runs.c.status == RunStatus.FINISHED.value)
        tallies: Select[Any] = select(*(runs.c[name] for name in TALLY), runs.c.sequence)
        query = self._newest_first(tallies, profile).where(finished)
        last: int | None = None
        while True:
            # Each step is a transaction of its own: none is open while the caller works with what it got.
            step = query.limit(_RUNS_PER_STEP)
            if last is not None:
                step = step.where(runs.c.sequence < last)
            rows = await self._database.read(all_rows(step))
            for row in rows:
                yield tally_of(row)
            if len(rows) < _RUNS_PER_STEP:
                return
            last = rows[-1].sequence

    async def decisions(self, run_id: str) -> tuple[DecisionRecord, ...]:
        """All decisions of a run, sorted by symbol."""
        query = select(*_SHORT_COLUMNS).where(self._of_run(run_id))
        return tuple(sorted(await self._decisions(query, run_id), key=lambda decision: decision.symbol))

    async def decision(self, run_id: str, symbol: str) -> DecisionRecord | None:
        query = select(*_SHORT_COLUMNS).where(self._of_run(run_id), decision_table.c.symbol == symbol)
        return next(iter(await self._decisions(query, run_id, symbol)), None)

    async def last_decision(self, symbol: str) -> DecisionRecord | None:
        """The symbol's decision in the newest run that had it."""
        query = select(decision_table.c.run_id).where(
            decision_table.c.namespace == self._namespace, decision_table.c.symbol == symbol
        )
        newest = query.order_by(decision_table.c.run_sequence.desc()).limit(1)
        run_id = await self._database.read(value_or_none(newest))
        return None if run_id is None else await self.decision(run_id, symbol)

    async def _decisions(
        self, query: Select[tuple[object, ...]], run_id: str, symbol: str | None = None
    ) -> list[DecisionRecord]:
        """The selected rows of a run with what its block, or its rows of version 1, hold of them."""

        def work(connection: Connection) -> tuple[list[DecisionRecord], bytes | None, dict[str, Row[Any]]]:
            records = [_record(row) for row in connection.execute(query).all()]
            block = self._block(connection, run_id)
            return records, block, self._rows_of_version_1(connection, run_id, symbol) if block is None else {}

        records, block, older = await self._database.read(work)
        if block is None:
            return [_completed_from_version_1(record, older.get(record.symbol)) for record in records]
        return await self._aside(partial(_completed, records, block))

    async def document(self, digest: str) -> JsonObject | None:
        """The document stored under a digest."""
        query = select(document_table.c.content).where(document_table.c.digest == digest)
        content: JsonObject | None = await self._database.read(value_or_none(query))
        return content

    def _rows_of_version_1(self, connection: Connection, run_id: str, symbol: str | None = None) -> dict[str, Row[Any]]:
        """The details of a run's decisions, or of one, by their symbols."""
        query = select(detail_table).where(detail_table.c.namespace == self._namespace, detail_table.c.run_id == run_id)
        if symbol is not None:
            query = query.where(detail_table.c.symbol == symbol)
        return {row.symbol: row for row in connection.execute(query).all()}

    def _row(self, values: Mapping[str, object]) -> dict[str, object]:
        return {**values, "namespace": self._namespace}

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

    def _of_run(self, run_id: str) -> ColumnElement[bool]:
        return (decision_table.c.namespace == self._namespace) & (decision_table.c.run_id == run_id)

    def _block(self, connection: Connection, run_id: str) -> bytes | None:
        query = select(run_blocks.c.content).where(
            run_blocks.c.namespace == self._namespace, run_blocks.c.run_id == run_id
        )
        block: bytes | None = connection.execute(query).scalar_one_or_none()
        return block


def _run_row(run: RunRecord) -> dict[str, Any]:
    """The columns of a run. The symbols' results stand in the block, not in the report."""
    row = {column.name: getattr(run, column.name) for column in _RUN_COLUMNS} | {"status": run.status.value}
    if run.report is not None:
        row["report"] = to_document(attrs.evolve(run.report, results=None))
    return row


def _run(row: Row[tuple[object, ...]]) -> RunRecord:
    """The run with its report, but without results."""
    values = {column.name: row._mapping[column] for column in _RUN_COLUMNS}
    values["status"] = RunStatus(values["status"])
    try:
        report = None if values["report"] is None else report_of(values["report"])
    except UnreadableRecordError as error:
        return RunRecord(**values | {"report": None}, unreadable=str(error))
    return RunRecord(**values | {"report": report})


def _results(block: bytes) -> tuple[dict[str, ResultRecord], str | None]:
    """Those of a block's results that can be read, and why the others cannot."""
    try:
        unpacked = Unpacked.of(block)
    except UnreadableRecordError as error:
        return {}, str(error)
    return _readable({symbol: partial(unpacked.result, symbol) for symbol in unpacked.symbols})


def _results_of_version_1(rows: Mapping[str, Row[Any]]) -> tuple[dict[str, ResultRecord], str | None]:
    return _readable({symbol: partial(result_of, row.result) for symbol, row in sorted(rows.items())})


def _readable(results: Mapping[str, Callable[[], ResultRecord]]) -> tuple[dict[str, ResultRecord], str | None]:
    found, wrong = {}, []
    for symbol, read in results.items():
        try:
            found[symbol] = read()
        except UnreadableRecordError as error:
            wrong.append(f"{symbol}: {error}")
    return found, "; ".join(wrong) or None


def _short(decision: DecisionRecord) -> dict[str, object]:
    return {name: getattr(decision, name) for name in _SHORT}


def _sealed_row(row: Mapping[str, Any]) -> list[str | None]:
    return [row[name] for name in _SHORT]


def _seal_row(seal: Seal) -> dict[str, str | None]:
    return {"seal": seal.digest, "seal_before": seal.before, "run_before": seal.before_run_id}


def _record(row: Row[tuple[object, ...]]) -> DecisionRecord:
    return DecisionRecord(**row._mapping, result=None, inputs=None, trace=None)


def _completed(records: Sequence[DecisionRecord], block: bytes) -> list[DecisionRecord]:
    """The records with what the block holds of them."""
    try:
        unpacked = Unpacked.of(block)
    except UnreadableRecordError as error:
        return [attrs.evolve(record, unreadable=str(error)) for record in records]
    return [unpacked.completed(record) for record in records]


def _completed_from_version_1(record: DecisionRecord, row: Row[tuple[object, ...]] | None) -> DecisionRecord:
    if row is None:
        return record
    result, inputs, trace, unreadable = None, None, None, None
    try:
        result = result_of(row._mapping["result"])
        inputs = inputs_of_version_1(row._mapping["inputs"])
        trace = trace_of_version_1(json.loads(zlib.decompress(row._mapping["trace"])))
    except (UnreadableRecordError, ValueError, zlib.error) as error:
        unreadable = str(error)
    return attrs.evolve(record, result=result, inputs=inputs, trace=trace, unreadable=unreadable)


def tally_of(row: Row[tuple[object, ...]]) -> RunTally:
    """What was counted of a run, from the columns of `TALLY`."""
    values = {name: row._mapping[name] for name in TALLY}
    stored = values.pop("counts")
    try:
        counts = None if stored is None else RunCounts.from_bytes(stored)
    except UnreadableRecordError:
        counts = None
    return RunTally(**values, counts=counts)


def _block_or_empty(block: bytes | None) -> bytes:
    """The block of a run without decisions is not stored."""
    return pack(()) if block is None else block


async def runs_beginning_with(database: Database, prefix: str, most: int = 5) -> tuple[str, ...]:
    """The ids of stored runs that begin with a text, of every world, sorted; no more than `most`."""
    query = select(runs.c.run_id).where(runs.c.run_id.startswith(prefix, autoescape=True)).distinct()
    rows = await database.read(all_rows(query.order_by(runs.c.run_id).limit(most)))
    return tuple(row.run_id for row in rows)


async def namespace_of_run(database: Database, run_id: str | None = None, symbol: str | None = None) -> str | None:
    """Where a stored run belongs: that run, else the newest one that had a symbol; None when there is none.

    A symbol that no run had may have been left out by the universe of the newest run, so that one is taken.
    """
    query = select(runs.c.namespace).order_by(runs.c.sequence.desc()).limit(1)
    if run_id is not None:
        query = query.where(runs.c.run_id == run_id)
    if symbol is not None:
        same_run = (decision_table.c.namespace == runs.c.namespace) & (decision_table.c.run_id == runs.c.run_id)
        query = query.where(select(decision_table.c.symbol).where(same_run, decision_table.c.symbol == symbol).exists())
    namespace: str | None = await database.read(value_or_none(query))
    if namespace is None and symbol is not None and run_id is None:
        return await namespace_of_run(database)
    return namespace
