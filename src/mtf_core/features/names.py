"""Feature names: what each means, and how much history its value needs."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from functools import cache

from attrs import frozen

MAX_PERIOD = 5000


class Family(StrEnum):
    """A kind of feature; together with its parameters it names one array of numbers per candle."""

    CANDLE = "candle"
    EMA = "ema"
    SMA = "sma"
    RSI = "rsi"
    MACD = "macd"
    ATR = "atr"
    ATR_PCT = "atr_pct"
    ADX = "adx"
    DI = "di"
    BOLLINGER = "bollinger"
    STOCH_RSI = "stoch_rsi"
    VWAP = "vwap"
    VOLUME_RATIO = "volume_ratio"
    ATR_BAND = "atr_band"
    PIVOT = "pivot"


@frozen(cache_hash=True)
class FeatureSpec:
    """One feature: its canonical name (aliases resolved), family, period, and the K of an ATR band (signed)."""

    name: str
    family: Family
    period: int = 0
    k: float = 0.0


@frozen(order=True)
class History:
    """How many closed candles a value needs: a count, and whether the candles since the session's start as well."""

    candles: int
    session: bool = False

    def plus(self, ago: int) -> History:
        """What the value of `ago` candles earlier needs."""
        return History(self.candles + ago, self.session)

    def joined(self, other: History) -> History:
        """What both together need."""
        return History(max(self.candles, other.candles), self.session or other.session)


class UnknownFeatureError(ValueError):
    """No feature bears this name; the message says what does."""


_CANDLE = ("open", "high", "low", "close", "volume")
_MACD = ("macd", "macd_signal", "macd_hist")
_BOLLINGER = ("bb_upper", "bb_middle", "bb_lower", "bb_width")
_STOCH = ("stoch_rsi_k", "stoch_rsi_d")
_PIVOT_LEVELS = ("pp", *(f"r{k}" for k in range(1, 7)), *(f"s{k}" for k in range(1, 7)))
_PIVOTS = tuple(f"pivot_{level}" for level in _PIVOT_LEVELS)
_DEFAULT_PERIOD = {"rsi": 14, "atr": 14, "adx": 14, "plus_di": 14, "minus_di": 14}
_PERIODIC = re.compile(r"(ema|sma|ma|rsi|atr|adx|plus_di|minus_di)_(\d{1,5})")
_BAND = re.compile(r"ma_(\d{1,5})_(plus|minus)_(\d+(?:\.\d+)?)atr")
_SHORTEST = {"ema": 1, "sma": 1, "ma": 1, "rsi": 2, "atr": 1, "adx": 2, "plus_di": 1, "minus_di": 1}
_FAMILIES = {
    "ema": Family.EMA,
    "ma": Family.EMA,
    "sma": Family.SMA,
    "rsi": Family.RSI,
    "atr": Family.ATR,
    "adx": Family.ADX,
    "plus_di": Family.DI,
    "minus_di": Family.DI,
}


def known_feature_names() -> tuple[str, ...]:
    """Names to suggest when one is unknown; of periodic features, the customary periods."""
    averages = [f"{kind}_{n}" for kind in ("ema", "sma", "ma") for n in (9, 20, 21, 50, 200)]
    single = [*_DEFAULT_PERIOD, "atr_pct", "vwap", "volume_ratio", "ma_21_plus_2atr", "ma_21_minus_2atr"]
    return (*_CANDLE, *averages, *single, *_MACD, *_BOLLINGER, *_STOCH, *_PIVOTS)


def feature_problem(name: str) -> str | None:
    """Why `name` is no feature, or None when it is one."""
    try:
        feature_spec(name)
    except UnknownFeatureError as error:
        return str(error)
    return None


@cache
def feature_spec(name: str) -> FeatureSpec:
    """The feature of that name; `ma_N` is `ema_N`, a missing period is 14. Raises `UnknownFeatureError`."""
    if name in _CANDLE:
        return FeatureSpec(name, Family.CANDLE)
    for names, family in ((_MACD, Family.MACD), (_BOLLINGER, Family.BOLLINGER), (_STOCH, Family.STOCH_RSI)):
        if name in names:
            return FeatureSpec(name, family)
    if name in _PIVOTS:
        return FeatureSpec(name, Family.PIVOT)
    if name in ("atr_pct", "vwap", "volume_ratio"):
        return FeatureSpec(name, Family(name), period=14 if name == "atr_pct" else 0)
    if name in _DEFAULT_PERIOD:
        return feature_spec(f"{name}_{_DEFAULT_PERIOD[name]}")
    return _periodic(name)


def _periodic(name: str) -> FeatureSpec:
    if band := _BAND.fullmatch(name):
        k = float(band[3]) * (1 if band[2] == "plus" else -1)
        return FeatureSpec(name, Family.ATR_BAND, _period(name, "ma", band[1]), k)
    if periodic := _PERIODIC.fullmatch(name):
        kind, period = periodic[1], _period(name, periodic[1], periodic[2])
        canonical = f"{'ema' if kind == 'ma' else kind}_{period}"
        return FeatureSpec(canonical, _FAMILIES[kind], period)
    raise UnknownFeatureError(f"unknown feature {name!r}; the catalogue of features lists the known ones")


def _period(name: str, kind: str, text: str) -> int:
    period = int(text)
    if not _SHORTEST[kind] <= period <= MAX_PERIOD:
        raise UnknownFeatureError(f"feature {name!r}: the period must lie within {_SHORTEST[kind]}..{MAX_PERIOD}")
    return period


def history(name: str, tolerance: float) -> History:
    """Closed candles that the value at a candle needs, that candle included.

    Recursive averages remember their seed with a weight that shrinks by a constant factor per candle; the count is
    the smallest for which that weight is below `tolerance`. Chained smoothing (ADX, MACD's signal) counts in full:
    661 for `ema_200` at 0.01.
    """
    spec = feature_spec(name)
    n = spec.period
    match spec.family:
        case Family.CANDLE | Family.PIVOT:
            return History(1)
        case Family.SMA:
            return History(n)
        case Family.EMA:
            return History(n + _fading(1 - 2 / (n + 1), tolerance))
        case Family.RSI | Family.ATR | Family.ATR_PCT | Family.DI:
            return History(n + 1 + _fading(1 - 1 / n, tolerance))
        case Family.ADX:
            return History(2 * n + 2 * _fading(1 - 1 / n, tolerance))
        case Family.MACD:
            line = 26 + _fading(1 - 2 / 27, tolerance)
            return History(line if name == "macd" else line + 8 + _fading(1 - 2 / 10, tolerance))
        case Family.BOLLINGER:
            return History(20)
        case Family.STOCH_RSI:
            return History(history("rsi_14", tolerance).candles + 13 + (2 if name == "stoch_rsi_k" else 4))
        case Family.VOLUME_RATIO:
            return History(21)
        case Family.VWAP:
            return History(1, session=True)
        case Family.ATR_BAND:
            return history(f"ema_{n}", tolerance).joined(history("atr_14", tolerance))


def _fading(factor: float, tolerance: float) -> int:
    """Candles until a weight that is multiplied by `factor` per candle is below `tolerance`."""
    if factor <= 0:
        return 0
    count = math.ceil(math.log(tolerance) / math.log(factor))
    return count + 1 if factor**count >= tolerance else count
