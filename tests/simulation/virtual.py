"""asyncio in virtual time, with an order of steps that a seed draws, and owners who may stand still or be gone.

Same seed, same program: same steps, to the last one. Time passes only when nobody can do anything, so an hour of
waiting costs nothing. Only asyncio's own tasks and futures are used; the loop is ours, because it is asked a million
times an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import heapq
import logging
import math
import random
import sys
import warnings
from asyncio.events import _set_running_loop
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any

_MOST_STEPS_AFTER_THE_END = 50_000


class Owner:
    """Whose steps can be held back: everything that is started in its context is its own."""

    steps = 0
    """How many were due so far."""
    asks = False
    """Whether it is asked before each step."""

    def lets(self, step: Step) -> bool:
        """Whether the step may be done now. Who says no has taken it: it is done when it comes back by `again`, or
        never."""
        raise NotImplementedError


OWNER: ContextVar[Owner | None] = ContextVar("owner", default=None)


class SimulationError(Exception):
    """The simulated program, or the simulation, broke."""


class Step:
    """Something that the loop is to do: a step of a task, or a callback. Stands for asyncio's `Handle`."""

    __slots__ = ("args", "callback", "context", "is_cancelled", "when_s")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context, when_s: float) -> None:
        self.callback = callback
        self.args = args
        self.context = context
        self.is_cancelled = False
        self.when_s = when_s

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled

    def when(self) -> float:
        return self.when_s


class OwnedTask(asyncio.Task[Any]):
    """A task that knows whose it is, and the how manyth."""

    owner: Owner | None
    number: int


class VirtualLoop(asyncio.AbstractEventLoop):
    """Mostly the oldest step first, as asyncio has it; now and then another task's goes before. Callbacks that are no
    step of a task keep their order among themselves."""

    get_debug = staticmethod(bool)  # type: ignore[assignment]
    """False; asked for by each future."""

    def __init__(self, seed: int, disorder: float) -> None:
        self.unhandled: list[dict[str, Any]] = []
        self._draw = random.Random(f"order of steps {seed}").random
        self._disorder = disorder
        self._ready: deque[Step] = deque()
        self._timers: list[tuple[float, int, Step]] = []
        self._pushed = self._made = 0
        self._now_s = 0.0
        self._is_stopped = self._is_closed = False
        # Asked for at every wait: without a call of Python's own in between.
        self.create_future = partial(asyncio.Future, loop=self)  # type: ignore[method-assign]

    # Running

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """What the coroutine returns; raises what it raises."""
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=None, finalizer=self._close_generator)
        _set_running_loop(self)
        try:
            task = self.create_task(main)
            task.add_done_callback(self._stop)
            self._run(most_steps=math.inf)
            self._end_what_is_left()
            return task.result()
        finally:
            _set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)
            self._is_closed = True

    def _run(self, most_steps: float) -> None:
        """Until somebody says stop."""
        ready, draw, disorder = self._ready, self._draw, self._disorder
        self._is_stopped = False
        while not self._is_stopped and most_steps > 0:
            most_steps -= 1
            if not ready and not self._let_time_pass():
                raise SimulationError("nobody can do anything any more")
            step = self._another_one() if disorder and len(ready) > 1 and draw() < disorder else ready.popleft()
            if step.is_cancelled:
                continue
            owner = step.context.get(OWNER)
            if owner is not None:
                owner.steps += 1
                if owner.asks and not owner.lets(step):
                    continue
            try:
                step.context.run(step.callback, *step.args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                self.call_exception_handler({"message": f"a callback broke: {step.callback}", "exception": error})

    def _let_time_pass(self) -> bool:
        timers, ready = self._timers, self._ready
        while timers:
            when_s = timers[0][0]
            while timers and timers[0][0] <= when_s:
                step = heapq.heappop(timers)[2]
                if not step.is_cancelled:
                    ready.append(step)
            if ready:
                self._now_s = max(self._now_s, when_s)
                return True
        return False

    def _another_one(self) -> Step:
        ready = self._ready
        place = int(self._draw() * len(ready))
        if not _is_of_a_task(ready[place]):
            place = next(number for number, step in enumerate(ready) if not _is_of_a_task(step))
        step = ready[place]
        del ready[place]
        return step

    def _end_what_is_left(self) -> None:
        """As `asyncio.run` does: tasks of nobody are cancelled; those of owners are theirs to bury."""
        left = sorted(tasks_of(None, self), key=lambda task: task.number)
        for task in left:
            task.cancel()
        if left:
            asyncio.gather(*left, return_exceptions=True).add_done_callback(self._stop)
            with contextlib.suppress(SimulationError):
                self._run(_MOST_STEPS_AFTER_THE_END)

    def _stop(self, _: Any) -> None:
        self._is_stopped = True

    def again(self, steps: list[Step]) -> None:
        """Steps that an owner held back are due."""
        self._ready.extend(steps)

    # What asyncio asks of a loop

    def time(self) -> float:
        return self._now_s

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        step = Step(callback, args, copy_context() if context is None else context, self._now_s)
        self._ready.append(step)
        return step

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Any:
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        step = Step(callback, args, copy_context() if context is None else context, when)
        if when <= self._now_s:
            self._ready.append(step)
        else:
            self._pushed += 1
            heapq.heappush(self._timers, (when, self._pushed, step))
        return step

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> Any:
        task = OwnedTask(coro, loop=self, name=name, context=context)
        task.owner = OWNER.get() if context is None else context.get(OWNER)
        self._made += 1
        task.number = self._made
        return task

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """There are no threads: done in the loop, a step later."""
        future = self.create_future()

        def done() -> None:
            try:
                found = func(*args)
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(found)

        self.call_soon(done)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self._is_closed:
            self.unhandled.append(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.call_exception_handler(context)

    def is_running(self) -> bool:
        return not self._is_closed

    def is_closed(self) -> bool:
        return self._is_closed

    def _close_generator(self, generator: Any) -> None:
        if not self._is_closed:
            self.create_task(generator.aclose())


def _is_of_a_task(step: Step) -> bool:
    return isinstance(getattr(step.callback, "__self__", None), asyncio.Task)


def run(main: Callable[[], Coroutine[Any, Any, Any]], seed: int, *, disorder: float = 0.3, tidies: bool = True) -> Any:
    """What `main` returns, run alone in a loop of its own; raises what it raises, or `SimulationError`.

    `tidies`: collects what died in it at once, so that nobody later has to hear of it; else whoever calls does.
    """
    loop = VirtualLoop(seed, disorder)
    state = random.getstate()
    try:
        random.seed(seed)
        with nothing_printed(), collected_by_hand() if tidies else contextlib.nullcontext():
            value = loop.run(main())
            if tidies:
                gc.collect()
    finally:
        random.setstate(state)
    for context in loop.unhandled:
        raise SimulationError(str(context.get("message"))) from context.get("exception")
    return value


@contextlib.contextmanager
def collected_by_hand() -> Iterator[None]:
    """Cycles are collected when somebody says so: what closes then does so at the same step each time. What was there
    before is not looked through again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def nothing_printed() -> Iterator[None]:
    """What Python says of connections and coroutines that died with their process is no news here."""
    hook, pools = sys.unraisablehook, logging.getLogger("sqlalchemy.pool")
    sys.unraisablehook, level = lambda _: None, pools.level
    pools.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = hook
        pools.setLevel(level)


def tasks_of(owner: Owner | None, loop: asyncio.AbstractEventLoop) -> list[OwnedTask]:
    """Everything that an owner, or nobody, has begun and not ended."""
    return [task for task in asyncio.all_tasks(loop) if isinstance(task, OwnedTask) and task.owner is owner]


def again(steps: list[Step]) -> None:
    """Steps that were held back are due, in their order."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.again(steps)


def now_s() -> float:
    """Virtual seconds since the beginning."""
    return asyncio.get_running_loop().time()
