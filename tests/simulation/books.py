"""What the program's database says, read by plain SQL and kept as plain values: nothing of the program reads along."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

from attrs import define, field, frozen


@frozen
class IntentRow:
    key: str
    counter: int
    symbol: str
    side: str
    entry: str
    position: str
    is_live: bool
    planned: int
    filled: int
    alive: int
    """The last three in steps of size."""


@frozen
class FillRow:
    key: str
    symbol: str
    fill_id: str
    order_id: str
    price: Decimal
    size: Decimal
    fee: Decimal
    profit: Decimal
    opens: bool


@frozen
class Change:
    """What one commit, or several that were not looked at in between, changed."""

    intents: tuple[tuple[IntentRow | None, IntentRow], ...]
    """Before and after; None: it is new."""
    fills: tuple[FillRow, ...]
    """Booked since."""
    alarms: tuple[tuple[str, str, str], ...]
    """Raised since: kind, subject and text."""


@define
class Books:
    """The database as it was after its last commit that was looked at."""

    intents: dict[str, IntentRow] = field(factory=dict)
    live: dict[str, IntentRow] = field(factory=dict)
    """Those that live, the oldest first."""
    entry_ids: dict[str, str] = field(factory=dict)
    """The key of each committed id of an entry."""
    fills: dict[tuple[str, str], FillRow] = field(factory=dict)
    """By symbol and the exchange's key."""
    alarms: set[tuple[str, str]] = field(factory=set)
    """Kind and subject of those that stand."""
    condition: str = "normal"
    tag_of: str = ""
    """The id of the store."""
    read_ms: int | None = None
    """When a supervisor last read the whole account."""
    is_killed: bool = False


_INTENT = (
    "SELECT decision_key, counter, symbol, side, entry, position, is_live, planned_steps, filled_steps, alive_steps"
    " FROM order_intents"
)


_NEWEST = (
    "SELECT (SELECT coalesce(max(rowid), 0) FROM order_client_ids), (SELECT coalesce(max(id), 0) FROM order_fills),"
    " (SELECT coalesce(max(id), 0) FROM order_alarms), (SELECT max(read_ms) FROM order_supervisors)"
)
"""After most commits nothing new is to be read: one statement says so of three tables."""


class Reader:
    """Brings `Books` up to date after each commit, over a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.books = Books()
        self._open()

    def _open(self) -> None:
        self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        self._version: int | None = None
        self._counter = self._id = self._fill = self._alarm = 0
        self._live: set[str] = set()

    def close(self) -> None:
        self._connection.close()

    def reopen(self) -> None:
        """The file was replaced by another."""
        self.close()
        self.books = Books()
        self._open()

    def refresh(self) -> Change | None:
        """What was committed since the last time; None: nothing."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return None
        self._version = version
        self._connection.execute("BEGIN")
        try:
            return self._read()
        finally:
            self._connection.execute("COMMIT")

    def _read(self) -> Change:
        ask, books = self._connection.execute, self.books
        newest_id, newest_fill, newest_alarm, books.read_ms = ask(_NEWEST).fetchone()
        if newest_id > self._id:
            for known, key in ask(
                "SELECT client_order_id, decision_key FROM order_client_ids WHERE rowid > ?", (self._id,)
            ).fetchall():
                books.entry_ids[known] = key
            self._id = newest_id
        books.alarms = set(ask("SELECT kind, subject FROM order_alarms WHERE ended_ms IS NULL").fetchall())
        for store_id, condition in ask("SELECT store_id, condition FROM order_books").fetchall():
            books.tag_of, books.condition = store_id, condition
        kill = ask("SELECT \"on\" FROM switches WHERE key = 'global'").fetchall()
        books.is_killed = any(not on for (on,) in kill)
        fills = self._fills() if newest_fill > self._fill else ()
        alarms = self._alarms() if newest_alarm > self._alarm else ()
        return Change(self._intents(), fills, alarms)

    def _intents(self) -> tuple[tuple[IntentRow | None, IntentRow], ...]:
        """One that is over can live again, so all that live are looked at, and those that did until now."""
        ask, known = self._connection.execute, self.books.intents
        rows = ask(f"{_INTENT} WHERE is_live OR counter > ?", (self._counter,)).fetchall()
        live = {row[0] for row in rows if row[6]}
        for key in self._live - live:
            rows += ask(f"{_INTENT} WHERE decision_key = ?", (key,)).fetchall()
        self._live = live
        changed = []
        self.books.live = {}
        for row in sorted(rows, key=lambda one: one[1]):
            self._counter = max(self._counter, row[1])
            before, after = known.get(row[0]), IntentRow(*row[:6], bool(row[6]), *row[7:10])
            if after.is_live:
                self.books.live[after.key] = after
            if before != after:
                known[row[0]] = after
                changed.append((before, after))
        return tuple(changed)

    def _fills(self) -> tuple[FillRow, ...]:
        rows = self._connection.execute(
            "SELECT id, decision_key, symbol, fill_id, order_id, price, size, fee, realised_profit, opens"
            " FROM order_fills WHERE id > ? ORDER BY id",
            (self._fill,),
        ).fetchall()
        booked = []
        for row in rows:
            self._fill = row[0]
            price, size, fee, profit = (Decimal(str(value)) for value in row[5:9])
            booked.append(FillRow(row[1], *row[2:5], price, size, fee, profit, bool(row[9])))
            self.books.fills[(row[2], row[3])] = booked[-1]
        return tuple(booked)

    def _alarms(self) -> tuple[tuple[str, str, str], ...]:
        rows = self._connection.execute(
            "SELECT id, kind, subject, text FROM order_alarms WHERE id > ? ORDER BY id", (self._alarm,)
        ).fetchall()
        for number, *_ in rows:
            self._alarm = number
        return tuple(tuple(alarm) for _, *alarm in rows)
