"""The wall clock counts the milliseconds since 1970 UTC; the steady one goes on from there, whoever sets it."""

import time
from datetime import UTC, datetime

import pytest

from mtf_adapters.local import SteadyClock, WallClock
from mtf_core.market import to_ms


def test_the_wall_clock_tells_milliseconds_of_utc() -> None:
    before = to_ms(datetime.now(UTC))
    now_ms = WallClock().now_ms()
    assert before <= now_ms <= to_ms(datetime.now(UTC))


def test_a_steady_clock_does_not_follow_a_wall_clock_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    steady = SteadyClock()
    before = steady.now_ms()
    assert abs(before - WallClock().now_ms()) < 1000
    ahead_ns = time.time_ns() + 90_000 * 1_000_000
    monkeypatch.setattr(time, "time_ns", lambda: ahead_ns)
    assert WallClock().now_ms() - before >= 90_000
    assert before <= steady.now_ms() < before + 10_000
