"""Candles for a decision: from memory, else from the store, else from the exchange, each candle fetched once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from mtf_core.market import Candles, CandleStack, Contract, Timeframe
from mtf_core.ports import CandleStore, ExchangeError, MarketData
from mtf_core.rules.needs import Needs
from mtf_core.runs.concurrency import for_each
from mtf_core.runs.context import Progress, no_progress
from mtf_core.validation.window import Window, window_at

Series = tuple[str, Timeframe]


@frozen
class Hole:
    """Candles that a window lacks for one symbol: open times of the first and the last of them."""

    first_open_ms: int
    last_open_ms: int


@frozen(eq=False)
class Fed:
    """Stacks by timeframe, all with the same symbols or more, and the symbols whose candles could not be fetched."""

    stacks: Mapping[Timeframe, CandleStack]
    failures: Mapping[str, ExchangeError]


@define(eq=False)
class CandleFeed:
    """Keeps the windows of the last decision in memory, so that a process that stays up reads only what is new.

    A window that has not moved gives the very same stack object, by which unchanged results are recognised.
    """

    market: MarketData
    store: CandleStore
    timezone: str
    _series: dict[Series, Candles] = field(factory=dict, init=False)
    _stacks: dict[Timeframe, tuple[Window, CandleStack]] = field(factory=dict, init=False)
    _tried: set[tuple[Series, Hole]] = field(factory=set, init=False)

    async def stacks(
        self,
        needs: Needs,
        contracts: Sequence[Contract],
        at_ms: int,
        workers: int = 1,
        progress: Progress = no_progress,
    ) -> Fed:
        """The candles that `needs` asks for at `at_ms`; symbols whose candles cannot be fetched are left out."""
        windows = {timeframe: window_at(timeframe, need, at_ms, self.timezone) for timeframe, need in needs.items()}
        symbols = tuple(contract.symbol for contract in contracts)
        moved = {
            timeframe: window for timeframe, window in windows.items() if not self._is_kept(timeframe, window, symbols)
        }
        for window in moved.values():
            await self._read(window, symbols)
        failures = await self._fetch(moved, contracts, workers, progress)
        left = tuple(symbol for symbol in symbols if symbol not in failures)
        for timeframe, window in moved.items():
            series = {symbol: self._series[symbol, timeframe] for symbol in left}
            self._stacks[timeframe] = (window, window.stack(series))
        return Fed({timeframe: self._stacks[timeframe][1] for timeframe in windows} if left else {}, failures)

    def _is_kept(self, timeframe: Timeframe, window: Window, symbols: tuple[str, ...]) -> bool:
        kept = self._stacks.get(timeframe)
        return kept is not None and kept[0] == window and set(symbols) <= set(kept[1].symbols)

    async def _read(self, window: Window, symbols: Sequence[str]) -> None:
        """Brings memory up to the store, reading for each symbol only what lies after what it already has."""
        timeframe = window.timeframe
        fresh: list[str] = []
        behind: dict[int, list[str]] = {}
        for symbol in symbols:
            known = self._series.get((symbol, timeframe))
            kept = None if known is None else known.between(window.first_open_ms, window.last_open_ms)
            if kept is None or not len(kept) or int(kept.open_ms[0]) > window.first_open_ms:
                fresh.append(symbol)
            elif kept.end_ms <= window.last_open_ms:
                self._series[symbol, timeframe] = kept
                behind.setdefault(kept.end_ms, []).append(symbol)
            else:
                self._series[symbol, timeframe] = kept
        if fresh:
            read = await self.store.read(fresh, timeframe, window.first_open_ms, window.last_open_ms)
            for symbol, candles in read.items():
                self._series[symbol, timeframe] = candles
        for start, group in behind.items():
            read = await self.store.read(group, timeframe, start, window.last_open_ms)
            for symbol, candles in read.items():
                self._series[symbol, timeframe] = self._series[symbol, timeframe].merged(candles)

    async def _fetch(
        self, windows: Mapping[Timeframe, Window], contracts: Sequence[Contract], workers: int, progress: Progress
    ) -> dict[str, ExchangeError]:
        """Fetches what neither memory nor the store has, and stores it; returns the symbols that failed."""
        lacking: dict[str, list[tuple[Timeframe, Hole]]] = {}
        for contract in contracts:
            for timeframe, window in windows.items():
                series = (contract.symbol, timeframe)
                for hole in holes(self._series[series], window, contract.opened_at_ms):
                    if (series, hole) not in self._tried:
                        lacking.setdefault(contract.symbol, []).append((timeframe, hole))
        fetched: dict[Series, Candles] = {}
        failures: dict[str, ExchangeError] = {}
        done = 0

        async def fetch(symbol: str) -> None:
            nonlocal done
            try:
                for timeframe, hole in lacking[symbol]:
                    series = (symbol, timeframe)
                    found = await self.market.candles(symbol, timeframe, hole.first_open_ms, hole.last_open_ms)
                    fetched[series] = fetched[series].merged(found) if series in fetched else found
                    self._tried.add((series, hole))
            except ExchangeError as error:
                failures[symbol] = error
            done += 1
            progress("candles", done, len(lacking))

        await for_each(lacking, workers, fetch)
        new = {series: candles for series, candles in fetched.items() if len(candles)}
        if new:
            await self.store.write(new)
        for series, candles in new.items():
            self._series[series] = self._series[series].merged(candles)
        return failures


def holes(candles: Candles, window: Window, listed_ms: int) -> tuple[Hole, ...]:
    """What a window lacks: before, between and after the candles; nothing before the symbol was listed."""
    step = window.timeframe.ms
    first = max(window.first_open_ms, -(-listed_ms // step) * step)
    inside = candles.between(first, window.last_open_ms)
    if not len(inside):
        return (Hole(first, window.last_open_ms),) if first <= window.last_open_ms else ()
    found = []
    if int(inside.open_ms[0]) > first:
        found.append(Hole(first, int(inside.open_ms[0]) - step))
    found += [Hole(gap.first_open_ms, gap.last_open_ms) for gap in inside.gaps()]
    if inside.end_ms <= window.last_open_ms:
        found.append(Hole(inside.end_ms, window.last_open_ms))
    return tuple(found)
