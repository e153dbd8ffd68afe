"""The order plan: from a signal and the market to a complete order, or a skip with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
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
    from mtf_core.planning.zone_event import EntryZone, ZoneCategory, ZoneCheck, ZoneEvent
    from mtf_core.planning.zone_outcome import EndSource, EntryTerms, ZoneEnd, ZoneOutcome, entry_terms, zone_outcome

__all__ = [
    "EndSource",
    "EntryTerms",
    "EntryZone",
    "FactRole",
    "FeatureFact",
    "MarketFacts",
    "OrderPlan",
    "PlanCosts",
    "PlanOutcome",
    "Signal",
    "SizeLimit",
    "Skip",
    "Step",
    "Supervision",
    "TakeProfit",
    "ZoneCategory",
    "ZoneCheck",
    "ZoneEnd",
    "ZoneEvent",
    "ZoneOutcome",
    "decision_key",
    "entry_terms",
    "needed_features",
    "plan_order",
    "zone_outcome",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "facts": "FactRole FeatureFact MarketFacts Signal decision_key",
            "needs": "needed_features",
            "outcome": "OrderPlan PlanCosts PlanOutcome SizeLimit Skip Step Supervision TakeProfit",
            "plan": "plan_order",
            "zone_event": "EntryZone ZoneCategory ZoneCheck ZoneEvent",
            "zone_outcome": "EndSource EntryTerms ZoneEnd ZoneOutcome entry_terms zone_outcome",
        },
    )
