"""Outcomes as small integers in arrays, and their names for people."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mtf_core.market import Side
from mtf_core.reasons import Reason

Codes = NDArray[np.int8]
Mask = NDArray[np.bool_]


class Outcome(IntEnum):
    """What one timeframe says. The value is the code in arrays."""

    NEUTRAL = 0
    LONG = 1
    SHORT = 2
    CONFLICT = 3
    INVALID = 4

    @property
    def side(self) -> Side | None:
        return {Outcome.LONG: Side.LONG, Outcome.SHORT: Side.SHORT}.get(self)


SIDE_CODES = {Side.LONG: np.int8(Outcome.LONG), Side.SHORT: np.int8(Outcome.SHORT)}

REASONS: tuple[Reason | None, ...] = (None, *Reason)
"""Reasons by their code in arrays; 0 is "no reason"."""

_CODE = {reason: np.int8(code) for code, reason in enumerate(REASONS)}


def reason_code(reason: Reason | None) -> np.int8:
    """The code of a reason in arrays."""
    return _CODE[reason]
