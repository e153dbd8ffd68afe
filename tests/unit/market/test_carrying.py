"""Candles without trades: filled with the close before them where that is asked for, and built as exchanges do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import COLUMNS, MINUTE_MS, Candles, CandleStack, Timeframe
from tests.market_strategies import START_MS, candle_series, walk, without

MOST = 1440
"""Minutes; no hole of the candles here is longer."""


@given(candle_series(most=40))
def test_carried_candles_have_no_gap_and_what_was_there_is_untouched(candles: Candles) -> None:
    filled = candles.carried(sum(gap.count for gap in candles.gaps()) * candles.timeframe.minutes)
    assert filled.gaps() == ()
    assert (filled.open_ms[0], filled.end_ms) == (candles.open_ms[0], candles.end_ms)
    there = np.isin(filled.open_ms, candles.open_ms)
    for name in COLUMNS:
        assert np.array_equal(getattr(filled, name)[there], getattr(candles, name))
    for at in np.flatnonzero(~there):
        before = filled.close[at - 1]
        assert [getattr(filled, name)[at] for name in COLUMNS] == [before, before, before, before, 0.0]


@given(candle_series(most=60))
def test_candles_of_the_parts_there_are_what_an_exchange_builds_from_its_trades(candles: Candles) -> None:
    built = candles.aggregated(Timeframe.M15, quiet_minutes=MOST)
    whole = candles.aggregated(Timeframe.M15)
    assert set(whole.open_ms.tolist()) <= set(built.open_ms.tolist())
    for at, open_ms in enumerate(built.open_ms.tolist()):
        parts = candles.between(open_ms, open_ms + Timeframe.M15.ms - 1)
        assert open_ms >= candles.open_ms[0]
        assert open_ms + Timeframe.M15.ms <= candles.end_ms
        assert (built.open[at], built.close[at]) == (parts.open[0], parts.close[-1])
        assert (built.high[at], built.low[at]) == (parts.high.max(), parts.low.min())
        assert built.volume[at] == pytest.approx(parts.volume.sum(), rel=1e-12)


@given(candle_series(most=60), st.integers(1, 40))
def test_a_hole_stays_where_it_is_longer_than_what_may_be_quiet_and_only_there(candles: Candles, most: int) -> None:
    left = candles.carried(most).gaps()
    assert left == tuple(gap for gap in candles.gaps() if gap.count * candles.timeframe.minutes > most)


def test_a_quarter_of_an_hour_is_the_longest_hole_that_is_filled_unless_another_is_named() -> None:
    candles = walk(Timeframe.M1, 100, 1)
    quiet, halted = (without(candles, list(range(40, 40 + minutes))) for minutes in (15, 16))
    assert quiet.carried().gaps() == ()
    assert len(halted.carried()) == len(halted)
    assert halted.carried(16).gaps() == ()


@given(candle_series(most=60), st.integers(1, 20))
def test_a_candle_is_built_unless_a_part_of_it_lies_in_a_hole_that_is_too_long(candles: Candles, most: int) -> None:
    """What is left out is exactly what an outage touches: no filling of the built candles can bring it back."""
    every = candles.aggregated(Timeframe.M15, quiet_minutes=10**6)
    built = candles.aggregated(Timeframe.M15, quiet_minutes=most)
    outages = [gap for gap in candles.gaps() if gap.count * candles.timeframe.minutes > most]
    touched = {
        int(open_ms)
        for open_ms in every.open_ms
        if any(
            gap.first_open_ms < open_ms + Timeframe.M15.ms and open_ms < gap.last_open_ms + candles.timeframe.ms
            for gap in outages
        )
    }
    assert set(built.open_ms.tolist()) == set(every.open_ms.tolist()) - touched


def test_without_holes_both_ways_build_the_same_bits() -> None:
    candles = walk(Timeframe.M1, 3000, 5)
    for timeframe in (Timeframe.M5, Timeframe.H1, Timeframe.H4, Timeframe.D1):
        built, whole = candles.aggregated(timeframe, quiet_minutes=MOST), candles.aggregated(timeframe)
        for name in ("open_ms", *COLUMNS):
            assert np.array_equal(getattr(built, name), getattr(whole, name))


def test_a_stack_fills_between_candles_only_and_counts_what_it_filled() -> None:
    """What is missing at an end may still come: it stays missing."""
    series = {"A": without(walk(Timeframe.M1, 10, 1), [0, 4, 5, 9]), "B": walk(Timeframe.M1, 10, 2)}
    last = START_MS + 9 * MINUTE_MS
    stack = CandleStack.of_window(Timeframe.M1, series, START_MS, last, carry_ms=2 * MINUTE_MS)
    assert stack.carried == (2, 0)
    assert np.isnan(stack.close[0]).tolist() == [True, *[False] * 8, True]
    assert stack.segments == (((1, 9),), ((0, 10),))
    assert stack.rows(["B"]).carried == (0,)
    assert CandleStack.of_window(Timeframe.M1, series, START_MS, last).carried == ()
    assert CandleStack.of_window(Timeframe.M1, series, START_MS, last, carry_ms=MINUTE_MS).carried == (0, 0)
