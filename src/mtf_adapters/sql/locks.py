"""Locks in the database, so that every process that works on it is kept apart from the others.

A row stays when its lock is given back: it remembers the token, which only grows. PostgreSQL's own clock says what has
expired, for its clients may run on machines whose clocks differ; SQLite's file is used from one machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy import ARRAY, Connection, Row, Text, TextClause, bindparam, select, text

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.prepared import changed_by, row_or_none_of, rows_of
from mtf_adapters.sql.schema import locks
from mtf_adapters.sql.store_clock import POSTGRES_NOW_MS
from mtf_adapters.sql.transactions import changing
from mtf_adapters.sql.upserts import upsert_newer
from mtf_core.ports import Acquired, Clock, HeldBy, LockAnswer, LockLostError

_NOBODY = ""
_POSTGRES = {
    "now": POSTGRES_NOW_MS,
    "wanted": "SELECT name FROM unnest(:names) AS wanted(name)",
}
_SQLITE = {"now": ":now_ms", "wanted": "SELECT value AS name FROM json_each(:names)"}

# In the order of the names, so that two processes that want the same ones do not wait for each other in a circle.
_ACQUIRE = """
    INSERT INTO locks (name, owner, token, expires_at_ms)
    SELECT name, :owner, 1, {now} + :ttl_ms FROM ({wanted}) AS asked WHERE true ORDER BY name
    ON CONFLICT (name) DO UPDATE SET
        token = locks.token + CASE WHEN locks.owner = excluded.owner THEN 0 ELSE 1 END,
        owner = excluded.owner,
        expires_at_ms = excluded.expires_at_ms
    WHERE locks.owner = excluded.owner OR locks.expires_at_ms <= {now}
    RETURNING name, token
"""
_HOLDERS = "SELECT name, owner, expires_at_ms FROM locks WHERE name IN ({wanted})"
_RENEW = """
    UPDATE locks SET expires_at_ms = {now} + :ttl_ms WHERE owner = :owner AND name IN ({wanted}) RETURNING name
"""
_RELEASE = "UPDATE locks SET expires_at_ms = 0 WHERE owner = :owner AND name IN ({wanted})"
_FENCE = select(locks.c.owner, locks.c.token).where(locks.c.name == bindparam("wanted")).with_for_update(read=True)
_RENEW_FENCE = """
    UPDATE locks SET expires_at_ms = {now} + :ttl_ms
    WHERE name = :name AND owner = :owner AND token = :token AND expires_at_ms > 0
"""
_HELD_BY_ANOTHER = """
    SELECT name, owner, expires_at_ms FROM locks WHERE name = :name AND owner <> :owner AND expires_at_ms > {now}
"""
_HELD = "SELECT name, owner, expires_at_ms FROM locks WHERE expires_at_ms > {now}"


class SqlLocks:
    """The core's `Locks`. Names belong to the whole database: those who lock put the namespace into the name."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """`clock` counts where the database has none of its own (SQLite)."""
        self._database = database
        self._clock = clock

    async def acquire(self, names: Iterable[str], owner: str, ttl_ms: int) -> dict[str, LockAnswer]:
        """An answer for each name, in one transaction however many there are."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        asked: dict[str, object] = {"names": wanted, "owner": owner, "ttl_ms": _checked(ttl_ms)}
        if len(wanted) == 1:
            # Who stands by asks again and again: as long as the answer is no, nobody has to wait for his write.
            another = partial(self._rows, statement=_HELD_BY_ANOTHER, name=wanted[0], owner=owner)
            for row in await self._database.read(another):
                return {row.name: _holder(row)}

        def work(connection: Connection) -> dict[str, LockAnswer]:
            answers: dict[str, LockAnswer] = {}
            for row in self._rows(connection, _ACQUIRE, **asked):
                answers[row.name] = Acquired(row.name, owner, row.token)
            refused = [name for name in wanted if name not in answers]
            for row in self._rows(connection, _HOLDERS, names=refused) if refused else ():
                answers[row.name] = _holder(row)
            return answers

        answers = await self._database.write(work)
        return {name: answers[name] for name in wanted}

    async def renew(self, names: Iterable[str], owner: str, ttl_ms: int) -> frozenset[str]:
        """Those of the locks that are still the owner's, also where they had expired and nobody took them."""
        asked = {"names": list(names), "owner": owner, "ttl_ms": _checked(ttl_ms)}
        rows = await self._database.write(lambda connection: self._rows(connection, _RENEW, **asked))
        return frozenset(row.name for row in rows)

    async def release(self, names: Iterable[str], owner: str) -> None:
        """Gives locks back; nothing happens to those that the owner does not hold."""
        await self._database.write(changing(*self._statement(_RELEASE, names=list(names), owner=owner)))

    async def force_release(self, name: str) -> HeldBy | None:
        """Takes a lock from whoever holds it; the next owner gets a higher token."""

        def work(connection: Connection) -> HeldBy | None:
            # The row first, so that nobody renews between the look and the change.
            connection.execute(select(locks.c.name).where(locks.c.name == name).with_for_update())
            held = {row.name: _holder(row) for row in self._rows(connection, _HELD)}
            if name in held:
                nobody = {"owner": _NOBODY, "expires_at_ms": 0}
                connection.execute(locks.update().where(locks.c.name == name).values(nobody))
            return held.get(name)

        return await self._database.write(work)

    async def held(self) -> tuple[HeldBy, ...]:
        """Every lock that has not expired, sorted by name."""
        found = await self._database.read(lambda connection: self._rows(connection, _HELD))
        return tuple(sorted(map(_holder, found), key=lambda lock: lock.name))

    def _rows(self, connection: Connection, statement: str, **values: object) -> Sequence[Row[Any]]:
        return rows_of(connection, *self._statement(statement, **values))

    def _statement(self, statement: str, **values: object) -> tuple[TextClause, dict[str, object]]:
        return _in_words_of(statement, values, self._clock, is_postgres=self._database.is_postgres)


def _in_words_of(
    statement: str, values: dict[str, object], clock: Clock, *, is_postgres: bool
) -> tuple[TextClause, dict[str, object]]:
    """The statement in a database's words, and its parameters."""
    if is_postgres:
        return _postgres(statement, "names" in values), values
    if "names" in values:
        values["names"] = json.dumps(values["names"])
    if "{now}" in statement:
        values["now_ms"] = clock.now_ms()
    return _sqlite(statement), values


@cache
def _postgres(statement: str, named: bool) -> TextClause:
    clause = text(statement.format_map(_POSTGRES))
    return clause.bindparams(bindparam("names", type_=ARRAY(Text))) if named else clause


@cache
def _sqlite(statement: str) -> TextClause:
    return text(statement.format_map(_SQLITE))


def check_fence(connection: Connection, fence: Acquired) -> None:
    """Raises `LockLostError` unless the lock is still its owner's; nobody takes it before the transaction ends."""
    row = row_or_none_of(connection, _FENCE, {"wanted": fence.name})
    if row is None or (row.owner, row.token) != (fence.owner, fence.token):
        raise LockLostError(f"the lock {fence.name!r} was lost to another owner; nothing was stored")


def renew_fence(connection: Connection, fence: Acquired, ttl_ms: int, clock: Clock) -> bool:
    """Whether the lock is one of this database and still its owner's: then it is his for `ttl_ms` from now on, and
    nobody takes it before the transaction ends. `clock` as for `SqlLocks`."""
    values: dict[str, object] = {"name": fence.name, "owner": fence.owner, "token": fence.token, "ttl_ms": ttl_ms}
    is_postgres = connection.dialect.name == "postgresql"
    return changed_by(connection, *_in_words_of(_RENEW_FENCE, values, clock, is_postgres=is_postgres)) == 1


def note_fence(connection: Connection, fence: Acquired) -> None:
    """Lets the database know a token that another service gave out, so that lower ones are refused from here on.

    Raises `LockLostError` where a higher one is known already. A lock of the database itself is known as it is.
    """
    row = {"name": fence.name, "owner": fence.owner, "token": fence.token, "expires_at_ms": 0}
    connection.execute(upsert_newer(locks, connection, "token", ("owner", "token")), row)
    check_fence(connection, fence)


def _holder(row: Row[Any]) -> HeldBy:
    return HeldBy(row.name, row.owner, row.expires_at_ms)


def _checked(ttl_ms: int) -> int:
    if ttl_ms <= 0:
        raise ValueError(f"a lock needs a time to live above zero, found {ttl_ms} ms")
    return ttl_ms
