"""Processes inside one loop: each can die between any two steps, stand still, and be followed by another one.

A process that dies does nothing any more: no `finally`, no `except`, no rollback by itself. That is what a `kill -9` or
a lost machine leaves behind, and what cancelling a task would not show.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar, copy_context
from typing import Any

_CURRENT: ContextVar[Process | None] = ContextVar("process", default=None)


class Process:
    """One process; its tasks, and everything that they start, are its own."""

    def __init__(self, name: str, on_death: Callable[[Process], None] | None = None) -> None:
        self.name = name
        self.is_dead = False
        self.broke: BaseException | None = None
        """What ended its main task, if that was an exception."""
        self.steps = 0
        self.dies_at_step: int | None = None
        self.dies_at_commit: tuple[int, bool] | None = None
        """At which commit from now on, and whether after it was carried out."""
        self.connections: list[sqlite3.Connection] = []
        self._on_death = on_death
        self._paused: asyncio.Future[None] | None = None
        self._parked: list[Coroutine[Any, Any, Any]] = []

    def __repr__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        return self._paused is not None

    def start(self, main: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Its first task."""
        context = copy_context()
        context.run(_CURRENT.set, self)
        return asyncio.get_running_loop().create_task(self._main(main), context=context)

    async def _main(self, main: Coroutine[Any, Any, None]) -> None:
        try:
            await main
        except asyncio.CancelledError:
            raise
        except Exception as error:
            while isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            self.broke = error

    def die(self) -> None:
        if self.is_dead:
            return
        self.is_dead = True
        for connection in self.connections:
            with contextlib.suppress(sqlite3.Error):
                connection.close()  # what was not committed is rolled back, as when its file handles go
        self.connections.clear()
        self.resume()
        if self._on_death is not None:
            self._on_death(self)

    def pause(self) -> None:
        if self._paused is None and not self.is_dead:
            self._paused = asyncio.get_running_loop().create_future()

    def resume(self) -> None:
        paused, self._paused = self._paused, None
        if paused is not None and not paused.done():
            paused.set_result(None)

    async def waits_while_paused(self) -> None:
        """For work of the process that is done by nobody's task."""
        while self._paused is not None:
            await asyncio.shield(self._paused)

    def bury(self) -> None:
        """Closes what a dead process left lying in memory, once the episode is over and nobody can see it."""
        for left in self._parked:
            for _ in range(50):
                with contextlib.suppress(BaseException):
                    left.close()
                    break
        self._parked.clear()

    @types.coroutine
    def living(self, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The coroutine, step by step, as long as the process lives and does not stand still."""
        raised: BaseException | None = None
        while True:
            self._count_a_step()
            while self.is_dead or self._paused is not None:
                if self.is_dead:
                    self._parked.append(work)
                    return (yield from _never())
                try:
                    yield from asyncio.shield(self._paused).__await__()
                except BaseException as error:
                    raised = error
            try:
                awaited = work.send(None) if raised is None else work.throw(raised)
            except StopIteration as ended:
                return ended.value
            raised = None
            try:
                yield awaited
            except BaseException as error:
                raised = error

    def _count_a_step(self) -> None:
        self.steps += 1
        if self.dies_at_step is not None and self.steps >= self.dies_at_step:
            self.die()


def current() -> Process | None:
    return _CURRENT.get()


def outside() -> Any:
    """A context of no process, for what goes on whoever dies: a request on its way."""
    context = copy_context()
    context.run(_CURRENT.set, None)
    return context


def task_factory(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    """Makes each task a task of the process in whose context it is started."""
    context = options.get("context")
    process = _CURRENT.get() if context is None else context.get(_CURRENT)
    if process is not None:
        work = _wrapped(process, work)
    return asyncio.Task(work, loop=loop, **options)


async def _wrapped(process: Process, work: Coroutine[Any, Any, Any]) -> Any:
    return await process.living(work)


def _never() -> Generator[Any, Any, None]:
    """Nothing any more; ends when the loop is taken down."""
    while True:
        try:
            yield from asyncio.get_running_loop().create_future().__await__()
        except asyncio.CancelledError:
            if not getattr(asyncio.get_running_loop(), "recording", True):
                return
