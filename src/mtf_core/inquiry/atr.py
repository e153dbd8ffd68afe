"""How large the average true range is beside the price: percentiles over the stored candles.

Computed anew from the candles, and not taken from stored decisions: a trace holds an ATR only where a rule asked for
one, so what runs stored is a choice made by the rules. Candles say it of every minute. Each value begins with the
unbroken stretch of candles in which it stands, so it may differ from what a decision saw, which began with its own
block, by as much as the warm-up tolerance allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from attrs import frozen

from mtf_core.features.names import history
from mtf_core.features.table import WARMUP_TOLERANCE, FeatureTable
from mtf_core.inquiry.flat import row_to_json, selection_to_json, share
from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.ports import Aside, Progress, Stores, at_once, no_progress
from mtf_core.records import Selection

FEATURE = "atr_pct"
_SYMBOLS_AT_ONCE = 25
"""So many series are in memory together: a month of minutes of one is two megabytes."""
_SHARES = (50, 80, 90)


@frozen
class AtrRow:
    """ATR of 14 candles relative to the close, in percent, over the candles of a timeframe; of a symbol, or of all.

    The percentiles are values that occurred, by nearest rank; None where no candle has an ATR.
    """

    timeframe: Timeframe
    symbol: str | None
    """None: all symbols together."""
    candles: int
    """Candles with an ATR."""
    missing: int
    """Places in that time, from the first stored candle to the last, without one: holes, and the warm-up after them."""
    missing_share: float | None
    p50_percent: float | None
    p80_percent: float | None
    p90_percent: float | None
    first_ms: int | None
    last_ms: int | None
    """When the first and the last of these places open."""


@frozen
class AtrStatistics:
    """ATR by timeframe, then by symbol and timeframe, the most volatile first."""

    selection: Selection
    rows: tuple[AtrRow, ...]

    def to_json(self) -> dict[str, Any]:
        return {**selection_to_json(self.selection), "rows": [row_to_json(row) for row in self.rows]}


@frozen(eq=False)
class _Measured:
    """The values of one series at its places, NaN where there is none."""

    values: Floats
    first_ms: int
    last_ms: int


async def atr_statistics(
    stores: Stores, selection: Selection, progress: Progress = no_progress, aside: Aside = at_once
) -> AtrStatistics:
    """ATR over the candles that open within the selected time; with a profile, of symbols that its runs decided on."""
    symbols = selection.symbols
    if selection.profile is not None:
        symbols = await stores.tallies.symbols(selection)
    spans = [
        (symbol, timeframe, first, last)
        for symbol, timeframe, first, last, _ in await stores.candles.spans()
        if selection.has_timeframe(timeframe) and (symbols is None or symbol in symbols)
    ]
    of_all: list[AtrRow] = []
    of_symbols: list[AtrRow] = []
    done = 0
    for timeframe in Timeframe:
        here = {symbol: (first, last) for symbol, found, first, last in spans if found is timeframe}
        measured: dict[str, _Measured] = {}
        for names in _batches(sorted(here)):
            measured |= await _measured(stores, timeframe, {name: here[name] for name in names}, selection, aside)
            done += len(names)
            progress("series", done, len(spans))
        if measured:
            of_all.append(_row(timeframe, None, list(measured.values())))
            of_symbols += [_row(timeframe, name, [one]) for name, one in measured.items()]
    of_symbols.sort(key=lambda row: (row.timeframe.ms, -(row.p50_percent or 0.0), str(row.symbol)))
    return AtrStatistics(selection, (*of_all, *of_symbols))


def _batches(names: Sequence[str]) -> Sequence[Sequence[str]]:
    return [names[start : start + _SYMBOLS_AT_ONCE] for start in range(0, len(names), _SYMBOLS_AT_ONCE)]


async def _measured(
    stores: Stores, timeframe: Timeframe, spans: Mapping[str, tuple[int, int]], selection: Selection, aside: Aside
) -> dict[str, _Measured]:
    first = min(first for first, _ in spans.values())
    last = max(last for _, last in spans.values())
    if selection.since_ms is not None:
        first = max(first, -(-selection.since_ms // timeframe.ms) * timeframe.ms)
    if selection.until_ms is not None:
        last = min(last, (selection.until_ms - 1) // timeframe.ms * timeframe.ms)
    if first > last:
        return {}
    before = history(FEATURE, WARMUP_TOLERANCE).candles * timeframe.ms
    candles = await stores.candles.read(list(spans), timeframe, first - before, last)
    return await aside(partial(_measured_of, candles, spans, first, last))


def _measured_of(
    series: Mapping[str, Candles], spans: Mapping[str, tuple[int, int]], first_ms: int, last_ms: int
) -> dict[str, _Measured]:
    found = {}
    for symbol, candles in series.items():
        begin, end = max(first_ms, spans[symbol][0]), min(last_ms, spans[symbol][1])
        if begin <= end and len(candles):
            found[symbol] = _Measured(_values(candles, symbol, begin, end), begin, end)
    return found


def _values(candles: Candles, symbol: str, begin_ms: int, end_ms: int) -> Floats:
    """The feature at each place of [begin, end]."""
    step = candles.timeframe.ms
    first = min(begin_ms, int(candles.open_ms[0]))
    stack = CandleStack.of_window(candles.timeframe, {symbol: candles}, first, end_ms)
    values: Floats = FeatureTable(stack, stack.count).feature(FEATURE)[0]
    return values[(begin_ms - first) // step :]


def _row(timeframe: Timeframe, symbol: str | None, measured: Sequence[_Measured]) -> AtrRow:
    values = np.concatenate([one.values for one in measured])
    known = np.sort(values[~np.isnan(values)])
    p50, p80, p90 = (float(known[-(-each * len(known) // 100) - 1]) * 100 if len(known) else None for each in _SHARES)
    missing = len(values) - len(known)
    return AtrRow(
        timeframe,
        symbol,
        len(known),
        missing,
        share(missing, len(values)),
        p50,
        p80,
        p90,
        min(one.first_ms for one in measured),
        max(one.last_ms for one in measured),
    )
