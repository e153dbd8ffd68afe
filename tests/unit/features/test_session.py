"""The VWAP and the start of its day in a timezone."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.features.session import session_start_ms
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe, from_ms, to_ms
from tests.market_strategies import same_bits, walk, without

ZONES = ["UTC", "Europe/Paris", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu", "Asia/Beirut", "America/Havana"]
AROUND_SUMMER = to_ms(datetime(2024, 3, 30, tzinfo=UTC))
"""Paris moves its clocks on 2024-03-31 at 01:00Z, Beirut at its midnight of that day."""
AROUND_WINTER = to_ms(datetime(2024, 10, 26, tzinfo=UTC))


def local_day(instant_ms: int, zone: str) -> int:
    return from_ms(instant_ms).astimezone(ZoneInfo(zone)).date().toordinal()


def plain_vwap(candles: Candles, zone: str) -> list[float]:
    """Candle by candle; the day of a candle is the local date of its open. Missing until a day is seen to begin,
    and after a missing candle until the next day."""
    found = []
    money = volume = math.nan
    present = {int(open_ms): row for row, open_ms in enumerate(candles.open_ms)}
    step = candles.timeframe.ms
    for open_ms in range(int(candles.open_ms[0]), int(candles.open_ms[-1]) + step, step):
        if local_day(open_ms - step, zone) != local_day(open_ms, zone):
            money = volume = 0.0
        row = present.get(open_ms)
        if row is None:
            money = volume = math.nan
        else:
            typical = float(candles.high[row] + candles.low[row] + candles.close[row]) / 3
            money += typical * float(candles.volume[row])
            volume += float(candles.volume[row])
        found.append(money / volume if volume > 0 else math.nan)
    return found


def vwap(candles: Candles, zone: str, tail: int | None = None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    stack = CandleStack.of_series(candles, "T")
    return FeatureTable(stack, tail or stack.count, zone).feature("vwap")[0]  # type: ignore[return-value]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("start", [AROUND_SUMMER, AROUND_WINTER])
@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1])
def test_vwap_is_summed_from_the_first_candle_of_the_local_day(zone: str, start: int, timeframe: Timeframe) -> None:
    candles = walk(timeframe, 4 * 1440 // timeframe.minutes, 3, start_ms=start)
    expected = plain_vwap(candles, zone)
    assert np.allclose(vwap(candles, zone), expected, rtol=1e-9, atol=0, equal_nan=True)
    assert np.isfinite(expected).sum() > len(expected) // 2


@given(
    st.sampled_from(ZONES),
    st.sampled_from([Timeframe.M15, Timeframe.H1, Timeframe.H4]),
    st.integers(0, 200),
    st.integers(1, 250),
    st.lists(st.integers(0, 250), max_size=3),
    st.integers(1, 60),
)
def test_any_window_with_holes_is_summed_the_same_way(
    zone: str, timeframe: Timeframe, first: int, count: int, holes: list[int], tail: int
) -> None:
    """Windows that begin and end at any candle, also in the candle in which the local day turns."""
    candles = walk(timeframe, count, 4, start_ms=AROUND_SUMMER + first * timeframe.ms)
    if len({place for place in holes if place < count}) < count:
        candles = without(candles, holes)
    stack = CandleStack.of_series(candles, "T")
    tail = min(tail, stack.count)
    whole = vwap(candles, zone)
    assert np.allclose(whole, plain_vwap(candles, zone), rtol=1e-9, atol=0, equal_nan=True)
    assert same_bits(vwap(candles, zone, tail), whole[-tail:])


def test_zero_volume_at_the_start_of_a_day_is_missing_until_something_trades() -> None:
    candles = walk(Timeframe.H1, 30, 2)
    volume = candles.volume.copy()
    volume[24:26] = 0.0
    quiet = Candles.checked(
        Timeframe.H1, candles.open_ms, candles.open, candles.high, candles.low, candles.close, volume
    )
    values = vwap(quiet, "UTC")
    assert np.flatnonzero(np.isnan(values)).tolist() == [24, 25]
    assert values[26] == pytest.approx((quiet.high[26] + quiet.low[26] + quiet.close[26]) / 3, rel=1e-12)


@given(st.sampled_from(ZONES), st.integers(AROUND_SUMMER // 1000, AROUND_WINTER // 1000 + 300_000))
def test_a_day_begins_at_the_first_instant_of_its_local_date(zone: str, second: int) -> None:
    """At most an hour's leap from 24 hours before, and the millisecond before belongs to another date."""
    instant = second * 1000
    start = session_start_ms(instant, zone)
    assert start <= instant
    assert instant - start < 25 * 3_600_000
    assert local_day(start, zone) == local_day(instant, zone)
    assert local_day(start - 1, zone) != local_day(start, zone)


def test_the_day_on_which_paris_moves_its_clocks_has_23_hours() -> None:
    morning = to_ms(datetime(2024, 3, 31, 6, tzinfo=UTC))
    begin, end = session_start_ms(morning, "Europe/Paris"), session_start_ms(morning + 86_400_000, "Europe/Paris")
    assert (end - begin) / 3_600_000 == 23
