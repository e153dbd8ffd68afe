"""Trials of a search as an activity: computed in processes of their own, so that the worker stays awake.

A worker writes nothing down: the trial ledger is the business of the one who searches.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from attrs import define, field
from temporalio import activity
from temporalio.exceptions import ApplicationError

from mtf_adapters.archive import Archive, ArchiveError
from mtf_core.config_nodes import ConfigError
from mtf_core.search.data import data_of
from mtf_core.search.parameters import Parameters
from mtf_core.settings.digest import digest_of
from mtf_entrypoints.search.handing import OtherVersionError, Task, answers_from_json, answers_to_json, work_from_json
from mtf_entrypoints.search.pool import Answer, Asked, answered, end_with
from mtf_entrypoints.search.work import Workbench, cut, opened
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.alive import Stage, alive

_BEAT_S = 3.0
_MOST_ATTEMPTS = 5
"""Of a task that machines cannot do, before the one who searches is told."""
_KEPT = 2
"""Searches whose markets a process keeps open."""


class NotHereError(Exception):
    """This machine cannot do it: it has other candles, or another version of the program."""


@define(eq=False)
class SearchActivities:
    """The method is registered under the name of `names`."""

    archive: Archive
    cache: Path
    """Where READY minutes that trials share are kept; it may be deleted at any time."""
    make_pool: Callable[[], ProcessPoolExecutor] = field(repr=False)
    pool: ProcessPoolExecutor = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.pool = self.make_pool()

    @classmethod
    @contextmanager
    def working(cls, archive: Archive, cache: Path, jobs: int) -> Iterator[SearchActivities]:
        """With so many processes, which end with this one, however it ends."""
        context = get_context("spawn")
        theirs, ours = context.Pipe(duplex=False)
        activities = cls(archive, cache, lambda: ProcessPoolExecutor(jobs, context, end_with, (theirs,)))
        try:
            yield activities
        finally:
            ours.close()
            activities.pool.shutdown(wait=True, cancel_futures=True)
            theirs.close()

    @activity.defn(name=names.SEARCH_ACTIVITY)
    async def search_task(self, document: dict[str, Any]) -> dict[str, Any]:
        """What came of each trial. A sign of life carries what had ended: another worker goes on from there."""
        task, done = Task.from_json(document), _carried_over()
        stage = Stage(answers_to_json(list(done.items())))
        async with alive(stage, _BEAT_S):
            for one in task.asked:
                if one.key not in done:
                    done[one.key] = await self._answered(task, one)
                stage.words = answers_to_json(list(done.items()))
        return answers_to_json([(one.key, done[one.key]) for one in task.asked])

    async def _answered(self, task: Task, one: Asked) -> Answer:
        pool, where = self.pool, (task.work, task.data, str(self.archive.root), str(self.cache))
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, _tried, *where, dict(one.parameters))
        except NotHereError as error:
            # Another machine may have what this one lacks; the one who searches is told if none has.
            is_last = activity.info().attempt >= _MOST_ATTEMPTS
            raise ApplicationError(str(error), type="not_here", non_retryable=is_last) from None
        except BrokenProcessPool:
            if self.pool is pool:
                self.pool = self.make_pool()
            raise ApplicationError("a process of the worker ended in the middle of a trial", type="died") from None

    @property
    def all(self) -> tuple[Any, ...]:
        return (self.search_task,)


def _carried_over() -> dict[str, Answer]:
    """What an earlier attempt had ended, by its last sign of life."""
    details = activity.info().heartbeat_details
    return answers_from_json(details[0]) if details and "answers" in details[0] else {}


_BENCHES: OrderedDict[str, Workbench] = OrderedDict()


def _tried(work: Mapping[str, Any], data: str, archive: str, cache: str, parameters: Parameters) -> Answer:
    """Of a process of the pool: one trial; what it opened for the one before stays open."""
    name = digest_of({"work": work, "data": data})
    if name not in _BENCHES:
        try:
            _BENCHES[name] = _bench(work, data, Archive(Path(archive)), Path(cache) / name[:16])
        except (ArchiveError, ConfigError, OtherVersionError) as error:
            raise NotHereError(f"{type(error).__name__}: {error}") from None
        while len(_BENCHES) > _KEPT:
            _BENCHES.popitem(last=False)
    return answered(_BENCHES[name], parameters)


def _bench(work: Mapping[str, Any], data: str, archive: Archive, cache: Path) -> Workbench:
    own = work_from_json(work, archive, cache)
    found = data_of([cut(market, own.windows.search) for market in opened(own)], own.windows.search)
    if found.digest != data:
        raise NotHereError(f"the archive {archive.root} has other candles than the search was begun with")
    return Workbench(own)
