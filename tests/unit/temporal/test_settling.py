"""A scheduled run, whatever is lost while it is asked for: at most one run of its minute. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from attrs import define, field

from mtf_core.ports import Progress, no_progress
from mtf_core.records.json import JsonObject
from mtf_entrypoints.temporal.answers import (
    Absent,
    Answer,
    BrokenOff,
    Finished,
    Held,
    InProgress,
    Refused,
    Unavailable,
    Unknown,
)
from mtf_entrypoints.temporal.settling import Job, JobFailedError, Ran, Settling, Skipped
from tests.simulation.virtual import VirtualLoop
from tests.unit.temporal.reports import report

MINUTE_MS = 1_770_000_000_000
DONE = Finished(report())


@define
class Service:
    """Answers in an order, and notes what it was asked."""

    runs: list[Answer]
    looks: list[Answer] = field(factory=list)
    asked: list[str] = field(factory=list)

    async def run(self, document: JsonObject, key: str, progress: Progress) -> Answer:
        self.asked.append("run")
        return self.runs.pop(0)

    async def of_key(self, key: str) -> Answer:
        self.asked.append("look")
        return self.looks.pop(0)


def settled(service: Service, *, late_s: float = 3.0, is_first: bool = True) -> tuple[Ran | Skipped | str, float]:
    """What came of it, or the code of its failure; and how many seconds later."""
    loop, came = VirtualLoop(1, 0.0), list[Ran | Skipped | str]()

    async def story() -> None:
        def now_ms() -> int:
            return MINUTE_MS + round((late_s + asyncio.get_running_loop().time()) * 1000)

        job = Job({"profile": "regular"}, "mtf-run-regular@a", MINUTE_MS, 45.0)
        try:
            came.append(await Settling(service, job, now_ms, asyncio.sleep, no_progress).outcome(is_first=is_first))
        except JobFailedError as failed:
            came.append(failed.code)

    loop.run(story())
    assert not service.runs
    assert not service.looks
    return came[0], loop.time()


def test_a_run_that_ends_is_the_outcome() -> None:
    service = Service([DONE])
    assert settled(service) == (Ran(DONE.report), 0.0)
    assert service.asked == ["run"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Refused("422 profile"), "refused"),
        (BrokenOff("1" * 32, "it ended without a report"), "run_broken_off"),
    ],
)
def test_what_would_be_refused_again_fails_at_once(answer: Answer, code: str) -> None:
    assert settled(Service([answer])) == (code, 0.0)


def test_another_run_of_the_profile_is_no_failure() -> None:
    assert settled(Service([Held("another run")])) == (Skipped("run_lock_held", "another run"), 0.0)


def test_a_minute_that_is_too_old_is_not_run() -> None:
    service = Service([])
    assert settled(service, late_s=45.5) == (
        Skipped("stale_minute", "it was due 46 s ago, allowed are 45 s"),
        0.0,
    )
    assert service.asked == []


def test_a_minute_that_somebody_asked_for_before_is_looked_up_however_old_it_is() -> None:
    service = Service([], [DONE])
    assert settled(service, late_s=300, is_first=False) == (Ran(DONE.report), 0.0)
    assert service.asked == ["look"]


def test_one_that_nobody_began_before_its_worker_died_is_run_while_the_minute_is_young() -> None:
    service = Service([DONE], [Absent()])
    assert settled(service, is_first=False) == (Ran(DONE.report), 0.0)
    assert service.asked == ["look", "run"]


def test_a_run_that_goes_on_elsewhere_is_waited_for() -> None:
    service = Service([InProgress("1" * 32)], [InProgress("1" * 32), DONE])
    assert settled(service) == (Ran(DONE.report), 4.0)
    assert service.asked == ["run", "look", "look"]


def test_where_nothing_was_done_it_is_asked_three_times() -> None:
    service = Service([Unavailable("503"), Unavailable("503"), DONE])
    assert settled(service) == (Ran(DONE.report), 6.0)
    assert settled(Service([Unavailable("503")] * 3)) == ("unavailable", 6.0)


def test_it_is_not_asked_again_once_the_minute_is_too_old() -> None:
    came, _ = settled(Service([Unavailable("503"), Unavailable("503")]), late_s=41)
    assert isinstance(came, Skipped)
    assert came.code == "stale_minute"


def test_an_answer_that_was_lost_is_looked_up_before_anything_else() -> None:
    service = Service([Unknown("ReadError")], [DONE])
    assert settled(service) == (Ran(DONE.report), 0.0)
    assert service.asked == ["run", "look"]


def test_what_was_lost_on_its_way_is_asked_once_more_and_no_third_time() -> None:
    service = Service([Unknown("ReadError"), DONE], [Absent()])
    assert settled(service) == (Ran(DONE.report), 0.0)
    assert service.asked == ["run", "look", "run"]
    assert settled(Service([Unknown("ReadError")] * 2, [Absent()] * 2)) == ("unknown_outcome", 0.0)


@pytest.mark.parametrize("answer", [Unknown, Unavailable])
def test_nothing_is_asked_again_while_nobody_can_say_what_came_of_it(answer: Callable[[str], Answer]) -> None:
    service = Service([Unknown("ReadError")], [answer("away")] * 3)
    assert settled(service) == ("unknown_outcome", 14.0)
    assert service.asked == ["run", "look", "look", "look"]
