"""Which symbols of a run each condition blocked and each feature was missing for: what counts alone cannot tell.

A set of symbols is one number, whose bit n stands for the n-th symbol. So a day of runs is added up symbol by symbol
without its traces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.market import Timeframe


@frozen(order=True)
class ConditionKey:
    """A named condition where it stands: on a timeframe, in the tree of a side or in a mandatory filter."""

    timeframe: Timeframe
    tree: str
    """`long`, `short`, or `filter for` the side that the filter speaks for (`both`)."""
    name: str


@frozen(order=True)
class FeatureKey:
    """A feature (or metric) that the trees of a timeframe ask for."""

    timeframe: Timeframe
    name: str


@frozen
class RunMarks:
    """Of the symbols whose rules were evaluated: where each condition blocked, and each feature was missing.

    Conditions that blocked no symbol are not among `blocked`; features that no symbol lacked are among `missing`, with
    no bit set.
    """

    symbols: tuple[str, ...]
    blocked: Mapping[ConditionKey, int]
    missing: Mapping[FeatureKey, int]

    def chosen(self, symbols: tuple[str, ...] | None) -> int:
        """The set of those among some symbols; of all for None."""
        if symbols is None:
            return (1 << len(self.symbols)) - 1
        places = {symbol: place for place, symbol in enumerate(self.symbols)}
        return sum(1 << places[symbol] for symbol in set(symbols) if symbol in places)


def set_of(column: NDArray[np.bool_]) -> int:
    """The symbols for which a column is true, shape (n_symbols,)."""
    return int.from_bytes(np.packbits(column, bitorder="little").tobytes(), "little")


def named(symbols: tuple[str, ...], chosen: int) -> Iterable[str]:
    """The names of a set of symbols."""
    return (symbol for place, symbol in enumerate(symbols) if chosen >> place & 1)


def packed(chosen: int) -> bytes:
    """A set as bytes, the first symbols first."""
    return chosen.to_bytes((chosen.bit_length() + 7) // 8, "little")


def unpacked(content: bytes) -> int:
    """A set from its bytes."""
    return int.from_bytes(content, "little")
