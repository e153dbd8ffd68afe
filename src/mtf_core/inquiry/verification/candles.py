"""The candles that decisions rested on: read by the recorded ranges, and compared by their digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.inquiry.verification.recorded import Ranges, RecordedDecision
from mtf_core.market import Candles, CandleStack, Timeframe, format_instant
from mtf_core.ports import CandleStore
from mtf_core.runs.journal import candle_range
from mtf_core.validation.window import Window
from mtf_core.words import counted

StoredSeries = Mapping[Timeframe, Mapping[str, Candles]]


async def stored_series(candles: CandleStore, ranges: Ranges, symbols: Sequence[str]) -> StoredSeries:
    """The candles that are stored in these ranges, of each symbol."""
    return {timeframe: await candles.read(symbols, timeframe, first, last) for timeframe, first, last, _ in ranges}


def recorded_stacks(
    series: StoredSeries, ranges: Ranges, group: Sequence[RecordedDecision], largest_hole_ms: int
) -> dict[Timeframe, CandleStack]:
    """The windows that the records of a group rest on, from the stored candles.

    Where some of them were carried, holes up to `largest_hole_ms` are filled again.
    """
    stacks = {}
    for timeframe, first, last, recursive in ranges:
        window = Window(timeframe, first, last, recursive)
        carried = any(one.inputs.candles[timeframe].carried for one in group if timeframe in one.inputs.candles)
        of_group = {one.symbol: series[timeframe][one.symbol] for one in group}
        stacks[timeframe] = window.stack(of_group, carry_ms=largest_hole_ms if carried else 0)
    return stacks


def candles_are_as_recorded(one: RecordedDecision, stacks: Mapping[Timeframe, CandleStack], checks: Checks) -> bool:
    """Whether the store still holds, unchanged, the candles that the decision rested on."""
    whole = True
    for timeframe, recorded in one.inputs.candles.items():
        stack = stacks[timeframe]
        found = candle_range(stack, stack.symbols.index(one.symbol))
        if recorded.has_digest(found.digest):
            continue
        whole = False
        if found.count < recorded.count:
            first, last = format_instant(recorded.first_open_ms), format_instant(recorded.last_open_ms)
            what = f"{timeframe} candles {first} to {last}"
            counts = (counted(recorded.count, "candle"), f"{counted(found.count, 'candle')}: purged, or never stored")
            checks.note(Finding.CANDLES_MISSING, one.symbol, what, *counts)
        else:
            digests = (recorded.digest, found.digest[: len(recorded.digest)])
            checks.note(Finding.CANDLES_CHANGED, one.symbol, f"digest of {timeframe} candles", *digests)
    return whole
