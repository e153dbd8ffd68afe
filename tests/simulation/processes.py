"""Processes inside one loop: each can die between any two steps, stand still, and be followed by another one.

A process that dies does nothing any more: no `finally`, no `except`, no rollback by itself. That is what a `kill -9` or
a lost machine leaves behind, and what cancelling a task would not show.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any

from tests.simulation import virtual
from tests.simulation.faults import FaultKind
from tests.simulation.virtual import OWNER, Owner, Step


class Process(Owner):
    """One process; its tasks, and everything that they start, are its own."""

    def __init__(self, name: str, on_death: Callable[[Process], None] | None = None) -> None:
        self.name = name
        self.is_dead = False
        self.is_paused = False
        self.broke: BaseException | None = None
        """What ended its main task, if that was an exception."""
        self.steps = 0
        self._dies_at_step: int | None = None
        self.dies_at_commit: tuple[int, bool] | None = None
        """At which commit from now on, and whether after it was carried out."""
        self.dies_of: FaultKind | None = None
        """What was drawn for it, once that is on its way."""
        self.connections: list[sqlite3.Connection] = []
        self._on_death = on_death
        self._held: list[Step] = []
        self._remains: list[virtual.OwnedTask] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return self.name

    def start(self, main: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Its first task."""
        context = copy_context()
        context.run(OWNER.set, self)
        self._loop = asyncio.get_running_loop()
        return self._loop.create_task(self._main(main), context=context)

    async def _main(self, main: Coroutine[Any, Any, None]) -> None:
        try:
            await main
        except asyncio.CancelledError:
            raise
        except Exception as error:
            while isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            self.broke = error

    @property
    def dies_at_step(self) -> int | None:
        return self._dies_at_step

    @dies_at_step.setter
    def dies_at_step(self, step: int | None) -> None:
        self._dies_at_step = step
        self._asks_if_held()

    def _asks_if_held(self) -> None:
        self.asks = self.is_dead or self.is_paused or self._dies_at_step is not None

    def lets(self, step: Step) -> bool:
        if self._dies_at_step is not None and self.steps >= self._dies_at_step:
            self.die()
        if self.is_dead:
            return False
        if self.is_paused:
            self._held.append(step)
            return False
        return True

    def die(self) -> None:
        if self.is_dead:
            return
        self.is_dead = self.asks = True
        self.is_paused = False
        self._held.clear()
        if self._loop is not None:
            self._remains = virtual.tasks_of(self, self._loop)
        for connection in self.connections:
            with contextlib.suppress(sqlite3.Error):
                # As when its file handles go. To close is not enough: a statement that stands half done keeps the lock.
                sqlite3.Connection.rollback(connection)
                connection.close()
        self.connections.clear()
        if self._on_death is not None:
            self._on_death(self)

    def pause(self) -> None:
        self.is_paused = not self.is_dead
        self._asks_if_held()

    def resume(self) -> None:
        self.is_paused = False
        self._asks_if_held()
        held, self._held = self._held, []
        if held:
            virtual.again(held)

    def bury(self) -> None:
        """Closes what a dead process left lying in memory, once the episode is over and nobody can see it."""
        for task in self._remains:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine: Any = task.get_coro()
            for _ in range(50):
                with contextlib.suppress(BaseException):
                    coroutine.close()
                    break
        self._remains.clear()


def leaves(request: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A request that is on its way: it goes on whoever dies, and what goes wrong with it may be nobody's to hear."""
    context = outside()
    task = asyncio.get_running_loop().create_task(request, context=context)
    task.add_done_callback(_noticed, context=context)
    return task


def _noticed(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


def outside() -> Any:
    """A context of no process, for what goes on whoever dies: a request on its way."""
    context = copy_context()
    context.run(OWNER.set, None)
    return context
