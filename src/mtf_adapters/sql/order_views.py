"""What a look of supervision needs of the store: one transaction, statements that are built once.

A look comes every few seconds for as long as the program runs, and mostly nothing has changed since the last one.
"""

from __future__ import annotations

from typing import Any

import attrs
from sqlalchemy import BindParameter, Connection, Row, Select, Text, bindparam, cast, select

from mtf_adapters.sql.order_books import standing_of
from mtf_adapters.sql.order_rows import intent_of_text, request_of
from mtf_adapters.sql.prepared import row_or_none_of, rows_of
from mtf_adapters.sql.risk import LOCKS_OF_ALL, holding, lock_of
from mtf_adapters.sql.schema import order_books, order_intents, order_requests, switches
from mtf_core.orders import Intent
from mtf_core.ports import Request, StoreView
from mtf_core.risk import Standing, Switch

_INTENTS = order_intents.c
_HERE: BindParameter[str] = bindparam("here")
_ALIVE = (_INTENTS.namespace == _HERE) & _INTENTS.is_live
_LIVE = (
    select(_INTENTS.decision_key, _INTENTS.version, cast(_INTENTS.content, Text).label("content"))
    .where(_ALIVE)
    .order_by(_INTENTS.counter)
)
_VERSIONS = select(_INTENTS.decision_key, _INTENTS.version).where(_ALIVE)
_BOOK: Select[Any] = select(order_books.c.condition, order_books.c.since_ms, order_books.c.why).where(
    order_books.c.namespace == _HERE
)
_OPEN_REQUESTS = (
    select(*(order_requests.c[field.name] for field in attrs.fields(Request)))
    .where(order_requests.c.namespace == _HERE, order_requests.c.outcome == "")
    .order_by(order_requests.c.number)
)
_SWITCHES = select(*(switches.c[field.name] for field in attrs.fields(Switch))).where(switches.c.namespace == _HERE)


class StoreViews:
    """Reads what a look needs; an intent whose row is as it was at the last reading is not decoded again."""

    def __init__(self, namespace: str, guarded_by: str) -> None:
        self._here = {"here": namespace}
        self._guarded_by = guarded_by
        self._decoded: dict[str, tuple[int, str, Intent]] = {}

    def view(self, connection: Connection, now_ms: int) -> StoreView:
        """Everything as it is at one instant; raises `UnreadableRowError`."""
        book = row_or_none_of(connection, _BOOK, self._here)
        requests = rows_of(connection, _OPEN_REQUESTS, self._here)
        thrown = rows_of(connection, _SWITCHES, {"here": self._guarded_by})
        locks = rows_of(connection, LOCKS_OF_ALL, holding(self._guarded_by, None, now_ms))
        return StoreView(
            live=self.live(connection),
            standing=Standing() if book is None else standing_of(book),
            requests=tuple(map(request_of, requests)),
            switches=tuple(Switch(**row._asdict()) for row in thrown),
            locks=tuple(map(lock_of, locks)),
        )

    def live(self, connection: Connection) -> tuple[Intent, ...]:
        """Every intent without final evidence, the oldest first; raises `UnreadableRowError`."""
        rows = rows_of(connection, _LIVE, self._here)
        self._decoded = {row.decision_key: self._of(row) for row in rows}
        return tuple(intent for _, _, intent in self._decoded.values())

    def versions(self, connection: Connection) -> dict[str, int]:
        """The version of each live intent, by its decision key."""
        return {row.decision_key: row.version for row in rows_of(connection, _VERSIONS, self._here)}

    def _of(self, row: Row[Any]) -> tuple[int, str, Intent]:
        # By its text as well: a database that was restored may have another row under the same version.
        known = self._decoded.get(row.decision_key)
        if known is not None and known[:2] == (row.version, row.content):
            return known
        return row.version, row.content, intent_of_text(row.content, row.version)
