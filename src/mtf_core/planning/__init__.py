"""The order plan: from a signal and the market to a complete order, or a skip with a reason."""

from mtf_core.planning.facts import FactRole, FeatureFact, MarketFacts, Signal, decision_key
from mtf_core.planning.needs import needed_features
from mtf_core.planning.outcome import (
    OrderPlan,
    PlanCosts,
    PlanOutcome,
    SizeLimit,
    Skip,
    Step,
    Supervision,
    TakeProfit,
)
from mtf_core.planning.plan import plan_order
from mtf_core.planning.preview import Preview, PreviewInputs, preview
from mtf_core.planning.report import plan_to_json, skip_to_json, step_to_json, zone_event_to_json
from mtf_core.planning.zone_event import EntryZone, ZoneCategory, ZoneCheck, ZoneEvent

__all__ = [
    "EntryZone",
    "FactRole",
    "FeatureFact",
    "MarketFacts",
    "OrderPlan",
    "PlanCosts",
    "PlanOutcome",
    "Preview",
    "PreviewInputs",
    "Signal",
    "SizeLimit",
    "Skip",
    "Step",
    "Supervision",
    "TakeProfit",
    "ZoneCategory",
    "ZoneCheck",
    "ZoneEvent",
    "decision_key",
    "needed_features",
    "plan_order",
    "plan_to_json",
    "preview",
    "skip_to_json",
    "step_to_json",
    "zone_event_to_json",
]
