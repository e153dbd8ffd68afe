"""How many candles a value rests on, and where they begin."""

from __future__ import annotations

import math

from attrs import frozen

BLOCK = 128
"""Candles of a block. Blocks are counted from 1970-01-01T00:00Z, so they are the same for everyone."""


@frozen(order=True)
class History:
    """The closed candles that a value needs, its own included, and what else they must reach back to.

    An average remembers its first candle a little. `in_blocks`: it is computed from the start of a block, the last
    one that leaves at least `candles`; its value at a candle is then the same bits whoever asks for it, whenever, and
    whatever is asked for beside it. `session`: the candles since the start of the day are needed as well.
    """

    candles: int
    session: bool = False
    in_blocks: bool = False

    def plus(self, ago: int) -> History:
        """What the value of `ago` candles earlier needs."""
        return History(self.candles + ago, self.session, self.in_blocks)

    def joined(self, other: History) -> History:
        """What both together need."""
        candles = max(self.candles, other.candles)
        return History(candles, self.session or other.session, self.in_blocks or other.in_blocks)

    def first(self, last: int) -> int:
        """The first candle that the value at candle `last` rests on; both counted from 1970 in candles."""
        first = last - self.candles + 1
        return first - first % BLOCK if self.in_blocks else first

    def end(self, last: int) -> int:
        """The candle after the last one whose value rests on the same first candle as that at `last`."""
        return self.first(last) + BLOCK + self.candles - 1 if self.in_blocks else last + 1


def averaged(candles: int) -> History:
    """The history of something that TA-Lib computes: running sums and averages remember where they began."""
    return History(candles, in_blocks=True)


def fading(keep: float, tolerance: float) -> int:
    """Candles until a weight of which each candle keeps the fraction `keep` is below `tolerance`."""
    if keep <= 0:
        return 0
    count = math.ceil(math.log(tolerance) / math.log(keep))
    return count + 1 if keep**count >= tolerance else count
