"""A process whose waits go by a world's clock."""

import asyncio
from time import monotonic

from mtf_adapters.sandbox.world_clock import FlowingClock, SteppedClock
from mtf_adapters.sandbox.world_loop import WorldLoop, pass_time

START_MS = 1_770_000_000_000


def test_a_pause_of_an_hour_passes_when_the_clock_is_moved_by_an_hour() -> None:
    clock, woken = SteppedClock(START_MS), []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((seconds, clock.now_ms() - START_MS))

    async def hour() -> None:
        async with asyncio.TaskGroup() as group:
            for seconds in (3600, 1, 90):
                group.create_task(sleeper(seconds))
            await asyncio.sleep(0)
            await pass_time(clock, 3_600_000)

    began = monotonic()
    with asyncio.Runner(loop_factory=lambda: WorldLoop(clock)) as runner:
        runner.run(hour())
    assert woken == [(1, 1000), (90, 90_000), (3600, 3_600_000)], "each at its own time"
    assert monotonic() - began < 5


def test_nothing_lasts_too_long_while_the_clock_stands() -> None:
    """What a slow machine does not get done in time, it gets done: limits of patience go by the world's time."""
    clock = SteppedClock(START_MS)

    async def patient() -> str:
        slow = asyncio.to_thread(lambda: _wait_really(0.05))
        return await asyncio.wait_for(slow, timeout=0.01)

    with asyncio.Runner(loop_factory=lambda: WorldLoop(clock)) as runner:
        assert runner.run(patient()) == "done"


def test_a_flowing_clock_hurries_the_process() -> None:
    clock = FlowingClock(START_MS, speed=600)

    async def minute() -> None:
        await asyncio.sleep(60)

    began = monotonic()
    with asyncio.Runner(loop_factory=lambda: WorldLoop(clock)) as runner:
        runner.run(minute())
    assert 0.09 < monotonic() - began < 2
    assert clock.now_ms() - START_MS >= 60_000


def _wait_really(seconds: float) -> str:
    until = monotonic() + seconds
    while monotonic() < until:
        pass
    return "done"
