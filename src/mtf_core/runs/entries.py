"""The end of a dry run: a plan for every READY symbol, and the guards that an order would have to pass."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from mtf_core.features.table import FeatureTable
from mtf_core.market import Contract, Quote, Timeframe
from mtf_core.planning import OrderPlan, Skip
from mtf_core.reasons import Reason
from mtf_core.risk.guards import MoneyGuards
from mtf_core.runs.admission import read_switchboard, symbol_lock
from mtf_core.runs.deciding import RunCache
from mtf_core.runs.planner import plan_decision, plan_tables
from mtf_core.runs.quotes import read_quotes
from mtf_core.runs.report import OrderOutcome, OrderStatus
from mtf_core.runs.state import RunState
from mtf_core.validation.decision import Decision, DecisionBatch


async def simulate(
    run: RunState,
    cache: RunCache,
    batch: DecisionBatch,
    contracts: Mapping[str, Contract],
) -> None:
    """Plans every READY decision and reports what an order would have met; nothing is sent."""
    ready = []
    for decision in batch:
        if decision.ready and symbol_lock(run, decision.symbol) in run.leases.lost:
            run.skip(decision.symbol, Reason.SYMBOL_LOCKED)
        elif decision.ready:
            ready.append(decision)
    if not ready:
        return
    if run.account is None or run.loss is None:
        for decision in ready:
            _conclude(run, decision, OrderOutcome(OrderStatus.SKIPPED, Reason.ACCOUNT_STATE_UNKNOWN))
        return
    workers = run.request.workers
    with run.watch.stage("market facts"):
        symbols = [decision.symbol for decision in ready]
        per_call = run.environment.venue.capabilities.quotes_per_call
        read = await read_quotes(run.exchange, symbols, per_call, workers, run.progress)
        wanted = [contracts[decision.symbol] for decision in ready]
        tables, failures = await plan_tables(cache.plan_feed, cache.compiled, wanted, run.instant_ms, workers)
    run.plan_stacks = {timeframe: table.stack for timeframe, table in tables.items()}
    for symbol, error in {**read.failures, **failures}.items():
        run.fail(symbol, Reason.MARKET_FACTS_UNAVAILABLE, error)
    # Read again: the candles may have taken minutes, in which an operator may have thrown a switch.
    switchboard = await read_switchboard(run)
    guards = MoneyGuards(switchboard, run.profile.trade_entry.risk, run.account, run.loss)
    now_ms = run.environment.venue.clock.now_ms()
    with run.watch.stage("plans"):
        for decision in ready:
            quote = read.quotes.get(decision.symbol)
            if quote is not None and decision.symbol not in failures:
                _plan(run, decision, tables, contracts[decision.symbol], quote, guards, now_ms)


def _plan(
    run: RunState,
    decision: Decision,
    tables: Mapping[Timeframe, FeatureTable],
    contract: Contract,
    quote: Quote,
    guards: MoneyGuards,
    now_ms: int,
) -> None:
    assert run.account is not None
    planned = plan_decision(decision, tables, contract, quote, run.account, now_ms)
    run.plans[decision.symbol] = planned
    if not isinstance(planned.outcome, OrderPlan):
        _conclude(run, decision, _skipped(planned.outcome))
        return
    plan = planned.outcome
    refusal = guards.refuse(plan.symbol, plan.execution_timeframe, plan.side)
    if refusal is not None:
        _conclude(run, decision, _skipped(refusal), plan)
        return
    guards.entered()
    _conclude(run, decision, OrderOutcome(OrderStatus.SIMULATED), plan)


def _skipped(skip: Skip) -> OrderOutcome:
    return OrderOutcome(OrderStatus.SKIPPED, skip.reason, {name: str(value) for name, value in skip.facts})


def _conclude(run: RunState, decision: Decision, order: OrderOutcome, plan: OrderPlan | None = None) -> None:
    """The order's reason becomes the symbol's final one."""
    result = run.results[decision.symbol]
    run.results[decision.symbol] = evolve(result, reason=order.reason, order=order, plan=plan)
