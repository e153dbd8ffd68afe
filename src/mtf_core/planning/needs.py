"""Which features a plan needs, by role: what the settings in effect read, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core.market import OrderType, Timeframe
from mtf_core.planning.facts import PIVOT_COUNT, FactRole, daily_pivot, fallback_pivot
from mtf_core.rules.expressions import Feature
from mtf_core.settings.trade_entry import (
    SecondTargetPolicy,
    StopFallback,
    StopFrom,
    TargetPolicy,
    TradeEntrySettings,
    ZoneAnchor,
)

__all__ = ["FactRole", "needed_features", "recorded_features"]

_AVERAGES = {ZoneAnchor.SMA21: "sma_21", ZoneAnchor.MA21: "ma_21"}
_LEVELS = tuple((letter, number) for letter in "rs" for number in range(1, PIVOT_COUNT + 1))
_DAILY_PIVOTS = {
    daily_pivot(letter, number): Feature(f"pivot_{letter}{number}", timeframe=Timeframe.D1)
    for letter, number in _LEVELS
}
_PIVOTS = {
    kind(letter, number): Feature(f"pivot_{letter}{number}", timeframe=timeframe)
    for letter, number in _LEVELS
    for kind, timeframe in ((daily_pivot, Timeframe.D1), (fallback_pivot, Timeframe.M15))
}
"""Daily ones and their fallback."""


def needed_features(settings: TradeEntrySettings, execution_timeframe: Timeframe) -> Mapping[FactRole, Feature]:
    """The feature that plays each role of a plan on this execution timeframe; every one names its timeframe."""
    defaults, zone = settings.defaults, settings.zone
    anchor_timeframe = zone.anchor_timeframe
    needed = {
        FactRole.ANCHOR_VWAP: Feature("vwap", timeframe=anchor_timeframe),
        FactRole.ANCHOR_AVERAGE: Feature(_AVERAGES[zone.average], timeframe=anchor_timeframe),
        FactRole.ZONE_ATR: Feature("atr", timeframe=zone.offset_atr_tf),
    }
    if defaults.stop_from is not StopFrom.RISK:
        needed[FactRole.LEVERAGE_ATR] = Feature("atr", timeframe=Timeframe.M15)
    if defaults.stop_from is StopFrom.ATR or (
        defaults.stop_from is StopFrom.PIVOT and defaults.stop_fallback is StopFallback.ATR
    ):
        needed[FactRole.STOP_ATR] = Feature("atr", timeframe=defaults.atr_timeframe or execution_timeframe)
    if defaults.targets == 2:
        needed[FactRole.SPLIT_ATR] = Feature("atr", timeframe=Timeframe.M5)
    if defaults.targets == 2 or _asks_adx(settings, execution_timeframe):
        needed[FactRole.ADX_1H] = Feature("adx", timeframe=Timeframe.H1)
    aligns = defaults.tp_policy is TargetPolicy.PIVOT_CONSERVATIVE or (
        defaults.targets == 2 and defaults.tp2_policy is SecondTargetPolicy.PIVOT
    )
    if aligns:
        needed |= _PIVOTS
    elif defaults.stop_from is StopFrom.PIVOT:
        needed |= _DAILY_PIVOTS
    return needed


def recorded_features(execution_timeframe: Timeframe) -> Mapping[FactRole, Feature]:
    """The features that a zone event records beside those of the plan; a missing one stops nothing."""
    return {FactRole.VOLUME_RATIO: Feature("volume_ratio", timeframe=execution_timeframe)}


def _asks_adx(settings: TradeEntrySettings, execution_timeframe: Timeframe) -> bool:
    entry = settings.market_entry
    return (
        entry.enabled
        and entry.adx_min_1h is not None
        and settings.defaults.order_type is OrderType.LIMIT
        and execution_timeframe in entry.allowed_execution_timeframes
    )
