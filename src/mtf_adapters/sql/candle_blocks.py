"""Candles as blocks of bytes: 240 places of one series each, of which only those with a candle are kept (ADR 0010).

A block's number is that of its first candle, counted in its timeframe from 1970 and divided by 240. A candle takes 41
bytes: its place in the block, then five floats, little-endian and bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.market import COLUMNS, Candles, Timeframe

PLACES = 240
"""Of one block: four hours of minutes. Longer ones would make the candle of every minute cost as much as an hour's,
shorter ones would bring the cost of rows back."""

_CANDLE = np.dtype([("place", "u1"), *((name, "<f8") for name in COLUMNS)])

Rows: TypeAlias = NDArray[np.void]
"""Candles of one block, by place."""


@frozen(eq=False)
class Block:
    """Some candles of one block of a series."""

    number: int
    rows: Rows

    @property
    def is_full(self) -> bool:
        return len(self.rows) == PLACES

    @property
    def content(self) -> bytes:
        return self.rows.tobytes()

    @property
    def first_place(self) -> int:
        return int(self.rows["place"][0])

    @property
    def last_place(self) -> int:
        return int(self.rows["place"][-1])

    def over(self, stored: bytes) -> Block:
        """These candles and those of the stored block; where both have one, this one counts."""
        before = np.frombuffer(stored, dtype=_CANDLE)
        if before["place"][-1] < self.rows["place"][0]:  # as at every minute: what is new comes after what is there
            return Block(self.number, np.concatenate([before, self.rows]))
        both = np.concatenate([self.rows, before])
        _, chosen = np.unique(both["place"], return_index=True)  # of equal places the first
        return Block(self.number, both[chosen])


def number_of(open_ms: int, timeframe: Timeframe) -> int:
    """The block that holds the candle that opens then."""
    return open_ms // timeframe.ms // PLACES


def split(candles: Candles) -> Iterator[Block]:
    """The blocks of candles that are aligned to their timeframe, in order."""
    numbers, places = np.divmod(candles.open_ms // candles.timeframe.ms, PLACES)
    rows = np.empty(len(candles), dtype=_CANDLE)
    rows["place"] = places
    for name in COLUMNS:
        rows[name] = getattr(candles, name)
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1)).tolist()
    for start, stop in pairwise([*starts, len(candles)]):
        yield Block(int(numbers[start]), rows[start:stop])


def joined(timeframe: Timeframe, blocks: Sequence[tuple[int, int, bytes]]) -> dict[int, Candles]:
    """The candles of each series, from (series, number, content) sorted by series and number; all in one pass."""
    if not blocks:
        return {}
    series = np.array([one for one, _, _ in blocks])
    numbers = np.array([number for _, number, _ in blocks], dtype=np.int64)
    sizes = np.array([len(content) // _CANDLE.itemsize for _, _, content in blocks])
    rows = np.frombuffer(b"".join([content for _, _, content in blocks]), dtype=_CANDLE)
    open_ms = (np.repeat(numbers, sizes) * PLACES + rows["place"]) * timeframe.ms
    columns = [rows[name].astype(np.float64) for name in COLUMNS]
    ends = np.cumsum(sizes)
    firsts = np.flatnonzero(np.diff(series, prepend=series[0] - 1)).tolist()
    found = {}
    for first, after in pairwise([*firsts, len(blocks)]):
        part = slice(int(ends[first] - sizes[first]), int(ends[after - 1]))
        found[int(series[first])] = Candles.trusted(timeframe, open_ms[part], *(column[part] for column in columns))
    return found
