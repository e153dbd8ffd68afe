"""Placing one stored plan by hand: through all guards, once, and only while it may still be acted on."""

from __future__ import annotations

from attrs import evolve, frozen

from mtf_core.execution import Desk, Ground, MarketQuality, guards_for, submit
from mtf_core.execution.guarding import by_symbol
from mtf_core.execution.losses import measure_losses
from mtf_core.market import AccountState, Quote
from mtf_core.orders import PlanUse, draft_of
from mtf_core.planning import OrderPlan, Skip
from mtf_core.ports import ExchangeError, RunStore
from mtf_core.problems import FieldProblem, NotFoundError
from mtf_core.reasons import Reason
from mtf_core.records import AuditEvent, OrderOutcome, RunRecord
from mtf_core.runs.entries import skipped
from mtf_core.runs.placing import outcome_of
from mtf_core.settings.trade_entry import TradeEntrySettings


@frozen
class Executed:
    """What became of a stored plan."""

    decision_key: str
    run_id: str
    plan: OrderPlan
    order: OrderOutcome


@frozen
class StoredPlan:
    """A plan as a run left it."""

    run: RunRecord
    plan: OrderPlan


async def stored_plan(runs: RunStore, decision_key: str) -> StoredPlan:
    """The plan of a decision, which has to be its symbol's newest; raises `NotFoundError`."""
    symbol = decision_key.partition(":")[0]
    found = await runs.last_decision(symbol)
    if found is None or found.decision_key != decision_key:
        newest = f"; its newest decision is {found.decision_key or 'none'}" if found is not None else ""
        raise NotFoundError((FieldProblem("decision_key", f"no run has just planned {decision_key!r}{newest}"),))
    record = found.result.plan if found.result is not None else None
    plan = None if record is None else record.plan()
    run = await runs.run(found.run_id, results=False)
    if plan is None or run is None:
        raise NotFoundError((FieldProblem("decision_key", f"{decision_key} was decided without an order plan"),))
    return StoredPlan(run, plan)


async def execute_plan(desk: Desk, stored: StoredPlan, actor: str) -> Executed:
    """Places the plan as it stands, if every guard lets it; audited.

    Raises `ExchangeError` where market or account cannot be read, and `StoreError`: nothing has left then.
    """
    environment, plan = desk.environment, stored.plan
    order = await _placed(desk, stored)
    details = {"run_id": stored.run.run_id, "status": str(order.status), "reason": str(order.reason or "")}
    event = AuditEvent(desk.now_ms, actor, "execute_plan", plan.decision_key, details)
    await environment.stores.audit.append([event])
    return Executed(plan.decision_key, stored.run.run_id, plan, order)


async def _placed(desk: Desk, stored: StoredPlan) -> OrderOutcome:
    environment, plan = desk.environment, stored.plan
    profile = environment.profiles(stored.run.profile)
    contracts = by_symbol(await environment.stores.contracts.all())
    contract = contracts.get(plan.symbol)
    if contract is None:
        return skipped(Skip(Reason.SYMBOL_UNKNOWN))
    account = await desk.trading.sync()
    losses = await measure_losses(environment, profile.trade_entry.risk, profile.name, account)
    quote = await _quote(desk, plan.symbol)
    against = stands_against(plan, quote, account, profile.trade_entry)
    if against is not None:
        return skipped(against)
    use = PlanUse(
        profile=profile.name,
        run_id=stored.run.run_id,
        now_ms=desk.now_ms,
        facts_ms=min(quote.book.time_ms, quote.mark.time_ms),
        namespace=environment.stores.namespace,
    )
    now = evolve(plan, best_bid=quote.book.best_bid, best_ask=quote.book.best_ask)
    draft = draft_of(now, contract, profile.trade_entry, profile.trading, desk.capabilities, use)
    if isinstance(draft, Skip):
        return skipped(draft)
    guards = guards_for(desk, draft, profile, Ground(account, losses, contracts))
    minutes = profile.trading.switches.after_order_minutes
    return outcome_of(await submit(desk, draft, guards, MarketQuality.of(quote), minutes))


def stands_against(plan: OrderPlan, quote: Quote, account: AccountState, settings: TradeEntrySettings) -> Skip | None:
    """What has changed so much since the plan was made that it is no good any more; None: nothing has."""
    mark, allowed = quote.mark.price, settings.defaults.max_deviation_pct
    if (mark - plan.stop_price) * plan.side.sign <= 0:
        return Skip(Reason.SKIPPED_OUT_OF_ZONE, (("check", "stop_price"), ("mark", mark), ("stop", plan.stop_price)))
    if abs(plan.entry_price - mark) > allowed * mark:
        numbers = (("mark", mark), ("entry", plan.entry_price), ("max_deviation_pct", allowed))
        return Skip(Reason.SKIPPED_OUT_OF_ZONE, (("check", "max_deviation_pct"), *numbers))
    needed = plan.margin_usdt + plan.costs.entry_fee_usdt
    if needed > account.available_balance:
        available = account.available_balance
        return Skip(Reason.INSUFFICIENT_MARGIN, (("needed_usdt", needed), ("available_usdt", available)))
    return None


async def _quote(desk: Desk, symbol: str) -> Quote:
    answers = await desk.environment.venue.market.quotes([symbol])
    match answers.get(symbol):
        case Quote() as quote:
            return quote
        case None:
            raise ExchangeError(f"the exchange gave no quote of {symbol}")
        case error:
            raise error
