"""Trials carried out by workers on other machines, task by task; for the one who searches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from math import ceil
from pathlib import Path

from attrs import define, field
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

from mtf_adapters.local.durable import replace_whole
from mtf_core.settings.digest import digest_of
from mtf_entrypoints.search.handing import Task, answers_from_json, answers_to_json, work_to_json
from mtf_entrypoints.search.pool import Answer, Asked, Carrier, CarryingError, answered
from mtf_entrypoints.search.preparing import PreparedSearch
from mtf_entrypoints.search.work import Workbench
from mtf_entrypoints.settings import TemporalOptions
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.connecting import TemporalUnavailableError, connected

_TASK_S = 30.0
"""A task lasts at least so long: below that, what a server does for it is no longer small beside it."""
_TASK_BYTES = 150_000
"""What came of a task, at most: a server warns of payloads from 256 KB on."""
_USUAL_TASKS = 16
_FILE = "tasks.json"


class SearchTaskError(CarryingError):
    """There is no server, or no worker could do a task; the message says what they said."""


@define(eq=False)
class OnManyMachines(Carrier):
    """A workflow for each task. It is called by what it does: asked for again, the one that goes on is waited for."""

    prepared: PreparedSearch
    options: TemporalOptions
    folder: Path
    """Where it is kept how many trials a task has, so that who goes on asks for the same tasks."""
    at_once: int | None = None
    per_task: int | None = None
    _work: dict[str, object] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._work = work_to_json(self.prepared.work)

    def carry(self, asked: Iterable[Asked]) -> Iterator[tuple[Asked, Answer]]:
        waiting = iter(asked)
        if self._known_size() is None:
            first = next(waiting, None)
            if first is None:
                return
            yield first, self._measured(first)
        loop = asyncio.new_event_loop()
        try:
            yield from self._carried(loop, waiting)
        except (RPCError, TemporalUnavailableError) as error:
            raise SearchTaskError(f"Temporal at {self.options.address}: {error}") from None
        finally:
            loop.close()

    def _carried(self, loop: asyncio.AbstractEventLoop, waiting: Iterator[Asked]) -> Iterator[tuple[Asked, Answer]]:
        size = self._known_size()
        assert size is not None
        batches = (tuple(group) for _, group in groupby(waiting, lambda one: one.number // size))
        running: dict[asyncio.Task[dict[str, Answer]], tuple[Asked, ...]] = {}
        client: Client | None = None
        try:
            while True:
                while len(running) < (self.at_once or _USUAL_TASKS) and (batch := next(batches, None)):
                    client = client or loop.run_until_complete(connected(self.options))
                    running[loop.create_task(self._done(client, batch))] = batch
                if not running:
                    return
                done, _ = loop.run_until_complete(asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))
                for task in done:
                    answers, batch = task.result(), running.pop(task)
                    for one in batch:
                        yield one, answers[one.key]
        finally:
            for task in running:  # what was asked for goes on; who searches again waits for it again
                task.cancel()
            if running:
                loop.run_until_complete(asyncio.wait(running))

    async def _done(self, client: Client, batch: tuple[Asked, ...]) -> dict[str, Answer]:
        handle = await self._asked(client, Task(work=self._work, data=self.prepared.data.digest, asked=batch))
        try:
            return answers_from_json(await handle.result())
        except WorkflowFailureError as error:
            cause: BaseException = error
            while cause.__cause__ is not None and not isinstance(cause, ApplicationError):
                cause = cause.__cause__
            raise SearchTaskError(f"no worker could do task {handle.id}: {cause}") from None

    async def _asked(self, client: Client, task: Task) -> WorkflowHandle[object, dict[str, object]]:
        name = f"mtf-search-{digest_of({'data': task.data, 'keys': [one.key for one in task.asked]})[:32]}"
        try:
            return await client.start_workflow(
                names.SEARCH_TASK,
                task.to_json(),
                id=name,
                task_queue=self.options.task_queue + names.SEARCH_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
        except WorkflowAlreadyStartedError:
            return client.get_workflow_handle(name)

    # How many trials a task has

    def _known_size(self) -> int | None:
        if self.per_task is None:
            with suppress(OSError, ValueError, KeyError):
                self.per_task = int(json.loads((self.folder / _FILE).read_bytes())["trials_per_task"])
        return self.per_task

    def _measured(self, one: Asked) -> Answer:
        """What came of a trial that was carried out here, to see how long one takes."""
        bench = Workbench(self.prepared.work)
        answered(bench, one.parameters)  # opens the markets, decides
        begun_s = time.monotonic()
        answer = answered(bench, one.parameters)
        lasted_s = max(time.monotonic() - begun_s, 0.001)
        size = len(json.dumps(answers_to_json([(one.key, answer)])))
        self.per_task = max(1, min(ceil(_TASK_S / lasted_s), _TASK_BYTES // size))
        replace_whole(self.folder / _FILE, json.dumps({"trials_per_task": self.per_task}).encode())
        return answer
