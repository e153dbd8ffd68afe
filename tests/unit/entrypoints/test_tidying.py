"""A process that stays gives memory back now and then; one that ends soon need not."""

from __future__ import annotations

import asyncio

from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import Settings


class Tidied:
    """Pauses that end when the test says so, and how often memory was given back."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.times = 0
        self.begun, self.over = asyncio.Event(), asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.begun.set()
        await self.over.wait()
        self.over.clear()

    def give_back(self) -> None:
        self.times += 1


async def test_a_process_that_stays_gives_memory_back_again_and_again_until_it_ends() -> None:
    tidied = Tidied()
    settings = Settings(database_url="memory", stays=True)
    async with opened(settings, sleep=tidied.sleep, give_memory_back=tidied.give_back):
        for times in range(3):
            await tidied.begun.wait()
            assert tidied.times == times
            tidied.begun.clear()
            tidied.over.set()
    assert set(tidied.pauses) == {600.0}
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_command_that_ends_gives_nothing_back() -> None:
    tidied = Tidied()
    async with opened(Settings(database_url="memory"), sleep=tidied.sleep, give_memory_back=tidied.give_back):
        await asyncio.sleep(0)
    assert tidied.pauses == []
