"""When the next look begins. In virtual time, so that no test waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mtf_core.execution.waking import Waker
from mtf_core.ports import AccountEvent, Connected, Disconnected, ExchangeUnavailableError, PositionPushed
from tests.simulation.virtual import VirtualLoop


class Story:
    """A private stream that says what it is told to, each after so many seconds."""

    def __init__(self, *said: tuple[float, AccountEvent | Exception]) -> None:
        self._said = list(said)
        self.times_begun = 0

    async def account(self) -> AsyncIterator[AccountEvent]:
        self.times_begun += 1
        while self._said:
            after_s, event = self._said.pop(0)
            await asyncio.sleep(after_s)
            if isinstance(event, Exception):
                raise event
            yield event
        await asyncio.Event().wait()


def paused(
    again_ms: float, *, story: Story | None = None, stop_s: float | None = None, news_at: int = 0, tick_ms: float = 1000
) -> tuple[float, int]:
    """How long the pause took, in ms, and how often the store was asked for news; the `news_at`th time it had some."""
    asked = 0

    async def has_news() -> bool:
        nonlocal asked
        asked += 1
        return asked == news_at

    async def main() -> float:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        environment = SimpleNamespace(venue=SimpleNamespace(streams=story), sleep=asyncio.sleep)
        waker = Waker(cast(Any, SimpleNamespace(environment=environment)), stop)
        async with waker.listening():
            if stop_s is not None:
                loop.call_later(stop_s, stop.set)
            begun_s = loop.time()
            await waker.pause(again_ms, has_news, tick_ms)
            return loop.time() - begun_s

    took_s: float = VirtualLoop(1, 0.0).run(main())
    return round(took_s * 1000, 6), asked


def test_the_next_look_begins_when_it_is_due_and_the_store_is_asked_once_a_tick_until_then() -> None:
    assert paused(5000) == (5000, 4)
    assert paused(1000) == (1000, 0)
    assert paused(250) == (250, 0)
    assert paused(100) == (100, 0)
    assert paused(0) == (0, 0)


def test_news_in_the_store_begin_it_at_once() -> None:
    assert paused(5000, news_at=2) == (2250, 2)


@pytest.mark.parametrize("stop_s", [0.1, 0.25, 0.6])
def test_whoever_is_told_to_stop_waits_for_nothing(stop_s: float) -> None:
    took_ms, _ = paused(60_000, stop_s=stop_s, tick_ms=60_000)
    assert took_ms == stop_s * 1000


def test_what_the_exchange_pushes_begins_it_and_never_sooner_than_the_shortest_pause() -> None:
    pushed = PositionPushed("BTCUSDT", 1)
    assert paused(60_000, story=Story((0.7, pushed)), tick_ms=60_000) == (700, 0)
    assert paused(60_000, story=Story((0.01, pushed)), tick_ms=60_000) == (250, 0)
    assert paused(60_000, story=Story((0.7, Connected(1))), tick_ms=60_000) == (700, 0)
    assert paused(2000, story=Story((0.7, Disconnected(1, "gone"))), tick_ms=60_000) == (2000, 0), "nothing happened"


@pytest.mark.parametrize("fault", [ExchangeUnavailableError("gone"), ValueError("of another kind")])
def test_a_stream_that_fails_begins_a_look_and_is_begun_anew_a_second_later(fault: Exception) -> None:
    assert paused(60_000, story=Story((0.7, fault)), tick_ms=60_000) == (700, 0)
    story = Story((0.0, fault), (0.0, fault), (0.0, fault))

    async def heard() -> list[int]:
        environment = SimpleNamespace(venue=SimpleNamespace(streams=story), sleep=asyncio.sleep)
        waker, counts = Waker(cast(Any, SimpleNamespace(environment=environment)), asyncio.Event()), []
        async with waker.listening():
            for _ in range(3):
                await asyncio.sleep(0.9)
                counts.append(story.times_begun)
        return counts

    assert VirtualLoop(1, 0.0).run(heard()) == [1, 2, 3]
