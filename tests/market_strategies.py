"""Candles for tests: seeded random walks with moods, markets of several timeframes, and hypothesis strategies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from mtf_core.market import COLUMNS, Candles, Timeframe

START_MS = 1_704_067_200_000
"""2024-01-01T00:00Z, a start of every timeframe's candles."""

Market = Mapping[Timeframe, Candles]


def walk(
    timeframe: Timeframe,
    count: int,
    seed: int,
    *,
    start_ms: int = START_MS,
    price: float = 100.0,
    volatility: float = 0.001,
    drift: NDArray[np.float64] | float = 0.0,
) -> Candles:
    """A random walk: `volatility` and `drift` are the spread and the mean of a candle's log return."""
    random = np.random.default_rng(seed)
    returns = random.normal(0.0, volatility, count) + drift
    close = price * np.exp(np.cumsum(returns))
    open_ = np.concatenate([[price], close[:-1]])
    reach = np.abs(random.normal(0.0, volatility, (2, count)))
    high = np.maximum(open_, close) * (1 + reach[0])
    low = np.minimum(open_, close) / (1 + reach[1])
    volume = np.exp(random.normal(3.0, 0.8, count)) * (1 + np.abs(returns) / volatility)
    times = start_ms + np.arange(count, dtype=np.int64) * timeframe.ms
    return Candles.checked(timeframe, times, open_, high, low, close, volume)


def moody_minutes(days: int, seed: int, *, volatility: float = 0.0008, mood: float = 0.00012) -> Candles:
    """1m candles whose drift changes every few hours and, more slowly, every few weeks; `mood` is its size."""
    random = np.random.default_rng(seed)
    count = days * 1440
    fast = np.repeat(random.normal(0.0, mood, count // 240 + 1), 240)[:count]
    slow = np.repeat(random.normal(0.0, mood / 3, count // 20_000 + 1), 20_000)[:count]
    return walk(Timeframe.M1, count, seed + 1, volatility=volatility, drift=fast + slow)


def market(minutes: Candles, depth: Mapping[Timeframe, int]) -> dict[Timeframe, Candles]:
    """The last `depth` candles of each timeframe, all built from the same minutes."""
    return {timeframe: minutes.aggregated(timeframe)[-count:] for timeframe, count in depth.items()}


def without(candles: Candles, missing: list[int]) -> Candles:
    """The candles without those at some positions."""
    keep = np.ones(len(candles), dtype=np.bool_)
    keep[[place for place in missing if place < len(candles)]] = False
    return Candles.checked(
        candles.timeframe, candles.open_ms[keep], *(getattr(candles, name)[keep] for name in COLUMNS)
    )


def altered(candles: Candles, first: int, seed: int = 99) -> Candles:
    """The same candles up to position `first`, and others of the same times from there on."""
    other = walk(candles.timeframe, len(candles), seed, price=float(candles.close[0]), volatility=0.01)
    columns = [np.concatenate([getattr(candles, name)[:first], getattr(other, name)[first:]]) for name in COLUMNS]
    return Candles.checked(candles.timeframe, candles.open_ms, *columns)


def same_bits(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    """Equal bit for bit, where any NaN equals any other."""
    return bool(np.array_equal(left, right, equal_nan=True))


@st.composite
def candle_series(draw: st.DrawFn, timeframe: Timeframe = Timeframe.M1, *, least: int = 1, most: int = 300) -> Candles:
    """Random walks that begin at any candle's start, some with holes."""
    count = draw(st.integers(least, most))
    start = START_MS + draw(st.integers(0, 3000)) * timeframe.ms
    candles = walk(timeframe, count, draw(st.integers(0, 10**6)), start_ms=start)
    holes = draw(st.lists(st.integers(0, most - 1), max_size=4))
    return without(candles, holes) if draw(st.booleans()) and len(set(holes)) < count else candles
