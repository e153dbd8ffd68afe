"""The candles that there are now: of the store, and longer ones that are not there built from minutes that are.

A run does so, too, with candles that it lacks; a symbol that it did not look at has minutes at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from attrs import frozen

from mtf_core.market import DAY_MS, Candles, Gap, Timeframe
from mtf_core.upkeep.building import built_within

_BUILT_MS = 8 * DAY_MS
"""How far back from the last candle that is read longer ones are built: what takes more minutes is asked of others."""


class CandleReader(Protocol):
    """What is asked of a store of candles."""

    async def read(
        self, symbols: Sequence[str], timeframe: Timeframe, first_open_ms: int, last_open_ms: int
    ) -> dict[str, Candles]:
        """Candles that open within [first, last]; a symbol without any maps to empty candles."""
        ...


@frozen(eq=False)
class CandlesOfNow:
    """Reads of a store, completed from its minutes."""

    stored: CandleReader

    async def read(
        self, symbols: Sequence[str], timeframe: Timeframe, first_open_ms: int, last_open_ms: int
    ) -> dict[str, Candles]:
        found = await self.stored.read(symbols, timeframe, first_open_ms, last_open_ms)
        if timeframe is Timeframe.M1:
            return found
        first_ms = max(first_open_ms, last_open_ms - _BUILT_MS)
        lacking = {
            symbol: gaps
            for symbol, candles in found.items()
            if (gaps := missing_within(candles, timeframe, first_ms, last_open_ms))
        }
        if not lacking:
            return found
        begins_ms = min(gap.first_open_ms for gaps in lacking.values() for gap in gaps)
        minutes = await self.stored.read(tuple(lacking), Timeframe.M1, begins_ms, last_open_ms + timeframe.ms - 1)
        for symbol, gaps in lacking.items():
            if len(minutes[symbol]):
                found[symbol] = found[symbol].merged(built_within(gaps, timeframe, (minutes[symbol],)))
        return found


def missing_within(candles: Candles, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> tuple[Gap, ...]:
    """Every candle within [first, last] that is not there, each as a gap of its own: each may be built by itself."""
    first_ms = timeframe.open_at_or_before(first_open_ms + timeframe.ms - 1)
    wanted = np.arange(first_ms, last_open_ms + 1, timeframe.ms)
    absent = wanted[~np.isin(wanted, candles.open_ms)]
    return tuple(Gap.spanning(int(at_ms), int(at_ms), timeframe) for at_ms in absent)
