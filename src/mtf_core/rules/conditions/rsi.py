"""RSI: levels, caps, floors and crossings; all on a scale of 0 to 100."""

from __future__ import annotations

from mtf_core.market import Side
from mtf_core.rules.conditions.condition import Arguments, Bounds, Build, Condition, Family, Parameter
from mtf_core.rules.conditions.terms import all_known, gt, gte, lt, lte, threshold
from mtf_core.rules.expressions import Feature, Number, Test

NOW = Feature("rsi")
BEFORE = Feature("rsi", 1)
SCALE = Bounds(0, 100)


def _cross_up(arguments: Arguments) -> Test:
    level = Number(arguments.number("level"))
    return all_known(lte(BEFORE, level), gt(NOW, level))


def _cross_down(arguments: Arguments) -> Test:
    level = Number(arguments.number("level"))
    return all_known(gte(BEFORE, level), lt(NOW, level))


def _condition(name: str, side: Side | None, summary: str, build: Build, parameter: Parameter) -> Condition:
    return Condition(name, Family.RSI, side, summary, build, (parameter,))


def _above(name: str, side: Side | None, default: float, *aliases: str) -> Condition:
    return _condition(
        name,
        side,
        "rsi > threshold",
        lambda a: gt(NOW, Number(a.number("threshold"))),
        threshold(default, *aliases, bounds=SCALE, unit="0..100"),
    )


def _below(name: str, side: Side | None, default: float, *aliases: str) -> Condition:
    return _condition(
        name,
        side,
        "rsi < threshold",
        lambda a: lt(NOW, Number(a.number("threshold"))),
        threshold(default, *aliases, bounds=SCALE, unit="0..100"),
    )


RSI = (
    _above("rsi_bullish", Side.LONG, 52.0, "rsi_bullish_threshold"),
    _below("rsi_bearish", Side.SHORT, 48.0, "rsi_bearish_threshold"),
    _condition(
        "rsi_cross_up",
        Side.LONG,
        "rsi[1] ≤ level and rsi > level",
        _cross_up,
        threshold(30.0, "rsi_cross_up_level", bounds=SCALE, unit="0..100", name="level"),
    ),
    _condition(
        "rsi_cross_down",
        Side.SHORT,
        "rsi[1] ≥ level and rsi < level",
        _cross_down,
        threshold(70.0, "rsi_cross_down_level", bounds=SCALE, unit="0..100", name="level"),
    ),
    _above("rsi_gt_15", None, 15.0, "rsi_gt_15_threshold"),
    _above("rsi_gt_20", None, 20.0, "rsi_gt_20_threshold"),
    _above("rsi_gt_30", None, 30.0, "gt"),
    _above("rsi_gt_85", Side.SHORT, 85.0, "rsi_gt_85_threshold"),
    _below("rsi_lt_15", Side.LONG, 15.0, "rsi_lt_15_threshold"),
    _below("rsi_lt_70", Side.LONG, 70.0, "rsi_lt_70_threshold", "lt"),
    _below("rsi_lt_80", Side.LONG, 80.0, "rsi_lt_80_threshold"),
    _below("rsi_lt_85", None, 85.0, "rsi_lt_85_threshold"),
    _above("rsi_gt_softfloor", Side.SHORT, 22.0, "rsi_softfloor_threshold", "gt"),
    _below("rsi_lt_softcap", Side.LONG, 78.0, "rsi_softcap_threshold", "lt"),
)
