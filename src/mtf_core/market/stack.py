"""Candles of many symbols on one uniform time grid: one row per symbol, one column per candle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from mtf_core.market.candles import COLUMNS, Candles, Floats
from mtf_core.market.timeframe import MINUTE_MS, Timeframe

Segments = tuple[tuple[int, int], ...]


@frozen(eq=False)
class CandleStack:
    """Closed candles of several symbols over the same window; a missing candle is NaN in every column.

    Arrays are float64 of shape (n_symbols, n_candles), oldest first. Column j opens at
    `first_open_ms + j · timeframe.ms`. `segments[row]` lists the unbroken stretches (start, stop) of a row.
    Columns before `lead` are there only for features that begin with the session (VWAP); recursive features begin
    at `lead`, so that a long session does not lengthen their work.
    `whole` stacks hold all the candles that there are, and features begin with the first of them; the others are
    windows cut out of longer series, in which each feature begins where its own history does.
    """

    timeframe: Timeframe
    symbols: tuple[str, ...]
    first_open_ms: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    segments: tuple[Segments, ...]
    lead: int = 0
    whole: bool = True
    carried: tuple[int, ...] = ()
    """How many candles of each row were missing and are filled with the close before them; empty: none anywhere."""
    alike: bool = field(init=False)
    """Whether all symbols have the same stretches: mostly they do, and what holds of one then holds of all."""

    @alike.default
    def _alike(self) -> bool:
        return len(set(self.segments)) == 1

    @classmethod
    def of_series(cls, candles: Candles, symbol: str) -> CandleStack:
        """One symbol over the whole of its series; raises ValueError when there are no candles."""
        if not len(candles):
            raise ValueError(f"{symbol}: no {candles.timeframe} candles")
        first, last = int(candles.open_ms[0]), int(candles.open_ms[-1])
        return cls.of_window(candles.timeframe, {symbol: candles}, first, last)

    @classmethod
    def of_window(
        cls,
        timeframe: Timeframe,
        series: Mapping[str, Candles],
        first_open_ms: int,
        last_open_ms: int,
        lead: int = 0,
        *,
        whole: bool = True,
        carry_ms: int = 0,
    ) -> CandleStack:
        """The candles that open within [first, last] of every symbol; shorter or broken series leave holes.

        `carry_ms`: holes between two candles that are no longer are filled (`Candles.carried`); 0: none is.
        """
        count = max(0, (last_open_ms - first_open_ms) // timeframe.ms + 1)
        windows = [candles.between(first_open_ms, last_open_ms) for candles in series.values()]
        carried: tuple[int, ...] = ()
        if carry_ms:
            filled = [candles.carried(carry_ms // MINUTE_MS) for candles in windows]
            carried = tuple(len(after) - len(before) for after, before in zip(filled, windows, strict=True))
            windows = filled
        if len(windows) == 1 and len(windows[0]) == count:
            columns = [getattr(windows[0], name).reshape(1, count) for name in COLUMNS]
        else:
            columns = [_filled(windows, name, first_open_ms, count) for name in COLUMNS]
        segments = tuple(_segments(candles, first_open_ms) for candles in windows)
        return cls(  # type: ignore[call-arg]
            timeframe, tuple(series), first_open_ms, *columns, segments, lead, whole, carried
        )

    @property
    def count(self) -> int:
        """Number of columns."""
        return int(self.close.shape[1])

    @property
    def end_ms(self) -> int:
        """When the last column closes."""
        return self.first_open_ms + self.count * self.timeframe.ms

    def close_times(self, columns: int) -> NDArray[np.int64]:
        """Close times in ms of the last `columns` columns."""
        indices = np.arange(self.count - columns + 1, self.count + 1, dtype=np.int64)
        return self.first_open_ms + indices * self.timeframe.ms

    def unbroken(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many candles without a hole, from the lead on, end with each column; shape (n_symbols, n_columns).

        0 where the candle is missing, and for columns that the stack does not have.
        """
        if self.alike:
            return np.broadcast_to(self._unbroken(self.segments[0], columns), (len(self.symbols), len(columns)))
        found = {segments: self._unbroken(segments, columns) for segments in set(self.segments)}
        return np.array([found[segments] for segments in self.segments]).reshape(len(self.symbols), len(columns))

    def _unbroken(self, segments: Segments, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        counts = np.zeros(len(columns), dtype=np.int64)
        for start, stop in segments:
            inside = (columns >= start) & (columns < stop)
            counts[inside] = columns[inside] - max(start, self.lead) + 1
        return np.maximum(counts, 0)

    def rows(self, symbols: Sequence[str]) -> CandleStack:
        """The same window of some of the symbols, in the order asked for; KeyError for an absent one."""
        if tuple(symbols) == self.symbols:
            return self
        index = {symbol: row for row, symbol in enumerate(self.symbols)}
        rows = [index[symbol] for symbol in symbols]
        columns = [getattr(self, name)[rows] for name in COLUMNS]
        segments = tuple(self.segments[row] for row in rows)
        return CandleStack(  # type: ignore[call-arg]
            self.timeframe,
            tuple(symbols),
            self.first_open_ms,
            *columns,
            segments,
            self.lead,
            self.whole,
            tuple(self.carried[row] for row in rows) if self.carried else (),
        )


def _filled(windows: Sequence[Candles], name: str, first_open_ms: int, count: int) -> Floats:
    filled = np.full((len(windows), count), np.nan)
    for row, candles in enumerate(windows):
        if len(candles) == count:
            filled[row] = getattr(candles, name)
        elif len(candles):
            filled[row, (candles.open_ms - first_open_ms) // candles.timeframe.ms] = getattr(candles, name)
    return filled


def _segments(candles: Candles, first_open_ms: int) -> Segments:
    if not len(candles):
        return ()
    step = candles.timeframe.ms
    first, last = int(candles.open_ms[0]), int(candles.open_ms[-1])
    if (last - first) // step + 1 == len(candles):
        start = (first - first_open_ms) // step
        return ((start, start + len(candles)),)
    places = (candles.open_ms - first_open_ms) // step
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    starts = places[np.concatenate([[0], breaks])]
    stops = places[np.concatenate([breaks - 1, [len(places) - 1]])] + 1
    return tuple((int(start), int(stop)) for start, stop in zip(starts, stops, strict=True))
