"""Locks in Redis: one owner at a time, until released, expired or taken away, and tokens that only grow."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from mtf_adapters.local import WallClock
from mtf_adapters.redis import InvalidRedisUrlError, RedisConnection, RedisLocks
from mtf_adapters.sql import Database, SqlLocks, SqlRunStore
from mtf_core.ports import Acquired, HeldBy, LockAnswer, LockLostError, StoreUnavailableError
from mtf_core.records import RunStatus
from tests.integration.sql.examples import WORLD, run

RUN = "run:scalper"
LIFE_MS = 60_000

_CONTENDER = """
import asyncio, sys
from mtf_adapters.redis import RedisConnection, RedisLocks
from mtf_core.ports import Acquired

async def main(url, owner):
    connection = RedisConnection(url)
    names = [f"symbol:{number}" for number in range(300)]
    for _ in range(10):
        answers = await RedisLocks(connection).acquire(names, owner, 60_000)
    await connection.close()
    print(sum(isinstance(answer, Acquired) for answer in answers.values()))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def locks(connection: RedisConnection) -> RedisLocks:
    return RedisLocks(connection)


async def take(locks: RedisLocks, owner: str, name: str = RUN) -> LockAnswer:
    return (await locks.acquire([name], owner, LIFE_MS))[name]


async def token(locks: RedisLocks, owner: str) -> int:
    answer = await take(locks, owner)
    assert isinstance(answer, Acquired)
    return answer.token


async def expire(connection: RedisConnection, name: str = RUN) -> None:
    """As if the lock's time to live were over."""
    await connection.client.zadd("mtf:{locks}:expiries", {name: 1})


async def test_a_free_lock_goes_to_the_first_who_asks_and_names_its_holder_to_the_second(locks: RedisLocks) -> None:
    before_ms = WallClock().now_ms()
    assert isinstance(await take(locks, "first"), Acquired)
    held = await take(locks, "second")
    assert isinstance(held, HeldBy)
    assert (held.name, held.owner) == (RUN, "first")
    assert before_ms + LIFE_MS <= held.expires_at_ms <= WallClock().now_ms() + LIFE_MS
    assert await locks.held() == (held,)


async def test_hundreds_of_names_are_answered_one_by_one_in_one_call(locks: RedisLocks) -> None:
    names = [f"symbol:{number}" for number in range(400)]
    await locks.acquire(names[::2], "first", LIFE_MS)
    answers = await locks.acquire([*names, names[0]], "second", LIFE_MS)
    assert list(answers) == names
    assert [answer.owner for answer in answers.values()] == ["first", "second"] * 200
    await locks.release(names, "second")
    assert sorted(lock.name for lock in await locks.held()) == sorted(names[::2])
    assert await locks.acquire([], "second", LIFE_MS) == {}


async def test_an_owner_keeps_its_token_and_every_new_owner_gets_a_higher_one(
    locks: RedisLocks, connection: RedisConnection
) -> None:
    first = await token(locks, "first")
    assert await token(locks, "first") == first
    await locks.release([RUN], "first")
    second = await token(locks, "second")
    await expire(connection)
    third = await token(locks, "third")
    await locks.force_release(RUN)
    fourth = await token(locks, "third")
    assert first < second < third < fourth


async def test_tokens_grow_even_when_redis_has_lost_everything(locks: RedisLocks, connection: RedisConnection) -> None:
    before = await token(locks, "first")
    await connection.client.flushall()
    await asyncio.sleep(0.002)
    assert await token(locks, "second") > before


async def test_a_renewed_lock_lives_longer_and_a_lost_one_is_not_taken_again(
    locks: RedisLocks, connection: RedisConnection
) -> None:
    await take(locks, "first")
    await expire(connection)
    assert await locks.held() == ()
    assert await locks.renew([RUN, "never asked for"], "first", LIFE_MS) == {RUN}, "nobody took it meanwhile"
    await expire(connection)
    await take(locks, "second")
    assert await locks.renew([RUN], "first", LIFE_MS) == frozenset()
    assert [lock.owner for lock in await locks.held()] == ["second"]


async def test_only_the_holder_gives_a_lock_back(locks: RedisLocks) -> None:
    await take(locks, "first")
    await locks.release([RUN, "unknown"], "second")
    assert isinstance(await take(locks, "second"), HeldBy)
    await locks.release([RUN], "first")
    assert isinstance(await take(locks, "second"), Acquired)


async def test_a_lock_taken_away_by_hand_is_free_and_its_owner_cannot_renew_it(locks: RedisLocks) -> None:
    await take(locks, "first")
    taken = await locks.force_release(RUN)
    assert taken is not None
    assert (taken.name, taken.owner) == (RUN, "first")
    assert await locks.renew([RUN], "first", LIFE_MS) == frozenset()
    assert await locks.force_release(RUN) is None


async def test_what_a_frozen_run_still_writes_is_refused_once_another_has_started(
    locks: RedisLocks, connection: RedisConnection
) -> None:
    """The database knows no Redis: a run tells it its token when it starts."""
    async with Database.open("memory") as database:
        store, fence = SqlRunStore(database, WORLD), await take(locks, "r1")
        assert isinstance(fence, Acquired)
        await store.start(run("r1"), {"sha-1": {}}, [fence])
        await expire(connection)
        newer = await take(locks, "r2")
        assert isinstance(newer, Acquired)
        await store.start(run("r2"), {}, [newer])
        with pytest.raises(LockLostError, match=f"'{RUN}' was lost"):
            await store.finish(run("r1"), (), fence)
        with pytest.raises(LockLostError, match=f"'{RUN}' was lost"):
            await store.start(run("r3"), {}, [fence])
        await store.finish(run("r2"), (), newer)
        stored = [await store.run(run_id) for run_id in ("r1", "r2", "r3")]
        assert [found and found.status for found in stored] == [RunStatus.RUNNING, run("r2").status, None]


async def test_a_world_that_leaves_redis_goes_on_with_higher_tokens(locks: RedisLocks) -> None:
    async with Database.open("memory") as database:
        fence = await take(locks, "r1")
        assert isinstance(fence, Acquired)
        await SqlRunStore(database, WORLD).start(run("r1"), {"sha-1": {}}, [fence])
        answer = (await SqlLocks(database, WallClock()).acquire([RUN], "r2", LIFE_MS))[RUN]
        assert isinstance(answer, Acquired)
        assert answer.token > fence.token


async def test_of_processes_that_want_the_same_locks_at_once_each_lock_goes_to_one(
    locks: RedisLocks, redis_url: str, pytestconfig: pytest.Config
) -> None:
    commands = [[sys.executable, "-c", _CONTENDER, redis_url, owner] for owner in ("one", "two", "three")]
    started = [
        subprocess.Popen(command, cwd=pytestconfig.rootpath, stdout=subprocess.PIPE, text=True) for command in commands
    ]
    won = [int((await asyncio.to_thread(process.communicate, timeout=60))[0]) for process in started]
    assert sum(won) == 300
    assert len(await locks.held()) == 300


async def test_a_redis_that_does_not_answer_is_a_store_that_cannot_be_reached(tmp_path: Path) -> None:
    connection = RedisConnection(f"unix://{tmp_path}/nobody")
    with pytest.raises(StoreUnavailableError, match="the locks in Redis cannot be reached"):
        await take(RedisLocks(connection), "first")
    await connection.close()


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://localhost", "redis://", "redis://h:port/0", "redis://:s3cret@"]
)
def test_what_is_no_url_of_a_redis_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InvalidRedisUrlError) as refused:
        RedisConnection(url)
    assert "s3cret" not in str(refused.value)
    assert "REDIS_URL is no address of a Redis; write redis://…" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis://localhost/trading", "a database that is no number; write redis://HOST:PORT/0"),
        ("redis://localhost/1/2", "a database that is no number"),
        ("redis://localhost?db=s3cret", "a database that is no number"),
        ("redis://localhost/1?db=2", "its database twice"),
        ("redis://localhost?user=x&password=s3cret", "not known, or one twice; allowed after the ? are db, username,"),
        ("redis://localhost?s3cret@localhost/0", "not known, or one twice"),
        ("redis://localhost?db=1&db=2", "not known, or one twice"),
        ("redis://localhost?ssl_certfile=x", "not known, or one twice"),
    ],
)
def test_a_url_whose_parts_would_mean_nothing_is_refused_without_showing_it(url: str, why: str) -> None:
    with pytest.raises(InvalidRedisUrlError) as refused:
        RedisConnection(url)
    assert "s3cret" not in str(refused.value)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    "url", ["redis://localhost", "redis://localhost/", "redis://u:p@h:1/15", "unix://u@/run/redis?db=3&password=p"]
)
def test_urls_as_redis_documents_them_are_taken(url: str) -> None:
    assert RedisConnection(url).url == url


def test_the_url_of_a_connection_does_not_show() -> None:
    assert "s3cret" not in repr(RedisConnection("redis://:s3cret@localhost/0"))


@pytest.mark.parametrize("ttl_ms", [0, -1])
async def test_a_lock_that_would_have_expired_at_once_is_refused(locks: RedisLocks, ttl_ms: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        await locks.acquire([RUN], "first", ttl_ms)
