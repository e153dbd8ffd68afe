"""Calls that may hang: how long they are waited for, and when they are made anew."""

from __future__ import annotations

import asyncio

import pytest

from mtf_core.execution.waiting import Patience
from tests.simulation import virtual


class Called:
    """A call that never answers, and what became of it."""

    def __init__(self) -> None:
        self.began = self.was_broken_off = False

    async def hangs(self) -> str:
        self.began = True
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_broken_off = True
            raise
        return "too late"


async def answers() -> str:
    return "an answer"


async def fails() -> str:
    await asyncio.sleep(1)
    raise ValueError("a fault")


def test_a_call_that_hangs_is_waited_for_and_no_other_is_begun_beside_it() -> None:
    async def work() -> None:
        patience, first, second = Patience[str](), Called(), Called()
        assert await patience.result_of(first.hangs(), 250) is None
        await asyncio.sleep(3600)
        assert await patience.result_of(second.hangs(), 250) is None
        assert (first.began, first.was_broken_off, second.began) == (True, False, False)
        await patience.end()
        assert first.was_broken_off

    virtual.run(work, seed=1)


def test_a_read_that_hangs_longer_than_it_may_is_made_anew() -> None:
    async def work() -> None:
        patience, first = Patience[str](longest_ms=2000), Called()
        assert await patience.result_of(first.hangs(), 250) is None
        assert await patience.result_of(answers(), 250) is None  # the first may answer yet
        await asyncio.sleep(1.5)
        assert await patience.result_of(answers(), 250) == "an answer"
        assert first.was_broken_off

    virtual.run(work, seed=1)


def test_what_a_call_raised_is_raised_to_whoever_waits_for_it() -> None:
    async def work() -> None:
        patience = Patience[str](longest_ms=2000)
        assert await patience.result_of(fails(), 250) is None
        with pytest.raises(ValueError, match="a fault"):
            await patience.result_of(answers(), 2000)
        assert await patience.result_of(answers(), 250) == "an answer"

    virtual.run(work, seed=1)
