"""What stands behind a decision that its timeframes made impossible: the reason of those timeframes.

A context with an invalid timeframe has no verdict, whatever made the timeframe invalid. A trader asks what did: too
short a history, a hole, a filter, or rules that hold for both sides. So the decision's reason is that of the timeframe;
the context's own verdict stays beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mtf_core.market import Timeframe
from mtf_core.reasons import Reason
from mtf_core.validation.outcome import Codes, Mask, reason_code

_BY_PRECEDENCE = tuple(
    reason_code(reason)
    for reason in (
        Reason.NO_CONFIG_FOR_TIMEFRAME,
        Reason.NOT_ENOUGH_CANDLES,
        Reason.CANDLES_HAVE_GAPS,
        Reason.FILTERS_MANDATORY_FAILED,
        Reason.BOTH_SIDES_HOLD,
    )
)
"""In the order in which one timeframe is validated: what it lacks comes before what it found."""

LACKING = tuple(reason_code(reason) for reason in (Reason.NOT_ENOUGH_CANDLES, Reason.CANDLES_HAVE_GAPS))

_CONTEXT_INVALID = tuple(
    reason_code(reason)
    for reason in (
        Reason.PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES,
        Reason.STRICT_CONTEXT_HAS_INVALID_TIMEFRAMES,
    )
)


def final_reasons(
    reasons: Codes,
    of_timeframes: Mapping[Timeframe, Codes],
    context: Sequence[Timeframe],
    execution: Sequence[Timeframe],
) -> Codes:
    """The decisions' reasons with what stands behind them; all arrays int8 of one shape.

    `of_timeframes` are the reasons of each timeframe's verdict. Where the context has an invalid timeframe, the reason
    is that timeframe's. Where nothing was selected and no execution timeframe had its candles, it is theirs.
    """
    without_context = np.isin(reasons, _CONTEXT_INVALID)
    unselected = reasons == reason_code(Reason.NO_TIMEFRAME_SELECTED)
    found = np.where(without_context, _first(of_timeframes, context, reasons), reasons)
    if execution:
        lacking = np.logical_and.reduce([np.isin(of_timeframes[timeframe], LACKING) for timeframe in execution])
        found = np.where(unselected & lacking, _first(of_timeframes, execution, reasons), found)
    return found.astype(np.int8)


def _first(of_timeframes: Mapping[Timeframe, Codes], timeframes: Sequence[Timeframe], otherwise: Codes) -> Codes:
    """The first reason in order of precedence that any of the timeframes has; `otherwise` where none has one."""
    has: list[Mask] = [
        np.logical_or.reduce([of_timeframes[timeframe] == code for timeframe in timeframes])
        if timeframes
        else np.zeros(otherwise.shape, np.bool_)
        for code in _BY_PRECEDENCE
    ]
    return np.select(has, list(_BY_PRECEDENCE), default=otherwise).astype(np.int8)
