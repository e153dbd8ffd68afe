"""One step of refinement: candles split into shorter ones whose aggregation gives the same candles again, exactly.

All numbers are whole: prices in ticks, volumes in contracts, so that sums, maxima and minima lose nothing.
A parent becomes a random bridge from its open to its close; the bridge's excursions beyond those two are then stretched
so that its highest high is the parent's high and its lowest low the parent's low.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from mtf_adapters.sandbox.character import HOURLY_ACTIVITY, WEEKDAY_ACTIVITY, MarketCharacter
from mtf_adapters.sandbox.noise import Floats, Hashes, Indices, Keys, centred, hashes, key_of, normals, uniforms

_FOUR_HOURLY_ACTIVITY: Floats = HOURLY_ACTIVITY.reshape(6, 4).mean(axis=1)

_TINY = 1e-9
_FIXED_REACH = 0.6
_EXPECTED_WEIGHT = 0.5
_LEAST_HAPPENED = 0.1


@frozen(eq=False)
class Bars:
    """Consecutive candles of one level; arrays of shape (symbols, n), float64 holding whole ticks and contracts.

    `first_index` is the first open time divided by the candle's length. `volatility` is the standard deviation of the
    relative price change per √minute; `mood` runs from about −2 (choppy) to +2 (trending).
    """

    first_index: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    volatility: Floats
    mood: Floats

    def columns(self) -> tuple[Floats, ...]:
        return self.open, self.high, self.low, self.close, self.volume, self.volatility, self.mood

    def within(self, first_index: int, last_index: int) -> Bars:
        """The bars whose index lies in [first, last]; the caller knows that they are there."""
        rows = slice(first_index - self.first_index, last_index - self.first_index + 1)
        return Bars(first_index, *(column[:, rows] for column in self.columns()))

    def as_rows(self) -> Bars:
        """Every candle of every symbol as a row: arrays of shape (symbols · n,)."""
        return Bars(self.first_index, *(column.ravel() for column in self.columns()))

    @classmethod
    def joined(cls, pieces: list[Bars]) -> Bars:
        """Consecutive pieces as one."""
        if len(pieces) == 1:
            return pieces[0]
        columns = zip(*(piece.columns() for piece in pieces), strict=True)
        return cls(pieces[0].first_index, *(np.concatenate(column, axis=1) for column in columns))


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


@frozen(eq=False)
class SplitKeys:
    """The noise keys of some symbols at one level, shape (symbols,); those of the market factor are shared by all."""

    own_moves: Keys
    own_shape: Keys
    own_state: Keys
    market_moves: np.uint64
    market_state: np.uint64

    @classmethod
    def of(cls, seed: int, symbols: Sequence[str], minutes: int) -> SplitKeys:
        def own(what: str) -> Keys:
            return np.array([key_of(seed, symbol, minutes, what) for symbol in symbols], dtype=np.uint64)

        return cls(
            own_moves=own("moves"),
            own_shape=own("shape"),
            own_state=own("state"),
            market_moves=key_of(seed, "market factor", minutes, "moves"),
            market_state=key_of(seed, "market factor", minutes, "state"),
        )


@frozen(eq=False)
class Weights:
    """Weights of the market factor and of a symbol's own noise; arrays of shape (rows, 1)."""

    market: Floats
    own: Floats

    @classmethod
    def of(cls, correlations: Sequence[float]) -> Weights:
        """The weights of symbols whose correlations (0–1) with the market factor these are."""
        own = [float(np.sqrt(1 - correlation**2)) for correlation in correlations]
        return cls(np.array(correlations, dtype=np.float64)[:, None], np.array(own, dtype=np.float64)[:, None])

    def repeated(self, times: int) -> Weights:
        """Every row that many times."""
        return Weights(np.repeat(self.market, times, axis=0), np.repeat(self.own, times, axis=0))

    def with_another_axis(self) -> Weights:
        return Weights(self.market[..., None], self.own[..., None])


def correlated(own: Floats, market: Floats, weights: Weights) -> Floats:
    """Noise of variance 1 that is correlated with the market's as the weights say."""
    return weights.market * market + weights.own * own


def refined(parents: Bars, split: Split, keys: SplitKeys, weights: Weights, character: MarketCharacter) -> Bars:
    """The parts of every parent.

    Inside, every parent of every symbol is a row and its parts are the columns. No step looks beyond its row, so what a
    row comes to does not depend on the others.
    """
    symbols, count = parents.open.shape
    parents, weights = parents.as_rows(), weights.repeated(count)
    one_symbol = (parents.first_index * split.parts + np.arange(count * split.parts)).reshape(count, split.parts)
    index = np.tile(one_symbol, (symbols, 1))

    def own(symbol_keys: Keys) -> Hashes:
        return hashes(np.repeat(symbol_keys, count)[:, None], index)

    def market(key: np.uint64) -> Hashes:
        return np.tile(hashes(key, one_symbol), (symbols, 1))

    own_state = own(keys.own_state)
    variance = _variance_shares(
        split, index, correlated(centred(own_state, 0), centred(market(keys.market_state), 0), weights), character
    )
    moves = correlated(normals(own(keys.own_moves)), normals(market(keys.market_moves)), weights)

    spread, roughness = _own_deviation(parents, split)[:, None], _roughness(parents.mood, character)[:, None]
    path = _bridges(parents, variance, moves, spread, roughness)
    bits = own(keys.own_shape)
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
    shape = (symbols, count * split.parts)
    return Bars(int(index[0, 0]), *(np.ascontiguousarray(column).reshape(shape) for column in columns))


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

    rows = np.arange(len(path))
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
