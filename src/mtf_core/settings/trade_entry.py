"""The file `trade_entry.<profile>.yaml`: how a decision becomes an order plan."""

from __future__ import annotations

from attrs import frozen

from mtf_core.settings.fields import setting
from mtf_core.settings.trade_entry_choices import (
    OpenType,
    OrderMode,
    OrderType,
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
    "OpenType",
    "OrderMode",
    "OrderType",
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
    """How a decision becomes an order plan. `_pct` is a ratio, `_percent` a percent, `_bps` basis points."""

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

    @property
    def zone(self) -> ZoneSettings:
        """The entry zone in effect."""
        return resolved_zone(self.entry.entry_zone, self.post_validation.entry_zone)
