"""Structure of the averages: their order, their slope, their crossing.

The `*_above_200_*` and `*_below_200_*` conditions say EMA but compare the close with EMA(200).
"""

from __future__ import annotations

from mtf_core.market import Side
from mtf_core.rules.conditions.condition import Arguments, Build, Condition, Family, Parameter
from mtf_core.rules.conditions.terms import (
    CLOSE,
    SIGNED_RATIO,
    all_known,
    gt,
    gte,
    lookback,
    lt,
    lte,
    relative,
    threshold,
    tolerance,
)
from mtf_core.rules.expressions import Compare, Comparison, Feature, Number, Operand, Test

EMA_20 = Feature("ema_20")
EMA_50 = Feature("ema_50")
EMA_200 = Feature("ema_200")


def _not_below(left: Operand, right: Operand) -> Build:
    """left/right − 1 ≥ −tolerance."""
    return lambda a: gte(relative(left, right), Number(-a.number("tolerance")))


def _ema_below_200(arguments: Arguments) -> Test:
    return lte(relative(CLOSE, EMA_200), Number(arguments.number("tolerance")))


def _slope(name: str, comparison: Comparison) -> Build:
    return lambda a: Compare(comparison, Feature(name), Feature(name, a.whole("lookback")))


def _ma9_cross_up_ma21(_: Arguments) -> Test:
    before = lte(Feature("ma_9", 1), Feature("ma_21", 1))
    return all_known(before, gt(Feature("ma_9"), Feature("ma_21")))


def _condition(name: str, side: Side, summary: str, build: Build, *parameters: Parameter) -> Condition:
    return Condition(name, Family.STRUCTURE, side, summary, build, parameters)


_OVER_50 = "ema_20/ema_50 − 1 ≥ −tolerance"
_ABOVE_200 = "close/ema_200 − 1 ≥ −tolerance"

STRUCTURE = (
    _condition("ema_20_gt_50", Side.LONG, "ema_20 > ema_50", lambda _: gt(EMA_20, EMA_50)),
    _condition("ema_20_lt_50", Side.SHORT, "ema_20 < ema_50", lambda _: lt(EMA_20, EMA_50)),
    _condition("ema_50_gt_200", Side.LONG, "ema_50 > ema_200", lambda _: gt(EMA_50, EMA_200)),
    _condition("ema_50_lt_200", Side.SHORT, "ema_50 < ema_200", lambda _: lt(EMA_50, EMA_200)),
    _condition(
        "ema_20_minus_ema_50_gt",
        Side.LONG,
        "ema_20/ema_50 − 1 > threshold",
        lambda a: gt(relative(EMA_20, EMA_50), Number(a.number("threshold"))),
        threshold(0.0, bounds=SIGNED_RATIO, unit="ratio"),
    ),
    _condition(
        "ema20_over_50_with_tolerance",
        Side.LONG,
        _OVER_50,
        _not_below(EMA_20, EMA_50),
        tolerance(0.0008, "ema20_over_50_tolerance"),
    ),
    _condition(
        "ema20_over_50_with_tolerance_moderate",
        Side.LONG,
        _OVER_50,
        _not_below(EMA_20, EMA_50),
        tolerance(0.0012, "ema20_over_50_tolerance_moderate"),
    ),
    _condition(
        "ema_above_200_with_tolerance",
        Side.LONG,
        _ABOVE_200,
        _not_below(CLOSE, EMA_200),
        tolerance(0.0015, "ema200_bull_tolerance"),
    ),
    _condition(
        "ema_above_200_with_tolerance_moderate",
        Side.LONG,
        _ABOVE_200,
        _not_below(CLOSE, EMA_200),
        tolerance(0.0020, "ema_above_200_tolerance_moderate"),
    ),
    _condition(
        "ema_below_200_with_tolerance",
        Side.SHORT,
        "close/ema_200 − 1 ≤ tolerance",
        _ema_below_200,
        tolerance(0.0015, "ema200_bear_tolerance"),
    ),
    _condition("ema_20_slope_pos", Side.LONG, "ema_20 > ema_20[lookback]", _slope("ema_20", Comparison.GT), lookback()),
    _condition(
        "ema200_slope_pos", Side.LONG, "ema_200 > ema_200[lookback]", _slope("ema_200", Comparison.GT), lookback()
    ),
    _condition(
        "ema200_slope_neg", Side.SHORT, "ema_200 < ema_200[lookback]", _slope("ema_200", Comparison.LT), lookback()
    ),
    _condition("ma9_cross_up_ma21", Side.LONG, "ma_9[1] ≤ ma_21[1] and ma_9 > ma_21", _ma9_cross_up_ma21),
)
