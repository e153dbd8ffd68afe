"""The market at an entry, by a rule that is stated with every report.

Trend: over the last 24 hours, |last − first| of the hourly closes over the sum of their changes (Kaufman's efficiency
ratio). At 0.3 and above it is a trend, up or down; below it is a range. Volatility: the mean height of the last hour's
minutes, as a part of their closes, against the same of the 7 days before: from 1.5 times on it is high, to two thirds
of it low. Where less than 24 hours, or a day of the 7, is there, it is unknown. Minutes are counted as they are there:
a gap makes the time longer.
"""

from __future__ import annotations

import numpy as np

from mtf_core.replay.ledger import Regime, Trend, Volatility
from mtf_core.replay.minutes import Minutes

_HOUR, _DAY, _WEEK = 60, 1440, 7 * 1440
_TREND_FROM, _HIGH_FROM, _LOW_TO = 0.3, 1.5, 2 / 3


def regime_at(minutes: Minutes, at_ms: int) -> Regime:
    """By the candles that had closed at an instant."""
    last = minutes.closed_at(at_ms)
    return Regime(_trend(minutes, last), _volatility(minutes, last))


def _trend(minutes: Minutes, last: int) -> Trend:
    if last < _DAY:
        return Trend.UNKNOWN
    closes = minutes.close[last - _DAY : last + 1 : _HOUR]
    way = float(np.abs(np.diff(closes)).sum())
    change = float(closes[-1] - closes[0])
    if not way or abs(change) / way < _TREND_FROM:
        return Trend.RANGE
    return Trend.UP if change > 0 else Trend.DOWN


def _volatility(minutes: Minutes, last: int) -> Volatility:
    first = max(0, last + 1 - _HOUR - _WEEK)
    if last + 1 - _HOUR - first < _DAY:
        return Volatility.UNKNOWN
    heights = (minutes.high[first : last + 1] - minutes.low[first : last + 1]) / minutes.close[first : last + 1]
    usual, now = float(heights[:-_HOUR].mean()), float(heights[-_HOUR:].mean())
    if not usual:
        return Volatility.UNKNOWN
    if now >= _HIGH_FROM * usual:
        return Volatility.HIGH
    return Volatility.LOW if now <= _LOW_TO * usual else Volatility.NORMAL
