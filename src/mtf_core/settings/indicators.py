"""`indicator.yaml`: how features are computed. Periods are part of the names (`ema_200`), so none stands here."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.refused import REFUSED_INDICATOR_KEYS, without_refused
from mtf_core.settings.structure import structure


@frozen
class VwapSettings:
    """The volume-weighted average price starts anew every day."""

    timezone: str = setting("UTC", doc="timezone of the midnight at which the VWAP starts anew")


@frozen
class PivotSettings:
    """Which candles the pivot levels come from."""

    timeframe: Timeframe = setting(Timeframe.D1, doc="timeframe whose previous closed candle gives the pivot levels")


@frozen
class AtrBounds:
    """The default range of `atr_volatility_ok` on one timeframe."""

    min: Decimal = ratio(gt=0, ge=None, doc="smallest ATR relative to close")
    max: Decimal = ratio(gt=0, ge=None, doc="largest ATR relative to close")


@frozen
class AtrSettings:
    """Bounds on volatility."""

    pct_thresholds: dict[Timeframe, AtrBounds] = setting(
        factory=dict, doc="range of ATR/close in which `atr_volatility_ok` holds, by timeframe; else 0.001 to 0.03"
    )


@frozen
class SeriesSettings:
    """The indicators that have a choice; the period of every other is part of its name."""

    vwap: VwapSettings = setting(factory=VwapSettings, doc="the volume-weighted average price")
    pivot: PivotSettings = setting(factory=PivotSettings, doc="the pivot levels")


@frozen
class IndicatorSettings:
    """How features are computed, for every profile."""

    warmup_tolerance: Decimal = setting(
        Decimal("0.01"),
        gt=0,
        lt=1,
        unit="ratio",
        doc="a recursive average counts once its seed weighs less than this; decides how many candles are needed",
    )
    indicators: SeriesSettings = setting(factory=SeriesSettings, doc="the indicators that have a choice")
    atr: AtrSettings = setting(factory=AtrSettings, doc="bounds on volatility")


def read_indicators(node: ConfigNode, problems: Problems) -> IndicatorSettings | None:
    """The settings in `indicator.yaml`, or None when something in it was wrong."""
    settings = structure(IndicatorSettings, without_refused(node, REFUSED_INDICATOR_KEYS, problems), problems)
    if settings is None:
        return None
    before = len(problems.errors)
    timezone = settings.indicators.vwap.timezone
    if not _is_timezone(timezone):
        problems.error(
            node.place_of("indicators", "vwap", "timezone"),
            f"unknown timezone {timezone!r}",
            "allowed are names of the IANA time zone database, such as UTC or Europe/Paris",
        )
    for timeframe, bounds in settings.atr.pct_thresholds.items():
        if bounds.min >= bounds.max:
            problems.error(
                node.place_of("atr", "pct_thresholds", timeframe.value),
                f"found min {bounds.min} and max {bounds.max}",
                "min must be below max",
            )
    return settings if len(problems.errors) == before else None


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # an unknown zone, an odd name, the name of a folder of zones
        return False
    return True
