"""Plans for decided symbols: the facts just before planning, then the pure plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from mtf_core.features.table import FeatureTable
from mtf_core.market import AccountState, Contract, Quote, Timeframe
from mtf_core.planning import FactRole, FeatureFact, MarketFacts, PlanOutcome, Signal, plan_order
from mtf_core.upkeep.feed import CandleFeed
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.decision import Decision, plan_facts


@frozen(eq=False)
class Planned:
    """A plan or a skip, with everything that it was made from."""

    outcome: PlanOutcome
    facts: MarketFacts
    contract: Contract
    now_ms: int
    """When the plan was made: what the ages of the facts are measured against."""


async def plan_tables(
    feed: CandleFeed, compiled: CompiledProfile, contracts: Sequence[Contract], at_ms: int, workers: int
) -> tuple[dict[Timeframe, FeatureTable], Mapping[str, Exception]]:
    """Tables of the timeframes that only plans need, for these contracts, and the symbols that failed."""
    if not compiled.plan_needs or not contracts:
        return {}, {}
    fed = await feed.stacks(compiled.plan_needs, contracts, at_ms, workers)
    return {timeframe: compiled.table(stack) for timeframe, stack in fed.stacks.items()}, fed.failures


def make_plan(
    signal: Signal,
    contract: Contract,
    features: Mapping[FactRole, FeatureFact],
    quote: Quote,
    account: AccountState,
    compiled: CompiledProfile,
    now_ms: int,
    valid_timeframes: int | None,
) -> Planned:
    """The plan for a signal from facts that were read."""
    facts = MarketFacts(
        book=quote.book,
        mark=quote.mark,
        available_balance=account.available_balance,
        balance_time_ms=account.time_ms,
        features=features,
        valid_timeframes=valid_timeframes,
    )
    return Planned(plan_order(signal, contract, facts, compiled.profile.trade_entry, now_ms), facts, contract, now_ms)


def plan_decision(
    decision: Decision,
    tables: Mapping[Timeframe, FeatureTable],
    contract: Contract,
    quote: Quote,
    account: AccountState,
    now_ms: int,
) -> Planned:
    """The plan of a READY decision; ValueError for another."""
    signal = decision.signal
    if signal is None:
        raise ValueError(f"{decision.symbol} is not READY")
    features = plan_facts(decision, tables)
    compiled = decision.batch.compiled
    return make_plan(signal, contract, features, quote, account, compiled, now_ms, decision.valid_timeframes)
