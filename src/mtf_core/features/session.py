"""The volume-weighted average price since the start of the day, in the configured timezone."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mtf_core.market import DAY_MS, from_ms, to_ms
from mtf_core.market.candles import Floats
from mtf_core.market.stack import CandleStack


def session_start_ms(instant_ms: int, timezone: str) -> int:
    """When the day that contains the instant began in that timezone, in UTC ms."""
    if timezone == "UTC":
        return instant_ms - instant_ms % DAY_MS
    return _local_midnight(from_ms(instant_ms).astimezone(_zone(timezone)).date().toordinal(), timezone)


def session_vwap(stack: CandleStack, timezone: str, columns: int) -> Floats:
    """VWAP of the last `columns` candles, shape (n_symbols, columns).

    Σ(typical price · volume) / Σ volume since the candle that opened at the day's start (or first after it);
    typical price = (high + low + close) / 3. Missing when that candle, or one since, is missing, and when there
    was no volume. Sums run from left to right from the session's start, so a value depends on nothing else.
    """
    first = stack.count - columns
    starts = _session_columns(stack, timezone, first)
    begin = int(starts[0])
    bounds = [int(start) - begin for start in starts] + [stack.count - begin]
    vwap = np.empty((len(stack.symbols), columns))
    for row in range(0, len(vwap), _ROWS_AT_ONCE):
        rows = slice(row, row + _ROWS_AT_ONCE)
        volume = stack.volume[rows, begin:]
        money = stack.high[rows, begin:] + stack.low[rows, begin:]
        money += stack.close[rows, begin:]
        money *= 1 / 3
        money *= volume
        traded, volumes = (_summed_within(each, bounds)[:, first - begin :] for each in (money, volume))
        if not volumes.min() > 0:
            volumes[~(volumes > 0)] = np.nan
        np.divide(traded, volumes, out=vwap[rows])
    if begin == 0 and not _begins_a_session(stack, timezone):
        vwap[:, : max(0, bounds[1] - first)] = np.nan
    return vwap


_ROWS_AT_ONCE = 16
"""So many symbols' day of minutes stay in the processor's cache from one step to the next."""


def _summed_within(values: Floats, bounds: list[int]) -> Floats:
    """Running sums along the columns that begin anew at each bound.

    Sessions of one length that follow each other are summed in one go, as rows of a block.
    """
    if len(bounds) == 2:
        return np.cumsum(values, axis=1)
    summed = np.empty_like(values)
    place = 0
    while place < len(bounds) - 1:
        start, length = bounds[place], bounds[place + 1] - bounds[place]
        same = place + 1
        while same < len(bounds) - 1 and bounds[same + 1] - bounds[same] == length:
            same += 1
        part = values[:, start : bounds[same]].reshape(len(values), -1, length)
        summed[:, start : bounds[same]] = np.cumsum(part, axis=2).reshape(len(values), -1)
        place = same
    return summed


def _session_columns(stack: CandleStack, timezone: str, first: int) -> NDArray[np.int64]:
    """Columns at which sessions begin, from the session of column `first` on; a cut-off session begins at 0."""
    step = stack.timeframe.ms
    first_ms = stack.first_open_ms + first * step
    starts = []
    start_ms = session_start_ms(first_ms, timezone)
    while start_ms <= stack.end_ms - step:  # a day that turns within the last candle begins after it
        starts.append(max(0, -((stack.first_open_ms - start_ms) // step)))
        start_ms = session_start_ms(start_ms + DAY_MS + DAY_MS // 4, timezone)
    return np.unique(np.array(starts, dtype=np.int64))


def _begins_a_session(stack: CandleStack, timezone: str) -> bool:
    """Whether the candle before the first column belongs to another day."""
    before = stack.first_open_ms - stack.timeframe.ms
    return session_start_ms(before, timezone) != session_start_ms(stack.first_open_ms, timezone)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def _local_midnight(ordinal: int, timezone: str) -> int:
    return to_ms(datetime.fromordinal(ordinal).replace(tzinfo=_zone(timezone)))
