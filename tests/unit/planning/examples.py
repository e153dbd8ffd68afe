"""One hand-computed trade that the example tests vary.

Price 100: bid 100.0, ask 100.4, mark 100.2, tick 0.1. One contract is 0.01 base, so 1 USDT of price is 0.01 USDT of
profit per contract. Budget 100 USDT, risk 5 % = 5 USDT, no fees. VWAP 100 with a zone ATR of 2: half = 0.35 · 2 = 0.7.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import evolve

from mtf_core.market import (
    Contract,
    ContractStatus,
    LeverageBracket,
    MarkPrice,
    Side,
    Timeframe,
    TimeInForce,
    TopOfBook,
)
from mtf_core.planning import FactRole, FeatureFact, MarketFacts, OrderPlan, Signal, Skip
from mtf_core.settings.trade_entry import (
    AcceptSettings,
    DefaultsSettings,
    EndOfZoneSettings,
    LeverageSettings,
    RiskSettings,
    StopFrom,
    TargetPolicy,
    TradeEntrySettings,
)
from tests.strategies import NOW_MS, SYMBOL, PlanCase

D = Decimal

CONTRACT = Contract(
    symbol=SYMBOL,
    base_currency="TEST",
    quote_currency="USDT",
    status=ContractStatus.TRADING,
    tick_size=D("0.1"),
    size_step=D(1),
    contract_size=D("0.01"),
    min_size=D(1),
    max_size=D(100_000),
    max_market_size=D(50_000),
    min_leverage=D(1),
    max_leverage=D(50),
    maker_fee=D("0.0002"),
    taker_fee=D("0.0006"),
    turnover_24h=D(10**7),
    opened_at_ms=0,
    brackets=(
        LeverageBracket(D(0), D(5_000), D(50), D("0.01"), D(0)),
        LeverageBracket(D(5_000), D(50_000), D(20), D("0.02"), D(50)),
    ),
)

SETTINGS = TradeEntrySettings(
    defaults=DefaultsSettings(
        risk_pct_percent=D(5),
        initial_margin_usdt=D(100),
        stop_from=StopFrom.ATR,
        tp_policy=TargetPolicy.R_MULTIPLE,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        zone_max_deviation_pct=D("0.02"),
    ),
    risk=RiskSettings(include_fees=False),
    leverage=LeverageSettings(exchange_cap=D(40), accept=AcceptSettings(min=D(1))),
    fallback_end_of_zone=EndOfZoneSettings(enabled=False),
)

VALUES = {
    FactRole.STOP_ATR: 1.0,
    FactRole.LEVERAGE_ATR: 0.5,
    FactRole.ANCHOR_VWAP: 100.0,
    FactRole.ANCHOR_AVERAGE: 100.3,
    FactRole.ZONE_ATR: 2.0,
    FactRole.SPLIT_ATR: 1.5,
    FactRole.ADX_1H: 22.0,
    FactRole.PIVOT_S1: 99.2,
    FactRole.PIVOT_S2: 98.7,
    FactRole.PIVOT_S3: 97.0,
    FactRole.PIVOT_R1: 101.0,
    FactRole.PIVOT_R2: 104.0,
    FactRole.PIVOT_R3: 106.0,
}

BOOK = TopOfBook(SYMBOL, D("100.0"), D("100.4"), NOW_MS)


def example(side: Side = Side.LONG, **defaults: Any) -> PlanCase:
    """The example trade, with other keys of `defaults`."""
    facts = MarketFacts(
        book=BOOK,
        mark=MarkPrice(SYMBOL, D("100.2"), NOW_MS),
        available_balance=D(1000),
        balance_time_ms=NOW_MS,
        features={role: FeatureFact(value, NOW_MS) for role, value in VALUES.items()},
    )
    signal = Signal(SYMBOL, side, Timeframe.M5, f"{SYMBOL}:5m:0:{side}")
    return PlanCase(signal, CONTRACT, facts, SETTINGS).with_defaults(**defaults)


def with_book(case: PlanCase, bid: str, ask: str) -> PlanCase:
    return evolve(case, facts=evolve(case.facts, book=TopOfBook(SYMBOL, D(bid), D(ask), NOW_MS)))


def with_contract(case: PlanCase, **changes: Any) -> PlanCase:
    return evolve(case, contract=evolve(case.contract, **changes))


def with_settings(case: PlanCase, **sections: Any) -> PlanCase:
    """The case with whole sections of the settings replaced."""
    return evolve(case, settings=evolve(case.settings, **sections))


def plan_of(case: PlanCase) -> OrderPlan:
    outcome = case.plan()
    assert isinstance(outcome, OrderPlan), outcome
    return outcome


def skip_of(case: PlanCase) -> Skip:
    outcome = case.plan()
    assert isinstance(outcome, Skip), outcome
    return outcome


def step(plan: OrderPlan | Skip, name: str) -> Any:
    """The value of a step."""
    return {step.name: step.value for step in plan.steps}[name]
