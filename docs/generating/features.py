"""The page on features: names from the code, warm-up computed, and for each the definition and unit below.

A test scales prices and volumes and sees whether each feature follows as its unit says.
"""

from __future__ import annotations

from attrs import frozen
from docs.generating.markdown import code, page, table

from mtf_core.features.names import MAX_PERIOD, Family, feature_spec, history, known_feature_names
from mtf_core.settings.indicators import IndicatorSettings

PRICE, VOLUME, RATIO, SCALE, TIMES = "quote currency", "contracts", "ratio", "0..100", "times"
"""Units: prices and differences of prices, volumes, shares of a price, fixed scales, multiples of a usual volume."""


@frozen
class Text:
    """What a feature is, and its unit."""

    definition: str
    unit: str


_PERIODIC = {
    "ema_N": Text("exponential average of close, α = 2/(N+1), seeded by the simple average of the first N", PRICE),
    "ma_N": Text("another name of `ema_N`", PRICE),
    "sma_N": Text("simple average of the last N closes", PRICE),
    "rsi_N": Text("relative strength index of Wilder; `rsi` is `rsi_14`", SCALE),
    "atr_N": Text("average true range of Wilder; `atr` is `atr_14`", PRICE),
    "adx_N": Text("average directional index of Wilder, strength of trend; `adx` is `adx_14`", SCALE),
    "plus_di_N": Text("directional indicator up, of Wilder; `plus_di` is `plus_di_14`", SCALE),
    "minus_di_N": Text("directional indicator down, of Wilder; `minus_di` is `minus_di_14`", SCALE),
    "ma_N_plus_Katr": Text("ema_N + K·atr_14, K a decimal: `ma_21_plus_1.3atr`", PRICE),
    "ma_N_minus_Katr": Text("ema_N − K·atr_14", PRICE),
}
_SINGLE = {
    "open": Text("first price of the candle", PRICE),
    "high": Text("highest price", PRICE),
    "low": Text("lowest price", PRICE),
    "close": Text("last price", PRICE),
    "volume": Text("traded size", VOLUME),
    "atr_pct": Text("atr_14 / close", RATIO),
    "vwap": Text(
        "Σ(typical price · volume) / Σ volume since midnight of `indicators.vwap.timezone`; "
        "typical price = (high + low + close)/3; missing while the day has no volume",
        PRICE,
    ),
    "volume_ratio": Text("volume / simple average of the 20 volumes before it; missing when these are all 0", TIMES),
    "macd": Text("ema_12 − ema_26", PRICE),
    "macd_signal": Text("exponential average of 9 values of macd", PRICE),
    "macd_hist": Text("macd − macd_signal", PRICE),
    "bb_upper": Text("bb_middle + 2 population standard deviations of 20 closes", PRICE),
    "bb_middle": Text("simple average of 20 closes", PRICE),
    "bb_lower": Text("bb_middle − 2 population standard deviations of 20 closes", PRICE),
    "bb_width": Text("(bb_upper − bb_lower) / bb_middle", RATIO),
    "stoch_rsi_k": Text("place of rsi_14 within the range of its last 14 values, averaged over 3", SCALE),
    "stoch_rsi_d": Text("simple average of 3 values of stoch_rsi_k", SCALE),
    "pivot_pp": Text("PP = (H + L + C)/3 of the last closed candle of `indicators.pivot.timeframe`", PRICE),
    "pivot_r1": Text("2·PP − L", PRICE),
    "pivot_s1": Text("2·PP − H", PRICE),
    "pivot_r2": Text("PP + (H − L)", PRICE),
    "pivot_s2": Text("PP − (H − L)", PRICE),
    "pivot_r3": Text("H + 2·(PP − L)", PRICE),
    "pivot_s3": Text("L − 2·(H − PP)", PRICE),
    **{f"pivot_r{k}": Text(f"R{k - 1} + (H − L)", PRICE) for k in (4, 5, 6)},
    **{f"pivot_s{k}": Text(f"S{k - 1} − (H − L)", PRICE) for k in (4, 5, 6)},
}
_EXAMPLES = {
    **dict.fromkeys(("ma_N", "ma_N_plus_Katr", "ma_N_minus_Katr"), (9, 21)),
    "ema_N": (9, 20, 50, 200),
    "sma_N": (20, 50, 200),
}
"""Periods whose warm-up is shown; 14 for the others."""
_INTRODUCTION = """
A feature is a number per candle, computed from closed candles at or before it. `5m.atr_pct` is the feature of another
timeframe, from that timeframe's last candle closed by then. Definitions are TA-Lib's where TA-Lib has the indicator.

*Warm-up* is the number of closed candles from which on a value counts: for averages that remember their beginning,
until it weighs less than `warmup_tolerance`; *day* means the candles since the VWAP's midnight as well. With fewer, the
feature is missing, and what asks for it is `not_enough_candles`.
"""


def features_page() -> str:
    tolerance = float(IndicatorSettings().warmup_tolerance)
    single = (_row(name, _SINGLE[name], _warm_up(name, tolerance)) for name in _SINGLE)
    periodic = (_row(name, text, _periodic_warm_up(name, tolerance)) for name, text in _PERIODIC.items())
    head = ("name", "definition", "unit", f"warm-up at {tolerance:g}")
    return page(
        "Features",
        _INTRODUCTION,
        f"## With a period N (up to {MAX_PERIOD})",
        table(head, periodic),
        "## Others",
        table(head, single),
    )


def text_of(name: str) -> Text:
    """The text of a feature by any of its names; KeyError when it has none."""
    if name in _SINGLE:
        return _SINGLE[name]
    spec = feature_spec(name)
    if spec.family is Family.ATR_BAND:
        return _PERIODIC["ma_N_plus_Katr" if spec.k > 0 else "ma_N_minus_Katr"]
    return _PERIODIC[f"{spec.name.removesuffix(f'_{spec.period}')}_N"]


def _row(name: str, text: Text, warm_up: str) -> tuple[str, ...]:
    return code(name), text.definition, text.unit, warm_up


def _warm_up(name: str, tolerance: float) -> str:
    need = history(name, tolerance)
    if feature_spec(name).family is Family.PIVOT:
        return f"{need.candles} of the pivot timeframe"
    return f"{need.candles}" + (" and the day" if need.session else "")


def _periodic_warm_up(name: str, tolerance: float) -> str:
    examples = [name.replace("_N", f"_{period}").replace("Katr", "2atr") for period in _EXAMPLES.get(name, (14,))]
    return ", ".join(f"{code(example)} {_warm_up(example, tolerance)}" for example in examples)


def without_text() -> list[str]:
    """Features that the code knows and this page does not."""
    missing = []
    for name in known_feature_names():
        try:
            text_of(name)
        except KeyError:
            missing.append(name)
    return missing
