"""Bars of any length, and those that are still forming."""

from __future__ import annotations

import pytest

from mtf_adapters.sandbox.bars import Bar, FormingBars, bar_open, closed_bars
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import MINUTE_MS, Candles, Timeframe, parse_instant, to_ms

AT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
SYMBOL = "BTCUSDT"
MARKET = GeneratedMarket(1, 5)


def shown(candles: Candles) -> list[Bar]:
    columns = (candles.open_ms, candles.open, candles.high, candles.low, candles.close, candles.volume)
    return [Bar(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@pytest.mark.parametrize("timeframe", Timeframe)
def test_bars_of_a_length_that_the_market_knows_are_its_candles(timeframe: Timeframe):
    last = timeframe.last_closed_open(AT_MS)
    first = last - 5 * timeframe.ms
    bars = closed_bars(MARKET, SYMBOL, timeframe.minutes, first, last, AT_MS)
    assert bars == shown(MARKET.candles(SYMBOL, timeframe, first, last, AT_MS))


@pytest.mark.parametrize(("minutes", "part"), [(3, Timeframe.M1), (30, Timeframe.M15), (360, Timeframe.H1)])
def test_other_lengths_are_joined_of_their_parts(minutes: int, part: Timeframe):
    opened = bar_open(minutes, AT_MS) - minutes * MINUTE_MS
    (bar,) = closed_bars(MARKET, SYMBOL, minutes, opened, opened, AT_MS)
    parts = MARKET.candles(SYMBOL, part, opened, opened + minutes * MINUTE_MS - part.ms, AT_MS)
    assert (bar.open, bar.close) == (parts.open[0], parts.close[-1])
    assert (bar.high, bar.low, bar.volume) == (parts.high.max(), parts.low.min(), parts.volume.sum())


def test_a_bar_that_is_not_closed_is_not_among_the_closed_ones():
    assert closed_bars(MARKET, SYMBOL, 30, AT_MS - 3_600_000, AT_MS, AT_MS)[-1].open_ms == AT_MS - 50 * MINUTE_MS


@pytest.mark.parametrize("minutes", [1, 3, 60, 1440, 10080])
def test_a_forming_bar_ends_as_the_bar_that_closes(minutes: int):
    """What is seen of it lies within what it will have been, its open is the same, and its volume only grows."""
    forming = FormingBars(MARKET)
    opened = bar_open(minutes, AT_MS + 1)
    closes = opened + minutes * MINUTE_MS
    (whole,) = closed_bars(MARKET, SYMBOL, minutes, opened, opened, closes)
    seen = [forming.bar(SYMBOL, minutes, closes - 60_000 + second * 1000) for second in range(1, 60)]
    bars = [bar for bar in seen if bar is not None]
    assert len(bars) == 59
    assert {(bar.open_ms, bar.open) for bar in bars} == {(opened, whole.open)}
    assert all(whole.low <= bar.low <= bar.close <= bar.high <= whole.high for bar in bars)
    volumes = [bar.volume for bar in bars]
    assert volumes == sorted(volumes)
    assert volumes[-1] <= whole.volume


@pytest.mark.parametrize(("minutes", "hours"), [(1440, {16}), (360, {4, 10, 16, 22}), (10080, {16})])
def test_bars_may_open_by_another_clock(minutes: int, hours: set[int]):
    """By that of UTC+8 eight hours before the day of UTC begins; a week on what is Sunday evening in UTC."""
    east, length = 8 * 60, minutes * MINUTE_MS
    bars = closed_bars(MARKET, SYMBOL, minutes, AT_MS - 30 * length, AT_MS, AT_MS, east)
    assert {bar.open_ms % (24 * 60 * MINUTE_MS) // (60 * MINUTE_MS) for bar in bars} == hours
    first, last = bars[-2].open_ms, bars[-1].open_ms
    parts = MARKET.candles(SYMBOL, Timeframe.M15, first, last - Timeframe.M15.ms, AT_MS)
    assert (bars[-2].open, bars[-2].close) == (parts.open[0], parts.close[-1])
    assert (bars[-2].high, bars[-2].low, bars[-2].volume) == (parts.high.max(), parts.low.min(), parts.volume.sum())
    forming = FormingBars(MARKET).bar(SYMBOL, minutes, AT_MS + 1000, east)
    assert forming is not None
    assert forming.open_ms == last + length


def test_in_the_instant_at_which_it_opens_there_is_no_bar_yet():
    assert FormingBars(MARKET).bar(SYMBOL, 1, AT_MS) is None


def test_a_market_of_five_minutes_makes_no_bars_of_one():
    opens = [AT_MS + 300_000 * number for number in range(-100, 10)]
    prices = [[100.0] * len(opens), [101.0] * len(opens), [99.0] * len(opens), [100.0] * len(opens)]
    market = CandleFileMarket({SYMBOL: Candles.checked(Timeframe.M5, opens, *prices, [600.0] * len(opens))})
    now_ms = AT_MS + 150_000
    forming = FormingBars(market)
    assert forming.bar(SYMBOL, 1, now_ms) is None
    assert closed_bars(market, SYMBOL, 1, AT_MS - 600_000, AT_MS, now_ms) == []
    bar = forming.bar(SYMBOL, 15, now_ms)
    assert bar is not None
    assert (bar.open_ms, bar.volume) == (bar_open(15, now_ms), 600.0 + 300.0)


def test_weeks_begin_on_monday():
    assert bar_open(10080, AT_MS) == to_ms(parse_instant("2026-02-02T00:00Z"))
