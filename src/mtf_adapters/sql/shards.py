"""Runs that many processes share, in SQL: how each was opened, and the parts of its shards until it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs
from sqlalchemy import Connection, Table, delete, insert, select

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.locks import note_fence
from mtf_adapters.sql.schema import run_openings, run_parts, runs
from mtf_adapters.sql.transactions import all_rows, row_or_none, value_or_none
from mtf_adapters.sql.upserts import insert_new
from mtf_core.ports import Acquired, Aside, StoreError, at_once
from mtf_core.records import Opening, RunStatus, ShardDone, ShardPart, UnreadableRecordError
from mtf_core.records.shards import digest_of

_DONE = tuple(run_parts.c[field.name] for field in attrs.fields(ShardDone))


def add_opening(connection: Connection, namespace: str, opening: Opening) -> None:
    """Stores how a run was opened, within the transaction that starts it."""
    row = {"run_id": opening.run_id, "ends_by_ms": opening.ends_by_ms, "content": opening.to_plain()}
    connection.execute(insert(run_openings), {**row, "namespace": namespace})


class SqlShardStore:
    """The core's `ShardStore` of one namespace."""

    def __init__(self, database: Database, namespace: str, aside: Aside = at_once) -> None:
        """Parts are packed and read `aside`."""
        self._database = database
        self._namespace = namespace
        self._aside = aside

    async def opening(self, run_id: str) -> Opening | None:
        """How the run was opened; None for one that no processes share, or that is over."""
        query = select(run_openings.c.content).where(*self._of(run_openings, run_id))
        plain = await self._database.read(value_or_none(query))
        try:
            return None if plain is None else Opening.from_plain(plain)
        except UnreadableRecordError as error:
            raise StoreError(f"how run {run_id} was opened cannot be read: {error}") from error

    async def done(self, run_id: str, number: int) -> ShardDone | None:
        """What is told of a shard that is stored."""
        query = select(*_DONE).where(*self._of(run_parts, run_id), run_parts.c.number == number)
        row = await self._database.read(row_or_none(query))
        return None if row is None else ShardDone(**row._mapping)

    async def put(self, run_id: str, part: ShardPart) -> ShardDone:
        """Stores a part of a run that goes on, unless that shard is stored; tells of the one that is there."""
        try:
            content = await self._aside(part.to_bytes)
        except ValueError as error:
            raise StoreError(f"shard {part.number} of run {run_id} cannot be stored: {error}") from error
        done = part.done(digest_of(content))
        row = {**attrs.asdict(done), "namespace": self._namespace, "run_id": run_id, "content": content}
        stored = select(*_DONE).where(*self._of(run_parts, run_id), run_parts.c.number == part.number)

        def work(connection: Connection) -> ShardDone:
            self._check_running(connection, run_id)
            connection.execute(insert_new(run_parts, connection), row)
            return ShardDone(**connection.execute(stored).one()._mapping)

        return await self._database.write(work)

    async def parts(self, run_id: str, digests: Mapping[int, str]) -> dict[int, ShardPart]:
        """The parts with these digests, by number; one that is absent, another one or unreadable is not there."""
        query = select(run_parts.c.number, run_parts.c.content).where(*self._of(run_parts, run_id))
        rows = await self._database.read(all_rows(query))
        wanted = {row.number: row.content for row in rows if digests.get(row.number) == digest_of(row.content)}
        return await self._aside(partial(_readable, run_id, wanted))

    async def take_over(self, run_id: str, fence: Acquired) -> None:
        """From here on, whoever holds a lower token of the lock cannot end the run; it must go on."""

        def work(connection: Connection) -> None:
            self._check_running(connection, run_id)
            note_fence(connection, fence)

        await self._database.write(work)

    async def overdue(self, now_ms: int) -> tuple[str, ...]:
        """Runs that have not ended, and on which nobody works any more, the oldest first."""
        both = (runs.c.namespace == run_openings.c.namespace) & (runs.c.run_id == run_openings.c.run_id)
        query = (
            select(runs.c.run_id)
            .join_from(runs, run_openings, both)
            .where(
                runs.c.namespace == self._namespace,
                runs.c.status == RunStatus.RUNNING.value,
                run_openings.c.ends_by_ms < now_ms,
            )
            .order_by(runs.c.sequence)
        )
        return tuple(row.run_id for row in await self._database.read(all_rows(query)))

    async def forget(self, run_id: str) -> None:
        """Deletes what only a run that goes on needs."""

        def work(connection: Connection) -> None:
            for table in (run_parts, run_openings):
                connection.execute(delete(table).where(*self._of(table, run_id)))

        await self._database.write(work)

    def _of(self, table: Table, run_id: str) -> tuple[Any, Any]:
        return table.c.namespace == self._namespace, table.c.run_id == run_id

    def _check_running(self, connection: Connection, run_id: str) -> None:
        query = select(runs.c.status).where(*self._of(runs, run_id))
        # The row stays as it is until this is over: a run does not end between the look and the write.
        status = connection.execute(query.with_for_update(read=True)).scalar_one_or_none()
        if status != RunStatus.RUNNING.value:
            raise StoreError(f"run {run_id} does not go on: it is {status or 'not stored'}")


def _readable(run_id: str, contents: Mapping[int, bytes]) -> dict[int, ShardPart]:
    found = {}
    for number, content in contents.items():
        try:
            found[number] = ShardPart.from_bytes(run_id, content)
        except UnreadableRecordError:
            continue
    return found
