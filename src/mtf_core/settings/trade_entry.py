"""The file `trade_entry.<profile>.yaml`: how a decision becomes an order plan."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

from attrs import fields, frozen, has

from mtf_core.market import Timeframe
from mtf_core.settings.fields import Setting, setting, setting_of
from mtf_core.settings.trade_entry_choices import (
    PivotStopPolicy,
    RoundingMode,
    SecondTargetPolicy,
    StopFallback,
    StopFrom,
    TargetPolicy,
    ZoneAnchor,
)
from mtf_core.settings.trade_entry_defaults import DefaultsSettings, SplitSettings
from mtf_core.settings.trade_entry_risk import (
    AcceptSettings,
    CrashModeSettings,
    DecisionSettings,
    EndOfZoneSettings,
    LeverageSettings,
    MarketEntrySettings,
    RiskSettings,
    RoundingSettings,
    StalenessSettings,
    SupervisionSettings,
    SymbolCap,
)
from mtf_core.settings.trade_entry_zone import (
    EntrySettings,
    EntryZoneOptions,
    PostValidationSettings,
    ZoneSettings,
    resolved_zone,
)

__all__ = [
    "AcceptSettings",
    "CrashModeSettings",
    "DecisionSettings",
    "DefaultsSettings",
    "EndOfZoneSettings",
    "EntrySettings",
    "EntryZoneOptions",
    "LeverageSettings",
    "MarketEntrySettings",
    "PivotStopPolicy",
    "PostValidationSettings",
    "RiskSettings",
    "RoundingMode",
    "RoundingSettings",
    "SecondTargetPolicy",
    "SplitSettings",
    "StalenessSettings",
    "StopFallback",
    "StopFrom",
    "SupervisionSettings",
    "SymbolCap",
    "TargetPolicy",
    "TradeEntrySettings",
    "ZoneAnchor",
    "ZoneSettings",
]


@frozen
class TradeEntrySettings:
    """How a decision becomes an order plan. `_pct` is a ratio, `_percent` a percent, `_bps` basis points.

    Raises ValueError when a number in it, at any depth, is not finite or out of its bounds: a plan relies on them.
    """

    defaults: DefaultsSettings = setting(factory=DefaultsSettings, doc="risk per trade, stop, targets, order")
    risk: RiskSettings = setting(factory=RiskSettings, doc="limits on losses")
    leverage: LeverageSettings = setting(factory=LeverageSettings, doc="the leverage of a plan")
    decision: DecisionSettings = setting(factory=DecisionSettings, doc="what is planned at all")
    market_entry: MarketEntrySettings = setting(factory=MarketEntrySettings, doc="when a limit becomes a market entry")
    entry: EntrySettings = setting(factory=EntrySettings, doc="the zone, and guards on limit entries")
    post_validation: PostValidationSettings = setting(factory=PostValidationSettings, doc="the zone, common part")
    fallback_end_of_zone: EndOfZoneSettings = setting(
        factory=EndOfZoneSettings, doc="what happens when the zone is about to expire"
    )
    supervision: SupervisionSettings = setting(factory=SupervisionSettings, doc="deadlines of an entry order")
    staleness: StalenessSettings = setting(factory=StalenessSettings, doc="how old the facts of a plan may be")

    def __attrs_post_init__(self) -> None:
        problems = list(_out_of_bounds(self, ""))
        if problems:
            raise ValueError("; ".join(problems))

    @cached_property
    def zone(self) -> ZoneSettings:
        """The entry zone in effect; every plan asks for it several times."""
        return resolved_zone(self.entry.entry_zone, self.post_validation.entry_zone)

    def risk_ratio(self, timeframe: Timeframe) -> Decimal:
        """Share of the budget that one trade on this execution timeframe may lose, all multipliers included."""
        fixed = self.risk.fixed_risk_percent
        if fixed is not None:
            return fixed / 100
        crash = self.risk.crash_mode
        multiplier = self.risk.risk_by_timeframe.get(timeframe, _ONE)
        return self.defaults.risk_pct_percent / 100 * multiplier * (crash.risk_pct_multiplier if crash.enabled else 1)

    def r_multiple(self, timeframe: Timeframe) -> Decimal:
        """R of the target on this execution timeframe."""
        return self.defaults.r_multiple * self.defaults.r_timeframe_multipliers.get(timeframe, _ONE)

    @property
    def tp1_r(self) -> Decimal | None:
        """R of the first of two targets where it is set; crash mode goes first."""
        crash = self.risk.crash_mode
        return crash.tp1_r if crash.enabled and crash.tp1_r is not None else self.defaults.tp1_r


_ONE = Decimal(1)


def _out_of_bounds(settings: Any, path: str) -> Iterator[str]:
    for attribute in fields(type(settings)):
        yield from _value_out_of_bounds(
            getattr(settings, attribute.name), f"{path}{attribute.name}", setting_of(attribute)
        )


def _value_out_of_bounds(value: Any, path: str, described: Setting) -> Iterator[str]:
    if has(type(value)):
        yield from _out_of_bounds(value, f"{path}.")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _value_out_of_bounds(item, f"{path}[{index}]", described)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _value_out_of_bounds(item, f"{path}.{key}", described)
    elif isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = Decimal(value)
        if not number.is_finite() or not described.admits(number):
            yield f"{path}: found {value}, allowed is {described.bounds() or 'a finite number'}"
