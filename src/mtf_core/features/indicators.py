"""The indicators of one series, as TA-Lib defines them; the library is loaded at first use (it is slow to import)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from attrs import frozen

from mtf_core.features.names import Family, FeatureSpec
from mtf_core.market.candles import Floats


@frozen
class Kernel:
    """How a group of features is computed from one unbroken series.

    `inputs` are candle columns, each float64 of shape (n,); `compute` returns one array of shape (n,) per name of
    `outputs`, NaN during the warm-up. Values at a candle depend only on that and earlier candles.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    compute: Callable[..., tuple[Floats, ...]]


@cache
def talib(name: str) -> Callable[..., Any]:
    """A function of TA-Lib, which is imported when the first indicator is computed.

    Where pandas or polars are installed the library wraps each function to accept their types, which costs more than
    the computation of a short series; `__wrapped__` is the function itself.
    """
    import talib as library  # noqa: PLC0415

    function: Callable[..., Any] = getattr(library, name)
    return getattr(function, "__wrapped__", function)


HLC = ("high", "low", "close")


@cache
def kernel(spec: FeatureSpec) -> Kernel | None:
    """The kernel whose outputs include this feature; None for features that are not computed series by series."""
    n = spec.period
    match spec.family:
        case Family.EMA:
            return Kernel(("close",), (spec.name,), _single("EMA", n))
        case Family.SMA:
            return Kernel(("close",), (spec.name,), _single("SMA", n))
        case Family.RSI:
            return Kernel(("close",), (spec.name,), _single("RSI", n))
        case Family.ATR:
            return Kernel(HLC, (spec.name,), _single("ATR", n))
        case Family.ADX:
            return Kernel(HLC, (spec.name,), _single("ADX", n))
        case Family.DI:
            directional = "PLUS_DI" if spec.name.startswith("plus") else "MINUS_DI"
            return Kernel(HLC, (spec.name,), _single(directional, n))
        case Family.MACD:
            outputs = ("macd", "macd_signal", "macd_hist")
            return Kernel(("close",), outputs, _macd())
        case Family.BOLLINGER:
            return Kernel(("close",), ("bb_upper", "bb_middle", "bb_lower", "bb_width"), _bollinger)
        case Family.STOCH_RSI:
            return Kernel(("close",), ("stoch_rsi_k", "stoch_rsi_d"), _stochastic_rsi)
        case Family.VOLUME_RATIO:
            return Kernel(("volume",), ("volume_ratio",), _volume_ratio)
        case _:
            return None


def _single(name: str, period: int) -> Callable[..., tuple[Floats, ...]]:
    function = talib(name)
    return lambda *columns: (function(*columns, period),)


def _macd() -> Callable[..., tuple[Floats, ...]]:
    function = talib("MACD")
    return lambda close: function(close, 12, 26, 9)


def _bollinger(close: Floats) -> tuple[Floats, ...]:
    """20 candles, 2 population standard deviations; the width is (upper − lower) / middle."""
    upper, middle, lower = talib("BBANDS")(close, 20, 2.0, 2.0, 0)
    return upper, middle, lower, (upper - lower) / middle


def _stochastic_rsi(close: Floats) -> tuple[Floats, ...]:
    """Stochastic (14) of RSI (14), smoothed twice by simple averages of 3; 0..100."""
    rsi = talib("RSI")(close, 14)
    smooth, signal = talib("STOCH")(rsi, rsi, rsi, 14, 3, 0, 3, 0)
    return smooth, signal


def _volume_ratio(volume: Floats) -> tuple[Floats, ...]:
    """Volume over the simple average of the 20 volumes before it; missing when all of these are zero.

    That is asked of the volumes themselves: the average is a running sum, which keeps a residue of rounding after
    volumes fall to zero.
    """
    ratio: Floats = np.empty_like(volume)
    ratio[:20] = np.nan
    if len(volume) < 21:
        return (ratio,)
    earlier = talib("SMA")(volume, 20)[19:-1]
    if volume.min() > 0:
        np.divide(volume[20:], earlier, out=ratio[20:])
        return (ratio,)
    traded = np.concatenate([[0], np.cumsum(volume > 0)])
    some = traded[20:-1] > traded[:-21]
    ratio[20:] = np.nan
    np.divide(volume[20:], earlier, out=ratio[20:], where=some & (earlier > 0))
    return (ratio,)
