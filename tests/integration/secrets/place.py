"""Where processes run with secrets in their environment, and everything that they say and keep is at hand."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from attrs import define, field

from mtf_entrypoints.settings import VARIABLES
from tests.integration.orders.nursery import Nursery

COMMAND = "tests.integration.secrets.command"


@define(eq=False)
class Place:
    """A folder, and processes whose words and files all lie in it."""

    folder: Path
    children: Nursery
    variables: Mapping[str, str]
    """Of every process here; what it is not told is not set."""
    _numbers: Iterator[int] = field(factory=count, init=False)

    def said(self, what: str) -> Path:
        """A new file for what somebody says."""
        folder = self.folder / "said"
        folder.mkdir(exist_ok=True)
        return folder / f"{next(self._numbers):03d}-{re.sub('[^a-z]+', '-', what)[:30]}"

    def files(self, suffix: str) -> list[Path]:
        """What is kept outside of the database, of one kind."""
        return sorted((self.folder / "data").rglob(f"*{suffix}"))

    def begin(self, *words: str, work: str = f"{COMMAND}:main", **variables: str) -> tuple[int, Path]:
        """The number of a process, and the file of what it says."""
        out = self.said(" ".join(words))
        out.touch()
        told = {**dict.fromkeys(VARIABLES, ""), "XDG_DATA_HOME": str(self.folder / "data"), **self.variables}
        return self.children.begin(work, *words, variables={**told, **variables}, out=out), out

    async def run(self, *words: str, work: str = f"{COMMAND}:main", **variables: str) -> tuple[int, str]:
        """How a process ended, and what it said."""
        pid, out = self.begin(*words, work=work, **variables)
        return await self.children.end_of(pid), out.read_text(errors="replace")

    async def end(self, pid: int) -> int:
        os.kill(pid, signal.SIGTERM)
        return await self.children.end_of(pid)


async def until(found: Callable[[], Any]) -> Any:
    """What it gives, once that is something."""
    for _ in range(1200):
        if what := found():
            return what
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come about within two minutes")
