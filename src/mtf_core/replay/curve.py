"""The account over a replay as arrays: its equity, how far it lay below its best, and what it returned each day.

Between two points of the ledger the account is what it was at the first of them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.market import DAY_MS
from mtf_core.market.candles import Floats, Times
from mtf_core.replay.ledger import Ledger

Rows = NDArray[np.int64]


@frozen(eq=False)
class Curve:
    """Columns of equal length, oldest first; begins with what the account had before anything was decided."""

    time_ms: Times
    equity: Floats
    balance: Floats
    at_risk: Floats

    @property
    def underwater(self) -> Floats:
        """How far equity lies below the highest so far, as a fraction: 0, or below zero."""
        peak = np.maximum.accumulate(self.equity)
        return np.divide(self.equity - peak, peak, out=np.zeros_like(peak), where=peak > 0)

    def at(self, instants: Times) -> Floats:
        """The equity at each instant; before the first point it is the first one's."""
        return self.equity[np.maximum(np.searchsorted(self.time_ms, instants, side="right") - 1, 0)]


@frozen
class Drawdown:
    """The farthest fall from a best, and the longest time below one."""

    depth: float
    """A fraction 0..1 of the best before it."""
    depth_usdt: float
    from_ms: int
    """When that best was reached; with no fall, the beginning."""
    bottom_ms: int
    longest_ms: int
    """From a best until equity was there again; one that lasts to the end counts to the end."""


@frozen
class Exposure:
    """How much of the time something was open, and how much of it."""

    time_share: float
    """A fraction 0..1 of the span."""
    mean_notional: float
    """In quote currency, over the whole span."""
    mean_notional_open: float
    """Over the time in which something was open."""


def curve_of(ledger: Ledger) -> Curve:
    """The account from the first decision to the last that is known of it."""
    start = float(ledger.settings.balance_usdt)
    rows = [(ledger.first_ms, start, start, 0.0)]
    rows += [(one.time_ms, float(one.equity), float(one.balance), float(one.at_risk)) for one in ledger.equity]
    end = max(ledger.last_ms, rows[-1][0])
    rows.append((end, *rows[-1][1:]))
    # The first row stands before all others: a point of the same instant, or an earlier one, is not put before it.
    times = np.maximum.accumulate(np.array([row[0] for row in rows], dtype=np.int64))
    columns = np.array([row[1:] for row in rows], dtype=np.float64).T
    return Curve(times, *(np.ascontiguousarray(column) for column in columns))


def drawdown_of(curve: Curve) -> Drawdown:
    equity, times = curve.equity, curve.time_ms
    peak = np.maximum.accumulate(equity)
    underwater = curve.underwater
    bottom = int(np.argmin(underwater))
    return Drawdown(
        depth=abs(float(underwater[bottom])),
        depth_usdt=float(peak[bottom] - equity[bottom]),
        from_ms=int(times[np.argmax(equity[: bottom + 1])]),
        bottom_ms=int(times[bottom]),
        longest_ms=_longest_below(equity, peak, times),
    )


def _longest_below(equity: Floats, peak: Floats, times: Times) -> int:
    at_best = np.flatnonzero(equity >= peak)
    # The next best ends a fall; the last point ends one that still goes on.
    ends = np.append(at_best[1:], len(times) - 1)
    fell = ends > at_best + 1
    if len(at_best) and at_best[-1] < len(times) - 1:
        fell[-1] = True
    lengths = (times[ends] - times[at_best])[fell]
    return int(lengths.max()) if len(lengths) else 0


def exposure_of(curve: Curve) -> Exposure:
    lasting = np.diff(curve.time_ms).astype(np.float64)
    held = curve.at_risk[:-1]
    span, open_for = float(lasting.sum()), float(lasting[held > 0].sum())
    volume = float((lasting * held).sum())
    return Exposure(
        time_share=open_for / span if span else 0.0,
        mean_notional=volume / span if span else 0.0,
        mean_notional_open=volume / open_for if open_for else 0.0,
    )


def day_boundaries(first_ms: int, last_ms: int) -> Times:
    """The beginning, every midnight UTC in between, and the end."""
    midnights = np.arange((first_ms // DAY_MS + 1) * DAY_MS, last_ms, DAY_MS, dtype=np.int64)
    return np.concatenate([[first_ms], midnights, [last_ms]]).astype(np.int64)


def daily_returns(curve: Curve) -> Floats:
    """What equity gained each day UTC, as a fraction of what it was before; the first and last day may be shorter."""
    equity = curve.at(day_boundaries(int(curve.time_ms[0]), int(curve.time_ms[-1])))
    before = equity[:-1]
    return np.divide(equity[1:] - before, before, out=np.zeros_like(before), where=before > 0)


def thinned(curve: Curve, most: int) -> Rows:
    """Rows that show the curve with at most about so many points: of each stretch its ends, its best and its worst."""
    count = len(curve.time_ms)
    if count <= most:
        return np.arange(count, dtype=np.int64)
    edges = np.linspace(0, count, max(1, most // 4) + 1).astype(np.int64)
    rows = {0, count - 1}
    for start, stop in pairwise(edges.tolist()):
        part = curve.equity[start:stop]
        rows |= {start, stop - 1, start + int(np.argmin(part)), start + int(np.argmax(part))}
    return np.array(sorted(rows), dtype=np.int64)
