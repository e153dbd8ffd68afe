"""A notebook with the same candles decides and plans what the run reports, bit for bit."""

from __future__ import annotations

import pytest

import mtf_core as mtf
from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sql import Database
from mtf_core.market import Candles
from mtf_core.runs import RunReport, RunRequest
from tests.integration.runs.world import World, eager, world_on
from tests.market_strategies import START_MS, moody_minutes
from tests.unit.files.shipped import NAMES, shipped

CANDLES = {"AAAUSDT": moody_minutes(121, 46), "BBBUSDT": moody_minutes(121, 3), "CCCUSDT": moody_minutes(121, 57)}
"""Four months of minutes each: enough for every timeframe of every shipped profile."""
INSTANTS = [START_MS + minutes * 60_000 for minutes in (121 * 1440, 121 * 1440 - 211, 121 * 1440 - 1500)]


def of_files(database: Database, profile: mtf.Profile, at_ms: int) -> World:
    there = world_on(database, profile, at_ms=at_ms, account=SandboxAccount(), prefix=f"at-{at_ms}")
    there.exchange.market = CandleFileMarket(CANDLES)
    return there


def assert_same(
    profile: mtf.Profile, report: RunReport, symbol: str, candles: Candles, at_ms: int
) -> mtf.OrderPlan | None:
    """The decision with its reason and outcomes; where it is READY, the plan with every step."""
    facts = mtf.venue_facts(symbol, candles, at_ms)
    spread = float(facts.book.spread_ratio) * 10_000
    decision = mtf.decide(profile, symbol=symbol, candles={"1m": candles}, at=at_ms, spread_bps=spread)
    result = report.results[symbol]
    assert (decision.side, decision.execution_timeframe, decision.key) == (
        result.side,
        result.execution_timeframe,
        result.decision_key,
    )
    for timeframe, one in {**result.context, **result.execution}.items():
        assert (*decision.verdict(timeframe), decision.missing(timeframe)) == (one.outcome, one.reason, one.missing)
    if not decision.ready:
        assert decision.reason is result.reason
        return None
    plan = mtf.plan_order(
        profile, decision, contract=facts.contract, book=facts.book, balance=facts.balance, mark=facts.mark
    )
    assert result.order is not None
    if isinstance(plan, mtf.Skip):
        assert plan.reason is result.order.reason
        return None
    assert plan == result.plan
    return plan


@pytest.mark.parametrize("name", NAMES)
async def test_python_decides_and_plans_what_a_run_reports(name: str) -> None:
    async with Database.open("memory") as database:
        for at_ms in INSTANTS[:2]:
            report = await of_files(database, shipped(name), at_ms).run(RunRequest(symbols=tuple(CANDLES)))
            for symbol, candles in CANDLES.items():
                assert_same(shipped(name), report, symbol, candles, at_ms)


async def test_python_makes_the_very_plan_of_a_run() -> None:
    profile, plans = eager(), []
    async with Database.open("memory") as database:
        for at_ms in INSTANTS:
            report = await of_files(database, profile, at_ms).run(RunRequest(symbols=tuple(CANDLES)))
            for symbol, candles in CANDLES.items():
                plans.append(assert_same(profile, report, symbol, candles, at_ms))
    assert sum(plan is not None for plan in plans) >= 3
    assert all(plan.steps for plan in plans if plan)
