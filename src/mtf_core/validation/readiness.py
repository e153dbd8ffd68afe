"""Whether there are enough unbroken candles behind each column."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mtf_core.features.carrying import column_at
from mtf_core.features.table import FeatureTable
from mtf_core.market import CandleStack, Timeframe
from mtf_core.market.stack import Segments
from mtf_core.reasons import Reason
from mtf_core.rules.needs import Need
from mtf_core.validation.outcome import Codes, reason_code

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
