"""asyncio in virtual time, with an order of steps that a seed draws. Nothing else here knows detangle.

Same seed, same program: same steps, to the last one. Time passes only when nobody can do anything, so an hour of
waiting costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import sys
import warnings
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import detangle
from detangle import SimConfig, SimLoop
from detangle.strategies import Strategy

_MOST_STEPS = 2_000_000_000


class _Drawn(Strategy):
    """Mostly the oldest first, as asyncio has it; now and then somebody else goes before."""

    name = "drawn"

    def __init__(self, seed: int, disorder: float) -> None:
        self._random = random.Random(f"order of steps {seed}")
        self._disorder = disorder

    def schedule(self, lanes: Any) -> int:
        if self._random.random() >= self._disorder:
            return 0
        return self._random.randrange(len(lanes))


class _Forgetful(list[Any]):
    """Decisions need not be kept: the seed says them all."""

    def append(self, _: Any) -> None:
        pass


class SimulationError(Exception):
    """The simulated program, or the simulation, broke."""


def run(
    main: Callable[[], Coroutine[Any, Any, Any]],
    seed: int,
    *,
    disorder: float = 0.3,
    task_factory: Callable[..., asyncio.Task[Any]] | None = None,
    tidies: bool = True,
) -> Any:
    """What `main` returns, run alone in a loop of its own; raises what it raises, or `SimulationError`.

    `tidies`: collects what died in it at once, so that nobody later has to hear of it.
    """

    loops: list[SimLoop] = []

    def prepared(loop: SimLoop) -> None:
        loops.append(loop)
        loop.decisions = _Forgetful()
        loop.set_task_factory(task_factory)

    config = SimConfig(max_steps=_MOST_STEPS, fail_on_unobserved=False, fail_on_callback_error=False)
    state = random.getstate()
    try:
        random.seed(seed)
        with nothing_printed():
            ran = detangle.execute(main, config=config, strategy=_Drawn(seed, disorder), setup=prepared)
            if tidies:
                gc.collect()
    finally:
        random.setstate(state)
    if ran.failure is None:
        for context in loops[0].unhandled:
            if "asyncgen" not in context:  # one of a process that died cannot be closed: nobody would have
                raise SimulationError(str(context.get("message"))) from context.get("exception")
        return ran.value
    if ran.failure.exception is not None and ran.failure.kind == "exception":
        raise ran.failure.exception
    raise SimulationError(ran.failure.message) from ran.failure.exception


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


def forget_finished() -> None:
    """The loop keeps every task that ever was; a long episode calls this now and then."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    done = [task for task in loop.tasks if task.done()]
    if len(done) < 256:
        return
    loop.tasks[:] = [task for task in loop.tasks if not task.done()]
    for task in done:
        loop.task_info.pop(task, None)
        loop._task_lanes.pop(task, None)


def now_s() -> float:
    """Virtual seconds since the beginning."""
    return asyncio.get_running_loop().time()
