"""The wall clock counts the milliseconds since 1970 UTC."""

from datetime import UTC, datetime

from mtf_adapters.local import WallClock
from mtf_core.market import to_ms


def test_the_wall_clock_tells_milliseconds_of_utc() -> None:
    before = to_ms(datetime.now(UTC))
    now_ms = WallClock().now_ms()
    assert before <= now_ms <= to_ms(datetime.now(UTC))
