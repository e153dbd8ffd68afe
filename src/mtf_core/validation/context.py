"""The context's verdict: do the higher timeframes agree on a side?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from mtf_core.reasons import Reason
from mtf_core.rules.ruleset import ContextMode
from mtf_core.validation.outcome import Codes, Outcome, reason_code


@frozen(eq=False)
class ContextVerdicts:
    """Side (0 none, else the outcome code LONG or SHORT) and reason (0 where there is a side), as int8 arrays."""

    sides: Codes
    reasons: Codes


_INVALID = {
    ContextMode.PRAGMATIC: Reason.PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES,
    ContextMode.STRICT: Reason.STRICT_CONTEXT_HAS_INVALID_TIMEFRAMES,
}
_NEUTRAL = {
    ContextMode.PRAGMATIC: Reason.PRAGMATIC_CONTEXT_ALL_NEUTRAL,
    ContextMode.STRICT: Reason.STRICT_CONTEXT_REQUIRES_NON_NEUTRAL_ALL,
}
_CONFLICT = {
    ContextMode.PRAGMATIC: Reason.PRAGMATIC_CONTEXT_SIDE_CONFLICT,
    ContextMode.STRICT: Reason.STRICT_CONTEXT_SIDE_CONFLICT,
}


def resolve_context(mode: ContextMode, outcomes: Sequence[Codes], shape: tuple[int, int]) -> ContextVerdicts:
    """The verdict from one array of outcomes per context timeframe, all of `shape`. First reason that applies wins:
    invalid timeframes, then neutral ones, then conflicting sides."""
    if not outcomes:
        return ContextVerdicts(np.zeros(shape, np.int8), np.full(shape, reason_code(Reason.NO_CONTEXT_TIMEFRAMES)))
    stacked = np.stack(outcomes)
    invalid = (stacked >= Outcome.CONFLICT).any(axis=0)
    long = (stacked == Outcome.LONG).any(axis=0)
    short = (stacked == Outcome.SHORT).any(axis=0)
    neutral = stacked == Outcome.NEUTRAL
    lacking = neutral.all(axis=0) if mode is ContextMode.PRAGMATIC else neutral.any(axis=0)
    reasons = np.select(
        [invalid, lacking, long & short],
        [reason_code(table[mode]) for table in (_INVALID, _NEUTRAL, _CONFLICT)],
        default=reason_code(None),
    ).astype(np.int8)
    sides = np.where(long, np.int8(Outcome.LONG), np.int8(Outcome.SHORT))
    return ContextVerdicts(np.where(reasons == 0, sides, np.int8(0)), reasons)
