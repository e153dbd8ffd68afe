"""The page on features, from the table of families.

A test scales prices and volumes and sees whether each feature follows as its unit says.
"""

from __future__ import annotations

from docs.generating.markdown import code, page, table

from mtf_core.features.history import BLOCK
from mtf_core.features.listing import ListedFeature, list_features
from mtf_core.features.names import MAX_PERIOD
from mtf_core.settings.indicators import IndicatorSettings

_INTRODUCTION = f"""
A feature is a number per candle, computed from closed candles at or before it. `5m.atr_pct` is the feature of another
timeframe, from that timeframe's last candle closed by then. Definitions are TA-Lib's where TA-Lib has the indicator,
with one exception: in a market that does not move, RSI, ADX, ±DI and StochRSI divide nothing by nothing, and are
missing where TA-Lib answers 0 or rounding noise.

*Warm-up* is the number of closed candles from which on a value counts: for averages that remember their beginning,
until it weighs less than `warmup_tolerance`; *day* means the candles since the VWAP's midnight as well. With fewer, the
feature is missing, and what asks for it is `not_enough_candles`.

A decision computes each feature from the start of a block of {BLOCK} candles (counted from 1970-01-01T00:00Z): the last
block that leaves the warm-up. So the value at a candle is the same bits in `mtf run`, `why`, `indicators`,
`conditions explain` and `decide`, at any later instant, and whatever else is asked for. `decide_over` walks over whole
series and begins with their first candle instead; its values agree within the tolerance.
"""


def features_page() -> str:
    tolerance = float(IndicatorSettings().warmup_tolerance)
    features = list_features(tolerance)
    head = ("name", "definition", "unit", f"warm-up at {tolerance:g}")
    return page(
        "Features",
        _INTRODUCTION,
        f"## With a period N (up to {MAX_PERIOD})",
        table(head, (_row(feature) for feature in features if feature.periodic)),
        "## Others",
        table(head, (_row(feature) for feature in features if not feature.periodic)),
    )


def _row(feature: ListedFeature) -> tuple[str, ...]:
    return code(feature.name), feature.definition, feature.unit, _warm_up(feature)


def _warm_up(feature: ListedFeature) -> str:
    of_pivots = " of the pivot timeframe" if feature.of_pivot_timeframe else ""
    counts = [
        (name, f"{need.candles}{of_pivots}" + (" and the day" if need.session else "")) for name, need in feature.needs
    ]
    return ", ".join(f"{code(name)} {count}" if feature.periodic else count for name, count in counts)
