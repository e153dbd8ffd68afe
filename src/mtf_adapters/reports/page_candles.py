"""Candles for a page: those around trades and no others, as few bytes as a picture needs.

Trades that moved the most money come first. A page has at most so many candles of 15 minutes, around whole trades, and
so many of one minute, around those that are short enough to be looked at closely.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from attrs import define, field, frozen

from mtf_core.market import MINUTE_MS, Candles, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.replay.ledger import Ledger, ReplayedTrade, ReplayMarket
from mtf_core.replay.sums import by_close

_FAR, _NEAR = Timeframe.M15, Timeframe.M1
_BESIDE = {_FAR: 48, _NEAR: 60}
"""Candles shown before the decision and after the exit."""
_LONGEST_NEAR = 720
"""Minutes; a longer stretch is shown from afar only."""


@frozen
class Room:
    """How many candles a page may hold: 3 MB at most, whatever the replay."""

    far: int = 60_000
    near: int = 150_000


@define
class _Symbol:
    far: set[int] = field(factory=set)
    """Numbers of candles of 15 minutes since 1970: a candle beside several trades is there once."""
    near: dict[int, tuple[int, int]] = field(factory=dict)
    """Stretches in ms, by the number of the trade in the document."""


def candles_for_page(ledger: Ledger, room: Room = Room()) -> dict[str, Any]:
    """By symbol: `far`, stretches of 15 minutes, and `near`, one stretch of 1m for each trade that has room."""
    trades = by_close(ledger.trades)
    order = sorted(range(len(trades)), key=lambda row: (-abs(trades[row].trade.net_usdt), row))
    symbols: dict[str, _Symbol] = {}
    far_left, near_left = room.far, room.near
    for number in order:
        first, last = _stretch(trades[number], _FAR)
        near = _stretch(trades[number], _NEAR)
        chosen = symbols.setdefault(trades[number].trade.symbol, _Symbol())
        far = set(range(first // _FAR.ms, last // _FAR.ms + 1)) - chosen.far
        if len(far) <= far_left:
            far_left -= len(far)
            chosen.far |= far
        if (count := (near[1] - near[0]) // _NEAR.ms + 1) <= min(near_left, _LONGEST_NEAR):
            near_left -= count
            chosen.near[number] = near
    markets = {market.symbol: market for market in ledger.markets}
    return {
        symbol: _encoded_symbol(markets[symbol], chosen)
        for symbol, chosen in sorted(symbols.items())
        if symbol in markets and chosen.far
    }


def _stretch(one: ReplayedTrade, timeframe: Timeframe) -> tuple[int, int]:
    beside = _BESIDE[timeframe] * timeframe.ms
    first, last = one.decided_ms - beside, one.trade.closed_ms + beside
    return timeframe.open_at_or_before(first), timeframe.open_at_or_before(last)


def _encoded_symbol(market: ReplayMarket, chosen: _Symbol) -> dict[str, Any]:
    exponent = market.contract.tick_size.normalize().as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    far = [
        encoded(market.candles.between(first, last + _FAR.ms - MINUTE_MS).aggregated(_FAR), decimals)
        for first, last in _joined(chosen.far)
    ]
    near = {
        str(number): encoded(market.candles.between(first, last), decimals)
        for number, (first, last) in sorted(chosen.near.items())
    }
    return {
        "decimals": decimals,
        "far": [one for one in far if one is not None],
        "near": {number: one for number, one in near.items() if one is not None},
    }


def _joined(candles: Iterable[int]) -> Sequence[tuple[int, int]]:
    """The first and the last open, in ms, of each unbroken stretch of these candles."""
    ordered = np.array(sorted(candles), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(ordered) > 1)
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(ordered) - 1)
    opens = (ordered * _FAR.ms).tolist()
    return [(opens[first], opens[last]) for first, last in zip(firsts, lasts, strict=True)]


def encoded(candles: Candles, decimals: int) -> dict[str, Any] | None:
    """A stretch in whole steps of 10^-decimals: small numbers, which pack well. None for no candles.

    `at` the first open in minutes, `step` in minutes, `times` how many steps each candle lies behind the one before
    (left out where none is missing), `close` from one candle to the next, `open` from the close before, `high` above
    and `low` below both.
    """
    if not len(candles):
        return None
    columns = (candles.open, candles.high, candles.low, candles.close)
    open_, high, low, close = (_steps(column, decimals) for column in columns)
    before = np.concatenate([[0], close[:-1]])
    coded: dict[str, Any] = {
        "at": int(candles.open_ms[0]) // MINUTE_MS,
        "step": candles.timeframe.minutes,
        "close": np.diff(close, prepend=0).tolist(),
        "open": (open_ - before).tolist(),
        "high": (high - np.maximum(open_, close)).tolist(),
        "low": (np.minimum(open_, close) - low).tolist(),
    }
    times = np.diff(candles.open_ms) // candles.timeframe.ms
    if (times != 1).any():
        coded["times"] = [0, *times.tolist()]
    return coded


def _steps(prices: Floats, decimals: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.rint(prices * 10.0**decimals).astype(np.int64)
