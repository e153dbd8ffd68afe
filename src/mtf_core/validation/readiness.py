"""Whether there are enough unbroken candles behind each column, and what is lacking where there are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mtf_core.features.carrying import column_at
from mtf_core.features.table import FeatureTable, Tables
from mtf_core.market import CandleStack, Gap, Timeframe
from mtf_core.market.stack import Segments
from mtf_core.reasons import Reason
from mtf_core.rules.needs import Need
from mtf_core.validation.outcome import Codes, reason_code
from mtf_core.validation.shortage import CandleShortage

ENOUGH = reason_code(None)
TOO_FEW = reason_code(Reason.NOT_ENOUGH_CANDLES)
GAPS = reason_code(Reason.CANDLES_HAVE_GAPS)


def shortage(stack: CandleStack, candles: int, columns: int) -> Codes:
    """Reason codes (n_symbols, columns) for the last columns: 0 where `candles` unbroken ones end there.

    Too few since the series began is `not_enough_candles`; too few since a hole, or no candle at all where others
    went before, is `candles_have_gaps`. Columns before the stack's lead do not count.
    """
    first = stack.count - columns
    codes = np.full((len(stack.symbols), columns), TOO_FEW)
    for segments, rows in _rows_by_segments(stack).items():
        codes[rows] = _shortage(segments, first, stack.lead, candles, columns)
    return codes


def _rows_by_segments(stack: CandleStack) -> dict[Segments, list[int] | slice]:
    """Rows that share their stretches of candles; mostly all of them."""
    if stack.alike:
        return {stack.segments[0]: slice(None)}
    found: dict[Segments, list[int] | slice] = {}
    for row, segments in enumerate(stack.segments):
        rows = found.setdefault(segments, [])
        assert isinstance(rows, list)
        rows.append(row)
    return found


def _shortage(segments: Segments, first: int, lead: int, candles: int, columns: int) -> Codes:
    codes = np.full(columns, TOO_FEW)
    previous_stop = None
    for start, stop in segments:
        if previous_stop is not None and start > lead:
            codes[max(0, previous_stop - first) :] = GAPS
        if stop > first:
            codes[max(0, max(start, lead) + candles - 1 - first) : stop - first] = ENOUGH
            codes[stop - first :] = GAPS
        previous_stop = stop
    if previous_stop is not None and previous_stop <= first:
        codes[:] = GAPS
    return codes


def readiness(
    tables: Mapping[Timeframe, FeatureTable], timeframe: Timeframe, needs: Mapping[Timeframe, Need], columns: int
) -> Codes:
    """Reason codes for evaluating the last columns of one timeframe, features of other timeframes included."""
    stack = tables[timeframe].stack
    codes = shortage(stack, needs[timeframe].unbroken, columns)
    closes = stack.close_times(columns)
    for home, need in needs.items():
        if home is timeframe:
            continue
        other = tables[home].stack
        at = column_at(other, closes)
        theirs = shortage(other, need.unbroken, other.count)[:, np.maximum(at, 0)]
        theirs[:, at < 0] = TOO_FEW
        theirs[:, closes >= other.end_ms + home.ms] = GAPS
        codes = np.where(codes == ENOUGH, theirs, codes)
    return codes


def shortage_of(
    tables: Tables, row: int, timeframe: Timeframe, needs: Mapping[Timeframe, Need]
) -> CandleShortage | None:
    """What one symbol lacks for evaluating the last candle of a timeframe; None where it lacks nothing.

    The numbers behind `readiness`, and in its order: the timeframe's own candles, then those of others that it reads.
    All stacks end with the last candle closed at one instant.
    """
    stack = tables[timeframe].stack
    close = np.array([stack.end_ms])
    own = _lacking(stack, row, stack.count - 1, needs[timeframe].unbroken)
    if own is not None:
        return own
    for home, need in needs.items():
        if home is not timeframe:
            other = tables[home].stack
            found = _lacking(other, row, int(column_at(other, close)[0]), need.unbroken)
            if found is not None:
                return found
    return None


def _lacking(stack: CandleStack, row: int, column: int, needed: int) -> CandleShortage | None:
    """What is lacking of `needed` candles that end with a column."""
    step, first_ms = stack.timeframe.ms, stack.first_open_ms
    before = [segment for segment in stack.segments[row] if segment[0] <= column]
    start, stop = before[-1] if before else (column + 1, column + 1)
    there = stop > column
    begin = max(start, stack.lead) if there else column + 1
    had = max(0, column + 1 - begin)
    if had >= needed:
        return None
    hole = None
    if before and not there:
        hole = Gap.spanning(first_ms + stop * step, first_ms + column * step, stack.timeframe)
    elif len(before) > 1 and start > stack.lead:
        hole = Gap.spanning(first_ms + before[-2][1] * step, first_ms + (start - 1) * step, stack.timeframe)
    return CandleShortage(
        timeframe=stack.timeframe,
        had=had,
        needed=needed,
        first_open_ms=first_ms + begin * step if had else None,
        hole=hole,
        usable_from_ms=first_ms + (begin + needed) * step,
        missing=_missing(before, max(stack.lead, column - needed + 1), column) if hole is not None else 0,
    )


def _missing(before: Sequence[tuple[int, int]], first: int, column: int) -> int:
    """How many candles are missing from a column on up to another, since the history began."""
    begun = max(first, before[0][0])
    there = sum(max(0, min(stop, column + 1) - max(start, begun)) for start, stop in before)
    return max(0, column + 1 - begun) - there
