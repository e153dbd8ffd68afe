"""The whole price history of generated symbols, computed where it is asked for.

Periods of 40 days are drawn first; each is split into 5 days, days, 4 hours, 1 hour, 15, 5 and 1 minutes. Every level
is a function of the level above and of hashed noise, so a window costs what its own candles cost and no more, and
candles of all timeframes agree to the last tick. Symbols are rows: whether one is computed alone or with all others
changes none of its bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from attrs import frozen

from mtf_adapters.sandbox.character import MarketCharacter
from mtf_adapters.sandbox.listing import Listing
from mtf_adapters.sandbox.noise import Floats, Hashes, Indices, Keys, centred, hashes, key_of, normals
from mtf_adapters.sandbox.refinement import Bars, Split, SplitKeys, Weights, correlated, excursions, refined
from mtf_core.market import Candles, Timeframe

PERIOD_MINUTES = 40 * 1440
_SPLITS = (Split(8, 7200), Split(5, 1440), Split(6, 240), Split(4, 60), Split(4, 15), Split(3, 5), Split(5, 1))
_STORED_SPLITS = 3
"""How many splits of a period are kept once computed: down to 240 candles of 4 hours."""
_MEMORY_TERMS = 32
_LARGEST_PERIOD_MOVE = 0.4
_MINUTES_PER_DAY = 1440
_SPREAD_OF_PERIOD_VOLATILITY = 0.25
_SPREAD_OF_PERIOD_VOLUME = 0.2


@frozen(eq=False)
class _Symbols:
    """What the listings bring into the formulas: arrays of shape (symbols, 1)."""

    weights: Weights
    period_keys: Keys
    reach_keys: Keys
    level_ticks: Floats
    """The price level, in ticks."""
    minute_volatility: Floats
    period_move: Floats
    """Standard deviation of a period's shock to the log distance of the price from its level."""
    tick_value: Floats
    """Quote currency that one contract gains when the price rises by a tick."""
    period_turnover: Floats
    tick_mantissa: Floats
    tick_exponent: Indices

    @classmethod
    def of(cls, seed: int, listings: Sequence[Listing], character: MarketCharacter) -> _Symbols:
        def floats(values: list[float]) -> Floats:
            return np.array(values, dtype=np.float64)[:, None]

        def keys(*parts: str) -> Keys:
            return np.array([key_of(seed, listing.symbol, *parts) for listing in listings], dtype=np.uint64)[:, None]

        contracts = [listing.contract for listing in listings]
        ticks = [_as_mantissa_and_exponent(contract.tick_size) for contract in contracts]
        days = PERIOD_MINUTES / _MINUTES_PER_DAY
        moves = [0.9 * listing.daily_volatility * float(np.sqrt(40)) for listing in listings]
        return cls(
            weights=Weights.of([min(0.95, character.market_correlation * listing.market_beta) for listing in listings]),
            period_keys=keys("period"),
            reach_keys=keys("period", "reach"),
            level_ticks=floats([listing.price_level / float(listing.contract.tick_size) for listing in listings]),
            minute_volatility=floats(
                [listing.daily_volatility / float(np.sqrt(_MINUTES_PER_DAY)) for listing in listings]
            ),
            period_move=floats([min(_LARGEST_PERIOD_MOVE, move) for move in moves]),
            tick_value=floats([float(contract.tick_size * contract.contract_size) for contract in contracts]),
            period_turnover=floats([float(contract.turnover_24h) * days for contract in contracts]),
            tick_mantissa=floats([mantissa for mantissa, _ in ticks]),
            tick_exponent=np.array([exponent for _, exponent in ticks], dtype=np.int64)[:, None],
        )


class Paths:
    """Candles of some listings at every timeframe; the same for a seed, whatever was asked before and beside it.

    `stored_periods` is how many periods of 40 days are kept, 13 kB a symbol each.
    """

    def __init__(
        self, seed: int, listings: Sequence[Listing], character: MarketCharacter, stored_periods: int = 12
    ) -> None:
        self._symbols = _Symbols.of(seed, listings, character)
        self._character = character
        self._market_key = key_of(seed, "market factor", "period")
        names = [listing.symbol for listing in listings]
        self._keys = tuple(SplitKeys.of(seed, names, split.minutes) for split in _SPLITS)
        self._stored: dict[int, Bars] = {}
        self._stored_periods = stored_periods

    def candles(self, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> list[Candles]:
        """Candles of any timeframe that open within [first, last], both included: one series for each listing."""
        first, last = -(-first_open_ms // timeframe.ms), last_open_ms // timeframe.ms
        if last < first:
            return [Candles.empty(timeframe) for _ in self._symbols.level_ticks]
        bars = self._bars(timeframe.minutes, first, last)
        open_ms = np.arange(first, last + 1, dtype=np.int64) * timeframe.ms
        prices = map(self._in_quote, (bars.open, bars.high, bars.low, bars.close))
        columns = zip(*prices, bars.volume.copy(), strict=True)
        return [Candles.trusted(timeframe, open_ms, *rows) for rows in columns]

    def _in_quote(self, ticks: Floats) -> Floats:
        """Prices of whole ticks: each the float nearest to its decimal, because only one operation rounds."""
        exponent = self._symbols.tick_exponent
        scale = 10.0 ** np.abs(exponent)
        whole = ticks * self._symbols.tick_mantissa
        return np.where(exponent >= 0, whole * scale, whole / scale)

    def _bars(self, minutes: int, first: int, last: int) -> Bars:
        """The bars of one level with indices in [first, last]."""
        period_first, period_last = first * minutes // PERIOD_MINUTES, last * minutes // PERIOD_MINUTES
        level = next(number for number, split in enumerate(_SPLITS) if split.minutes == minutes)
        if level < _STORED_SPLITS:
            return self._narrowed(self._periods(period_first, period_last), 0, level, first, last)
        stored = Bars.joined([self._stored_bars(period) for period in range(period_first, period_last + 1)])
        return self._narrowed(stored, _STORED_SPLITS, level, first, last)

    def _narrowed(self, bars: Bars, from_split: int, level: int, first: int, last: int) -> Bars:
        """`bars` split down to `level`, at each one only what holds the window."""
        minutes = _SPLITS[level].minutes
        for number in range(from_split, level + 1):
            above = _SPLITS[number].minutes * _SPLITS[number].parts
            parents = bars.within(first * minutes // above, last * minutes // above)
            bars = refined(parents, _SPLITS[number], self._keys[number], self._symbols.weights, self._character)
        return bars.within(first, last)

    def _stored_bars(self, period: int) -> Bars:
        """The 4-hour bars of one period; the oldest stored period makes room for a new one."""
        if period not in self._stored:
            if len(self._stored) >= self._stored_periods:
                del self._stored[next(iter(self._stored))]
            per_period = PERIOD_MINUTES // _SPLITS[_STORED_SPLITS - 1].minutes
            first = period * per_period
            self._stored[period] = self._narrowed(
                self._periods(period, period), 0, _STORED_SPLITS - 1, first, first + per_period - 1
            )
        return self._stored[period]

    def _periods(self, first: int, last: int) -> Bars:
        """The candles of 40 days that everything else is split from."""
        symbols, index = self._symbols, np.arange(first, last + 1, dtype=np.int64)
        own, market = hashes(symbols.period_keys, index), hashes(self._market_key, index)
        distance = self._log_distance(np.arange(first, last + 2, dtype=np.int64))
        boundaries = np.rint(symbols.level_ticks * np.exp(distance))
        start, end = boundaries[:, :-1], boundaries[:, 1:]
        noise = correlated(centred(own, 0), centred(market, 0), symbols.weights)
        volatility = symbols.minute_volatility * np.exp(_SPREAD_OF_PERIOD_VOLATILITY * noise)
        deviation = volatility * (start + end) / 2 * float(np.sqrt(PERIOD_MINUTES))
        high, low = self._extremes(start, end, deviation, index)
        return Bars(first, start, high, low, end, self._period_volumes(start, end, own), volatility, centred(own, 1))

    def _extremes(self, start: Floats, end: Floats, deviation: Floats, index: Indices) -> tuple[Floats, Floats]:
        high, low = excursions(start, end, deviation, hashes(self._symbols.reach_keys, index))
        # A period may not fall to nothing: half its lower end is the floor.
        return np.rint(high), np.rint(np.maximum(low, np.minimum(start, end) / 2))

    def _log_distance(self, boundary: Indices) -> Floats:
        """Log distance of the price from its level where periods meet, (symbols, boundaries): an autoregression,
        written as the sum of its last shocks so that no history has to be walked through."""
        symbols, terms = self._symbols, boundary[:, None] - np.arange(_MEMORY_TERMS)
        own = normals(hashes(symbols.period_keys[:, :, None], terms))
        shocks = correlated(own, normals(hashes(self._market_key, terms)), symbols.weights.with_another_axis())
        fading = self._character.price_memory ** np.arange(_MEMORY_TERMS)
        distance: Floats = symbols.period_move * (shocks * fading).sum(axis=2)
        return distance

    def _period_volumes(self, start: Floats, end: Floats, own: Hashes) -> Floats:
        contract_value = (start + end) / 2 * self._symbols.tick_value
        noise = np.exp(_SPREAD_OF_PERIOD_VOLUME * centred(own, 2))
        return np.rint(self._symbols.period_turnover / contract_value * noise)


def _as_mantissa_and_exponent(step: Decimal) -> tuple[float, int]:
    """0.0005 → (5.0, −4)."""
    _, digits, exponent = step.normalize().as_tuple()
    return float(int("".join(map(str, digits)))), int(exponent)


def first_open_at_or_after(timeframe: Timeframe, instant_ms: int) -> int:
    """Open time of the first candle that lies wholly at or after the instant."""
    return -(-instant_ms // timeframe.ms) * timeframe.ms
