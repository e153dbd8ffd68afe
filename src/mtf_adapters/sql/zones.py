"""Zone events in SQL: rows that a run stores with its end, and that get an outcome later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, tuple_, update

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.schema import zone_events as table
from mtf_adapters.sql.transactions import all_rows, changing
from mtf_core.market import Side, Timeframe
from mtf_core.planning import (
    EndSource,
    EntryTerms,
    EntryZone,
    ZoneCategory,
    ZoneCheck,
    ZoneEnd,
    ZoneEvent,
    ZoneOutcome,
)
from mtf_core.ports import UnreadableRowError
from mtf_core.records import Selection, ZoneRecord, ZoneTally

_OUTCOME = ("outcome", "outcome_source", "outcome_at_ms")
_SEALED = tuple(column for column in table.c if column.name not in ("namespace", *_OUTCOME))
_TALLY = (
    "run_id",
    "symbol",
    "execution_timeframe",
    "profile",
    "at_ms",
    "deviation",
    "allowed",
    "category",
    "failed_check",
    "outcome",
    "outcome_at_ms",
)
_EVENTS_PER_STEP = 5_000

SealedRow = tuple[str | int | bool | None, ...]


class SqlZoneStore:
    """The core's `ZoneStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def of_run(self, run_id: str) -> tuple[ZoneRecord, ...]:
        """The zone events of a run, sorted by symbol; raises `UnreadableRowError`."""
        found = [_record(row) for row in await self._rows(self._here(select(table)).where(table.c.run_id == run_id))]
        return tuple(sorted(found, key=lambda record: record.symbol))

    async def open_before(self, at_ms: int, most: int) -> tuple[ZoneRecord, ...]:
        """Open events of plans made before an instant, the oldest first, at most so many; those that can be read."""
        query = self._here(select(table)).where(table.c.outcome.is_(None), table.c.at_ms < at_ms)
        found = []
        for row in await self._rows(query.order_by(table.c.at_ms).limit(most)):
            with suppress(UnreadableRowError):  # a broken row must not end every run; a verification names it
                found.append(_record(row))
        return tuple(found)

    async def settle(self, settled: Sequence[ZoneRecord]) -> None:
        """Stores the outcomes of these events, all or none; an outcome that is there already stays."""
        rows = [
            {"of_run": record.run_id, "of_symbol": record.symbol}
            | {f"new_{name}": value for name, value in _outcome_row(record.outcome).items()}
            for record in sorted(settled, key=lambda record: record.key)  # so that two runs never wait in a circle
            if record.outcome is not None
        ]
        if not rows:
            return
        still_open = (
            (table.c.namespace == self._namespace)
            & (table.c.run_id == bindparam("of_run"))
            & (table.c.symbol == bindparam("of_symbol"))
            & table.c.outcome.is_(None)
        )
        statement = update(table).where(still_open).values({name: bindparam(f"new_{name}") for name in _OUTCOME})
        await self._database.write(changing(statement, rows))

    async def tallies(self, selection: Selection) -> AsyncIterator[ZoneTally]:
        """What statistics need of the selected events, in no order that says anything; raises `UnreadableRowError`."""
        place = (table.c.run_id, table.c.symbol)
        query = self._selected(select(*(table.c[name] for name in _TALLY)), selection).order_by(*place)
        last: tuple[object, ...] | None = None
        while True:
            # Each step is a transaction of its own: none is open while the caller works with what it got.
            step = query if last is None else query.where(tuple_(*place) > last)
            rows = await self._database.read(all_rows(step.limit(_EVENTS_PER_STEP)))
            for row in rows:
                yield _tally(row)
            if len(rows) < _EVENTS_PER_STEP:
                return
            last = (rows[-1].run_id, rows[-1].symbol)

    def _selected(self, query: Select[Any], selection: Selection) -> Select[Any]:
        query = self._here(query)
        if selection.since_ms is not None:
            query = query.where(table.c.at_ms >= selection.since_ms)
        if selection.until_ms is not None:
            query = query.where(table.c.at_ms < selection.until_ms)
        if selection.symbols is not None:
            query = query.where(table.c.symbol.in_(selection.symbols))
        if selection.timeframes is not None:
            query = query.where(table.c.execution_timeframe.in_([one.value for one in selection.timeframes]))
        if selection.profile is not None:
            query = query.where(table.c.profile == selection.profile)
        return query

    def _here(self, query: Select[Any]) -> Select[Any]:
        return query.where(table.c.namespace == self._namespace)

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return await self._database.read(all_rows(query))


def zone_row(record: ZoneRecord) -> dict[str, Any]:
    """The columns of a zone event, without its namespace."""
    event, terms = record.event, record.terms
    return {
        "run_id": record.run_id,
        "symbol": event.symbol,
        "profile": record.profile,
        "side": event.side.value,
        "execution_timeframe": event.execution_timeframe.value,
        "decision_key": event.decision_key,
        "at_ms": event.at_ms,
        "zone_low": event.zone.low,
        "zone_high": event.zone.high,
        "anchor": event.zone.anchor,
        "anchor_source": event.zone.anchor_source,
        "expires_at_ms": event.zone.expires_at_ms,
        "candidate_price": event.candidate_price,
        "reference_price": event.reference_price,
        "deviation": event.deviation,
        "allowed": event.allowed,
        "width_ratio": event.width_ratio,
        "atr_ratio": event.atr_ratio,
        "spread_ratio": event.spread_ratio,
        "volume_ratio": event.volume_ratio,
        "category": event.category.value,
        "failed_check": event.failed_check.value if event.failed_check else None,
        "tick_size": terms.tick_size,
        "deadline_ms": terms.deadline_ms,
        "leaves_from_ms": terms.leaves_from_ms,
        "max_deviation": terms.max_deviation,
        "takes": terms.takes,
        **_outcome_row(record.outcome),
    }


def sealed_zone(row: Mapping[str, Any]) -> SealedRow:
    """What the seal of a run covers of a zone event: all but its outcome, exact numbers as both databases show them."""
    values = (row[column.name] for column in _SEALED)
    return tuple(format(value, "f") if isinstance(value, Decimal) else value for value in values)


def sealed_zones_of(namespace: str, run_id: str) -> Select[Any]:
    """The rows of a run's zone events that its seal covers."""
    return select(*_SEALED).where(table.c.namespace == namespace, table.c.run_id == run_id)


def _outcome_row(outcome: ZoneOutcome | None) -> dict[str, Any]:
    if outcome is None:
        return dict.fromkeys(_OUTCOME)
    return dict(zip(_OUTCOME, (outcome.end.value, outcome.source.value, outcome.at_ms), strict=True))


def _record(row: Row[Any]) -> ZoneRecord:
    with _readable(row):
        return ZoneRecord(row.run_id, row.profile, _event(row), _terms(row), _outcome(row))


def _event(row: Row[Any]) -> ZoneEvent:
    return ZoneEvent(
        symbol=row.symbol,
        side=Side(row.side),
        execution_timeframe=Timeframe(row.execution_timeframe),
        decision_key=row.decision_key,
        at_ms=row.at_ms,
        zone=EntryZone(row.zone_low, row.zone_high, row.anchor, row.anchor_source, row.expires_at_ms),
        candidate_price=row.candidate_price,
        reference_price=row.reference_price,
        deviation=row.deviation,
        allowed=row.allowed,
        width_ratio=row.width_ratio,
        atr_ratio=row.atr_ratio,
        spread_ratio=row.spread_ratio,
        volume_ratio=row.volume_ratio,
        category=ZoneCategory(row.category),
        failed_check=None if row.failed_check is None else ZoneCheck(row.failed_check),
    )


def _terms(row: Row[Any]) -> EntryTerms:
    return EntryTerms(row.tick_size, row.deadline_ms, row.leaves_from_ms, row.max_deviation, row.takes)


def _outcome(row: Row[Any]) -> ZoneOutcome | None:
    if row.outcome is None:
        return None
    return ZoneOutcome(ZoneEnd(row.outcome), EndSource(row.outcome_source), row.outcome_at_ms)


def _tally(row: Row[Any]) -> ZoneTally:
    with _readable(row):
        return ZoneTally(
            symbol=row.symbol,
            execution_timeframe=Timeframe(row.execution_timeframe),
            profile=row.profile,
            at_ms=row.at_ms,
            deviation=row.deviation,
            allowed=row.allowed,
            category=ZoneCategory(row.category),
            failed_check=None if row.failed_check is None else ZoneCheck(row.failed_check),
            end=None if row.outcome is None else ZoneEnd(row.outcome),
            end_ms=row.outcome_at_ms,
        )


@contextmanager
def _readable(row: Row[Any]) -> Iterator[None]:
    """Raises `UnreadableRowError` for a word that is none of its enumeration."""
    try:
        yield
    except ValueError as error:
        where = f"the zone event of {row.symbol} in run {row.run_id}"
        raise UnreadableRowError(f"{where} cannot be read: {error}") from error
