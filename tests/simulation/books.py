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
    carries_stop: bool


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


@define
class Books:
    """The database as it was after its last commit that was looked at."""

    intents: dict[str, IntentRow] = field(factory=dict)
    entry_ids: dict[str, str] = field(factory=dict)
    """The key of each committed id of an entry."""
    fills: dict[tuple[str, str], FillRow] = field(factory=dict)
    """By symbol and the exchange's key."""
    alarms: set[tuple[str, str]] = field(factory=set)
    """Kind and subject of those that stand."""
    raised: list[tuple[str, str, str]] = field(factory=list)
    """Every alarm that was ever raised: kind, subject and text."""
    condition: str = "normal"
    tag_of: str = ""
    """The id of the store."""
    read_ms: int | None = None
    """When a supervisor last read the whole account."""
    is_killed: bool = False


_INTENT = (
    "SELECT decision_key, counter, symbol, side, entry, position, is_live, planned_steps, filled_steps, alive_steps,"
    """ instr(replace(content, ' ', ''), '"carries_stop":true') > 0 FROM order_intents"""
)


class Reader:
    """Brings `Books` up to date after each commit, over a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.books = Books()
        self._open()

    def _open(self) -> None:
        self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        self._version: int | None = None
        self._id = self._fill = self._alarm = 0

    def close(self) -> None:
        self._connection.close()

    def reopen(self) -> None:
        """The file was replaced by another."""
        self.close()
        self.books = Books()
        self._open()

    def refresh(self) -> bool:
        """Whether something was committed since the last time."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return False
        self._version = version
        self._connection.execute("BEGIN")
        try:
            self._read()
        finally:
            self._connection.execute("COMMIT")
        return True

    def _read(self) -> None:
        ask, books = self._connection.execute, self.books
        changed = ask(
            f"{_INTENT} WHERE is_live OR counter > ?",
            (max((row.counter for row in books.intents.values()), default=0),),
        ).fetchall()
        live = {row[0] for row in changed}
        over = [key for key, row in books.intents.items() if row.is_live and key not in live]
        for key in over:
            changed += ask(f"{_INTENT} WHERE decision_key = ?", (key,)).fetchall()
        for row in changed:
            books.intents[row[0]] = IntentRow(*row[:6], bool(row[6]), *row[7:10], bool(row[10]))
        ids = ask("SELECT rowid, client_order_id, decision_key FROM order_client_ids WHERE rowid > ?", (self._id,))
        for number, known, key in ids.fetchall():
            self._id = max(self._id, number)
            books.entry_ids[known] = key
        for row in ask(
            "SELECT id, decision_key, symbol, fill_id, order_id, price, size, fee, realised_profit, opens"
            " FROM order_fills WHERE id > ? ORDER BY id",
            (self._fill,),
        ).fetchall():
            self._fill = row[0]
            price, size, fee, profit = (Decimal(str(value)) for value in row[5:9])
            books.fills[(row[2], row[3])] = FillRow(row[1], *row[2:5], price, size, fee, profit, bool(row[9]))
        books.alarms = set(ask("SELECT kind, subject FROM order_alarms WHERE ended_ms IS NULL").fetchall())
        rows = ask(
            "SELECT id, kind, subject, text FROM order_alarms WHERE id > ? ORDER BY id", (self._alarm,)
        ).fetchall()
        for number, *alarm in rows:
            self._alarm = number
            books.raised.append(tuple(alarm))
        for store_id, condition in ask("SELECT store_id, condition FROM order_books").fetchall():
            books.tag_of, books.condition = store_id, condition
        books.read_ms = ask("SELECT max(read_ms) FROM order_supervisors").fetchone()[0]
        kill = ask("SELECT \"on\" FROM switches WHERE key = 'global'").fetchall()
        books.is_killed = any(not on for (on,) in kill)
