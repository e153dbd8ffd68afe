"""Volatility, volume and strength of trend, always of the evaluated timeframe whatever a name suggests."""

from __future__ import annotations

from mtf_core.rules.conditions.condition import (
    Arguments,
    Bounds,
    BuildContext,
    Condition,
    Family,
    Given,
    Parameter,
)
from mtf_core.rules.conditions.terms import (
    CLOSE,
    NOT_NEGATIVE,
    RATIO,
    gte,
    lt,
    minus,
    over,
    threshold,
    times,
    within,
)
from mtf_core.rules.expressions import Absolute, Feature, Metric, Number, Positive, Test

ATR = Feature("atr")
USUAL_ATR_BOUNDS = (0.001, 0.03)
"""atr/close where the indicator settings name none for the timeframe."""


def _atr_within(arguments: Arguments) -> Test:
    return within(arguments.number("min"), over(ATR, CLOSE), arguments.number("max"))


def _bounds_in(context: BuildContext) -> Given:
    bounds = context.atr_bounds.get(context.timeframe) if context.timeframe else None
    low, high = bounds or USUAL_ATR_BOUNDS
    return {"min": low, "max": high}


def _zero_below_min_below_max(arguments: Arguments) -> str | None:
    low, high = arguments.number("min"), arguments.number("max")
    return None if 0 < low < high else f"min {low:g} and max {high:g}: 0 < min < max must hold"


def min_up_to_max(arguments: Arguments) -> str | None:
    """Refuses a range that nothing can lie in."""
    low, high = arguments.number("min"), arguments.number("max")
    return None if low <= high else f"min {low:g} is above max {high:g}: it can never be true"


def _atr_stop_valid(arguments: Arguments) -> Test:
    """The plan's stop lies about k ATR from the entry; unknown when the entry or the ATR is not positive."""
    distance = Absolute(minus(Positive(Metric("entry_price")), Metric("stop_loss")))
    in_atr = over(distance, times(Number(arguments.number("k")), Positive(ATR)))
    t = arguments.number("t")
    return within(1 - t, in_atr, 1 + t)


def _min_max(low: float | None, high: float | None, *, aliases: bool = False) -> tuple[Parameter, Parameter]:
    return (
        Parameter("min", low, unit="ratio", bounds=RATIO, aliases=("min_atr_pct",) if aliases else ()),
        Parameter("max", high, unit="ratio", bounds=RATIO, aliases=("max_atr_pct",) if aliases else ()),
    )


def _atr_range(name: str, low: float, high: float) -> Condition:
    return Condition(
        name,
        Family.VOLATILITY,
        None,
        "min ≤ atr/close ≤ max, of the evaluated timeframe",
        _atr_within,
        _min_max(low, high),
        check=min_up_to_max,
    )


def _adx_below(timeframe: str) -> Condition:
    name = f"adx_{timeframe}_lt"
    return Condition(
        name,
        Family.VOLATILITY,
        None,
        f"adx_{timeframe} < threshold",
        lambda a: lt(Metric(f"adx_{timeframe}"), Number(a.number("threshold"))),
        (threshold(20.0, f"{name}_threshold", bounds=Bounds(0, 100), unit="0..100"),),
        metrics_only=True,
    )


VOLATILITY = (
    Condition(
        "atr_volatility_ok",
        Family.VOLATILITY,
        None,
        "min ≤ atr/close ≤ max; the defaults are the indicator settings' bounds for the timeframe, else 0.001 and 0.03",
        _atr_within,
        _min_max(None, None, aliases=True),
        defaults_in=_bounds_in,
        check=_zero_below_min_below_max,
    ),
    _atr_range("atr_rel_in_range_5m", 0.0007, 0.0200),
    _atr_range("atr_rel_in_range_15m", 0.0010, 0.0250),
    _atr_range("atr_rel_in_range_micro", 0.0005, 0.045),
    Condition(
        "atr_stop_valid",
        Family.VOLATILITY,
        None,
        "1 − t ≤ |entry_price − stop_loss| / (k·atr) ≤ 1 + t",
        _atr_stop_valid,
        (
            threshold(1.5, "atr_k", bounds=Bounds(0, 100, open_low=True), unit="ATR", name="k"),
            Parameter("t", 0.05, unit="ratio", bounds=RATIO),
        ),
        metrics_only=True,
    ),
    Condition(
        "adx_min_for_trend",
        Family.VOLATILITY,
        None,
        "adx ≥ threshold, of the evaluated timeframe",
        lambda a: gte(Feature("adx"), Number(a.number("threshold"))),
        (threshold(15.0, bounds=Bounds(0, 100), unit="0..100"),),
    ),
    _adx_below("5m"),
    _adx_below("1m"),
    Condition(
        "volume_ratio_ok",
        Family.VOLATILITY,
        None,
        "volume_ratio ≥ threshold",
        lambda a: gte(Feature("volume_ratio"), Number(a.number("threshold"))),
        (threshold(1.4, "volume_ratio_ok_threshold", "volume_ratio_threshold", bounds=NOT_NEGATIVE, unit="times"),),
    ),
)
