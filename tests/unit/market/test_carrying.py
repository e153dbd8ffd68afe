"""Candles without trades: filled with the close before them where that is asked for, and built as exchanges do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from mtf_core.market import COLUMNS, MINUTE_MS, Candles, CandleStack, Timeframe
from tests.market_strategies import START_MS, candle_series, walk, without


@given(candle_series(most=40))
def test_carried_candles_have_no_gap_and_what_was_there_is_untouched(candles: Candles) -> None:
    filled = candles.carried()
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
    built = candles.aggregated(Timeframe.M15, every_part=False)
    whole = candles.aggregated(Timeframe.M15)
    assert set(whole.open_ms.tolist()) <= set(built.open_ms.tolist())
    for at, open_ms in enumerate(built.open_ms.tolist()):
        parts = candles.between(open_ms, open_ms + Timeframe.M15.ms - 1)
        assert open_ms >= candles.open_ms[0]
        assert open_ms + Timeframe.M15.ms <= candles.end_ms
        assert (built.open[at], built.close[at]) == (parts.open[0], parts.close[-1])
        assert (built.high[at], built.low[at]) == (parts.high.max(), parts.low.min())
        assert built.volume[at] == pytest.approx(parts.volume.sum(), rel=1e-12)


def test_without_holes_both_ways_build_the_same_bits() -> None:
    candles = walk(Timeframe.M1, 3000, 5)
    for timeframe in (Timeframe.M5, Timeframe.H1, Timeframe.H4, Timeframe.D1):
        built, whole = candles.aggregated(timeframe, every_part=False), candles.aggregated(timeframe)
        for name in ("open_ms", *COLUMNS):
            assert np.array_equal(getattr(built, name), getattr(whole, name))


def test_a_stack_fills_between_candles_only_and_counts_what_it_filled() -> None:
    """What is missing at an end may still come: it stays missing."""
    series = {"A": without(walk(Timeframe.M1, 10, 1), [0, 4, 5, 9]), "B": walk(Timeframe.M1, 10, 2)}
    last = START_MS + 9 * MINUTE_MS
    stack = CandleStack.of_window(Timeframe.M1, series, START_MS, last, carry=True)
    assert stack.carried == (2, 0)
    assert np.isnan(stack.close[0]).tolist() == [True, *[False] * 8, True]
    assert stack.segments == (((1, 9),), ((0, 10),))
    assert stack.rows(["B"]).carried == (0,)
    assert CandleStack.of_window(Timeframe.M1, series, START_MS, last).carried == ()
