"""One symbol's recorded minutes as the model of the exchange looks at them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from attrs import field, frozen

from mtf_core.market import MINUTE_MS, Contract, MarkPrice, Quote, TopOfBook
from mtf_core.market.candles import Floats, Times
from mtf_core.replay.ledger import ReplayMarket
from mtf_core.settings.replay import ReplaySettings

_BPS, _FIRST_LOOK = Decimal(10_000), 256
"""How many candles are looked through at once at first, for the next that reaches a price."""


@frozen(eq=False)
class Minutes:
    """Columns of shape (n,), by a candle's place; where candles are missing that says nothing about its time."""

    contract: Contract
    half_spread: Decimal
    """A ratio of the middle of the book."""
    open_ms: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    _first_ms: int | None = field(init=False, repr=False)
    """When the first one opened, where no minute is missing: a candle's place follows from its time then."""

    @_first_ms.default
    def _whole_from_ms(self) -> int | None:
        times = self.open_ms
        is_whole = len(times) and int(times[-1]) - int(times[0]) == (len(times) - 1) * MINUTE_MS
        return int(times[0]) if is_whole else None

    @classmethod
    def of(cls, market: ReplayMarket, settings: ReplaySettings) -> Minutes:
        candles = market.candles
        half = settings.spread_bps(market.contract.turnover_24h) / _BPS / 2
        columns = (candles.open, candles.high, candles.low, candles.close)
        return cls(market.contract, half, candles.open_ms, *columns)

    def __len__(self) -> int:
        return len(self.open_ms)

    def place(self, open_ms: int) -> int | None:
        """Where the candle is that opened then; None: it is missing."""
        index = self.first_from(open_ms)
        return index if index < len(self) and int(self.open_ms[index]) == open_ms else None

    def first_from(self, open_ms: int) -> int:
        """The place of the first candle that opened then or later; the length, where there is none."""
        if self._first_ms is not None:
            return min(max(0, -((self._first_ms - open_ms) // MINUTE_MS)), len(self.open_ms))
        return int(np.searchsorted(self.open_ms, open_ms))

    def closed_at(self, at_ms: int) -> int:
        """The place of the last candle that had closed by then; −1: none."""
        if self._first_ms is not None:
            return min(max(-1, (at_ms - MINUTE_MS - self._first_ms) // MINUTE_MS), len(self.open_ms) - 1)
        return int(np.searchsorted(self.open_ms, at_ms - MINUTE_MS, side="right")) - 1

    def price(self, value: float) -> Decimal:
        """A candle's price as the nearest one on the contract's grid, never below one tick."""
        tick = self.contract.tick_size
        return max(tick, (Decimal(repr(float(value))) + tick / 2) // tick * tick)

    def quote(self, symbol: str, at_ms: int) -> Quote | None:
        """The market at a minute's end, by the close of the candle that ended then; None: that candle is missing."""
        place = self.place(at_ms - MINUTE_MS)
        return None if place is None else self._around(self.close[place], symbol, at_ms)

    def quote_at_open(self, symbol: str, open_ms: int) -> Quote | None:
        """The market as a minute opens, by that candle's open, so known only at its end; None: it is missing."""
        place = self.place(open_ms)
        return None if place is None else self._around(self.open[place], symbol, open_ms)

    def _around(self, price: float, symbol: str, at_ms: int) -> Quote:
        middle, tick = self.price(price), self.contract.tick_size
        bid = max(tick, middle * (1 - self.half_spread) // tick * tick)
        asked = middle * (1 + self.half_spread)
        below = asked // tick
        ask = max(bid + tick, (below if below * tick == asked else below + 1) * tick)
        return Quote(TopOfBook(symbol, bid, ask, at_ms), MarkPrice(symbol, middle, at_ms))

    def next_reaching(self, place: int, below: float, above: float, last: int) -> int:
        """The first place from `place` on whose low is at or below, or whose high is at or above; `last` + 1: none
        within [place, last]."""
        step = _FIRST_LOOK
        while place <= last:
            stop = min(place + step, last + 1)
            found = np.flatnonzero((self.low[place:stop] <= below) | (self.high[place:stop] >= above))
            if len(found):
                return place + int(found[0])
            place, step = stop, step * 4
        return last + 1
