"""Higher candles built from lower ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import COLUMNS, Candles, Timeframe
from tests.market_strategies import START_MS, candle_series, walk, without

HIGHER = [Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1]

Row = tuple[int, float, float, float, float, float]


def naive(candles: Candles, timeframe: Timeframe) -> list[Row]:
    """One candle at a time, with plain numbers."""
    buckets: dict[int, list[int]] = {}
    for place, open_ms in enumerate(candles.open_ms.tolist()):
        buckets.setdefault(open_ms - open_ms % timeframe.ms, []).append(place)
    built = []
    for start, places in buckets.items():
        if len(places) * candles.timeframe.ms != timeframe.ms:
            continue
        built.append(
            (
                start,
                float(candles.open[places[0]]),
                max(float(candles.high[place]) for place in places),
                min(float(candles.low[place]) for place in places),
                float(candles.close[places[-1]]),
                summed([float(candles.volume[place]) for place in places], candles.timeframe, timeframe),
            )
        )
    return built


def summed(volumes: list[float], lower: Timeframe, higher: Timeframe) -> float:
    """Timeframe by timeframe: of an hour's minutes, every 5 make a sum, every 3 of these another, and so on."""
    for step in Timeframe:
        if lower.ms < step.ms <= higher.ms:
            parts, lower = step.ms // lower.ms, step
            volumes = [left_to_right(volumes[start : start + parts]) for start in range(0, len(volumes), parts)]
    (total,) = volumes
    return total


def left_to_right(numbers: list[float]) -> float:
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total


def rows(candles: Candles) -> list[Row]:
    return list(zip(candles.open_ms.tolist(), *(getattr(candles, name).tolist() for name in COLUMNS), strict=True))


@pytest.mark.parametrize("timeframe", HIGHER)
@pytest.mark.parametrize("first", [0, 1, 7, 239, 1439])
@pytest.mark.parametrize("holes", [[], [0], [3, 4], [700], [1500, 2999]])
def test_minutes_build_the_same_candles_as_a_plain_loop(timeframe: Timeframe, first: int, holes: list[int]) -> None:
    minutes = without(walk(Timeframe.M1, 3000, 11), holes)[first:]
    built = minutes.aggregated(timeframe)
    assert rows(built) == naive(minutes, timeframe)
    assert built.timeframe is timeframe


@given(candle_series(Timeframe.M15, most=120), st.sampled_from([Timeframe.H1, Timeframe.H4, Timeframe.D1]))
def test_any_series_builds_the_same_candles_as_a_plain_loop(candles: Candles, timeframe: Timeframe) -> None:
    assert rows(candles.aggregated(timeframe)) == naive(candles, timeframe)


@pytest.mark.parametrize("timeframe", HIGHER)
def test_a_built_candle_is_the_same_bits_whatever_surrounds_it(timeframe: Timeframe) -> None:
    """Alone, among others, and beside a hole: volumes of very different sizes show every change of order."""
    parts = timeframe.ms // Timeframe.M1.ms
    minutes = walk(Timeframe.M1, parts * 3, 5)
    volume = np.exp(np.random.default_rng(1).normal(0, 12, len(minutes)))
    minutes = Candles.checked(
        Timeframe.M1, minutes.open_ms, minutes.open, minutes.high, minutes.low, minutes.close, volume
    )
    among = rows(minutes.aggregated(timeframe))[1]
    assert rows(minutes[parts : 2 * parts].aggregated(timeframe)) == [among]
    assert rows(without(minutes, [0]).aggregated(timeframe))[0] == among
    assert rows(without(minutes, [0, 3 * parts - 1]).aggregated(timeframe)) == [among]


def test_a_higher_candle_exists_only_once_its_last_minute_closed() -> None:
    minutes = walk(Timeframe.M1, 61, 2)
    for count in range(1, 62):
        assert len(minutes[:count].aggregated(Timeframe.H1)) == (1 if count >= 60 else 0)
        assert len(minutes[:count].aggregated(Timeframe.M5)) == count // 5


def test_candles_are_aligned_to_utc_and_not_to_the_first_minute() -> None:
    minutes = walk(Timeframe.M1, 600, 2, start_ms=START_MS + 17 * 60_000)
    built = minutes.aggregated(Timeframe.H4)
    assert built.open_ms.tolist() == [START_MS + Timeframe.H4.ms]


def test_a_timeframe_builds_itself_and_never_a_lower_one() -> None:
    hours = walk(Timeframe.H1, 5, 1)
    assert hours.aggregated(Timeframe.H1) is hours
    with pytest.raises(ValueError, match="cannot build 15m candles from 1h ones"):
        hours.aggregated(Timeframe.M15)
    assert len(Candles.empty(Timeframe.M1).aggregated(Timeframe.D1)) == 0


@pytest.mark.parametrize("between", [Timeframe.M5, Timeframe.M15])
def test_a_built_candle_is_the_same_bits_from_whichever_timeframe_it_is_built(between: Timeframe) -> None:
    minutes = walk(Timeframe.M1, 3000, 3)
    assert rows(minutes.aggregated(between).aggregated(Timeframe.H1)) == rows(minutes.aggregated(Timeframe.H1))
