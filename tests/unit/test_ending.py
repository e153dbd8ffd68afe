"""Tasks that are cancelled end, also those that take a cancellation for something else. In virtual time."""

from __future__ import annotations

import asyncio

import pytest

from mtf_core.ending import ended
from tests.unit.virtual_time import in_time


def test_a_loop_ends_that_lost_its_first_cancellation() -> None:
    async def for_ever(turns: list[str]) -> None:
        lost = False
        while True:
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost = True
            turns.append("turn")

    async def story() -> None:
        turns: list[str] = []
        task = asyncio.ensure_future(for_ever(turns))
        await asyncio.sleep(0.25)
        assert len(turns) == 2
        await ended(task)
        assert task.cancelled()
        assert asyncio.get_running_loop().time() == pytest.approx(3.25)

    assert in_time(story()) == []


def test_what_a_task_does_at_its_end_is_not_cut_off_and_what_it_raises_there_is_nobodys_business() -> None:
    done = []

    async def tidies_up() -> None:
        try:
            await asyncio.sleep(99)
        finally:
            await asyncio.sleep(2)
            done.append("tidied up")
            raise ValueError("at its end")

    async def story() -> None:
        task = asyncio.ensure_future(tidies_up())
        over = asyncio.ensure_future(asyncio.sleep(0))
        await asyncio.sleep(0.1)
        await ended(task, over)
        assert done == ["tidied up"]

    assert in_time(story()) == []


def test_nothing_to_end_takes_no_time() -> None:
    async def story() -> None:
        await ended()
        assert asyncio.get_running_loop().time() == 0.0

    assert in_time(story()) == []
