"""Which stored things a question over time is about."""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import Timeframe


@frozen
class Selection:
    """Runs, plans, candles or trades of [since, until), of some symbols, and so on; None: whichever.

    Times are the market's, in ms. `timeframes` are execution timeframes where a question is about decisions or trades.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    symbols: tuple[str, ...] | None = None
    timeframes: tuple[Timeframe, ...] | None = None
    profile: str | None = None

    def has_time(self, at_ms: int) -> bool:
        """Whether an instant lies within."""
        return (self.since_ms is None or at_ms >= self.since_ms) and (self.until_ms is None or at_ms < self.until_ms)

    def has_symbol(self, symbol: str) -> bool:
        return self.symbols is None or symbol in self.symbols

    def has_timeframe(self, timeframe: Timeframe | None) -> bool:
        """What has no timeframe fits only where none is asked for."""
        return self.timeframes is None or timeframe in self.timeframes
