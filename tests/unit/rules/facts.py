"""What the catalogue of conditions promises, stated a second time and independently of how it is built.

Each fact: the features it reads (`name:count` for several consecutive candles, `@name` for a selector metric), the
default parameters, the test as plain Python on present values, and three hand-picked examples: one where it holds,
one where it does not, and one on the boundary with what must come out there. `x=3,2,1` is newest first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from attrs import field, frozen


class Values(Protocol):
    def __call__(self, name: str, ago: int = 0) -> float: ...


Params = dict[str, float | bool]
Predicate = Callable[[Values, Params], bool]


@frozen
class Fact:
    name: str
    side: str
    features: str
    holds: Predicate
    true: str
    false: str
    edge: str
    edge_holds: bool
    params: Params = field(factory=dict)
    aliases: dict[str, str] = field(factory=dict)
    optional: tuple[str, ...] = ()
    decided_by_true: bool = False
    """With something missing it may still be true, by the parts that are there."""


def _gap(v: Values, p: Params, name: str, ago: int = 0) -> float:
    """In price units where that is given, else a share of the close of its candle; no gap needs no close."""
    if name in p:
        return p[name]
    return p[f"{name}_pct"] * v("close", ago) if p[f"{name}_pct"] else 0.0


def _hysteresis(v: Values, p: Params, up: int, previous: str) -> bool:
    for a in range(int(p["cool_down_bars"]) + 1):
        crossed = up * v("macd_hist", a) >= _gap(v, p, "min_gap", a)
        before = up * v("macd_hist", a + 1) <= (-_gap(v, p, "min_gap", a + 1) if p[previous] else 0)
        kept = all(up * v("macd_hist", j) >= 0 for j in range(a))
        if crossed and before and kept:
            return True
    return False


def _diff(v: Values, i: int) -> float:
    return v("macd_hist", i) - v("macd_hist", i + 1)


def _above(left: str, right: str) -> Predicate:
    return lambda v, _: v(left) > v(right)


def _below(left: str, right: str) -> Predicate:
    return lambda v, _: v(left) < v(right)


def _rel(v: Values, left: str, right: str) -> float:
    return v(left) / v(right) - 1


def _rsi_above(v: Values, p: Params) -> bool:
    return v("rsi") > p["threshold"]


def _rsi_below(v: Values, p: Params) -> bool:
    return v("rsi") < p["threshold"]


def _atr_range(v: Values, p: Params) -> bool:
    return p["min"] <= v("atr") / v("close") <= p["max"]


def _long_regime(v: Values, p: Params) -> bool:
    return v("close") > v("ema_200") or (v("close") > v("ema_50") and v("adx") >= p["adx_min"])


def _short_regime(v: Values, p: Params) -> bool:
    return v("close") < v("ema_200") or (v("close") < v("ema_50") and v("adx") >= p["adx_min"])


_REGIME = "close ema_50 ema_200 adx"
_LONG_REGIME: dict[str, Any] = {
    "true": "close=101 ema_50=100 ema_200=110 adx=25",
    "false": "close=101 ema_50=100 ema_200=110 adx=19",
    "edge": "close=101 ema_50=100 ema_200=101 adx=20",
    "edge_holds": True,
    "params": {"adx_min": 20.0},
    "decided_by_true": True,
}
_SHORT_REGIME: dict[str, Any] = {
    **_LONG_REGIME,
    "true": "close=99 ema_50=100 ema_200=90 adx=25",
    "false": "close=99 ema_50=100 ema_200=90 adx=19",
    "edge": "close=99 ema_50=100 ema_200=99 adx=20",
}


def _rsi(name: str, side: str, predicate: Predicate, default: float, *aliases: str) -> Fact:
    above = predicate is _rsi_above
    up, down = f"rsi={default + 1}", f"rsi={default - 1}"
    return Fact(
        name, side, "rsi", predicate, up if above else down, down if above else up, f"rsi={default}", False,
        {"threshold": default}, dict.fromkeys(aliases, "threshold"),
    )  # fmt: skip


def _metric(name: str, metric: str, sign: str, default: float, alias: str) -> Fact:
    predicates: dict[str, Predicate] = {
        ">": lambda v, p: v(metric) > p["threshold"],
        "≥": lambda v, p: v(metric) >= p["threshold"],
        "<": lambda v, p: v(metric) < p["threshold"],
        "≤": lambda v, p: v(metric) <= p["threshold"],
    }
    up, down = f"{metric}={default + 0.5}", f"{metric}={default - 0.5}"
    true, false = (up, down) if sign in ">≥" else (down, up)
    return Fact(
        name, "both", f"@{metric}", predicates[sign], true, false, f"{metric}={default}", sign in "≥≤",
        {"threshold": default}, {alias: "threshold"},
    )  # fmt: skip


def _flag(name: str) -> Fact:
    return Fact(
        name, "both", f"@{name}", lambda v, p: (v(name) > 0) == p["expected"], f"{name}=1", f"{name}=0", f"{name}=0",
        False, {"expected": True},
    )  # fmt: skip


# fmt: off
AVERAGES = [
    Fact("close_above_ema_200", "long", "close ema_200", _above("close", "ema_200"),
         "close=101 ema_200=100", "close=99 ema_200=100", "close=100 ema_200=100", False),
    Fact("close_below_ema_200", "short", "close ema_200", _below("close", "ema_200"),
         "close=99 ema_200=100", "close=101 ema_200=100", "close=100 ema_200=100", False),
    Fact("close_minus_ema_200_gt", "long", "close ema_200",
         lambda v, p: _rel(v, "close", "ema_200") > p["threshold"],
         "close=101 ema_200=100", "close=99 ema_200=100", "close=100 ema_200=100", False, {"threshold": 0.0}),
    Fact("close_minus_ema_200_lt", "short", "close ema_200",
         lambda v, p: _rel(v, "close", "ema_200") < p["threshold"],
         "close=99 ema_200=100", "close=101 ema_200=100", "close=100 ema_200=100", False, {"threshold": 0.0}),
    Fact("close_above_ma_9", "long", "close ma_9", _above("close", "ma_9"),
         "close=101 ma_9=100", "close=99 ma_9=100", "close=100 ma_9=100", False),
    Fact("close_below_ma_9", "short", "close ma_9", _below("close", "ma_9"),
         "close=99 ma_9=100", "close=101 ma_9=100", "close=100 ma_9=100", False),
    Fact("close_above_vwap", "long", "close vwap", _above("close", "vwap"),
         "close=101 vwap=100", "close=99 vwap=100", "close=100 vwap=100", False),
    Fact("close_below_vwap", "short", "close vwap", _below("close", "vwap"),
         "close=99 vwap=100", "close=101 vwap=100", "close=100 vwap=100", False),
    Fact("close_above_vwap_or_ma9", "long", "close vwap ma_9",
         lambda v, _: v("close") > v("vwap") or v("close") > v("ma_9"),
         "close=101 vwap=100 ma_9=102", "close=99 vwap=100 ma_9=100", "close=100 vwap=100 ma_9=100", False,
         decided_by_true=True),
    Fact("near_vwap", "both", "close vwap", lambda v, p: abs(_rel(v, "close", "vwap")) <= p["tolerance"],
         "close=100.1 vwap=100", "close=99.8 vwap=100", "close=100 vwap=100", True,
         {"tolerance": 0.0015}, {"near_vwap_tolerance": "tolerance"}),
    Fact("price_below_ma21_plus_2atr", "long", "close ma_21 atr",
         lambda v, p: v("close") < v("ma_21") + 2 * v("atr")
         or (bool(p["allow_touch"]) and v("close") == v("ma_21") + 2 * v("atr")),
         "close=103 ma_21=100 atr=2", "close=105 ma_21=100 atr=2", "close=104 ma_21=100 atr=2", False,
         {"allow_touch": False}),
    Fact("price_lte_ma21_plus_k_atr", "long", "close ma_21 atr",
         lambda v, p: v("close") <= v("ma_21") + p["k"] * v("atr"),
         "close=102 ma_21=100 atr=2", "close=103.5 ma_21=100 atr=2", "close=103 ma_21=100 atr=2", True, {"k": 1.5}),
    Fact("pullback_confirmed", "long", "close ma_21 macd_hist:3",
         lambda v, _: v("close") > v("ma_21") and v("macd_hist", 1) < v("macd_hist", 2)
         and v("macd_hist") > v("macd_hist", 1),
         "close=101 ma_21=100 macd_hist=2,1,3", "close=101 ma_21=100 macd_hist=3,2,1",
         "close=100 ma_21=100 macd_hist=2,1,3", False),
    Fact("pullback_confirmed_ma9_21", "long", "close ma_9 ma_21",
         lambda v, p: min(v("close"), v("ma_9")) >= v("ma_21") * (1 - p["tolerance"]),
         "close=99.96 ma_9=100 ma_21=100", "close=101 ma_9=99.9 ma_21=100", "close=99.95 ma_9=100 ma_21=100", True,
         {"tolerance": 0.0005}),
    Fact("pullback_confirmed_vwap", "long", "close vwap",
         lambda v, p: v("close") > v("vwap") and (v("close") - v("vwap")) / v("vwap") <= p["max_distance"],
         "close=100.2 vwap=100", "close=100.4 vwap=100", "close=100 vwap=100", False, {"max_distance": 0.003}),
    Fact("price_regime_ok", "long", _REGIME, _long_regime, **_LONG_REGIME),
    Fact("price_regime_ok_long", "long", _REGIME, _long_regime, **_LONG_REGIME),
    Fact("price_regime_ok_short", "short", _REGIME, _short_regime, **_SHORT_REGIME),
]
STRUCTURE = [
    Fact("ema_20_gt_50", "long", "ema_20 ema_50", _above("ema_20", "ema_50"),
         "ema_20=101 ema_50=100", "ema_20=99 ema_50=100", "ema_20=100 ema_50=100", False),
    Fact("ema_20_lt_50", "short", "ema_20 ema_50", _below("ema_20", "ema_50"),
         "ema_20=99 ema_50=100", "ema_20=101 ema_50=100", "ema_20=100 ema_50=100", False),
    Fact("ema_50_gt_200", "long", "ema_50 ema_200", _above("ema_50", "ema_200"),
         "ema_50=101 ema_200=100", "ema_50=99 ema_200=100", "ema_50=100 ema_200=100", False),
    Fact("ema_50_lt_200", "short", "ema_50 ema_200", _below("ema_50", "ema_200"),
         "ema_50=99 ema_200=100", "ema_50=101 ema_200=100", "ema_50=100 ema_200=100", False),
    Fact("ema_20_minus_ema_50_gt", "long", "ema_20 ema_50",
         lambda v, p: _rel(v, "ema_20", "ema_50") > p["threshold"],
         "ema_20=101 ema_50=100", "ema_20=99 ema_50=100", "ema_20=100 ema_50=100", False, {"threshold": 0.0}),
    Fact("ema20_over_50_with_tolerance", "long", "ema_20 ema_50",
         lambda v, p: _rel(v, "ema_20", "ema_50") >= -p["tolerance"],
         "ema_20=99.95 ema_50=100", "ema_20=99.9 ema_50=100", "ema_20=100 ema_50=100", True,
         {"tolerance": 0.0008}, {"ema20_over_50_tolerance": "tolerance"}),
    Fact("ema20_over_50_with_tolerance_moderate", "long", "ema_20 ema_50",
         lambda v, p: _rel(v, "ema_20", "ema_50") >= -p["tolerance"],
         "ema_20=99.9 ema_50=100", "ema_20=99.85 ema_50=100", "ema_20=100 ema_50=100", True,
         {"tolerance": 0.0012}, {"ema20_over_50_tolerance_moderate": "tolerance"}),
    Fact("ema_above_200_with_tolerance", "long", "close ema_200",
         lambda v, p: _rel(v, "close", "ema_200") >= -p["tolerance"],
         "close=99.9 ema_200=100", "close=99.8 ema_200=100", "close=100 ema_200=100", True,
         {"tolerance": 0.0015}, {"ema200_bull_tolerance": "tolerance"}),
    Fact("ema_above_200_with_tolerance_moderate", "long", "close ema_200",
         lambda v, p: _rel(v, "close", "ema_200") >= -p["tolerance"],
         "close=99.85 ema_200=100", "close=99.75 ema_200=100", "close=100 ema_200=100", True,
         {"tolerance": 0.0020}, {"ema_above_200_tolerance_moderate": "tolerance"}),
    Fact("ema_below_200_with_tolerance", "short", "close ema_200",
         lambda v, p: _rel(v, "close", "ema_200") <= p["tolerance"],
         "close=100.1 ema_200=100", "close=100.2 ema_200=100", "close=100 ema_200=100", True,
         {"tolerance": 0.0015}, {"ema200_bear_tolerance": "tolerance"}),
    Fact("ema_20_slope_pos", "long", "ema_20:2", lambda v, _: v("ema_20") - v("ema_20", 1) > 0,
         "ema_20=101,100", "ema_20=99,100", "ema_20=100,100", False,
         {"lookback": 1}, {"slope_lookback": "lookback"}),
    Fact("ema200_slope_pos", "long", "ema_200:2", lambda v, _: v("ema_200") - v("ema_200", 1) > 0,
         "ema_200=101,100", "ema_200=99,100", "ema_200=100,100", False,
         {"lookback": 1}, {"slope_lookback": "lookback"}),
    Fact("ema200_slope_neg", "short", "ema_200:2", lambda v, _: v("ema_200") - v("ema_200", 1) < 0,
         "ema_200=99,100", "ema_200=101,100", "ema_200=100,100", False,
         {"lookback": 1}, {"slope_lookback": "lookback"}),
    Fact("ma9_cross_up_ma21", "long", "ma_9:2 ma_21:2",
         lambda v, _: v("ma_9", 1) <= v("ma_21", 1) and v("ma_9") > v("ma_21"),
         "ma_9=101,99 ma_21=100,100", "ma_9=101,101 ma_21=100,100", "ma_9=101,100 ma_21=100,100", True),
]
MACD = [
    Fact("macd_hist_gt_0", "long", "macd_hist", lambda v, _: v("macd_hist") > 0,
         "macd_hist=1e-13", "macd_hist=-1", "macd_hist=0", False),
    Fact("macd_hist_lt_0", "short", "macd_hist", lambda v, _: v("macd_hist") < 0,
         "macd_hist=-1e-13", "macd_hist=1", "macd_hist=0", False),
    Fact("macd_hist_gt_eps", "long", "macd_hist", lambda v, p: v("macd_hist") >= -_gap(v, p, "eps"),
         "macd_hist=1e-13", "macd_hist=-1e-13", "macd_hist=0", True, {"eps_pct": 0.0}, optional=("eps",)),
    Fact("macd_hist_lt_eps", "short", "macd_hist", lambda v, p: v("macd_hist") <= _gap(v, p, "eps"),
         "macd_hist=-1e-13", "macd_hist=1e-13", "macd_hist=0", True, {"eps_pct": 0.0}, optional=("eps",)),
    Fact("macd_hist_increasing_n", "long", "macd_hist:3",
         lambda v, p: all(_diff(v, i) > _gap(v, p, "eps", i) for i in range(int(p["n"]))),
         "macd_hist=3,2,1", "macd_hist=1,2,3", "macd_hist=3,2,2", False,
         {"n": 2, "eps_pct": 0.0}, {"macd_hist_increasing_n": "n"}, ("eps",)),
    Fact("macd_hist_decreasing_n", "short", "macd_hist:3",
         lambda v, p: all(_diff(v, i) < -_gap(v, p, "eps", i) for i in range(int(p["n"]))),
         "macd_hist=1,2,3", "macd_hist=3,2,1", "macd_hist=1,2,2", False,
         {"n": 2, "eps_pct": 0.0}, {"macd_hist_decreasing_n": "n", "macd_hist_decreasing_eps": "eps"}, ("eps",)),
    Fact("macd_hist_slope_pos", "long", "macd_hist:2",
         lambda v, p: all(_diff(v, i) > _gap(v, p, "threshold", i) for i in range(int(p["persist_n"]))),
         "macd_hist=2,1", "macd_hist=1,2", "macd_hist=1,1", False,
         {"persist_n": 1, "threshold_pct": 0.0}, {"derivative_gt": "threshold"}, ("threshold",)),
    Fact("macd_hist_slope_neg", "short", "macd_hist:2",
         lambda v, p: all(_diff(v, i) < _gap(v, p, "threshold", i) for i in range(int(p["persist_n"]))),
         "macd_hist=1,2", "macd_hist=2,1", "macd_hist=1,1", False,
         {"persist_n": 1, "threshold_pct": 0.0}, {"derivative_lt": "threshold"}, ("threshold",)),
    Fact("macd_line_above_signal", "long", "macd macd_signal", _above("macd", "macd_signal"),
         "macd=1 macd_signal=0", "macd=-1 macd_signal=0", "macd=0 macd_signal=0", False),
    Fact("macd_line_below_signal", "short", "macd macd_signal", _below("macd", "macd_signal"),
         "macd=-1 macd_signal=0", "macd=1 macd_signal=0", "macd=0 macd_signal=0", False),
    Fact("macd_signal_cross_up", "long", "macd:2 macd_signal:2",
         lambda v, _: v("macd", 1) <= v("macd_signal", 1) and v("macd") > v("macd_signal"),
         "macd=1,-1 macd_signal=0,0", "macd=-1,1 macd_signal=0,0", "macd=1,0 macd_signal=0,0", True),
    Fact("macd_signal_cross_down", "short", "macd:2 macd_signal:2",
         lambda v, _: v("macd", 1) >= v("macd_signal", 1) and v("macd") < v("macd_signal"),
         "macd=-1,1 macd_signal=0,0", "macd=1,-1 macd_signal=0,0", "macd=-1,0 macd_signal=0,0", True),
    Fact("macd_line_cross_up_with_hysteresis", "long", "macd_hist:4 close:4",
         lambda v, p: _hysteresis(v, p, 1, "require_prev_below"),
         "macd_hist=0.1,0.2,-0.1,-0.2 close=9,9,9,9", "macd_hist=-0.1,0.2,-0.1,-0.2 close=9,9,9,9",
         "macd_hist=0.0009,-0.0009,-1,-1 close=3,3,3,3", True,
         {"min_gap_pct": 0.0003, "cool_down_bars": 2, "require_prev_below": True}, {}, ("min_gap",), True),
    Fact("macd_line_cross_down_with_hysteresis", "short", "macd_hist:4 close:4",
         lambda v, p: _hysteresis(v, p, -1, "require_prev_above"),
         "macd_hist=-0.1,-0.2,0.1,0.2 close=9,9,9,9", "macd_hist=0.1,-0.2,0.1,0.2 close=9,9,9,9",
         "macd_hist=-0.0009,0.0009,1,1 close=3,3,3,3", True,
         {"min_gap_pct": 0.0003, "cool_down_bars": 2, "require_prev_above": True}, {}, ("min_gap",), True),
]
RSI = [
    _rsi("rsi_bullish", "long", _rsi_above, 52.0, "rsi_bullish_threshold"),
    _rsi("rsi_bearish", "short", _rsi_below, 48.0, "rsi_bearish_threshold"),
    Fact("rsi_cross_up", "long", "rsi:2", lambda v, p: v("rsi", 1) <= p["level"] and v("rsi") > p["level"],
         "rsi=31,29", "rsi=29,31", "rsi=31,30", True, {"level": 30.0}, {"rsi_cross_up_level": "level"}),
    Fact("rsi_cross_down", "short", "rsi:2", lambda v, p: v("rsi", 1) >= p["level"] and v("rsi") < p["level"],
         "rsi=69,71", "rsi=71,69", "rsi=69,70", True, {"level": 70.0}, {"rsi_cross_down_level": "level"}),
    _rsi("rsi_gt_15", "both", _rsi_above, 15.0, "rsi_gt_15_threshold"),
    _rsi("rsi_gt_20", "both", _rsi_above, 20.0, "rsi_gt_20_threshold"),
    _rsi("rsi_gt_30", "both", _rsi_above, 30.0, "gt"),
    _rsi("rsi_gt_85", "short", _rsi_above, 85.0, "rsi_gt_85_threshold"),
    _rsi("rsi_lt_15", "long", _rsi_below, 15.0, "rsi_lt_15_threshold"),
    _rsi("rsi_lt_70", "long", _rsi_below, 70.0, "rsi_lt_70_threshold", "lt"),
    _rsi("rsi_lt_80", "long", _rsi_below, 80.0, "rsi_lt_80_threshold"),
    _rsi("rsi_lt_85", "both", _rsi_below, 85.0, "rsi_lt_85_threshold"),
    _rsi("rsi_gt_softfloor", "short", _rsi_above, 22.0, "rsi_softfloor_threshold", "gt"),
    _rsi("rsi_lt_softcap", "long", _rsi_below, 78.0, "rsi_softcap_threshold", "lt"),
]
VOLATILITY = [
    Fact("atr_volatility_ok", "both", "atr close", _atr_range,
         "atr=1 close=100", "atr=4 close=100", "atr=0.1 close=100", True,
         {"min": 0.001, "max": 0.03}, {"min_atr_pct": "min", "max_atr_pct": "max"}),
    Fact("atr_rel_in_range_5m", "both", "atr close", _atr_range,
         "atr=1 close=100", "atr=2.1 close=100", "atr=2 close=100", True, {"min": 0.0007, "max": 0.0200}),
    Fact("atr_rel_in_range_15m", "both", "atr close", _atr_range,
         "atr=2.1 close=100", "atr=2.6 close=100", "atr=2.5 close=100", True, {"min": 0.0010, "max": 0.0250}),
    Fact("atr_rel_in_range_micro", "both", "atr close", _atr_range,
         "atr=4.4 close=100", "atr=0.04 close=100", "atr=4.5 close=100", True, {"min": 0.0005, "max": 0.045}),
    Fact("atr_stop_valid", "both", "atr @entry_price @stop_loss",
         lambda v, p: 1 - p["t"] <= abs(v("entry_price") - v("stop_loss")) / (p["k"] * v("atr")) <= 1 + p["t"],
         "atr=2 entry_price=100 stop_loss=97", "atr=2 entry_price=100 stop_loss=96",
         "atr=2 entry_price=3.15 stop_loss=6.3", True, {"k": 1.5, "t": 0.05}, {"atr_k": "k"}),
    Fact("adx_min_for_trend", "both", "adx", lambda v, p: v("adx") >= p["threshold"],
         "adx=16", "adx=14", "adx=15", True, {"threshold": 15.0}),
    _metric("adx_5m_lt", "adx_5m", "<", 20.0, "adx_5m_lt_threshold"),
    _metric("adx_1m_lt", "adx_1m", "<", 20.0, "adx_1m_lt_threshold"),
    Fact("volume_ratio_ok", "both", "volume_ratio", lambda v, p: v("volume_ratio") >= p["threshold"],
         "volume_ratio=2", "volume_ratio=1.3", "volume_ratio=1.4", True, {"threshold": 1.4},
         {"volume_ratio_ok_threshold": "threshold", "volume_ratio_threshold": "threshold"}),
]
SELECTOR = [
    _metric("expected_r_multiple_gte", "expected_r_multiple", "≥", 2.0, "expected_r_multiple_gte_threshold"),
    _metric("expected_r_multiple_lt", "expected_r_multiple", "<", 2.0, "expected_r_multiple_lt_threshold"),
    _metric("entry_zone_width_pct_gt", "entry_zone_width_pct", ">", 1.2, "entry_zone_width_pct_gt_threshold"),
    _metric("entry_zone_width_pct_lte", "entry_zone_width_pct", "≤", 1.2, "entry_zone_width_pct_lte_threshold"),
    _metric("atr_pct_15m_gt_bps", "atr_pct_15m_bps", ">", 120.0, "atr_pct_15m_gt_bps_threshold"),
    _metric("atr_pct_15m_lte_bps", "atr_pct_15m_bps", "≤", 120.0, "atr_pct_15m_lte_bps_threshold"),
    _metric("spread_bps_gt", "spread_bps", ">", 8.0, "spread_bps_gt_threshold"),
    Fact("lev_bounds", "both", "@leverage", lambda v, p: p["min"] <= v("leverage") <= p["max"],
         "leverage=10", "leverage=21", "leverage=20", True, {"min": 2.0, "max": 20.0}),
    _flag("scalping"),
    _flag("trailing_after_tp1"),
    _flag("end_of_zone_fallback"),
]
# fmt: on
FACTS = {fact.name: fact for fact in (*AVERAGES, *STRUCTURE, *MACD, *RSI, *VOLATILITY, *SELECTOR)}
"""All but the two constants, `get_true` and `get_false`, which read nothing."""
