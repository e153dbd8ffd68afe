"""Questions about what is stored or seen right now: why, funnel, verify, inspect, health."""

from mtf_core.inquiry.funnel import Funnel, FunnelStage, funnel
from mtf_core.inquiry.health import HealthCheck, check_health
from mtf_core.inquiry.inspect import Indicators, Reading, explain_symbol, plan_symbol, read_indicators
from mtf_core.inquiry.verify import Difference, Finding, Verification, verify_run
from mtf_core.inquiry.why import Why, why

__all__ = [
    "Difference",
    "Finding",
    "Funnel",
    "FunnelStage",
    "HealthCheck",
    "Indicators",
    "Reading",
    "Verification",
    "Why",
    "check_health",
    "explain_symbol",
    "funnel",
    "plan_symbol",
    "read_indicators",
    "verify_run",
    "why",
]
