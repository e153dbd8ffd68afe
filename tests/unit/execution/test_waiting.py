"""Waiting for what may hang: no longer than it is worth, one call at a time. In virtual time."""

from __future__ import annotations

import asyncio

import pytest

from mtf_core.execution.side_jobs import SideJobs
from mtf_core.execution.waiting import Patience, within
from mtf_core.ports import StoreUnavailableError
from tests.unit.virtual_time import in_time


async def answering(value: int, after_s: float) -> int:
    await asyncio.sleep(after_s)
    return value


async def failing() -> int:
    raise StoreUnavailableError("away")


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_a_call_that_answers_in_time_is_what_it_gave_or_raised() -> None:
    async def story() -> None:
        patience = Patience[int]()
        assert await patience.result_of(answering(7, 0.2), 250) == 7
        assert now_s() == 0.2
        with pytest.raises(StoreUnavailableError):
            await patience.result_of(failing(), 250)
        assert await patience.result_of(answering(8, 0), 250) == 8

    in_time(story())


def test_while_a_call_hangs_no_other_is_made_and_its_answer_counts() -> None:
    async def story() -> None:
        patience, made = Patience[int](), []

        async def made_of(value: int, after_s: float) -> int:
            made.append(value)
            return await answering(value, after_s)

        assert await patience.result_of(made_of(1, 1.0), 250) is None
        assert now_s() == 0.25
        assert await patience.result_of(made_of(2, 0), 250) is None
        assert await patience.result_of(made_of(3, 0), 1000) == 1
        assert (now_s(), made) == (1.0, [1])
        assert await patience.result_of(made_of(4, 0), 1000) == 4

    in_time(story())


def test_a_read_that_hangs_for_too_long_is_broken_off_and_made_anew() -> None:
    async def story() -> None:
        patience = Patience[int](longest_ms=1000)
        assert await patience.result_of(answering(1, 99), 999) is None
        assert await patience.result_of(answering(2, 0), 1) is None, "not yet"
        assert await patience.result_of(answering(3, 0), 250) == 3
        assert now_s() == 1.0

    in_time(story())


def test_what_hangs_is_broken_off_at_the_end() -> None:
    async def story() -> None:
        patience, ended = Patience[int](), []

        async def hangs() -> int:
            try:
                return await answering(1, 99)
            finally:
                ended.append(True)

        await patience.result_of(hangs(), 10)
        await patience.end()
        await patience.end()
        assert (ended, now_s()) == ([True], 0.01)

    in_time(story())


def test_side_jobs_are_waited_for_no_longer_than_given_and_broken_off_at_the_end() -> None:
    async def story() -> None:
        jobs, done = SideJobs(), []

        async def job(number: int, after_s: float) -> None:
            await asyncio.sleep(after_s)
            done.append(number)

        await jobs.settle(250)
        jobs.begin(job(1, 0.1))
        jobs.begin(job(2, 99))
        await jobs.settle(250)
        assert (done, now_s()) == ([1], 0.25)
        await jobs.end()
        await asyncio.sleep(100)
        assert done == [1]

    in_time(story())


def test_a_read_that_does_not_answer_in_time_is_broken_off_and_nobody_waits_until_it_has() -> None:
    ended_s = []

    async def slow_to_break_off() -> int:
        try:
            return await answering(1, 99)
        finally:
            await asyncio.sleep(10)
            ended_s.append(now_s())

    async def story() -> None:
        assert await within(answering(7, 0.2), 250) == 7
        with pytest.raises(StoreUnavailableError):
            await within(failing(), 250)
        assert await within(slow_to_break_off(), 250) is None
        assert now_s() == pytest.approx(0.45)
        await asyncio.sleep(11)
        assert ended_s == [pytest.approx(10.45)]

    assert in_time(story()) == []


def test_a_read_whose_caller_is_broken_off_is_broken_off_as_well() -> None:
    ended = []

    async def read() -> int:
        try:
            return await answering(1, 99)
        finally:
            ended.append(True)

    async def story() -> None:
        caller = asyncio.ensure_future(within(read(), 5000))
        await asyncio.sleep(1)
        caller.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert ended == [True]

    assert in_time(story()) == []


def test_a_fault_of_this_program_in_a_side_job_is_told_and_what_fails_outside_is_dropped() -> None:
    async def breaks() -> None:
        raise ValueError("a fault of ours")

    async def story() -> None:
        jobs = SideJobs()
        jobs.begin(failing())
        jobs.begin(breaks())
        await jobs.settle(250)
        await asyncio.sleep(0)

    (told,) = in_time(story())
    assert str(told["exception"]) == "a fault of ours"


def test_no_more_side_jobs_are_begun_than_can_be_borne() -> None:
    async def story() -> None:
        jobs, begun = SideJobs(), []

        async def job() -> None:
            begun.append(True)
            await asyncio.sleep(99)

        for _ in range(250):
            jobs.begin(job())
        await jobs.settle(1)
        assert len(begun) == 200
        await jobs.end()

    in_time(story())
