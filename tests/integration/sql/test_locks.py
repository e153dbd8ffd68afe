"""Locks in the database: one owner at a time, until released, expired or taken away, and tokens that only grow."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import text

from mtf_adapters.local import WallClock
from mtf_adapters.sql import Database, SqlLocks, SqlRunStore
from mtf_adapters.sql.transactions import changing
from mtf_core.ports import Acquired, HeldBy, LockAnswer, LockLostError, Locks
from mtf_core.records import RunStatus
from tests.integration.sql.examples import WORLD, decision, run
from tests.integration.sql.standing import standing

RUN = "run:scalper"
LIFE_MS = 60_000

_CONTENDER = """
import asyncio, sys
from mtf_adapters.local import WallClock
from mtf_adapters.sql import Database, SqlLocks
from mtf_core.ports import Acquired

async def main(url, owner):
    names = [f"symbol:{number}" for number in range(300)]
    async with Database.open(url) as database:
        for _ in range(10):
            answers = await SqlLocks(database, WallClock()).acquire(names, owner, 60_000)
        won = [name for name, answer in answers.items() if isinstance(answer, Acquired)]
        assert all(answers[name].owner != owner for name in names if name not in won)
    print(len(won))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def locks(database: Database) -> Locks:
    return SqlLocks(database, WallClock())


async def take(locks: Locks, owner: str, name: str = RUN) -> LockAnswer:
    return (await locks.acquire([name], owner, LIFE_MS))[name]


async def expire(database: Database, name: str = RUN) -> None:
    """As if the lock's time to live were over."""
    await database.write(changing(text("UPDATE locks SET expires_at_ms = 1 WHERE name = :name"), {"name": name}))


async def test_a_free_lock_goes_to_the_first_who_asks_and_names_its_holder_to_the_second(locks: Locks) -> None:
    before_ms = WallClock().now_ms()
    assert await take(locks, "first") == Acquired(RUN, "first", 1)
    held = await take(locks, "second")
    assert isinstance(held, HeldBy)
    assert (held.name, held.owner) == (RUN, "first")
    assert before_ms + LIFE_MS <= held.expires_at_ms <= WallClock().now_ms() + LIFE_MS
    assert await locks.held() == (held,)


async def test_hundreds_of_names_are_answered_one_by_one_in_one_call(locks: Locks) -> None:
    names = [f"symbol:{number}" for number in range(400)]
    await locks.acquire(names[::2], "first", LIFE_MS)
    answers = await locks.acquire([*names, names[0]], "second", LIFE_MS)
    assert list(answers) == names
    assert [answer.owner for answer in answers.values()] == ["first", "second"] * 200
    assert [isinstance(answer, Acquired) for answer in answers.values()] == [False, True] * 200
    await locks.release(names, "second")
    assert sorted(lock.name for lock in await locks.held()) == sorted(names[::2])
    assert await locks.acquire([], "second", LIFE_MS) == {}


async def test_an_owner_that_asks_again_keeps_its_token_and_every_new_owner_gets_a_higher_one(
    locks: Locks, database: Database
) -> None:
    assert [await take(locks, "first"), await take(locks, "first")] == [Acquired(RUN, "first", 1)] * 2
    await locks.release([RUN], "first")
    assert await take(locks, "second") == Acquired(RUN, "second", 2)
    await expire(database)
    assert await take(locks, "third") == Acquired(RUN, "third", 3)
    await locks.force_release(RUN)
    assert await take(locks, "third") == Acquired(RUN, "third", 4), "somebody else may have held it in between"


async def test_a_renewed_lock_lives_longer_and_a_lost_one_is_not_taken_again(locks: Locks, database: Database) -> None:
    await take(locks, "first")
    await expire(database)
    assert await locks.held() == ()
    assert await locks.renew([RUN, "never asked for"], "first", LIFE_MS) == {RUN}, "nobody took it meanwhile"
    assert [lock.owner for lock in await locks.held()] == ["first"]
    await expire(database)
    await take(locks, "second")
    assert await locks.renew([RUN], "first", LIFE_MS) == frozenset()
    assert [lock.owner for lock in await locks.held()] == ["second"]


async def test_only_the_holder_gives_a_lock_back(locks: Locks) -> None:
    await take(locks, "first")
    await locks.release([RUN, "unknown"], "second")
    assert isinstance(await take(locks, "second"), HeldBy)
    await locks.release([RUN], "first")
    assert isinstance(await take(locks, "second"), Acquired)


async def test_a_lock_taken_away_by_hand_is_free_and_its_owner_cannot_renew_it(locks: Locks) -> None:
    await take(locks, "first")
    taken = await locks.force_release(RUN)
    assert taken is not None
    assert (taken.name, taken.owner) == (RUN, "first")
    assert await locks.held() == ()
    assert await locks.renew([RUN], "first", LIFE_MS) == frozenset()
    assert await locks.force_release(RUN) is None
    assert await locks.force_release("unknown") is None


async def test_the_end_of_a_run_is_stored_only_while_its_lock_is_its_own(locks: Locks, database: Database) -> None:
    """The owner was frozen past its time to live, and another run works under the lock."""
    store, fence = SqlRunStore(database, WORLD), await take(locks, "r1")
    assert isinstance(fence, Acquired)
    await store.start(run("r1"), {"sha-1": {}})
    await expire(database)
    await take(locks, "r2")
    with pytest.raises(LockLostError, match=f"'{RUN}' was lost"):
        await store.finish(run("r1"), [decision("r1", "BTCUSDT")], fence)
    stored = await store.run("r1")
    assert stored is not None
    assert stored.status is RunStatus.RUNNING
    assert await store.decisions("r1") == ()
    await store.finish(run("r1"), [], None)


@pytest.mark.parametrize("ttl_ms", [0, -1])
async def test_a_lock_that_would_have_expired_at_once_is_refused(locks: Locks, ttl_ms: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        await locks.acquire([RUN], "first", ttl_ms)


async def test_of_processes_that_want_the_same_locks_at_once_each_lock_goes_to_one(
    database_url: str, pytestconfig: pytest.Config
) -> None:
    def start(owner: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _CONTENDER, database_url, owner]
        return subprocess.Popen(
            command, cwd=pytestconfig.rootpath, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    contenders = [start("first"), start("second"), start("third")]
    answers = [await asyncio.to_thread(contender.communicate) for contender in contenders]
    assert [complaint for _, complaint in answers] == [""] * 3
    assert sum(int(won) for won, _ in answers) == 300


async def test_who_asks_for_what_another_one_holds_waits_for_nobody_who_writes(shared_database: Database) -> None:
    """A supervisor that stands by asks each second."""
    locks = SqlLocks(shared_database, WallClock())
    assert isinstance(await take(locks, "first"), Acquired)
    async with standing(shared_database, changing(text("INSERT INTO contract_sync VALUES ('elsewhere', 5)"))):
        held = await asyncio.wait_for(take(locks, "second"), 5)
    assert isinstance(held, HeldBy)
    assert held.owner == "first"
