"""Candles for a decision: from memory, else from the store, else built from shorter ones, else from the exchange.

Each candle is fetched once, and only the shortest timeframe is fetched minute by minute: whatever lies above is built
from it. The history of higher timeframes is fetched once, and compared with what the shorter candles make up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define, field, frozen

from mtf_core.market import COLUMNS, HOUR_MS, Candles, CandleStack, Contract, Gap, Timeframe
from mtf_core.ports import CandleStore, MarketData, Progress, no_progress
from mtf_core.rules.needs import Needs
from mtf_core.upkeep.building import CandleDifference, built_within, difference_between
from mtf_core.upkeep.concurrency import for_each
from mtf_core.validation.window import Window, window_at

Series = tuple[str, Timeframe]

CORRECTED_WITHIN_MS = 2 * HOUR_MS
"""How long after its close a candle that was only pushed may still be corrected in the store."""


@frozen(eq=False)
class Fed:
    """Stacks by timeframe, all with the same symbols or more, and the symbols whose candles could not be fetched."""

    stacks: Mapping[Timeframe, CandleStack]
    failures: Mapping[str, Exception]
    differences: tuple[CandleDifference, ...] = ()
    """Fetched candles that their own shorter ones do not make up, one of each series at most."""


@frozen(eq=False)
class _Fetched:
    """What came of asking the exchange: timeframes with new candles, failed symbols, what did not fit together."""

    timeframes: frozenset[Timeframe]
    failures: Mapping[str, Exception]
    differences: tuple[CandleDifference, ...]


@define(eq=False)
class CandleFeed:
    """Keeps the windows of the last decision in memory, so that a process that stays up reads only what is new.

    A window that has not moved gives the very same stack object, by which unchanged results are recognised.
    """

    market: MarketData
    store: CandleStore
    timezone: str
    carry_ms: int = 0
    """The longest hole that is filled with the close before it where the exchange has it, too (`no_trade: carry`)."""
    reread_ms: int = 0
    """How far back stored candles may have been corrected since: so much is read again with what is new."""
    beside: CandleFeed | None = None
    """Another feed of the same world: its candles are parts to build from, too."""
    _series: dict[Series, Candles] = field(factory=dict, init=False)
    _stacks: dict[Timeframe, tuple[Window, CandleStack]] = field(factory=dict, init=False)
    _unfillable: dict[Series, tuple[Gap, ...]] = field(factory=dict, init=False)
    """Holes that the exchange was asked for, and that do not reach the end of the window: they will stay."""

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
        changed = {timeframe for timeframe, window in moved.items() if await self._read(window, contracts)}
        in_order = sorted(moved, key=lambda timeframe: timeframe.ms)
        shortest, longer = (
            {timeframe: moved[timeframe] for timeframe in part} for part in (in_order[:1], in_order[1:])
        )
        fetched = await self._fetch(shortest, contracts, workers, progress)
        served = [contract for contract in contracts if contract.symbol not in fetched.failures]
        changed |= fetched.timeframes | await self._build(longer, served)
        rest = await self._fetch(longer, served, workers, progress)
        # What was fetched just now may be parts of what the exchange does not have.
        changed |= rest.timeframes | (await self._build(longer, served) if rest.timeframes else frozenset())
        failures = {**fetched.failures, **rest.failures}
        left = tuple(symbol for symbol in symbols if symbol not in failures)
        for timeframe, window in moved.items():
            if timeframe in changed or not self._is_stacked(timeframe, window, left):
                series = {symbol: self._series[symbol, timeframe] for symbol in left}
                self._stacks[timeframe] = (window, window.stack(series, carry_ms=self.carry_ms))
        stacks = {timeframe: self._stacks[timeframe][1] for timeframe in windows} if left else {}
        return Fed(stacks, failures, fetched.differences + rest.differences)

    def _is_kept(self, timeframe: Timeframe, window: Window, symbols: tuple[str, ...]) -> bool:
        """Whether the stack in memory is the answer; a candle that came late at its end may have come since."""
        return self._is_stacked(timeframe, window, symbols) and all(
            self._reaches_end(symbol, window) for symbol in symbols
        )

    def _is_stacked(self, timeframe: Timeframe, window: Window, symbols: tuple[str, ...]) -> bool:
        kept = self._stacks.get(timeframe)
        return kept is not None and kept[0] == window and set(symbols) <= set(kept[1].symbols)

    def _reaches_end(self, symbol: str, window: Window) -> bool:
        known = self._series.get((symbol, window.timeframe))
        return known is not None and len(known) > 0 and known.end_ms > window.last_open_ms

    async def _read(self, window: Window, contracts: Sequence[Contract]) -> bool:
        """Brings memory up to the store, reading for each symbol only what lies after what it already has.

        A series with a gap is read as a whole: the gap may have been filled in the store since. Returns whether
        there are candles that were not in memory.
        """
        timeframe = window.timeframe
        before: dict[str, Candles] = {}
        behind: dict[int, list[str]] = {}
        for contract in contracts:
            series = (contract.symbol, timeframe)
            known = self._series.get(series, Candles.empty(timeframe)).between(
                window.first_open_ms, window.last_open_ms
            )
            before[contract.symbol] = known
            lacking = missing_from(known, window, contract.opened_at_ms)
            if len(lacking) == 1 and len(known) and lacking[0].first_open_ms == known.end_ms:
                again_ms = self.reread_ms and max(1, self.reread_ms // timeframe.ms) * timeframe.ms
                start = max(int(known.open_ms[0]), known.end_ms - again_ms)
                behind.setdefault(start, []).append(contract.symbol)
            elif lacking or not len(known):
                known = Candles.empty(timeframe)
                behind.setdefault(window.first_open_ms, []).append(contract.symbol)
            self._series[series] = known
        for start, symbols in behind.items():
            read = await self.store.read(symbols, timeframe, start, window.last_open_ms)
            for symbol, candles in read.items():
                self._series[symbol, timeframe] = self._series[symbol, timeframe].merged(candles)
        return any(_differs(known, self._series[symbol, timeframe]) for symbol, known in before.items())

    async def _build(self, windows: Mapping[Timeframe, Window], contracts: Sequence[Contract]) -> frozenset[Timeframe]:
        """Builds what shorter candles make up, from the lowest timeframe upwards, and stores it: where there is new."""
        built: dict[Series, Candles] = {}
        for timeframe in sorted(windows, key=lambda one: one.ms):
            for contract in contracts:
                gaps = missing_from(self._series[contract.symbol, timeframe], windows[timeframe], contract.opened_at_ms)
                lower = self._shorter(contract.symbol, timeframe) if gaps else ()
                candles = built_within(gaps, timeframe, lower)
                if len(candles):
                    series = (contract.symbol, timeframe)
                    built[series] = candles
                    self._series[series] = self._series[series].merged(candles)
        if built:
            await self.store.write(built)
        return frozenset(timeframe for _, timeframe in built)

    def _shorter(self, symbol: str, timeframe: Timeframe) -> tuple[Candles, ...]:
        """What memory holds of the symbol's shorter candles, the nearest first."""
        known = self._series if self.beside is None else {**self.beside._series, **self._series}
        shorter = [one for one in Timeframe if one.ms < timeframe.ms and (symbol, one) in known]
        return tuple(known[symbol, one] for one in reversed(shorter))

    async def _fetch(
        self, windows: Mapping[Timeframe, Window], contracts: Sequence[Contract], workers: int, progress: Progress
    ) -> _Fetched:
        """Fetches what neither memory nor the store has, and stores it.

        Memory changes only once the store holds what was fetched, so a run that breaks off loses nothing for the next.
        """
        lacking = self._lacking(windows, contracts)
        fetched: dict[Series, Candles] = {}
        asked: list[tuple[Series, Gap]] = []
        failures: dict[str, Exception] = {}
        done = 0

        async def fetch(symbol: str) -> None:
            nonlocal done
            try:
                for timeframe, gap in lacking[symbol]:
                    series = (symbol, timeframe)
                    found = await self.market.candles(symbol, timeframe, gap.first_open_ms, gap.last_open_ms)
                    fetched[series] = fetched[series].merged(found) if series in fetched else found
                    asked.append((series, gap))
            except Exception as error:  # a symbol fails alone; the run tells a bug from the exchange's trouble
                failures[symbol] = error
            done += 1
            progress("candles", done, len(lacking))

        await for_each(lacking, workers, fetch)
        new = {series: candles for series, candles in fetched.items() if len(candles)}
        if new:
            await self.store.write(new)
        for series, candles in new.items():
            self._series[series] = self._series[series].merged(candles)
        self._remember(asked, windows)
        return _Fetched(frozenset(timeframe for _, timeframe in new), failures, self._differences(new))

    def _differences(self, fetched: Mapping[Series, Candles]) -> tuple[CandleDifference, ...]:
        """Fetched candles that shorter ones do not make up; the exchange's own stay."""
        found = (
            difference_between(symbol, candles, shorter)
            for (symbol, timeframe), candles in fetched.items()
            for shorter in self._shorter(symbol, timeframe)[:1]
        )
        return tuple(difference for difference in found if difference is not None)

    def _lacking(
        self, windows: Mapping[Timeframe, Window], contracts: Sequence[Contract]
    ) -> dict[str, list[tuple[Timeframe, Gap]]]:
        """The holes worth asking the exchange for, by symbol."""
        found: dict[str, list[tuple[Timeframe, Gap]]] = {}
        for contract in contracts:
            for timeframe, window in windows.items():
                series = (contract.symbol, timeframe)
                for gap in missing_from(self._series[series], window, contract.opened_at_ms):
                    if not any(gap.lies_within(other) for other in self._unfillable.get(series, ())):
                        found.setdefault(contract.symbol, []).append((timeframe, gap))
        return found

    def _remember(self, asked: Sequence[tuple[Series, Gap]], windows: Mapping[Timeframe, Window]) -> None:
        """Keeps in mind what there was no answer to, as long as the windows still hold it.

        The end of a window is asked for again: an exchange may be late with its last candles.
        """
        for series, gap in asked:
            window, known = windows[series[1]], self._series[series]
            end = known.end_ms if len(known) else window.first_open_ms
            settled = Gap.spanning(
                gap.first_open_ms, min(gap.last_open_ms, end - window.timeframe.ms), window.timeframe
            )
            others = [one for one in self._unfillable.get(series, ()) if one.last_open_ms >= window.first_open_ms]
            if settled.first_open_ms <= settled.last_open_ms and not _is_filled(settled, known):
                others.append(settled)
            self._unfillable[series] = tuple(others)


def _is_filled(hole: Gap, candles: Candles) -> bool:
    """Whether nothing is missing there any more."""
    return len(candles.between(hole.first_open_ms, hole.last_open_ms)) == hole.count


def _differs(known: Candles, now: Candles) -> bool:
    """Whether candles came to those that were known, or some of them changed."""
    if len(now) != len(known):
        return len(now) > len(known)
    return any(not np.array_equal(getattr(known, column), getattr(now, column)) for column in COLUMNS)


def missing_from(candles: Candles, window: Window, listed_ms: int) -> tuple[Gap, ...]:
    """What a window lacks: before, between and after the candles; nothing before the symbol was listed."""
    step = window.timeframe.ms
    first = max(window.first_open_ms, -(-listed_ms // step) * step)
    inside = candles.between(first, window.last_open_ms)
    if not len(inside):
        return (Gap.spanning(first, window.last_open_ms, window.timeframe),) if first <= window.last_open_ms else ()
    found = []
    if int(inside.open_ms[0]) > first:
        found.append(Gap.spanning(first, int(inside.open_ms[0]) - step, window.timeframe))
    found += inside.gaps()
    if inside.end_ms <= window.last_open_ms:
        found.append(Gap.spanning(inside.end_ms, window.last_open_ms, window.timeframe))
    return tuple(found)
