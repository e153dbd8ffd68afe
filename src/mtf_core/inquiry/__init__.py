"""Questions about what is stored or seen right now: why, funnel, verify, statistics, inspect, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.inquiry.atr import AtrStatistics, atr_statistics
    from mtf_core.inquiry.blockers import Blockers, blockers
    from mtf_core.inquiry.feature_health import FeaturesHealth, feature_health
    from mtf_core.inquiry.funnel import Funnel, FunnelStage, funnel
    from mtf_core.inquiry.health import HealthCheck, check_health
    from mtf_core.inquiry.holdings import Holding, Holdings, LiveOrder, Owner, holdings_of, read_holdings
    from mtf_core.inquiry.inspect import Indicators, Reading, explain_symbol, plan_symbol, read_indicators
    from mtf_core.inquiry.success import Successes, successes
    from mtf_core.inquiry.trade_statistics import TradeStatistics, trade_statistics
    from mtf_core.inquiry.trades import Story, Trades, TradeSelection, TradeTotals, read_story, read_trades, totals_of
    from mtf_core.inquiry.venue_check import check_venue
    from mtf_core.inquiry.venue_order import refuse_real_money, try_an_order
    from mtf_core.inquiry.verification import Difference, Finding, Verification, verify_run
    from mtf_core.inquiry.why import Why, why
    from mtf_core.inquiry.why_over_time import WhyOverTime, why_over_time
    from mtf_core.inquiry.zones import Percentiles, Suggestion, ZoneGroup, ZoneStatistics, zone_statistics

__all__ = [
    "AtrStatistics",
    "Blockers",
    "Difference",
    "FeaturesHealth",
    "Finding",
    "Funnel",
    "FunnelStage",
    "HealthCheck",
    "Holding",
    "Holdings",
    "Indicators",
    "LiveOrder",
    "Owner",
    "Percentiles",
    "Reading",
    "Story",
    "Successes",
    "Suggestion",
    "TradeSelection",
    "TradeStatistics",
    "TradeTotals",
    "Trades",
    "Verification",
    "Why",
    "WhyOverTime",
    "ZoneGroup",
    "ZoneStatistics",
    "atr_statistics",
    "blockers",
    "check_health",
    "check_venue",
    "explain_symbol",
    "feature_health",
    "funnel",
    "holdings_of",
    "plan_symbol",
    "read_holdings",
    "read_indicators",
    "read_story",
    "read_trades",
    "refuse_real_money",
    "successes",
    "totals_of",
    "trade_statistics",
    "try_an_order",
    "verify_run",
    "why",
    "why_over_time",
    "zone_statistics",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "atr": "AtrStatistics atr_statistics",
            "blockers": "Blockers blockers",
            "feature_health": "FeaturesHealth feature_health",
            "funnel": "Funnel FunnelStage funnel",
            "health": "HealthCheck check_health",
            "inspect": "Indicators Reading explain_symbol plan_symbol read_indicators",
            "holdings": "Holding Holdings LiveOrder Owner holdings_of read_holdings",
            "success": "Successes successes",
            "trade_statistics": "TradeStatistics trade_statistics",
            "trades": "Story Trades TradeSelection TradeTotals read_story read_trades totals_of",
            "venue_check": "check_venue",
            "venue_order": "refuse_real_money try_an_order",
            "verification": "Difference Finding Verification verify_run",
            "why": "Why why",
            "why_over_time": "WhyOverTime why_over_time",
            "zones": "Percentiles Suggestion ZoneGroup ZoneStatistics zone_statistics",
        },
    )
