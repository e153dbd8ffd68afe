"""The whole price history of one generated symbol, computed where it is asked for.

Periods of 40 days are drawn first; each is split into 5 days, days, 4 hours, 1 hour, 15, 5 and 1 minutes. Every level
is a function of the level above and of hashed noise, so a window costs what its own candles cost and no more, and
candles of all timeframes agree to the last tick.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from mtf_adapters.sandbox.character import MarketCharacter
from mtf_adapters.sandbox.listing import Listing
from mtf_adapters.sandbox.noise import Floats, Hashes, Indices, centred, hashes, key_of, normals
from mtf_adapters.sandbox.refinement import Bars, Split, SplitKeys, correlated, excursions, refined
from mtf_core.market import Candles, Timeframe

PERIOD_MINUTES = 40 * 1440
_SPLITS = (Split(8, 7200), Split(5, 1440), Split(6, 240), Split(4, 60), Split(4, 15), Split(3, 5), Split(5, 1))
_STORED_SPLITS = 3
"""How many splits of a period are kept once computed: down to 240 candles of 4 hours."""
_STORED_PERIODS = 12
_MEMORY_TERMS = 32
_LARGEST_PERIOD_MOVE = 0.4
_MINUTES_PER_DAY = 1440
_SPREAD_OF_PERIOD_VOLATILITY = 0.25
_SPREAD_OF_PERIOD_VOLUME = 0.2


class SymbolPath:
    """Candles of one listing at every timeframe; the same for a seed, whatever was asked before."""

    def __init__(self, seed: int, listing: Listing, character: MarketCharacter) -> None:
        self._listing = listing
        self._character = character
        self._weight = min(0.95, character.market_correlation * listing.market_beta)
        self._period_key = key_of(seed, listing.symbol, "period")
        self._reach_key = key_of(seed, listing.symbol, "period", "reach")
        self._market_key = key_of(seed, "market factor", "period")
        self._keys = tuple(SplitKeys.of(seed, listing.symbol, split.minutes) for split in _SPLITS)
        self._stored: dict[int, Bars] = {}
        mantissa, exponent = _as_mantissa_and_exponent(listing.contract.tick_size)
        self._tick_mantissa, self._tick_exponent = mantissa, exponent

    def candles(self, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        """Candles of any timeframe that open within [first, last], both included."""
        first, last = -(-first_open_ms // timeframe.ms), last_open_ms // timeframe.ms
        if last < first:
            return Candles.empty(timeframe)
        bars = self._bars(timeframe.minutes, first, last)
        open_ms = np.arange(first, last + 1, dtype=np.int64) * timeframe.ms
        open_, high, low, close = map(self._in_quote, (bars.open, bars.high, bars.low, bars.close))
        return Candles.trusted(timeframe, open_ms, open_, high, low, close, bars.volume.copy())

    def _in_quote(self, ticks: Floats) -> Floats:
        """Prices of whole ticks: each the float nearest to its decimal, because only one operation rounds."""
        scale = 10.0 ** abs(self._tick_exponent)
        whole = ticks * self._tick_mantissa
        return whole * scale if self._tick_exponent >= 0 else whole / scale

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
            bars = refined(parents, _SPLITS[number], self._keys[number], self._weight, self._character)
        return bars.within(first, last)

    def _stored_bars(self, period: int) -> Bars:
        """The 4-hour bars of one period; the oldest stored period makes room for a new one."""
        if period not in self._stored:
            if len(self._stored) >= _STORED_PERIODS:
                del self._stored[next(iter(self._stored))]
            per_period = PERIOD_MINUTES // _SPLITS[_STORED_SPLITS - 1].minutes
            first = period * per_period
            self._stored[period] = self._narrowed(
                self._periods(period, period), 0, _STORED_SPLITS - 1, first, first + per_period - 1
            )
        return self._stored[period]

    def _periods(self, first: int, last: int) -> Bars:
        """The candles of 40 days that everything else is split from."""
        index = np.arange(first, last + 1, dtype=np.int64)
        own, market = hashes(self._period_key, index), hashes(self._market_key, index)
        level = self._listing.price_level / float(self._listing.contract.tick_size)
        boundaries = np.rint(level * np.exp(self._log_distance(np.arange(first, last + 2, dtype=np.int64))))
        start, end = boundaries[:-1], boundaries[1:]
        noise = correlated(centred(own, 0), centred(market, 0), self._weight)
        per_minute = self._listing.daily_volatility / float(np.sqrt(_MINUTES_PER_DAY))
        volatility = per_minute * np.exp(_SPREAD_OF_PERIOD_VOLATILITY * noise)
        deviation = volatility * (start + end) / 2 * float(np.sqrt(PERIOD_MINUTES))
        high, low = self._extremes(start, end, deviation, index)
        return Bars(first, start, high, low, end, self._period_volumes(start, end, own), volatility, centred(own, 1))

    def _extremes(self, start: Floats, end: Floats, deviation: Floats, index: Indices) -> tuple[Floats, Floats]:
        high, low = excursions(start, end, deviation, hashes(self._reach_key, index))
        # A period may not fall to nothing: half its lower end is the floor.
        return np.rint(high), np.rint(np.maximum(low, np.minimum(start, end) / 2))

    def _log_distance(self, boundary: Indices) -> Floats:
        """Log distance of the price from its level where periods meet: an autoregression, written as the sum of its
        last shocks so that no history has to be walked through."""
        terms = boundary[:, None] - np.arange(_MEMORY_TERMS)
        shocks = correlated(
            normals(hashes(self._period_key, terms)), normals(hashes(self._market_key, terms)), self._weight
        )
        size = min(_LARGEST_PERIOD_MOVE, 0.9 * self._listing.daily_volatility * float(np.sqrt(40)))
        fading = self._character.price_memory ** np.arange(_MEMORY_TERMS)
        distance: Floats = size * (shocks * fading).sum(axis=1)
        return distance

    def _period_volumes(self, start: Floats, end: Floats, own: Hashes) -> Floats:
        contract = self._listing.contract
        contract_value = (start + end) / 2 * float(contract.tick_size * contract.contract_size)
        turnover = float(contract.turnover_24h) * (PERIOD_MINUTES / _MINUTES_PER_DAY)
        return np.rint(turnover / contract_value * np.exp(_SPREAD_OF_PERIOD_VOLUME * centred(own, 2)))


def _as_mantissa_and_exponent(step: Decimal) -> tuple[float, int]:
    """0.0005 → (5.0, −4)."""
    _, digits, exponent = step.normalize().as_tuple()
    return float(int("".join(map(str, digits)))), int(exponent)


def first_open_at_or_after(timeframe: Timeframe, instant_ms: int) -> int:
    """Open time of the first candle that lies wholly at or after the instant."""
    return -(-instant_ms // timeframe.ms) * timeframe.ms
