"""Selector metrics: numbers about the trade that would be made, from the plan's preview, features and the book."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from mtf_core.market import Side, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.planning.caps import matching_caps
from mtf_core.planning.needs import needed_features
from mtf_core.planning.preview import Preview, PreviewInputs, preview
from mtf_core.rules.axis import InstantAxis
from mtf_core.rules.expressions import Feature, Metric, Test, used
from mtf_core.settings.profile import Profile
from mtf_core.settings.trade_entry import SymbolCap
from mtf_core.validation.outcome import SIDE_CODES, Codes

FLAGS = ("scalping", "trailing_after_tp1", "end_of_zone_fallback")
"""Conditions on these may be written, but nothing raises them: they are always false."""

PREVIEWED = ("expected_r_multiple", "entry_zone_width_pct", "leverage", "entry_price", "stop_loss")

_OF_A_TIMEFRAME = {
    "adx_1h": Feature("adx", timeframe=Timeframe.H1),
    "adx_5m": Feature("adx", timeframe=Timeframe.M5),
    "adx_1m": Feature("adx", timeframe=Timeframe.M1),
    "volume_ratio": Feature("volume_ratio", timeframe=Timeframe.M15),
}
_CLOSE, _ATR, _MA21 = Feature("close"), Feature("atr"), Feature("ma_21")
_ATR_15M = Feature("atr", timeframe=Timeframe.M15)


def metric_names(tests: Sequence[Test]) -> frozenset[str]:
    """The metrics that tests read."""
    return frozenset(leaf.name for test in tests for leaf, _ in used(test) if isinstance(leaf, Metric))


def metric_features(profile: Profile, tests: Sequence[Test], timeframe: Timeframe) -> tuple[Feature, ...]:
    """The features behind the metrics that tests read, for the selector entry of a timeframe."""
    found: list[Feature] = []
    for name in sorted(metric_names(tests)):
        if name in _OF_A_TIMEFRAME:
            found.append(_OF_A_TIMEFRAME[name])
        elif name == "atr_pct_15m_bps":
            found += [_ATR_15M, _CLOSE]
        elif name == "price_vs_ma21_k_atr":
            found += [_CLOSE, _ATR, _MA21]
        elif name in PREVIEWED:
            found += [_CLOSE, *needed_features(profile.trade_entry, timeframe).values()]
    return tuple(dict.fromkeys(found))


def metrics(
    profile: Profile, names: frozenset[str], axis: InstantAxis, sides: Codes, spread_bps: Floats | None
) -> dict[str, Floats]:
    """The named metrics on the axis, for the side that each cell would trade; missing is NaN.

    `sides` holds outcome codes (LONG, SHORT, or another where no side is wanted), `spread_bps` the book's spread per
    symbol and column in basis points of mid.
    """
    found: dict[str, Floats] = {name: np.zeros(axis.shape) for name in names & set(FLAGS)}
    for name in names & set(_OF_A_TIMEFRAME):
        found[name] = axis.value(_OF_A_TIMEFRAME[name], 0)
    if "spread_bps" in names and spread_bps is not None:
        found["spread_bps"] = spread_bps
    if "atr_pct_15m_bps" in names:
        found["atr_pct_15m_bps"] = 10_000 * axis.value(_ATR_15M, 0) / axis.value(_CLOSE, 0)
    if "price_vs_ma21_k_atr" in names:
        atr = axis.value(_ATR, 0)
        distance = axis.value(_CLOSE, 0) - axis.value(_MA21, 0)
        found["price_vs_ma21_k_atr"] = np.divide(distance, atr, out=np.full(atr.shape, np.nan), where=atr > 0)
    if names & set(PREVIEWED):
        found.update(_previewed(profile, names, axis, sides))
    return found


def _previewed(profile: Profile, names: frozenset[str], axis: InstantAxis, sides: Codes) -> dict[str, Floats]:
    previews = [(SIDE_CODES[side], _preview(profile, axis, side)) for side in Side]
    return {
        name: np.select(
            [sides == code for code, _ in previews], [getattr(one, name) for _, one in previews], default=np.nan
        )
        for name in names & set(PREVIEWED)
    }


@lru_cache(maxsize=16)
def _symbol_caps(caps: tuple[SymbolCap, ...], symbols: tuple[str, ...]) -> Floats:
    """The lowest of the caps that match each symbol, as a column; infinite where none does.

    Kept, as the same patterns meet the same symbols every minute; hence not to be written to.
    """
    lowest = [min(map(float, matching_caps(caps, symbol)), default=np.inf) for symbol in symbols]
    column = np.array(lowest, dtype=np.float64)[:, np.newaxis]
    column.flags.writeable = False
    return column


def _preview(profile: Profile, axis: InstantAxis, side: Side) -> Preview:
    """Fees are left out: they are the contract's, and a preview is the same with and without one."""
    roles = needed_features(profile.trade_entry, axis.timeframe)
    inputs = PreviewInputs(
        side=side,
        execution_timeframe=axis.timeframe,
        close=axis.value(_CLOSE, 0),
        features={role: axis.value(feature, 0) for role, feature in roles.items()},
        symbol_cap=_symbol_caps(
            profile.trade_entry.leverage.per_symbol_caps, tuple(axis.tables[axis.timeframe].stack.symbols)
        ),
    )
    return preview(profile.trade_entry, inputs)
