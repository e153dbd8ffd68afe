"""Price against averages and VWAP. A VWAP of a session without volume is missing, so it never decides."""

from __future__ import annotations

from mtf_core.market import Side
from mtf_core.rules.conditions.condition import Arguments, Bounds, Build, Condition, Family, Parameter, ParameterKind
from mtf_core.rules.conditions.terms import (
    CLOSE,
    RATIO,
    SIGNED_RATIO,
    all_known,
    gt,
    gte,
    lt,
    lte,
    minus,
    over,
    plus,
    relative,
    steps,
    threshold,
    times,
    tolerance,
)
from mtf_core.rules.expressions import Absolute, AllOf, AnyOf, Comparison, Feature, Known, Number, Test

VWAP = Feature("vwap")
MA_9 = Feature("ma_9")
MA_21 = Feature("ma_21")
EMA_50 = Feature("ema_50")
EMA_200 = Feature("ema_200")
ATR = Feature("atr")
ADX = Feature("adx")
MACD_HIST = Feature("macd_hist")


def _below_band(k: float, *, touch: bool) -> Test:
    band = plus(MA_21, times(Number(k), ATR))
    return lte(CLOSE, band) if touch else lt(CLOSE, band)


def _pullback_confirmed(_: Arguments) -> Test:
    """Above MA21, and the histogram fell on the candle before and rose on this one: a dip that turned up."""
    turned_up = steps(Comparison.GT, MACD_HIST, 1, lambda _: Number(0.0))
    fell_before = steps(Comparison.LT, Feature("macd_hist", 1), 1, lambda _: Number(0.0))
    return all_known(gt(CLOSE, MA_21), *fell_before, *turned_up)


def _pullback_confirmed_ma9_21(arguments: Arguments) -> Test:
    limit = times(MA_21, minus(Number(1.0), Number(arguments.number("tolerance"))))
    return all_known(gte(CLOSE, limit), gte(MA_9, limit))


def _pullback_confirmed_vwap(arguments: Arguments) -> Test:
    distance = over(minus(CLOSE, VWAP), VWAP)
    return all_known(gt(CLOSE, VWAP), lte(distance, Number(arguments.number("max_distance"))))


def _regime_long(arguments: Arguments) -> Test:
    trending = gte(ADX, Number(arguments.number("adx_min")))
    return Known(AnyOf((gt(CLOSE, EMA_200), AllOf((gt(CLOSE, EMA_50), trending)))), unless_true=True)


def _regime_short(arguments: Arguments) -> Test:
    trending = gte(ADX, Number(arguments.number("adx_min")))
    return Known(AnyOf((lt(CLOSE, EMA_200), AllOf((lt(CLOSE, EMA_50), trending)))), unless_true=True)


_ADX_MIN = threshold(20.0, bounds=Bounds(0, 100), name="adx_min")
_REGIME_LONG = "close > ema_200, or close > ema_50 and adx ≥ adx_min"
_REGIME_SHORT = "close < ema_200, or close < ema_50 and adx ≥ adx_min"


def _condition(name: str, side: Side | None, summary: str, build: Build, *parameters: Parameter) -> Condition:
    return Condition(name, Family.AVERAGES, side, summary, build, parameters)


AVERAGES = (
    _condition("close_above_ema_200", Side.LONG, "close > ema_200", lambda _: gt(CLOSE, EMA_200)),
    _condition("close_below_ema_200", Side.SHORT, "close < ema_200", lambda _: lt(CLOSE, EMA_200)),
    _condition(
        "close_minus_ema_200_gt",
        Side.LONG,
        "close/ema_200 − 1 > threshold",
        lambda a: gt(relative(CLOSE, EMA_200), Number(a.number("threshold"))),
        threshold(0.0, bounds=SIGNED_RATIO, unit="ratio"),
    ),
    _condition(
        "close_minus_ema_200_lt",
        Side.SHORT,
        "close/ema_200 − 1 < threshold",
        lambda a: lt(relative(CLOSE, EMA_200), Number(a.number("threshold"))),
        threshold(0.0, bounds=SIGNED_RATIO, unit="ratio"),
    ),
    _condition("close_above_ma_9", Side.LONG, "close > ma_9", lambda _: gt(CLOSE, MA_9)),
    _condition("close_below_ma_9", Side.SHORT, "close < ma_9", lambda _: lt(CLOSE, MA_9)),
    _condition("close_above_vwap", Side.LONG, "close > vwap", lambda _: gt(CLOSE, VWAP)),
    _condition("close_below_vwap", Side.SHORT, "close < vwap", lambda _: lt(CLOSE, VWAP)),
    _condition(
        "close_above_vwap_or_ma9",
        Side.LONG,
        "close > vwap or close > ma_9",
        lambda _: AnyOf((gt(CLOSE, VWAP), gt(CLOSE, MA_9))),
    ),
    _condition(
        "near_vwap",
        None,
        "|close/vwap − 1| ≤ tolerance",
        lambda a: lte(Absolute(relative(CLOSE, VWAP)), Number(a.number("tolerance"))),
        tolerance(0.0015, "near_vwap_tolerance"),
    ),
    _condition(
        "price_below_ma21_plus_2atr",
        Side.LONG,
        "close < ma_21 + 2·atr; with allow_touch, ≤",
        lambda a: _below_band(2.0, touch=a.flag("allow_touch")),
        Parameter("allow_touch", False, ParameterKind.BOOLEAN),
    ),
    _condition(
        "price_lte_ma21_plus_k_atr",
        Side.LONG,
        "close ≤ ma_21 + k·atr",
        lambda a: _below_band(a.number("k"), touch=True),
        threshold(1.5, bounds=Bounds(-100, 100), unit="ATR", name="k"),
    ),
    _condition(
        "pullback_confirmed",
        Side.LONG,
        "close > ma_21 and macd_hist[1] < macd_hist[2] and macd_hist > macd_hist[1]",
        _pullback_confirmed,
    ),
    _condition(
        "pullback_confirmed_ma9_21",
        Side.LONG,
        "close ≥ ma_21·(1 − tolerance) and ma_9 ≥ ma_21·(1 − tolerance)",
        _pullback_confirmed_ma9_21,
        tolerance(0.0005),
    ),
    _condition(
        "pullback_confirmed_vwap",
        Side.LONG,
        "close > vwap and (close − vwap)/vwap ≤ max_distance",
        _pullback_confirmed_vwap,
        threshold(0.003, bounds=RATIO, unit="ratio", name="max_distance"),
    ),
    _condition("price_regime_ok", Side.LONG, _REGIME_LONG, _regime_long, _ADX_MIN),
    _condition("price_regime_ok_long", Side.LONG, _REGIME_LONG, _regime_long, _ADX_MIN),
    _condition("price_regime_ok_short", Side.SHORT, _REGIME_SHORT, _regime_short, _ADX_MIN),
)
