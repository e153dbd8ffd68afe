"""Whether there are enough unbroken candles behind each column."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mtf_core.features.table import FeatureTable, column_at
from mtf_core.market import CandleStack, Timeframe
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
    for row, segments in enumerate(stack.segments):
        for number, (start, stop) in enumerate(segments):
            begin = max(start, stack.lead)
            if number and start > stack.lead:
                codes[row, max(0, segments[number - 1][1] - first) :] = GAPS
            if stop > first:
                codes[row, max(0, begin + candles - 1 - first) : stop - first] = ENOUGH
        if segments and segments[-1][1] < stack.count:
            codes[row, max(0, segments[-1][1] - first) :] = GAPS
    return codes


def readiness(
    tables: Mapping[Timeframe, FeatureTable], timeframe: Timeframe, needs: Mapping[Timeframe, Need], columns: int
) -> Codes:
    """Reason codes for evaluating the last columns of one timeframe, features of other timeframes included."""
    stack = tables[timeframe].stack
    codes = shortage(stack, needs[timeframe].history.candles, columns)
    closes = stack.close_times(columns)
    for home, need in needs.items():
        if home is timeframe:
            continue
        other = tables[home].stack
        at = column_at(other, closes)
        theirs = shortage(other, need.history.candles, other.count)[:, np.maximum(at, 0)]
        theirs[:, at < 0] = TOO_FEW
        codes = np.where(codes == ENOUGH, theirs, codes)
    return codes
