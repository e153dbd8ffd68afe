"""From a signal to an order plan, or to a skip with its reason: a pure function of everything that it depends on."""

from __future__ import annotations

from decimal import Decimal, localcontext

from attrs import frozen

from mtf_core.market import Contract, OrderType
from mtf_core.planning.budget import Budget, budget_of
from mtf_core.planning.costs import Trade, costs_of
from mtf_core.planning.entry import Entry, entry_of
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.planning.facts import MarketFacts, Signal
from mtf_core.planning.inputs import unusable_inputs
from mtf_core.planning.leverage import ChosenLeverage, choose_leverage
from mtf_core.planning.outcome import OrderPlan, PlanCosts, PlanOutcome, Skip, Supervision, TakeProfit
from mtf_core.planning.position import Position, fit_position
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.size import size_by_risk
from mtf_core.planning.stop import Stop, place_stop
from mtf_core.planning.targets import targets_of
from mtf_core.planning.zone import entry_zone
from mtf_core.planning.zone_event import EntryZone
from mtf_core.settings.trade_entry import TradeEntrySettings


def plan_order(
    signal: Signal,
    contract: Contract,
    facts: MarketFacts,
    settings: TradeEntrySettings,
    now_ms: int,
    *,
    explained: bool = True,
) -> PlanOutcome:
    """The complete order plan, or why there is none. Never raises; the same inputs give the same outcome.

    `explained` False leaves out the steps, and changes nothing else: a replay makes thousands of plans and keeps none.
    """
    with localcontext(PLAN_CONTEXT):
        return _planned(PlanRequest(signal, contract, facts, settings, now_ms), StepLog(keeps=explained))


def _planned(request: PlanRequest, log: StepLog) -> PlanOutcome:
    unusable = unusable_inputs(request, log)
    if unusable:
        return unusable
    budget = budget_of(request, log)
    if isinstance(budget, Skip):
        return budget
    zone = entry_zone(request, log)
    if isinstance(zone, Skip):
        return zone
    entry = entry_of(request, zone, log)
    if isinstance(entry, Skip):
        return entry
    stop = place_stop(request, entry, budget, log)
    if isinstance(stop, Skip):
        return stop
    wanted = size_by_risk(request, entry, stop, budget, log)
    if isinstance(wanted, Skip):
        return wanted
    position = fit_position(request, entry, stop, wanted, budget, log)
    if isinstance(position, Skip):
        return position
    gear = choose_leverage(request, entry, stop, position, budget, log)
    if isinstance(gear, Skip):
        return gear
    trade = Trade(entry, stop, position.size, request.contract.contract_size)
    targets = targets_of(request, trade, zone, log)
    if isinstance(targets, Skip):
        return targets
    costs = costs_of(request, trade, targets, log)
    if isinstance(costs, Skip):
        return costs
    loss = _loss_at_stop(position.size, wanted.loss_per_contract, budget, log)
    return _plan(request, _Decided(budget, zone, entry, stop, position, gear, targets, costs, loss), log)


def _loss_at_stop(size: Decimal, per_contract: Decimal, budget: Budget, log: StepLog) -> Decimal:
    loss = size * per_contract
    log.add(
        "loss_at_stop_usdt",
        "size · loss_per_contract",
        loss,
        "USDT",
        size=size,
        loss_per_contract=per_contract,
        risk_usdt=budget.risk,
    )
    return loss


@frozen
class _Decided:
    """What was decided on the way to a plan, in this order."""

    budget: Budget
    zone: EntryZone | None
    entry: Entry
    stop: Stop
    position: Position
    gear: ChosenLeverage
    targets: tuple[TakeProfit, ...]
    costs: PlanCosts
    loss_at_stop: Decimal


def _plan(request: PlanRequest, decided: _Decided, log: StepLog) -> OrderPlan:
    contract, facts, signal = request.contract, request.facts, request.signal
    entry, stop, position, gear = decided.entry, decided.stop, decided.position, decided.gear
    return OrderPlan(
        symbol=signal.symbol,
        side=signal.side,
        execution_timeframe=signal.execution_timeframe,
        decision_key=signal.decision_key,
        planned_at_ms=request.now_ms,
        order_type=entry.order_type,
        time_in_force=entry.time_in_force,
        post_only=entry.post_only,
        margin_mode=request.settings.defaults.margin_mode,
        entry_price=entry.price,
        worst_entry_price=entry.worst_price,
        stop_price=stop.price,
        stop_source=stop.source,
        stop_wanted_source=stop.wanted_source,
        stop_wanted_distance=stop.wanted_distance,
        stop_trigger=request.settings.defaults.trigger_price,
        take_profits=decided.targets,
        size=position.size,
        size_limited_by=position.limited_by,
        contract_size=contract.contract_size,
        tick_size=contract.tick_size,
        size_step=contract.size_step,
        leverage=gear.leverage,
        notional_usdt=contract.notional(position.size, entry.price),
        margin_usdt=gear.margin,
        budget_usdt=decided.budget.margin,
        risk_usdt=decided.budget.risk,
        loss_at_stop_usdt=decided.loss_at_stop,
        costs=decided.costs,
        liquidation_price=gear.liquidation_price,
        zone=decided.zone,
        best_bid=facts.book.best_bid,
        best_ask=facts.book.best_ask,
        mark_price=facts.mark.price if facts.mark else None,
        supervision=_supervision(request, entry, decided.zone, len(decided.targets)),
        zone_event=log.zone_event,
        steps=tuple(log.steps),
    )


def _supervision(request: PlanRequest, entry: Entry, zone: EntryZone | None, target_count: int) -> Supervision:
    settings = request.settings
    crash, waits = settings.risk.crash_mode, entry.order_type is OrderType.LIMIT
    return Supervision(
        order_deadline_ms=request.now_ms + settings.supervision.order_timeout_sec * 1000 if waits else None,
        out_of_zone_from_ms=(
            request.now_ms + settings.supervision.out_of_zone_after_sec * 1000 if waits and zone else None
        ),
        end_of_zone=settings.fallback_end_of_zone if waits and zone and settings.fallback_end_of_zone.enabled else None,
        break_even_after_tp1=settings.defaults.break_even_after_tp1 and target_count == 2,
        hard_time_stop_minutes=crash.hard_time_stop_minutes if crash.enabled else None,
    )
