"""A machine whose clock is wrong, on an exchange whose clock is right."""

from __future__ import annotations

import time

import pytest

from mtf_core.inquiry import check_health
from mtf_core.market import PositionMode, WriteResult
from mtf_entrypoints.container import opened
from tests.integration.bitmart.wire import UNHURRIED, settings_for
from tests.integration.faces.exchange import exchange


class WrongClock:
    """This machine's time, and some."""

    def __init__(self, off_ms: int) -> None:
        self._off_ms = off_ms

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._off_ms


@pytest.mark.parametrize("off_ms", [-90_000, 90_000])
async def test_a_clock_that_is_90_seconds_off_is_told_and_does_no_harm(off_ms: int) -> None:
    """Requests are dated by the exchange's time, which was measured; by the machine's each would be refused."""
    async with (
        exchange(UNHURRIED, flows=True) as served,
        opened(settings_for(served), wall_clock=WrongClock(off_ms)) as container,
    ):
        venue = container.venue()
        assert venue.trading is not None
        assert venue.skew is not None
        skew = venue.skew()
        assert skew is not None
        assert abs(skew.skew_ms + off_ms) <= 500 + skew.error_ms
        assert abs(venue.clock.now_ms() - served.sandbox.world.now_ms) <= 500
        assert (await venue.trading.set_position_mode(PositionMode.HEDGE)).is_done
        health = {check.name: check for check in await check_health(container.environment())}
    assert health["exchange"].ok
    differs = int(health["exchange"].detail.rpartition("differs by ")[2].partition(" ms")[0])
    assert abs(differs + off_ms) <= 1000


async def test_a_clock_that_cannot_be_compared_leaves_signed_calls_to_the_exchange_s_judgement() -> None:
    script = f"{UNHURRIED}\nfaults: {{calls: [{{kind: server_error, on: time}}]}}"
    async with (
        exchange(script, flows=True) as served,
        opened(settings_for(served), wall_clock=WrongClock(90_000)) as container,
    ):
        venue = container.venue()
        assert venue.trading is not None
        assert venue.skew is not None
        assert venue.skew() is None
        outcome = await venue.trading.set_position_mode(PositionMode.HEDGE)
    assert outcome.result is WriteResult.CLOCK_SKEW
    assert outcome.result.nothing_exists
