"""Leaks that are planted on purpose, to see that a soak calls each of them out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from attrs import define, field

Plant = Callable[[], None]
"""What is done each minute."""
ROWS = "rows"
"""Planted elsewhere: the cleanup is told to keep everything."""
_MEGABYTE = 1 << 20
_FOR_EVER_S = 1e9


@define(eq=False)
class Kept:
    """What is never let go."""

    folder: Path
    memory: list[bytes] = field(factory=list)
    files: list[IO[str]] = field(factory=list)
    tasks: list[asyncio.Task[None]] = field(factory=list)

    def more_memory(self) -> None:
        self.memory.append(b"\1" * _MEGABYTE)

    def more_files(self) -> None:
        self.files.append((self.folder / "config" / "trading.yaml").open())

    def more_tasks(self) -> None:
        self.tasks.append(asyncio.create_task(_waits_for_ever()))

    def plants(self) -> Mapping[str, Plant]:
        return {"memory": self.more_memory, "files": self.more_files, "tasks": self.more_tasks}


PLANTED = (*Kept(Path()).plants(), ROWS)


async def _waits_for_ever() -> None:
    await asyncio.sleep(_FOR_EVER_S)
