"""Days of an account, locks of its profiles, and the last equity that was seen, in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from sqlalchemy import BindParameter, ColumnElement, Connection, Row, Select, and_, bindparam, or_, select, update

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.prepared import changed_by, row_or_none_of, rows_of
from mtf_adapters.sql.schema import risk_days, risk_locks, risk_marks
from mtf_adapters.sql.transactions import changing, row_or_none
from mtf_adapters.sql.upserts import insert_for, insert_new, upsert_newer
from mtf_core.risk import EquityMark, OpeningSource, RiskDay, RiskLock, Span
from mtf_core.risk.locks import BORDER_MS

_MARK = ("time_ms", "equity", "unrealised")
_LOCK = tuple(column for column in risk_locks.c if column.name != "namespace")


_HERE: BindParameter[str] = bindparam("here")
_DAY: Select[Any] = select(*(column for column in risk_days.c if column.name != "namespace")).where(
    risk_days.c.namespace == _HERE, risk_days.c.start_ms == bindparam("from_ms")
)
_LAST_MARK: Select[Any] = select(*(risk_marks.c[name] for name in _MARK)).where(risk_marks.c.namespace == _HERE)


class SqlRiskStore:
    """The core's `RiskStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def day(self, start_ms: int) -> RiskDay | None:
        """The day that starts then."""
        asked = self._of_day(start_ms)
        row = await self._database.read(lambda connection: row_or_none_of(connection, _DAY, asked))
        return None if row is None else _day_of(row)

    async def open_day(self, day: RiskDay) -> RiskDay:
        """Stores the day unless it is there already; returns it as stored: the first one counts for all processes."""
        values = attrs.asdict(day) | {"namespace": self._namespace}

        def work(connection: Connection) -> RiskDay:
            connection.execute(insert_new(risk_days, connection), values)
            return _day_of(connection.execute(_DAY, self._of_day(day.start_ms)).one())

        return await self._database.write(work)

    async def mark(self) -> EquityMark | None:
        """The last equity that was seen."""
        row = await self._database.read(row_or_none(_LAST_MARK, {"here": self._namespace}))
        return None if row is None else EquityMark(**row._asdict())

    async def put_mark(self, mark: EquityMark) -> None:
        """Keeps it if it is newer than the one that is kept."""
        row = attrs.asdict(mark) | {"namespace": self._namespace}

        def work(connection: Connection) -> None:
            changed_by(connection, upsert_newer(risk_marks, connection, "time_ms", _MARK), row)

        await self._database.write(work)

    async def put_lock(self, lock: RiskLock) -> RiskLock:
        """Locks a profile's span unless it is locked; returns the lock as stored. One that was lifted stands anew."""
        values = attrs.asdict(lock) | {"namespace": self._namespace, "lifted_ms": None}

        def work(connection: Connection) -> RiskLock:
            offered = insert_for(risk_locks, connection)
            changed = {name: offered.excluded[name] for name in ("baseline", "loss", "locked_ms", "lifted_ms")}
            kept = offered.on_conflict_do_update(
                index_elements=[column.name for column in risk_locks.primary_key],
                set_=changed,
                where=risk_locks.c.lifted_ms.is_not(None),
            )
            connection.execute(kept, values)
            return lock_of(connection.execute(select(*_LOCK).where(self._same(lock))).one())

        return await self._database.write(work)

    async def lift(self, lock: RiskLock, lifted: RiskLock) -> bool:
        """Stores a lock as lifted, if it still stands as it was read."""
        changes = {"lifted_ms": lifted.lifted_ms, "forgiven": lifted.forgiven}
        stands = self._same(lock) & risk_locks.c.lifted_ms.is_(None) & (risk_locks.c.locked_ms == lock.locked_ms)
        return await self._database.write(changing(update(risk_locks).where(stands).values(changes))) == 1

    async def locks_of(self, profile: str, now_ms: int) -> tuple[RiskLock, ...]:
        """The locks of a profile that may hold at an instant, lifted ones too."""
        asked = holding(self._namespace, profile, now_ms)
        return await self._database.read(lambda connection: _locks_of(rows_of(connection, LOCKS_OF_PROFILE, asked)))

    async def locks(self, now_ms: int) -> tuple[RiskLock, ...]:
        """The same of all profiles."""
        asked = holding(self._namespace, None, now_ms)
        return await self._database.read(lambda connection: _locks_of(rows_of(connection, LOCKS_OF_ALL, asked)))

    def _of_day(self, start_ms: int) -> dict[str, object]:
        return {"here": self._namespace, "from_ms": start_ms}

    def _same(self, lock: RiskLock) -> ColumnElement[bool]:
        key = (risk_locks.c.span == str(lock.span), risk_locks.c.start_ms == lock.start_ms)
        return and_(risk_locks.c.namespace == self._namespace, risk_locks.c.profile == lock.profile, *key)


def _locks_that_may_hold() -> Select[Any]:
    """Those whose span an instant lies in, or so near to that they may count; lifted ones too. See `holding`."""
    spans = []
    for span in Span:
        is_of_span = risk_locks.c.span == str(span)
        if span.lasts_ms is not None:
            is_of_span &= risk_locks.c.start_ms.between(bindparam(f"{span}_from_ms"), bindparam("to_ms"))
        spans.append(is_of_span)
    wanted = (risk_locks.c.namespace == bindparam("here")) & or_(*spans)
    return select(*_LOCK).where(wanted).order_by(risk_locks.c.profile, risk_locks.c.start_ms, risk_locks.c.span)


LOCKS_OF_ALL = _locks_that_may_hold()
LOCKS_OF_PROFILE = LOCKS_OF_ALL.where(risk_locks.c.profile == bindparam("profile"))
"""Locks that may hold at an instant, lifted ones too; put together once, for every entry asks for them."""


def holding(namespace: str, profile: str | None, now_ms: int) -> dict[str, object]:
    """What these queries are asked: the locks of which namespace, of which profile (None: all), at which instant."""
    begun = {f"{span}_from_ms": now_ms - span.lasts_ms - BORDER_MS + 1 for span in Span if span.lasts_ms is not None}
    whose = {"here": namespace} | ({} if profile is None else {"profile": profile})
    return {**whose, **begun, "to_ms": now_ms + BORDER_MS}


def lock_of(row: Row[Any]) -> RiskLock:
    """The lock in a row that these queries select."""
    return RiskLock(**(row._asdict() | {"span": Span(row.span)}))


def _locks_of(rows: Iterable[Row[Any]]) -> tuple[RiskLock, ...]:
    return tuple(map(lock_of, rows))


def _day_of(row: Row[Any]) -> RiskDay:
    return RiskDay(**(row._asdict() | {"source": OpeningSource(row.source)}))
