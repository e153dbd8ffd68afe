"""What names the data of a search, and tells whether two searches, or a replay, have looked at the same days."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from attrs import frozen

from mtf_core.market import DAY_MS, MINUTE_MS, Candles
from mtf_core.replay.ledger import ReplayMarket
from mtf_core.search.windows import Stretch
from mtf_core.settings.digest import digest_of

_HALF = 32
"""Digits of a day's digest: it only has to tell days apart."""


@frozen
class Day:
    """One symbol's minutes of one day UTC. Days with the same digest are the same, whatever their file is called."""

    symbol: str
    start_ms: int
    digest: str


@frozen
class SearchData:
    """The candles of a stretch, by name."""

    digest: str
    days: tuple[Day, ...]


def data_of(markets: Iterable[ReplayMarket], stretch: Stretch) -> SearchData:
    """The names of what is decided on within a stretch. Markets may be opened one after the other."""
    days: list[Day] = []
    names: list[list[str]] = []
    for market in markets:
        own = list(days_of(market.symbol, market.candles, stretch))
        days.extend(own)
        names.append([market.symbol, market.digest, str(market.contract), *(day.digest for day in own)])
    return SearchData(digest_of({"span": [stretch.first_ms, stretch.last_ms], "markets": sorted(names)}), tuple(days))


def days_of(symbol: str, candles: Candles, stretch: Stretch) -> Iterator[Day]:
    """The days of the minutes that close within a stretch; its first and last day may be parts of days."""
    own = candles.between(stretch.first_ms - MINUTE_MS, stretch.last_ms - MINUTE_MS)
    starts = own.open_ms // DAY_MS * DAY_MS
    edges: Sequence[int] = [0, *(np.flatnonzero(np.diff(starts)) + 1).tolist(), len(own)]
    for first, after in pairwise(edges):
        if first < after:
            digest = hashlib.sha256(np.ascontiguousarray(own.open_ms[first:after], dtype="<i8").data)
            digest.update(np.ascontiguousarray(own.close[first:after], dtype="<f8").data)
            yield Day(symbol, int(starts[first]), digest.hexdigest()[:_HALF])
