"""Runs of one profile that begin in the same moment, in two processes, fifty times over: never both at work."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

ROUNDS = 50


class Contender:
    """One process that runs when it is told to."""

    def __init__(self, folder: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.integration.runs.contender", *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")

    def said(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split(maxsplit=2)


@contextmanager
def contenders(folder: str, *arguments: str) -> Iterator[list[Contender]]:
    started = [Contender(folder, *arguments) for _ in range(2)]
    try:
        assert [one.said() for one in started] == [["ready"]] * 2
        yield started
    finally:
        for one in started:
            one.process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("database_url", "locks_in"),
    [("sqlite", "database"), ("postgres", "database"), ("sqlite", "redis")],
    indirect=["database_url"],
)
async def test_of_two_runs_at_once_one_works_and_the_other_says_who_does(
    database_url: str, redis_url: str, locks_in: str, pytestconfig: pytest.Config
) -> None:
    if locks_in == "redis":
        with Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
            client.flushall()
    arguments = [database_url, *([redis_url] if locks_in == "redis" else [])]
    held = 0
    with contenders(str(pytestconfig.rootpath), *arguments) as both:
        for _ in range(ROUNDS):
            for one in both:
                one.go()
            answers = [await asyncio.to_thread(one.said) for one in both]
            ran = sorted((int(started), int(finished)) for what, started, finished in answers if what == "ran")
            assert ran, "neither ran"
            held += 2 - len(ran)
            # Both may have run, if the second asked only when the first had ended.
            assert len(ran) == 1 or ran[0][1] <= ran[1][0]
    assert held > 0, "they never met"
