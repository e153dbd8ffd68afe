"""Selector metrics and flags: numbers of the plan preview, meaningful only while an execution timeframe is chosen.

A flag is a metric with the value 0 (not raised) or 1 (raised).
"""

from __future__ import annotations

from collections.abc import Callable

from mtf_core.rules.conditions.condition import Bounds, Condition, Family, Parameter, ParameterKind
from mtf_core.rules.conditions.terms import NOT_NEGATIVE, gt, gte, lt, lte, threshold, within
from mtf_core.rules.conditions.volatility import min_up_to_max
from mtf_core.rules.expressions import Compare, Constantly, Metric, Number, Operand

METRICS = {
    "expected_r_multiple": "R multiple of the plan's target",
    "entry_zone_width_pct": "width of the entry zone in percent of its anchor (percent, in spite of the name)",
    "atr_pct_15m_bps": "ATR of 15m in basis points of the price",
    "adx_1h": "ADX(14) of 1h",
    "adx_5m": "ADX(14) of 5m",
    "adx_1m": "ADX(14) of 1m",
    "spread_bps": "spread of the book in basis points of its middle",
    "leverage": "leverage of the plan",
    "price_vs_ma21_k_atr": "(close − ma_21)/atr",
    "entry_price": "entry price of the plan",
    "stop_loss": "stop of the plan",
    "scalping": "flag",
    "trailing_after_tp1": "flag",
    "end_of_zone_fallback": "flag",
}
"""Every selector metric and what it means."""


def _against(
    metric: str, suffix: str, compare: Callable[[Operand, Operand], Compare], default: float, unit: str
) -> Condition:
    """The condition `<stem>_<suffix>` on one metric, with its threshold as the only parameter."""
    stem = metric.removesuffix("_bps") if metric.startswith("atr_") else metric
    name = f"{stem}_{suffix}"
    sign = {"gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}[suffix.removesuffix("_bps")]
    return Condition(
        name,
        Family.SELECTOR,
        None,
        f"{metric} {sign} threshold",
        lambda a: compare(Metric(metric), Number(a.number("threshold"))),
        (threshold(default, f"{name}_threshold", bounds=NOT_NEGATIVE, unit=unit),),
        metrics_only=True,
    )


def _flag(name: str) -> Condition:
    return Condition(
        name,
        Family.SELECTOR,
        None,
        f"the flag {name} equals expected",
        lambda a: gt(Metric(name), Number(0.0)) if a.flag("expected") else lte(Metric(name), Number(0.0)),
        (Parameter("expected", True, ParameterKind.BOOLEAN, main=True),),
        metrics_only=True,
    )


SELECTOR = (
    _against("expected_r_multiple", "gte", gte, 2.0, "R"),
    _against("expected_r_multiple", "lt", lt, 2.0, "R"),
    _against("entry_zone_width_pct", "gt", gt, 1.2, "percent"),
    _against("entry_zone_width_pct", "lte", lte, 1.2, "percent"),
    _against("atr_pct_15m_bps", "gt_bps", gt, 120.0, "bps"),
    _against("atr_pct_15m_bps", "lte_bps", lte, 120.0, "bps"),
    _against("spread_bps", "gt", gt, 8.0, "bps"),
    Condition(
        "lev_bounds",
        Family.SELECTOR,
        None,
        "min ≤ leverage ≤ max",
        lambda a: within(a.number("min"), Metric("leverage"), a.number("max")),
        (
            Parameter("min", 2.0, unit="times", bounds=Bounds(0)),
            Parameter("max", 20.0, unit="times", bounds=Bounds(0)),
        ),
        metrics_only=True,
        check=min_up_to_max,
    ),
    _flag("scalping"),
    _flag("trailing_after_tp1"),
    _flag("end_of_zone_fallback"),
    Condition("get_true", Family.SELECTOR, None, "always", lambda _: Constantly(True)),
    Condition("get_false", Family.SELECTOR, None, "never", lambda _: Constantly(False)),
)
