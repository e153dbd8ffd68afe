"""Which candles a decision at an instant looks at: as many as the features need, always the same ones."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_core.features.session import session_start_ms
from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.rules.needs import Need


@frozen
class Window:
    """Candles that open within [first, last]; those before `recursive_from` serve only features of the session."""

    timeframe: Timeframe
    first_open_ms: int
    last_open_ms: int
    recursive_from_ms: int

    @property
    def count(self) -> int:
        return (self.last_open_ms - self.first_open_ms) // self.timeframe.ms + 1

    def stack(self, series: Mapping[str, Candles], *, carry_ms: int = 0) -> CandleStack:
        """The window's candles of every symbol; holes between candles that are no longer than `carry_ms` are filled."""
        lead = (self.recursive_from_ms - self.first_open_ms) // self.timeframe.ms
        return CandleStack.of_window(
            self.timeframe, series, self.first_open_ms, self.last_open_ms, lead, whole=False, carry_ms=carry_ms
        )


def window_at(timeframe: Timeframe, need: Need, at_ms: int, timezone: str) -> Window:
    """The window that ends with the last candle closed at `at_ms` and holds what is needed, no more.

    It begins with the block that the longest history asks for (`History`). A session's features of the last `tail`
    candles reach back to the start of the day of the first of them.
    """
    last = timeframe.last_closed_open(at_ms)
    recursive = need.history.first(last // timeframe.ms) * timeframe.ms
    first = recursive
    if need.history.session:
        earliest = last - (need.tail - 1) * timeframe.ms
        start = session_start_ms(earliest, timezone)
        first = min(recursive, -(-start // timeframe.ms) * timeframe.ms)
    return Window(timeframe, first, last, recursive)
