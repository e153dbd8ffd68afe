"""Classic pivots of a candle."""

from __future__ import annotations

from mtf_core.market.candles import Floats


def classic_pivots(high: Floats, low: Floats, close: Floats) -> dict[str, Floats]:
    """Pivot levels from the high, low and close of a closed candle; arrays of any one shape, or NaN for missing.

    PP=(H+L+C)/3, R1=2PP−L, S1=2PP−H, R2=PP+(H−L), S2=PP−(H−L), R3=H+2(PP−L), S3=L−2(H−PP), and for k≥4
    Rk=R(k−1)+(H−L), Sk=S(k−1)−(H−L). Keys are feature names: pivot_pp, pivot_r1 … pivot_s6.
    """
    span = high - low
    pp = (high + low + close) / 3
    levels = {
        "pivot_pp": pp,
        "pivot_r1": 2 * pp - low,
        "pivot_s1": 2 * pp - high,
        "pivot_r2": pp + span,
        "pivot_s2": pp - span,
        "pivot_r3": high + 2 * (pp - low),
        "pivot_s3": low - 2 * (high - pp),
    }
    for k in (4, 5, 6):
        levels[f"pivot_r{k}"] = levels[f"pivot_r{k - 1}"] + span
        levels[f"pivot_s{k}"] = levels[f"pivot_s{k - 1}"] - span
    return levels
