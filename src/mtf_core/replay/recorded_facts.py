"""Planning from the facts that a real run recorded: its book, mark, balance and contract, and when it planned."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core.planning import FactRole, FeatureFact, MarketFacts, PlanOutcome, Signal, plan_order
from mtf_core.records import PlanInputs
from mtf_core.settings.trade_entry import TradeEntrySettings


def plan_as_recorded(
    signal: Signal,
    features: Mapping[FactRole, FeatureFact],
    valid_timeframes: int | None,
    recorded: PlanInputs,
    settings: TradeEntrySettings,
) -> PlanOutcome:
    """The plan of a signal; its features are of the candles of now."""
    facts = MarketFacts(
        book=recorded.book,
        mark=recorded.mark,
        available_balance=recorded.available_balance,
        balance_time_ms=recorded.balance_time_ms,
        features=features,
        valid_timeframes=valid_timeframes,
    )
    return plan_order(signal, recorded.contract, facts, settings, recorded.planned_at_ms)
