"""Runs a program and watches it from outside: seconds, CPU seconds, and how much memory it and its children held."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

_LOOK_S = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


@frozen
class Watched:
    """What a program took. A peak between two looks is not seen in `together_mb`; `largest_mb` misses none."""

    output: str
    wall: float
    cpu: float
    """Of it and of its children."""
    together_mb: float
    """The most that it and its children held at one look; pages that they share count for each."""
    largest_mb: float
    """The most that one of them held."""


def watched(command: Sequence[str]) -> Watched:
    """Raises RuntimeError, with the end of what it said, where the program fails."""
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        with _Looking(process.pid) as looking:
            assert process.stdout is not None
            output = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{said.read()[-2000:]}")
    largest_mb = used.ru_maxrss / 1024
    return Watched(output, wall, used.ru_utime + used.ru_stime, max(looking.most_mb, largest_mb), largest_mb)


class _Looking:
    """Looks at a process and all below it from time to time, until the block ends."""

    def __init__(self, pid: int) -> None:
        self.most_mb = 0.0
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Looking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            self.most_mb = max(self.most_mb, _held_mb(self._pid))


def _held_mb(pid: int) -> float:
    """Of a process and all below it, as /proc shows them; 0 for one that has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0.0
    return pages * _PAGE / 2**20 + sum(_held_mb(int(one)) for one in below)
