"""Buying all symbols at the beginning and doing nothing: what every replay is compared with."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from mtf_core.market.candles import Floats, Times
from mtf_core.replay.curve import day_boundaries
from mtf_core.replay.ledger import Ledger, ReplayMarket


@frozen(eq=False)
class BuyAndHold:
    """Equal money in each symbol, from the open of its first candle in the span; no costs, no leverage."""

    returned: float
    """A fraction of what was put in."""
    by_symbol: tuple[tuple[str, float], ...]
    """The same of each symbol, by name."""
    time_ms: Times
    """The beginning, each midnight UTC, the end."""
    worth: Floats
    """At those instants, of 1 at the beginning."""


def buy_and_hold(ledger: Ledger, last_ms: int) -> BuyAndHold | None:
    """None where no symbol has a candle in the span. One that begins later lies as money until then."""
    times = day_boundaries(ledger.first_ms, last_ms)
    held = [
        (market.symbol, worth)
        for market in sorted(ledger.markets, key=lambda one: one.symbol)
        if (worth := _worth(market, times)) is not None
    ]
    if not held:
        return None
    together = np.mean([worth for _, worth in held], axis=0)
    by_symbol = tuple((symbol, float(worth[-1]) - 1) for symbol, worth in held)
    return BuyAndHold(float(together[-1]) - 1, by_symbol, times, together)


def _worth(market: ReplayMarket, times: Times) -> Floats | None:
    inside = market.candles.between(int(times[0]), int(times[-1]) - market.candles.timeframe.ms)
    if not len(inside):
        return None
    closed_by = np.searchsorted(inside.open_ms + inside.timeframe.ms, times, side="right") - 1
    return np.where(closed_by < 0, 1.0, inside.close[np.maximum(closed_by, 0)] / float(inside.open[0]))
