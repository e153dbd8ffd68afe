"""Trials on all cores: a process for each, which ends with the one that started it, however that ended."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol

from attrs import define, frozen

from mtf_core.search.parameters import Parameters
from mtf_core.search.trial import Refused, TrialResult
from mtf_entrypoints.search.work import SearchWork, Workbench

_MOST_BREAKS = 3


@frozen
class Asked:
    """A trial that is to be carried out; its row is in the ledger."""

    number: int
    parameters: Parameters
    key: str
    """Trials with one key give the same result."""


@frozen
class BrokeOff:
    """A trial that ended with an error that is none of the profile's."""

    why: str


Answer = TrialResult | Refused | BrokeOff


class Carrier(Protocol):
    """Carries out trials, some at once."""

    def carry(self, asked: Iterable[Asked]) -> Iterator[tuple[Asked, Answer]]:
        """What came of each, as they end. The next one is taken from `asked` when there is somebody free to do it."""
        ...


class CarryingError(Exception):
    """Trials cannot be carried out any more; what had ended is in the ledger. The message says what to do."""


class WorkersDiedError(CarryingError):
    """Processes of the search ended again and again."""


@define(eq=False)
class Here(Carrier):
    """In this process, one after the other."""

    bench: Workbench

    def carry(self, asked: Iterable[Asked]) -> Iterator[tuple[Asked, Answer]]:
        for one in asked:
            yield one, answered(self.bench, one.parameters)


@define(eq=False)
class OnAllCores(Carrier):
    """In fresh processes: what this one has open, a database for instance, is none of theirs."""

    work: SearchWork
    jobs: int

    def carry(self, asked: Iterable[Asked]) -> Iterator[tuple[Asked, Answer]]:
        waiting, again, breaks = iter(asked), list[Asked](), 0
        while True:
            try:
                yield from self._carried(waiting, again)
                return
            except BrokenProcessPool:
                # One was killed, by a machine without memory for instance; what was under way is done again.
                breaks += 1
                if breaks > _MOST_BREAKS:
                    raise WorkersDiedError(
                        f"processes of the search ended {breaks} times, killed perhaps for want of memory: "
                        "fewer --jobs need less; started again, it goes on where it was"
                    ) from None

    def _carried(self, waiting: Iterator[Asked], again: list[Asked]) -> Iterator[tuple[Asked, Answer]]:
        """`again` holds what is under way, so that it can be done again."""
        context = get_context("spawn")
        theirs, ours = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(self.jobs, context, _begin, (self.work, theirs))
        running: dict[Future[Answer], Asked] = {}
        try:
            for one in again:
                running[pool.submit(_answer, one.parameters)] = one
            while True:
                while len(running) < self.jobs and (new := next(waiting, None)) is not None:
                    again.append(new)
                    running[pool.submit(_answer, new.parameters)] = new
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    answer = future.result()
                    one = running.pop(future)
                    again.remove(one)
                    yield one, answer
        except BaseException:
            ours.close()  # tells them to end at once, in the middle of a trial too
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            ours.close()
            theirs.close()


_BENCHES: list[Workbench] = []


def _begin(work: SearchWork, end: Connection) -> None:
    """Of a fresh process."""
    end_with(end)
    _BENCHES.append(Workbench(work))


def end_with(end: Connection) -> None:
    """This process ends with the one that has the other end of the pipe, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches all processes of a terminal; the first one tells
    threading.Thread(target=_wait_for, args=(end,), daemon=True).start()


def _wait_for(end: Connection) -> None:
    try:
        end.recv()
    except (EOFError, OSError):
        os._exit(1)


def _answer(parameters: Parameters) -> Answer:
    return answered(_BENCHES[-1], parameters)


def answered(bench: Workbench, parameters: Parameters) -> Answer:
    """What came of a trial, whatever that is: one that breaks off must not end the others."""
    try:
        return bench.try_out(parameters)
    except Exception as error:
        return BrokeOff(f"{type(error).__name__}: {error}")
