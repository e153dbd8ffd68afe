"""The simulation itself: time, deaths, pauses and the database behave as those of real processes do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mtf_adapters.sql import Database
from mtf_adapters.sql.locks import SqlLocks
from mtf_core.ports import Acquired, HeldBy
from tests.simulation import processes, virtual
from tests.simulation.processes import Process
from tests.simulation.sqlite import Jobs
from tests.simulation.virtual import now_s


class NoTrouble:
    def of_call(self, process: Process, name: str) -> tuple[float, Exception | None]:
        return 0.0, None

    def committed(self, process: Process) -> None:
        pass


class Slow(NoTrouble):
    """Commits take two seconds, and hold the lock meanwhile."""

    def of_call(self, process: Process, name: str) -> tuple[float, Exception | None]:
        return (2.0 if name == "commit" else 0.0), None


class Clock:
    def now_ms(self) -> int:
        return int(now_s() * 1000)


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    path = tmp_path / "mtf.db"

    async def made() -> None:
        async with Database.open(f"sqlite:///{path}") as database:
            await database.upgrade()

    asyncio.run(made())
    return path


def run(main: Callable[[], Any], seed: int = 1) -> Any:
    return virtual.run(main, seed)


def opened(path: Path, process: Process) -> SqlLocks:
    database = Database.open(f"sqlite:///{path}", sqlite_jobs=Jobs(process, NoTrouble(), "seed"))
    return SqlLocks(database, Clock())


def test_an_hour_passes_at_once() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return now_s()

    assert run(main) == 3600


def test_a_process_that_dies_does_nothing_any_more_not_even_finally() -> None:
    done: list[str] = []

    async def program() -> None:
        try:
            while True:
                await asyncio.sleep(1)
                done.append("works")
        finally:
            done.append("cleans up")

    async def main() -> list[str]:
        process = Process("a")
        process.start(program())
        await asyncio.sleep(2.5)
        process.die()
        await asyncio.sleep(10)
        return list(done)

    assert run(main) == ["works", "works"]


def test_what_a_process_started_dies_with_it_and_what_left_it_does_not() -> None:
    done: list[str] = []

    async def says(what: str) -> None:
        await asyncio.sleep(2)
        done.append(what)

    async def program() -> None:
        child = asyncio.create_task(says("child"))
        letter = processes.leaves(says("letter"))
        await asyncio.gather(child, letter)

    async def main() -> None:
        process = Process("a")
        process.start(program())
        await asyncio.sleep(1)
        process.die()
        await asyncio.sleep(10)

    run(main)
    assert done == ["letter"]


def test_a_request_that_fails_after_its_sender_died_is_nobodys() -> None:
    async def breaks() -> None:
        await asyncio.sleep(2)
        raise ValueError("the connection broke off")

    async def program() -> None:
        await asyncio.shield(processes.leaves(breaks()))

    async def main() -> None:
        process = Process("a")
        process.start(program())
        await asyncio.sleep(1)
        process.die()
        await asyncio.sleep(10)

    run(main)


def test_a_process_that_stands_still_goes_on_where_it_was() -> None:
    times: list[float] = []

    async def program() -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            times.append(now_s())

    async def main() -> None:
        process = Process("a")
        process.start(program())
        await asyncio.sleep(1.5)
        process.pause()
        await asyncio.sleep(100)
        process.resume()
        await asyncio.sleep(10)

    run(main)
    assert times == [1.0, 101.5, 102.5]


def test_a_timeout_that_ends_during_a_pause_strikes_after_it() -> None:
    ended: list[float] = []

    async def program() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.sleep(50)
        ended.append(now_s())

    async def main() -> None:
        process = Process("a")
        process.start(program())
        await asyncio.sleep(1)
        process.pause()
        await asyncio.sleep(29)
        process.resume()
        await asyncio.sleep(100)

    run(main)
    assert ended == [30.0]


@pytest.mark.parametrize("after", [False, True])
def test_a_death_at_a_commit_leaves_all_of_it_or_nothing(database_file: Path, after: bool) -> None:
    async def main() -> None:
        process = Process("a")
        process.dies_at_commit = (2, after)

        async def program() -> None:
            locks = opened(database_file, process)
            for name in ("first", "second", "third"):
                await locks.acquire([name], "me", 10_000)

        process.start(program())
        await asyncio.sleep(60)
        assert process.is_dead

    run(main)
    with sqlite3.connect(database_file) as connection:
        rows = [name for (name,) in connection.execute("SELECT name FROM locks ORDER BY name")]
    assert rows == (["first", "second"] if after else ["first"])


@pytest.mark.parametrize("seed", range(20))
def test_of_two_processes_that_write_at_once_one_waits_for_the_other(database_file: Path, seed: int) -> None:
    answers: dict[str, Any] = {}

    async def main() -> None:
        for name in ("a", "b"):
            process = Process(name)

            async def program(process: Process = process) -> None:
                locks = opened(database_file, process)
                answers[process.name] = (await locks.acquire(["seat"], process.name, 10_000))["seat"]

            process.start(program())
        await asyncio.sleep(60)

    run(main, seed)
    kinds = sorted(type(answer).__name__ for answer in answers.values())
    assert kinds == [Acquired.__name__, HeldBy.__name__]


def test_a_dead_process_holds_up_nobody(database_file: Path) -> None:
    """Its transaction is rolled back with its file handles, and whoever waits goes on."""

    async def main() -> float:
        first, second = Process("a"), Process("b")

        async def dies_in_its_transaction() -> None:
            jobs = Jobs(first, Slow(), "s")
            asyncio.get_running_loop().call_later(1, first.die)
            await SqlLocks(Database.open(f"sqlite:///{database_file}", sqlite_jobs=jobs), Clock()).acquire(
                ["seat"], "a", 10_000
            )

        done: list[float] = []

        async def waits() -> None:
            await asyncio.sleep(0.5)
            await opened(database_file, second).acquire(["seat"], "b", 10_000)
            done.append(now_s())

        first.start(dies_in_its_transaction())
        second.start(waits())
        await asyncio.sleep(60)
        return done[0]

    assert 1 <= run(main) < 2
