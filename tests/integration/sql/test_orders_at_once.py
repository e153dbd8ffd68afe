"""Many tasks and processes reserve the same at once, are cancelled anywhere, and die: one wins, nothing is torn."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Connection, func, select, update

from mtf_adapters.sql import Database, engines
from mtf_adapters.sql.order_books import locked_book
from mtf_adapters.sql.schema import order_books, order_client_ids, order_events, order_fills, order_intents
from mtf_adapters.sql.sqlite_threads import SqliteThreads
from mtf_adapters.sql.transactions import all_rows, changing, value_or_none
from mtf_core.orders import EventKind, Intent, PositionState
from mtf_core.planning import Skip
from mtf_core.ports import StoreError
from mtf_core.reasons import Reason
from mtf_core.risk import Books
from tests.integration.sql.examples import WORLD
from tests.integration.sql.orders_shop import a_fill, bound_store, event, over, reserve, reserved, sent, store_on
from tests.integration.sql.standing import Standing
from tests.unit.orders.intents import ACCOUNT

ROUNDS = int(os.environ.get("ORDER_ROUNDS", "25"))
"""200 were run before this was called done; on a busy machine they take minutes."""


def only_slot(books: Books) -> Skip | None:
    """A guard that allows one live intent among those that compete for a slot."""
    held = [one for one in books.live if one.symbol.startswith("SLOT")]
    return Skip(Reason.MAX_CONCURRENT_POSITIONS_REACHED) if held else None


async def test_of_several_tasks_that_want_the_same_exactly_one_gets_it_in_every_round(database_url: str) -> None:
    """The same key, the same symbol, and the last slot; each worker has connections of its own."""
    async with Database.open(database_url) as one, Database.open(database_url) as two:
        stores = [store_on(one), store_on(two)]
        await stores[0].bind(ACCOUNT)
        for number in range(ROUNDS):
            key, symbol = f"key-{number}", f"SYMBOL{number}"
            outcomes = await asyncio.gather(
                *(reserve(store, key, f"KEY{number}") for store in stores),
                *(reserve(store, f"{symbol}-{index}", symbol) for index, store in enumerate(stores * 2)),
                *(reserve(store, f"s-{number}-{n}", f"SLOT{n}", only_slot) for n, store in enumerate(stores)),
            )
            won = [isinstance(outcome, Intent) for outcome in outcomes]
            assert (sum(won[:2]), sum(won[2:6]), sum(won[6:])) == (1, 1, 1), outcomes
            for outcome in outcomes:
                if isinstance(outcome, Intent):
                    await stores[0].save(over(outcome))
        assert (await stores[0].bind(ACCOUNT)).counter == 3 * ROUNDS
        await check_whole(one)


_RIVAL = """
import asyncio, sys, time
from mtf_adapters.sql import Database
from mtf_core.orders import Intent
from tests.integration.sql.orders_shop import over, reserve, store_on
from tests.integration.sql.test_orders_at_once import ROUNDS, only_slot

async def main(url, name, start):
    async with Database.open(url) as database:
        store = store_on(database)
        await store.live()
        await asyncio.sleep(float(start) - time.time())
        for number in range(ROUNDS):
            for kind, key, symbol, guard in (
                ("key", f"key-{number}", f"KEY{number}", lambda _: None),
                ("symbol", f"symbol-{number}-{name}", f"SYMBOL{number}", lambda _: None),
                ("slot", f"slot-{number}-{name}", f"SLOT{name}", only_slot),
            ):
                outcome = await reserve(store, key, symbol, guard)
                if not isinstance(outcome, Intent):
                    continue
                print(kind, number if kind != "slot" else "", flush=True)
                if kind == "slot":
                    held = [one for one in await store.live() if one.symbol.startswith("SLOT")]
                    assert held == [outcome], held
                    await store.save(over(outcome))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("rivals", [2, 4])
async def test_of_several_processes_that_want_the_same_exactly_one_gets_it_in_every_round(
    database_url: str, pytestconfig: pytest.Config, rivals: int
) -> None:
    async with Database.open(database_url) as database:
        await bound_store(database)
    start = str(time.time() + 2.5)
    processes = [started(pytestconfig.rootpath, _RIVAL, database_url, f"r{n}", start) for n in range(rivals)]
    said = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in processes))
    assert [complaints for _, complaints in said] == [""] * rivals
    won = Counter(line for output, _ in said for line in output.splitlines())
    slots = won.pop("slot ")
    assert won == {f"{kind} {number}": 1 for kind in ("key", "symbol") for number in range(ROUNDS)}
    async with Database.open(database_url) as database:
        assert (await store_on(database).bind(ACCOUNT)).counter == 2 * ROUNDS + slots
        await check_whole(database)


async def test_a_process_that_freezes_with_the_book_in_its_hands_holds_up_others_for_a_while_only(
    migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And when it goes on, nothing of what it had begun is stored."""
    monkeypatch.setattr(engines, "_LONGEST_PAUSE_S", 1.0)
    async with Database.open(migrated_postgres_url) as frozen, Database.open(migrated_postgres_url) as database:
        store = await bound_store(database)

        def takes_the_book(connection: Connection) -> None:
            locked_book(connection, WORLD)
            connection.execute(update(order_books).values(counter=77))

        freeze = Standing(takes_the_book, changing(update(order_books).values(counter=78)))
        pause = asyncio.create_task(frozen.write(freeze))
        await freeze.stands.wait()
        asyncio.get_running_loop().call_later(3, freeze.goes_on.set)
        intent = await asyncio.wait_for(reserved(store), 2.5)
        assert not pause.done()
        assert intent.counter == 1
        with pytest.raises(StoreError):
            await pause
        assert (await store.bind(ACCOUNT)).counter == 1


_LIVING = """
import asyncio, sys
from itertools import count
from mtf_adapters.sql import Database
from tests.integration.sql.orders_shop import store_on
from tests.integration.sql.test_orders_at_once import live_through

async def main(url, name):
    async with Database.open(url) as database:
        store = store_on(database)
        await live_through(store, f"{name}-first", f"S{name}FIRST")
        print("ready", flush=True)
        for number in count():
            await live_through(store, f"{name}-{number}", f"S{name}{number}")

asyncio.run(main(*sys.argv[1:]))
"""


async def live_through(store: Any, key: str, symbol: str) -> None:
    """An intent is committed, sent, filled and closed."""
    intent = await sent(store, await reserved(store, key, symbol))
    filled = evolve(intent, position=PositionState.UNPROTECTED)
    happened = [event(intent, EventKind.SUBMITTED), event(intent, EventKind.FILLED)]
    intent = await store.save(filled, happened, fills=[a_fill("f1", symbol=symbol), a_fill("f2", symbol=symbol)])
    await store.save(over(intent, filled=intent.attempt.size), [event(intent, EventKind.CLOSED)])


async def test_a_process_that_is_killed_at_any_moment_leaves_nothing_half_written_and_holds_up_nobody(
    database_url: str, pytestconfig: pytest.Config
) -> None:
    moments = random.Random(7)
    async with Database.open(database_url) as database:
        store = await bound_store(database)
        for number in range(8):
            process = started(pytestconfig.rootpath, _LIVING, database_url, f"p{number}")
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
            await asyncio.sleep(moments.uniform(0, 0.4))
            process.kill()
            await asyncio.to_thread(process.communicate)
            await asyncio.wait_for(live_through(store, f"mine-{number}", f"MINE{number}"), 10)
            await check_whole(database)
        assert (await store.bind(ACCOUNT)).counter >= 16


async def test_work_that_is_cancelled_at_any_await_leaves_nothing_half_written_and_holds_up_nobody(
    shared_database: Database,
) -> None:
    store = await bound_store(shared_database)
    for moment in count():
        work = _CancelledAt(live_through(store, f"k{moment}", f"S{moment}"), moment)
        was_cancelled = await finished(work)
        await asyncio.wait_for(live_through(store, f"mine-{moment}", f"MINE{moment}"), 10)
        await check_whole(shared_database)
        if not was_cancelled:
            break
    assert moment > (20 if shared_database.is_postgres else 3)


async def test_work_that_is_cancelled_at_any_statement_leaves_nothing_half_written_and_holds_up_nobody(
    migrated_sqlite_url: str,
) -> None:
    """The statement is carried out in another thread just then, and so may the ones that follow it."""
    threads = _Interrupting()
    async with Database.open(migrated_sqlite_url, sqlite_jobs=threads) as database:
        store = await bound_store(database)
        for moment in count(1):
            work = asyncio.create_task(live_through(store, f"k{moment}", f"S{moment}"))
            threads.left, threads.work = moment, work
            await asyncio.wait([work])
            was_interrupted, threads.work = threads.left <= 0, None
            await asyncio.wait_for(live_through(store, f"mine-{moment}", f"MINE{moment}"), 10)
            await check_whole(database)
            if not was_interrupted:
                break
        assert moment > 20


class _Interrupting(SqliteThreads):
    """Cancels a task at the n-th call to SQLite from now on, commits among them, and goes on when it has ended."""

    left = 0
    work: asyncio.Task[None] | None = None

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        connection = super().connect(database, factory=_Told, **options)
        assert isinstance(connection, _Told)
        connection.told = self.called
        return connection

    def called(self) -> None:
        self.left -= 1
        work = self.work
        if self.left or work is None:
            return
        ended = threading.Event()

        def cancel() -> None:
            work.add_done_callback(lambda _: ended.set())
            work.cancel()

        work.get_loop().call_soon_threadsafe(cancel)
        assert ended.wait(10)


class _Told(sqlite3.Connection):
    """Tells of every call."""

    told: Callable[[], None]

    def cursor(self, *_: Any) -> sqlite3.Cursor:
        return super().cursor(_ToldCursor)

    def execute(self, *asked: Any) -> sqlite3.Cursor:
        self.told()
        return super().execute(*asked)

    def commit(self) -> None:
        self.told()
        super().commit()


class _ToldCursor(sqlite3.Cursor):
    def execute(self, *asked: Any) -> sqlite3.Cursor:
        connection = self.connection
        if isinstance(connection, _Told) and hasattr(connection, "told"):
            connection.told()
        return super().execute(*asked)


async def finished(work: Awaitable[None]) -> bool:
    """Whether the work was cancelled on its way."""

    async def do() -> None:
        await work

    task = asyncio.create_task(do())
    await asyncio.wait([task])
    return task.cancelled() or task.result() is not None


class _CancelledAt:
    """Awaits something, and cancels its own task when it waits for the n-th time."""

    def __init__(self, work: Awaitable[None], moment: int) -> None:
        self._work = work
        self._moment = moment

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        failure: BaseException | None = None
        for number in count():
            try:
                waited_for = steps.send(None) if failure is None else steps.throw(failure)  # type: ignore[attr-defined]
            except StopIteration:
                return
            if number == self._moment:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            failure = None
            try:
                yield waited_for
            except BaseException as error:  # handed on to the work
                failure = error


def started(folder: Path, program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def check_whole(database: Database) -> None:
    """What belongs together was stored together, or not at all."""
    intents = await database.read(all_rows(select(order_intents)))
    counter = await database.read(value_or_none(select(order_books.c.counter)))
    ids = [row.decision_key for row in await database.read(all_rows(select(order_client_ids.c.decision_key)))]
    grouped = select(order_events.c.decision_key, order_events.c.kind)
    events = {(row.decision_key, row.kind) for row in await database.read(all_rows(grouped))}
    fills_of = select(order_fills.c.decision_key, func.count().label("found")).group_by(order_fills.c.decision_key)
    fills = {row.decision_key: int(row.found) for row in await database.read(all_rows(fills_of))}
    assert sorted(intent.counter for intent in intents) == list(range(1, counter + 1))
    assert Counter(ids) == Counter(intent.decision_key for intent in intents)
    for intent in intents:
        key = intent.decision_key
        kinds = {kind for found, kind in events if found == key}
        if not kinds > {EventKind.PLANNED.value}:
            assert kinds == {EventKind.PLANNED.value}
            continue
        assert kinds - {EventKind.CLOSED.value} == {"planned", "submitted", "filled"}
        assert fills[key] == 2
        assert intent.version == (4 if EventKind.CLOSED.value in kinds else 3)
        assert intent.is_live is (EventKind.CLOSED.value not in kinds)
