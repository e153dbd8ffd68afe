"""For every key that decides which symbols are looked at and what becomes of them: two values that differ."""

from __future__ import annotations

from typing import Any

from tests.unit.settings.liveness.case import Case
from tests.unit.settings.liveness.histories import decisions
from tests.unit.settings.liveness.universes import universe

_FILTERS, _LIMITS = "mtf_contracts.selection.filters", "mtf_contracts.selection.limits"
_ALL = {f"{_LIMITS}.top_n": 30, f"{_LIMITS}.mid_n": 30}
_NO_MID_LIMIT = {f"{_LIMITS}.mid_n": 30}

UNIVERSE = (
    Case(f"{_FILTERS}.quote_currency", "USDT", "USDC", universe),
    Case(f"{_FILTERS}.status", "trading", "delisted", universe),
    Case(f"{_FILTERS}.min_turnover", 500_000, 650_000, universe, _NO_MID_LIMIT),
    Case(f"{_FILTERS}.mid_max_turnover", 2_000_000, 650_000, universe),
    Case(f"{_FILTERS}.require_not_expired", True, False, universe, _ALL),
    Case(f"{_FILTERS}.min_age_hours", 880, 50, universe, _ALL),
    Case(f"{_LIMITS}.top_n", 5, 4, universe),
    Case(f"{_LIMITS}.mid_n", 3, 1, universe),
    Case("mtf_contracts.selection.order.top", "desc", "asc", universe),
    Case("mtf_contracts.selection.order.mid", "asc", "desc", universe),
    Case("mtf_contracts.selection.blacklist", [], ["ADAUSDT"], universe, _ALL),
)


def _on_every_minute(rule: Any) -> dict[str, Any]:
    """The test as a further condition of the 1m timeframe's long side."""
    return {"mtf_validations.validation.timeframe.1m.long": [{"gt": 50, "field": "rsi"}, rule]}


_ATR = _on_every_minute("atr_volatility_ok")

VALIDATION = (
    Case("mtf_validations.mode", "pragmatic", "strict", decisions),
    Case("mtf_validations.context_timeframes", ["1h", "15m"], ["1h"], decisions),
    Case("mtf_validations.execution_timeframes", ["15m", "5m", "1m"], ["5m", "1m"], decisions),
    Case("mtf_validations.execution_timeframe_default", None, "1m", decisions),
    Case("trade_entry.decision.allowed_execution_timeframes", [], ["15m", "5m"], decisions),
)

FEATURES = (
    Case("indicator.warmup_tolerance", 0.01, 1e-12, decisions),
    Case("indicator.indicators.vwap.timezone", "UTC", "Asia/Tokyo", decisions, _on_every_minute("close_above_vwap")),
    Case(
        "indicator.indicators.pivot.timeframe",
        "1d",
        "4h",
        decisions,
        _on_every_minute({"op": ">", "left": "close", "right": "pivot_pp"}),
    ),
    Case(
        "indicator.atr.pct_thresholds.1m.min",
        0.0001,
        0.0012,
        decisions,
        _ATR | {"indicator.atr.pct_thresholds.1m": {"min": 0.0002, "max": 0.03}},
    ),
    Case(
        "indicator.atr.pct_thresholds.1m.max",
        0.03,
        0.0008,
        decisions,
        _ATR | {"indicator.atr.pct_thresholds.1m": {"min": 0.0001, "max": 0.02}},
    ),
)

CASES = (*UNIVERSE, *VALIDATION, *FEATURES)
