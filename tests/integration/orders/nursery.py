"""Real processes in no time: one that has imported everything, and forks a child for each life that is asked of it.

A child is a process of its own, which can be killed like any other; what it does not cost is the second of imports.
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from attrs import define, field

from mtf_entrypoints.served_sandbox import own_environment

_EVERYBODY_NEEDS = ("mtf_entrypoints.bitmart_venue", "anyio.to_thread", "h11", "httpcore")
"""What is imported only when it is first used, which would be in each child."""
_ALIVE = 1000
"""In the place of an exit code."""
_PATIENT_S = 240


@define(eq=False)
class Nursery:
    """Where children come from; asking it takes milliseconds."""

    process: subprocess.Popen[str]
    _said: dict[int, Path] = field(factory=dict, init=False)

    async def life(self, work: str, *words: str, variables: Mapping[str, str], out: Path) -> int:
        """A whole life of a child: its exit code, or below zero the signal that killed it."""
        return await self.end_of(self.begin(work, *words, variables=variables, out=out))

    def begin(self, work: str, *words: str, variables: Mapping[str, str], out: Path) -> int:
        """The number of a process that does `module:function` with these words; what it says goes to a file."""
        life = {"work": work, "words": words, "variables": dict(variables), "out": str(out)}
        pid = self._ask(life)
        self._said[pid] = out
        return pid

    async def end_of(self, pid: int) -> int:
        """Waits for the end of a child; as `life`. One that does not end says where it hangs, and the test fails."""
        hangs_s = time.monotonic() + _PATIENT_S
        while (code := self._ask({"code": pid})) == _ALIVE:
            if time.monotonic() > hangs_s:
                os.kill(pid, signal.SIGABRT)
                await asyncio.sleep(1)
                last = "\n".join(self._said[pid].read_text(errors="replace").splitlines()[-80:])
                raise AssertionError(f"process {pid} did not end within {_PATIENT_S} s; the last that it said:\n{last}")
            await asyncio.sleep(0.02)
        return code

    def _ask(self, question: Mapping[str, object]) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def nursery(*modules: str) -> Iterator[Nursery]:
    """One that has these modules ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.orders.nursery", *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**own_environment(), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield Nursery(process)
    finally:
        process.communicate(timeout=30)


def _live(life: Mapping[str, object]) -> NoReturn:
    """What a child does until its end."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what stands there are questions to the parent
        out = os.open(str(life["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for standard in (1, 2):
            os.dup2(out, standard)
        faulthandler.enable()
        variables, words = life["variables"], life["words"]
        assert isinstance(variables, dict)
        assert isinstance(words, list)
        os.environ.update(variables)
        module, _, function = str(life["work"]).partition(":")
        getattr(importlib.import_module(module), function)(*words)
        code = 0
    except SystemExit as end:  # of a command line
        code = int(end.code or 0)
    except BaseException:  # a child never returns to where its parent waits for the next question
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _answer(question: Mapping[str, object], alive: set[int]) -> int:
    if "code" in question:
        ended, status = os.waitpid(int(str(question["code"])), os.WNOHANG)
        alive.discard(ended)
        return os.waitstatus_to_exitcode(status) if ended else _ALIVE
    pid = os.fork()
    if pid == 0:
        _live(question)
    alive.add(pid)
    return pid


def main(modules: list[str]) -> None:
    """Answers until nobody asks any more, also where the one who asked was killed: then no child outlives it."""
    alive: set[int] = set()
    for module in (*_EVERYBODY_NEEDS, *modules):
        importlib.import_module(module)
    for line in sys.stdin:
        sys.stdout.write(f"{_answer(json.loads(line), alive)}\n")
        sys.stdout.flush()
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
