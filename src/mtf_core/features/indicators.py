"""The indicators of one series, as TA-Lib defines them; the library is loaded at first use (it is slow to import)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from mtf_core.features.family import FeatureSpec
from mtf_core.features.history import fading
from mtf_core.features.motion import Motion, directional, of_closes, true_ranges
from mtf_core.features.quotients import NO_MOVEMENT, Call, Quotient, any_of_last
from mtf_core.market.candles import Floats

CLOSE = ("close",)
HIGH_LOW_CLOSE = ("high", "low", "close")


@cache
def talib(name: str) -> Callable[..., Any]:
    """A function of TA-Lib, which is imported when the first indicator is computed.

    Where pandas or polars are installed the library wraps each function to accept their types, which costs more than
    the computation of a short series; `__wrapped__` is the function itself.
    """
    import talib as library  # noqa: PLC0415

    function: Callable[..., Any] = getattr(library, name)
    return getattr(function, "__wrapped__", function)


def plain(name: str, inputs: tuple[str, ...]) -> Callable[[FeatureSpec, float], Call]:
    """A function of TA-Lib with one result and one parameter, the period."""
    return lambda spec, _: Call(talib(name), inputs, (spec.period,))


# --- quotients of averages ------------------------------------------------------------------------------------


def rsi_quotient(spec: FeatureSpec, _: float) -> Quotient:
    """The RSI divides by the average of all moves, up and down: the ATR of candles that are their close alone."""
    n = spec.period
    moves = Motion(of_closes, CLOSE, 1 / n)
    return Quotient((Call(talib("ATR"), ("close", "close", "close"), (n,)),), moves, n, 1 - 1 / n)


def direction_quotient(spec: FeatureSpec, _: float) -> Quotient:
    """±DI divide by the average true range."""
    n = spec.period
    moves = Motion(true_ranges, HIGH_LOW_CLOSE, 1 / n)
    return Quotient((Call(talib("ATR"), HIGH_LOW_CLOSE, (n,)),), moves, n, 1 - 1 / n)


def adx_quotient(spec: FeatureSpec, tolerance: float) -> Quotient:
    """The ADX averages quotients with the directional movement of both ways as denominator.

    Those that weigh less than the tolerance in the average may have been undefined.
    """
    n, keep = spec.period, 1 - 1 / spec.period
    parts = tuple(Call(talib(name), ("high", "low"), (n,)) for name in ("PLUS_DM", "MINUS_DM"))
    moves = Motion(directional, ("high", "low"), 1.0)
    return Quotient(parts, moves, n - 1, keep, max(1, fading(keep, tolerance)))


RSI_RANGE = 1e-9
"""A range of the RSI (0..100) below this is none: rounding moves an RSI that stands still by about 1e-14."""


def stochastic_rsi(_: FeatureSpec, tolerance: float) -> Call:
    """Stochastic (14) of RSI (14), smoothed twice by simple averages of 3; 0..100.

    A quotient of quotients: the place of an RSI within its range is known where the part of the range that the seed
    may have made is below the tolerance. Missing while one of the values that are averaged is, and where the 14
    RSIs are all the same.
    """
    rsi_14, moves, stoch = talib("RSI"), talib("ATR"), talib("STOCH")
    highest, lowest = talib("MAX"), talib("MIN")
    quotient = Quotient((), Motion(of_closes, CLOSE, 1 / 14), 14, 13 / 14)

    def compute(close: Floats) -> tuple[Floats, ...]:
        rsi = rsi_14(close, 14)
        smooth, signal = stoch(rsi, rsi, rsi, 14, 3, 0, 3, 0)
        denominator = moves(close, close, close, 14)
        seeds = denominator[quotient.seed : quotient.seed + 1]
        if not len(seeds):
            return smooth, signal
        share = quotient.seed_share(denominator[np.newaxis], seeds, -quotient.seed)[0]
        spread = highest(rsi, 14) - lowest(rsi, 14)
        # each end of the range, and the RSI within it, may be off by 100 times the seed's share
        certain = (spread > RSI_RANGE) & (200 * highest(share, 14) < tolerance * spread)
        undefined = ~certain | any_of_last(denominator <= NO_MOVEMENT * close, 14)
        for values, count in ((smooth, 3), (signal, 5)):
            np.clip(values, 0.0, 100.0, out=values)  # running sums leave residues of rounding
            values[any_of_last(undefined, count)] = np.nan
        return smooth, signal

    return Call(compute, CLOSE)


# --- the others -----------------------------------------------------------------------------------------------


def macd(_: FeatureSpec, __: float) -> Call:
    """12, 26, 9: line, signal, histogram."""
    return Call(talib("MACD"), CLOSE, (12, 26, 9))


def bollinger(_: FeatureSpec, __: float) -> Call:
    """20 candles, 2 population standard deviations: upper, middle, lower, and (upper − lower) / middle."""
    bands = talib("BBANDS")

    def compute(close: Floats) -> tuple[Floats, ...]:
        upper, middle, lower = bands(close, 20, 2.0, 2.0, 0)
        return upper, middle, lower, (upper - lower) / middle

    return Call(compute, CLOSE)


def volume_ratio(_: FeatureSpec, __: float) -> Call:
    """Volume over the simple average of the 20 volumes before it; missing when all of these are zero.

    That is asked of the volumes themselves: the average is a running sum, which keeps a residue of rounding after
    volumes fall to zero.
    """
    average = talib("SMA")

    def compute(volume: Floats) -> Floats:
        ratio: Floats = np.full_like(volume, np.nan)
        if len(volume) < 21:
            return ratio
        earlier = average(volume, 20)[19:-1]
        if volume.min() > 0:
            np.divide(volume[20:], earlier, out=ratio[20:])
            return ratio
        traded = any_of_last(volume > 0, 20)[19:-1]
        np.divide(volume[20:], earlier, out=ratio[20:], where=traded & (earlier > 0))
        return ratio

    return Call(compute, ("volume",))
