"""Which built-in conditions meant something else in the reference, by their names.

The numbers are those of the list of deviations (docs/how-to/import-a-configuration.md has them one by one).
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_core.market import Timeframe

HONOURED = "here its parameters count"
IN_ORDER = "here the candles are in time order, and parameters count"


@frozen
class Correction:
    """What the reference made of a condition, what it means here, and the numbers of the deviations."""

    there: str
    here: str
    reference: str


_BACKWARDS = "it read the histogram newest first as if it were oldest first"
_VWAP = Correction("its VWAP was that of all fetched candles", "here it starts anew every day", "D35")
_VWAP_OR_ZERO = Correction(
    "its VWAP was that of all fetched candles, and 0 where nothing was traded",
    "here it starts anew every day, and is missing without volume",
    "D21, D35",
)
_REGIME = Correction(
    "it failed, or ended the process, when one of its inputs was missing", "here one branch may decide", "D17, D18"
)
_SLOPE = Correction("its lookback was always one candle", HONOURED, "D9")


def _range(low: str, high: str) -> Correction:
    return Correction(f"the bounds were {low} and {high} whatever it said", HONOURED, "D7")


CORRECTED_CONDITIONS: Mapping[str, Correction] = {
    "macd_hist_increasing_n": Correction(
        f"{_BACKWARDS}, had three values of it, and ignored n and eps", IN_ORDER, "D1, D2, D3"
    ),
    "macd_hist_slope_pos": Correction(f"{_BACKWARDS}, and ignored derivative_gt and persist_n", IN_ORDER, "D1, D2, D4"),
    "macd_hist_slope_neg": Correction(f"{_BACKWARDS}, and ignored derivative_lt and persist_n", IN_ORDER, "D1, D2, D4"),
    "macd_line_cross_up_with_hysteresis": Correction(
        f"{_BACKWARDS} and took a cross down for a cross up; one that was undone still counted", IN_ORDER, "D1, D2, D5"
    ),
    "macd_line_cross_down_with_hysteresis": Correction(
        f"{_BACKWARDS} and took a cross up for a cross down; one that was undone still counted", IN_ORDER, "D1, D2, D5"
    ),
    "adx_min_for_trend": Correction(
        "it compared the ADX of 15 candles", "here ADX(14) of the evaluated timeframe", "D6, open point 9"
    ),
    "atr_rel_in_range_15m": _range("0.0010", "0.0250"),
    "atr_rel_in_range_5m": _range("0.0007", "0.0200"),
    "atr_rel_in_range_micro": _range("0.0005", "0.045"),
    "lev_bounds": Correction("the bounds were 2 and 20 whatever it said", HONOURED, "D8"),
    "ema_20_slope_pos": _SLOPE,
    "ema200_slope_pos": _SLOPE,
    "ema200_slope_neg": _SLOPE,
    "macd_hist_lt_0": Correction("it asked for less than −1e-12", "here for less than 0, as its twin", "D13"),
    "price_lte_ma21_plus_k_atr": Correction(
        "k was 1.5 (in the selector atr_k) whatever the rule said, and on 1h missing data passed",
        "here k is what is written, and missing data never passes",
        "D15, D16",
    ),
    "price_regime_ok": _REGIME,
    "price_regime_ok_long": _REGIME,
    "price_regime_ok_short": _REGIME,
    "get_false": Correction("the name was not found and raised an error", "here it never holds", "D20"),
    "expected_r_multiple_lt": Correction("it never held", "here it is compared", "D20"),
    "close_above_vwap": _VWAP_OR_ZERO,
    "close_above_vwap_or_ma9": _VWAP_OR_ZERO,
    "close_below_vwap": _VWAP,
    "near_vwap": _VWAP,
    "pullback_confirmed_vwap": _VWAP,
    "volume_ratio_ok": Correction("as few as 2 earlier volumes were averaged", "here 20, else it is missing", "D40"),
    "scalping": Correction("the true or false beside it was not compared", "here it is", "D22"),
    "trailing_after_tp1": Correction("the true or false beside it was not compared", "here it is", "D22"),
    "end_of_zone_fallback": Correction("the true or false beside it was not compared", "here it is", "D22"),
}
"""Reported where a condition is first used under its own meaning."""

CORRECTED_FIELDS: Mapping[str, Correction] = {
    "vwap": Correction("the VWAP was that of all fetched candles", "here it starts anew every day", "D21, D35"),
    "ma_9": Correction("the field was found nowhere", "here it is ema_9", "D36"),
    "ma_21": Correction("the field was found nowhere", "here it is ema_21", "D36"),
    "volume_ratio": CORRECTED_CONDITIONS["volume_ratio_ok"],
}
"""Reported where a rule first compares the field."""

IGNORED_PARAMETERS: Mapping[str, tuple[frozenset[str], str]] = {
    "macd_hist_increasing_n": (frozenset({"n", "eps", "eps_pct"}), "D3"),
    "macd_hist_slope_pos": (frozenset({"persist_n", "threshold"}), "D4"),
    "macd_hist_slope_neg": (frozenset({"persist_n", "threshold"}), "D4"),
    "atr_rel_in_range_15m": (frozenset({"min", "max"}), "D7"),
    "atr_rel_in_range_5m": (frozenset({"min", "max"}), "D7"),
    "atr_rel_in_range_micro": (frozenset({"min", "max"}), "D7"),
    "lev_bounds": (frozenset({"min", "max"}), "D8"),
    "ema_20_slope_pos": (frozenset({"lookback"}), "D9"),
    "ema200_slope_pos": (frozenset({"lookback"}), "D9"),
    "ema200_slope_neg": (frozenset({"lookback"}), "D9"),
    "rsi_gt_30": (frozenset({"threshold"}), "D11"),
    "price_below_ma21_plus_2atr": (frozenset({"allow_touch"}), "D14"),
    "price_lte_ma21_plus_k_atr": (frozenset({"k"}), "D15"),
    "scalping": (frozenset({"expected"}), "D22"),
    "trailing_after_tp1": (frozenset({"expected"}), "D22"),
    "end_of_zone_fallback": (frozenset({"expected"}), "D22"),
}
"""Parameters that the reference ignored even where the condition is used, by canonical name."""

SCALAR_READ_THERE = frozenset(
    {
        "close_minus_ema_200_gt",
        "close_minus_ema_200_lt",
        "ema_20_minus_ema_50_gt",
        "adx_min_for_trend",
        "rsi_bullish",
        "rsi_bearish",
        "expected_r_multiple_gte",
        "expected_r_multiple_lt",
        "entry_zone_width_pct_gt",
        "entry_zone_width_pct_lte",
        "atr_pct_15m_gt_bps",
        "atr_pct_15m_lte_bps",
        "spread_bps_gt",
        "adx_5m_lt",
        "adx_1m_lt",
        "scalping",
        "trailing_after_tp1",
        "end_of_zone_fallback",
    }
)
"""Conditions for which `{name: number}` had an effect in the reference (D30); for others it was lost."""

RSI_BULLISH_ON_5M = 49
"""What the reference took on 5m where nothing sets the threshold (D12); elsewhere and here it is 52."""
HIDDEN_CASE_TIMEFRAME = Timeframe.M5
