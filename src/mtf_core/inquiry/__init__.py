"""Questions about what is stored or seen right now: why, funnel, verify, statistics, inspect, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.inquiry.funnel import Funnel, FunnelStage, funnel
    from mtf_core.inquiry.health import HealthCheck, check_health
    from mtf_core.inquiry.inspect import Indicators, Reading, explain_symbol, plan_symbol, read_indicators
    from mtf_core.inquiry.verification import Difference, Finding, Verification, verify_run
    from mtf_core.inquiry.why import Why, why
    from mtf_core.inquiry.zones import Percentiles, Suggestion, ZoneGroup, ZoneStatistics, zone_statistics

__all__ = [
    "Difference",
    "Finding",
    "Funnel",
    "FunnelStage",
    "HealthCheck",
    "Indicators",
    "Percentiles",
    "Reading",
    "Suggestion",
    "Verification",
    "Why",
    "ZoneGroup",
    "ZoneStatistics",
    "check_health",
    "explain_symbol",
    "funnel",
    "plan_symbol",
    "read_indicators",
    "verify_run",
    "why",
    "zone_statistics",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "funnel": "Funnel FunnelStage funnel",
            "health": "HealthCheck check_health",
            "inspect": "Indicators Reading explain_symbol plan_symbol read_indicators",
            "verification": "Difference Finding Verification verify_run",
            "why": "Why why",
            "zones": "Percentiles Suggestion ZoneGroup ZoneStatistics zone_statistics",
        },
    )
