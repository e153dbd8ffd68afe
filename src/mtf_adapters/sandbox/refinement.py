"""One step of refinement: candles split into shorter ones whose aggregation gives the same candles again, exactly.

All numbers are whole: prices in ticks, volumes in contracts, so that sums, maxima and minima lose nothing.
A parent becomes a random bridge from its open to its close; the bridge's excursions beyond those two are then stretched
so that its highest high is the parent's high and its lowest low the parent's low.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from mtf_adapters.sandbox.character import HOURLY_ACTIVITY, WEEKDAY_ACTIVITY, MarketCharacter
from mtf_adapters.sandbox.noise import Floats, Hashes, Indices, centred, hashes, key_of, normals, uniforms

_FOUR_HOURLY_ACTIVITY: Floats = HOURLY_ACTIVITY.reshape(6, 4).mean(axis=1)

_TINY = 1e-9
_FIXED_REACH = 0.6
_EXPECTED_WEIGHT = 0.5
_LEAST_HAPPENED = 0.1


@frozen(eq=False)
class Bars:
    """Consecutive candles of one level; arrays of shape (n,), float64 holding whole ticks and contracts.

    `index` is the open time divided by the candle's length. `volatility` is the standard deviation of the relative
    price change per √minute; `mood` runs from about −2 (choppy) to +2 (trending).
    """

    first_index: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    volatility: Floats
    mood: Floats

    def __len__(self) -> int:
        return len(self.open)

    def columns(self) -> tuple[Floats, ...]:
        return self.open, self.high, self.low, self.close, self.volume, self.volatility, self.mood

    def within(self, first_index: int, last_index: int) -> Bars:
        """The bars whose index lies in [first, last]; the caller knows that they are there."""
        rows = slice(first_index - self.first_index, last_index - self.first_index + 1)
        return Bars(first_index, *(column[rows] for column in self.columns()))

    @classmethod
    def joined(cls, pieces: list[Bars]) -> Bars:
        """Consecutive pieces as one."""
        if len(pieces) == 1:
            return pieces[0]
        columns = zip(*(piece.columns() for piece in pieces), strict=True)
        return cls(pieces[0].first_index, *(np.concatenate(column) for column in columns))


@frozen
class Split:
    """A level: candles of `minutes`, `parts` of which make one candle of the level above."""

    parts: int
    minutes: int

    def activity(self, index: Indices) -> Floats | None:
        """Relative activity of the calendar per part, mean about 1; None where the calendar has no say."""
        if self.minutes == 60:
            return HOURLY_ACTIVITY[index % 24]
        if self.minutes == 240:
            return _FOUR_HOURLY_ACTIVITY[index % 6]
        if self.minutes == 1440:
            return WEEKDAY_ACTIVITY[index % 7]
        return None


@frozen
class SplitKeys:
    """The noise keys of one symbol at one level; those of the market factor are the same for all symbols."""

    own_moves: np.uint64
    own_shape: np.uint64
    own_state: np.uint64
    market_moves: np.uint64
    market_state: np.uint64

    @classmethod
    def of(cls, seed: int, symbol: str, minutes: int) -> SplitKeys:
        return cls(
            own_moves=key_of(seed, symbol, minutes, "moves"),
            own_shape=key_of(seed, symbol, minutes, "shape"),
            own_state=key_of(seed, symbol, minutes, "state"),
            market_moves=key_of(seed, "market factor", minutes, "moves"),
            market_state=key_of(seed, "market factor", minutes, "state"),
        )


def correlated(own: Floats, market: Floats, weight: float) -> Floats:
    """Noise of variance 1 that shares `weight` (a correlation, 0–1) with the market's."""
    return weight * market + float(np.sqrt(1 - weight**2)) * own


def refined(parents: Bars, split: Split, keys: SplitKeys, weight: float, character: MarketCharacter) -> Bars:
    """The parts of every parent; `weight` is the symbol's correlation with the market factor."""
    shape = (len(parents), split.parts)
    index = (parents.first_index * split.parts + np.arange(shape[0] * shape[1])).reshape(shape)
    own_state, market_state = hashes(keys.own_state, index), hashes(keys.market_state, index)
    variance = _variance_shares(
        split, index, correlated(centred(own_state, 0), centred(market_state, 0), weight), character
    )
    moves = correlated(normals(hashes(keys.own_moves, index)), normals(hashes(keys.market_moves, index)), weight)

    spread, roughness = _own_deviation(parents, split)[:, None], _roughness(parents.mood, character)[:, None]
    path = _bridges(parents, variance, moves, spread, roughness)
    bits = hashes(keys.own_shape, index)
    high, low = excursions(path[:, :-1], path[:, 1:], spread * roughness * np.sqrt(variance), bits)
    path, high, low = _stretched_to(parents, path, high, low)
    memory = character.mood_memory
    mood = memory * parents.mood[:, None] + float(np.sqrt(1 - memory**2)) * centred(own_state, 1)
    columns = (
        path[:, :-1],
        high,
        low,
        path[:, 1:],
        _volumes(parents.volume, _volume_shares(split, index, variance, centred(bits, 2), character)),
        parents.volatility[:, None] * roughness * np.sqrt(variance),
        mood,
    )
    return Bars(int(index[0, 0]), *(np.ascontiguousarray(column).reshape(-1) for column in columns))


def _own_deviation(parents: Bars, split: Split) -> Floats:
    """Standard deviation in ticks of a part's move, from what the parent did and from what was expected of it.

    The estimate of Rogers & Satchell (1991) on the parent's own candle gives noise of the size of its wicks, so the
    path hardly has to be stretched to meet them; the expected volatility in the blend keeps a candle that happened to
    be still, or wild, from passing that on undiminished.
    """
    o, h, low, c = parents.open, parents.high, parents.low, parents.close
    expected = (parents.volatility * (o + c) / 2) ** 2 * (split.minutes * split.parts)
    happened = (h - o) * (h - c) + (low - o) * (low - c)
    blended = np.maximum(happened, _LEAST_HAPPENED * expected) ** (1 - _EXPECTED_WEIGHT) * expected**_EXPECTED_WEIGHT
    return np.sqrt(blended / split.parts)


def _variance_shares(split: Split, index: Indices, noise: Floats, character: MarketCharacter) -> Floats:
    """Variance of each part relative to the mean of its siblings: shape (m, parts), every row has mean 1."""
    shares: Floats = np.exp(character.volatility_clustering * noise)
    activity = split.activity(index)
    if activity is not None:
        shares *= np.sqrt(activity)
    shares /= shares.mean(axis=1, keepdims=True)
    return shares


def _roughness(mood: Floats, character: MarketCharacter) -> Floats:
    """Noise within a candle of that mood, relative to a random walk's: below 1 in trends, above 1 in chop."""
    strength = np.where(mood > 0, character.trend_strength, character.chop_strength)
    roughness: Floats = np.exp(-strength * mood)
    return roughness


def _bridges(parents: Bars, variance: Floats, moves: Floats, spread: Floats, roughness: Floats) -> Floats:
    """Prices at the boundaries of the parts, (m, parts + 1), from each parent's open to its close.

    A Brownian bridge on the clock of the variance. Where the mood is trending its noise shrinks and what it loses goes
    into one wide leg; the variance at the middle stays that of a random walk.
    """
    parts = variance.shape[1]
    walk = np.cumsum(np.sqrt(variance) * moves, axis=1)
    clock = np.cumsum(variance, axis=1) / parts
    legs = np.sqrt(np.maximum(0.0, 1 - roughness**2))
    end = walk[:, -1:]
    noise = roughness * (walk - clock * end) + 2 * legs * end * clock * (1 - clock)
    path = np.empty((variance.shape[0], parts + 1))
    path[:, 0] = parents.open
    path[:, 1:] = parents.open[:, None] + (parents.close - parents.open)[:, None] * clock + spread * noise
    path[:, -1] = parents.close
    return path


def excursions(start: Floats, end: Floats, deviation: Floats, bits: Hashes) -> tuple[Floats, Floats]:
    """High and low of a path from `start` to `end`, nearly those of a Brownian motion.

    P(max > x) = exp(−2 (x − start)(x − end) / deviation²), solved for x; likewise for the minimum. The exponent is an
    exponential variable of mean 1; here a part of it is fixed, which keeps the mean and spares candles without wicks,
    whose parts would all be still.
    """
    total, square = start + end, (start - end) ** 2
    twice_variance = 2 * deviation * deviation
    reach_up = _FIXED_REACH - (1 - _FIXED_REACH) * np.log(uniforms(bits, 0))
    reach_down = _FIXED_REACH - (1 - _FIXED_REACH) * np.log(uniforms(bits, 1))
    high = (total + np.sqrt(square + twice_variance * reach_up)) / 2
    low = (total - np.sqrt(square + twice_variance * reach_down)) / 2
    return high, low


def _stretched_to(parents: Bars, path: Floats, high: Floats, low: Floats) -> tuple[Floats, Floats, Floats]:
    """The path with its extremes moved onto those of the parents, in whole ticks.

    Prices between a parent's open and close stay; those above are scaled so that the highest reaches the parent's high,
    those below likewise. The map never changes the order of two prices, nor does rounding.
    """
    ceiling = np.maximum(parents.open, parents.close)[:, None]
    floor = np.minimum(parents.open, parents.close)[:, None]
    above = (parents.high[:, None] - ceiling) / np.maximum(high.max(axis=1, keepdims=True) - ceiling, _TINY)
    below = (floor - parents.low[:, None]) / np.maximum(floor - low.min(axis=1, keepdims=True), _TINY)

    def moved(price: Floats) -> Floats:
        inside = np.clip(price, floor, ceiling)
        new: Floats = inside + above * np.maximum(price - ceiling, 0.0) - below * np.maximum(floor - price, 0.0)
        return np.rint(new, out=new)

    rows = np.arange(len(parents))
    new_path, new_high, new_low = moved(path), moved(high), moved(low)
    # The highest part takes the parent's high even where its excursion was lost to the last bit of a float.
    new_high[rows, high.argmax(axis=1)] = parents.high
    new_low[rows, low.argmin(axis=1)] = parents.low
    return new_path, new_high, new_low


def _volume_shares(split: Split, index: Indices, variance: Floats, noise: Floats, character: MarketCharacter) -> Floats:
    weights: Floats = variance**character.volume_follows_volatility * np.exp(character.volume_noise * noise)
    activity = split.activity(index)
    if activity is not None:
        weights *= activity
    return weights


def _volumes(totals: Floats, weights: Floats) -> Floats:
    """Whole contracts per part that add up to the totals."""
    running = np.cumsum(weights, axis=1)
    reached = np.rint(totals[:, None] * (running / running[:, -1:]))
    volumes: Floats = np.diff(reached, axis=1, prepend=0.0)
    return volumes
