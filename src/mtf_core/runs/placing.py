"""The end of a run that really places: each entry is planned anew, guarded, committed, and sent once.

They go one after the other, in order of the net R of their first target, then symbol. What those before took of the
balance is not there for those after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import define, evolve, field, frozen

from mtf_core.execution import Desk, Ground, MarketQuality, Submitted, guards_for, submit
from mtf_core.execution.guarding import by_symbol
from mtf_core.execution.losses import measure_losses
from mtf_core.execution.submit import refusal_of
from mtf_core.market import AccountState, Contract, Quote
from mtf_core.orders import EntryState, PlanUse, draft_of
from mtf_core.planning import OrderPlan, Skip
from mtf_core.ports import ExchangeError
from mtf_core.reasons import Reason
from mtf_core.records import OrderOutcome, OrderStatus
from mtf_core.runs.account import AccountSync
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.deciding import RunCache
from mtf_core.runs.entries import Entries, Entry, Facts, lock_is_lost, read_facts, skipped
from mtf_core.runs.failures import SymbolFailure, alone, failure_of
from mtf_core.runs.planner import Planned, plan_decision
from mtf_core.runs.quotes import read_quotes
from mtf_core.validation.decision import Decision

_FRESH_MS = 1000
"""A quote that was read longer ago is read again before its plan is made."""


async def place_entries(
    run: ActiveRun,
    desk: Desk,
    cache: RunCache,
    decisions: Sequence[Decision],
    contracts: Mapping[str, Contract],
    account: AccountSync,
) -> Entries:
    """Plans every READY decision and sends what passes; a symbol's own trouble stops no other."""
    if account.state is None or not decisions:
        unknown = Entry(skipped(Skip(Reason.ACCOUNT_STATE_UNKNOWN)))
        return Entries({decision.symbol: unknown for decision in decisions})
    facts = await read_facts(run, cache, [contracts[decision.symbol] for decision in decisions])
    entries: dict[str, Entry | Skip | SymbolFailure] = dict(facts.failures)
    ready = [decision for decision in decisions if decision.symbol not in entries]
    purse = _Purse(run, desk, account)
    with run.watch.stage("plans"):
        first = {one.symbol: _planned(desk, one, facts, contracts, account.state) for one in ready}
    entries |= {symbol: end for symbol, planned in first.items() if (end := _end_of(planned)) is not None}
    with run.watch.stage("orders"):
        counter = _Counter(run, desk, purse, facts, await _listed(run, contracts))
        for decision in sorted((one for one in ready if one.symbol not in entries), key=lambda one: _rank(one, first)):
            with run.watch.order(decision.key or decision.symbol):
                entries[decision.symbol] = await counter.serve(decision)
    return Entries(entries, {timeframe: table.stack for timeframe, table in facts.tables.items()})


async def _listed(run: ActiveRun, contracts: Mapping[str, Contract]) -> Mapping[str, Contract]:
    """Those that the run looks at, and the others, which the account may hold something of."""
    return {**by_symbol(await run.environment.stores.contracts.all()), **contracts}


def _rank(decision: Decision, planned: Mapping[str, Planned | SymbolFailure]) -> tuple[Decimal, str]:
    found = planned[decision.symbol]
    plan = found.outcome if isinstance(found, Planned) else None
    net_r = plan.take_profits[0].net_r if isinstance(plan, OrderPlan) else Decimal(0)
    return -net_r, decision.symbol


def _end_of(planned: Planned | SymbolFailure) -> Entry | SymbolFailure | None:
    """What becomes of a symbol without a plan; None where there is one."""
    if isinstance(planned, SymbolFailure):
        return planned
    return Entry(skipped(planned.outcome), planned) if isinstance(planned.outcome, Skip) else None


def _planned(
    desk: Desk,
    decision: Decision,
    facts: Facts,
    contracts: Mapping[str, Contract],
    account: AccountState,
    quote: Quote | None = None,
) -> Planned | SymbolFailure:
    symbol, now_ms = decision.symbol, desk.now_ms
    seen = quote or facts.quotes.quotes[symbol]
    return alone(lambda: plan_decision(decision, facts.tables, contracts[symbol], seen, account, now_ms))


@define(eq=False)
class _Purse:
    """The account as it was last read, less what this run has taken of it since."""

    run: ActiveRun
    desk: Desk
    sync: AccountSync
    _spent: list[tuple[int, Decimal]] = field(factory=list, init=False)
    """When, by the exchange's time, and how much: margin and fee."""

    async def current(self) -> AccountSync:
        """The account with the balance that is left; read again when it is older than a plan may rest on."""
        staleness, state = self.run.profile.trade_entry.staleness, self.sync.state
        if state is None or self.desk.now_ms - state.time_ms >= staleness.balance_sec * 500:
            self.sync = await self._read()
        if (state := self.sync.state) is None:
            return self.sync
        # What was sent just before the account was read may not show in it yet.
        shown_ms = state.time_ms - self.desk.capabilities.visibility_lag_ms
        taken = sum((amount for at_ms, amount in self._spent if at_ms >= shown_ms), Decimal(0))
        left = max(Decimal(0), state.available_balance - taken)
        return evolve(self.sync, state=evolve(state, available_balance=left))

    async def _read(self) -> AccountSync:
        risk, environment = self.run.profile.trade_entry.risk, self.desk.environment
        try:
            state = await self.desk.trading.sync()
            losses = await measure_losses(environment, risk, self.run.profile.name, state)
        except ExchangeError as error:
            return AccountSync(error=str(error))
        return AccountSync(state, losses)

    def spend(self, amount: Decimal) -> None:
        self._spent.append((self.desk.now_ms, amount))


@frozen(eq=False)
class _Counter:
    """Serves one symbol after the other."""

    run: ActiveRun
    desk: Desk
    purse: _Purse
    facts: Facts
    contracts: Mapping[str, Contract]

    async def serve(self, decision: Decision) -> Entry | Skip | SymbolFailure:
        """Plans once more with what is left and with the market of now, and submits."""
        symbol = decision.symbol
        if lock_is_lost(self.run, symbol):
            return Skip(Reason.SYMBOL_LOCKED)
        sync = await self.purse.current()
        if sync.state is None:
            return Entry(skipped(Skip(Reason.ACCOUNT_STATE_UNKNOWN)))
        quote = await self._quote(symbol)
        if isinstance(quote, SymbolFailure):
            return quote
        planned = _planned(self.desk, decision, self.facts, self.contracts, sync.state, quote)
        if isinstance(planned, SymbolFailure):
            return planned
        if isinstance(planned.outcome, Skip):
            return Entry(skipped(planned.outcome), planned)
        try:
            return Entry(await self._submit(planned.outcome, quote, sync), planned)
        except Exception as error:  # a symbol fails alone; whatever was committed of it, its intent says
            return Entry(_failed(error), planned)

    async def _quote(self, symbol: str) -> Quote | SymbolFailure:
        known = self.facts.quotes.quotes[symbol]
        if self.desk.now_ms - known.book.time_ms < _FRESH_MS:
            return known
        read = await read_quotes(self.run.exchange, [symbol], 1)
        if symbol in read.quotes:
            return read.quotes[symbol]
        return failure_of(read.failures[symbol], Reason.MARKET_FACTS_UNAVAILABLE)

    async def _submit(self, plan: OrderPlan, quote: Quote, sync: AccountSync) -> OrderOutcome:
        profile, contract = self.run.profile, self.contracts[plan.symbol]
        use = PlanUse(
            profile=profile.name,
            run_id=self.run.run_id,
            now_ms=self.desk.now_ms,
            facts_ms=min(quote.book.time_ms, quote.mark.time_ms),
            namespace=self.run.environment.stores.namespace,
        )
        draft = draft_of(plan, contract, profile.trade_entry, profile.trading, self.desk.capabilities, use)
        if isinstance(draft, Skip):
            return skipped(draft)
        assert sync.state is not None
        ground = Ground(sync.state, sync.losses, self.contracts)
        guards = guards_for(self.desk, draft, profile, ground)
        minutes = profile.trading.switches.after_order_minutes
        submitted = await submit(self.desk, draft, guards, MarketQuality.of(quote), minutes)
        if isinstance(submitted, Submitted) and submitted.intent.entry is not EntryState.REJECTED:
            self.purse.spend(plan.margin_usdt + plan.costs.entry_fee_usdt)
        return outcome_of(submitted)


def outcome_of(submitted: Skip | Submitted) -> OrderOutcome:
    """What a report says of an order that was to be submitted."""
    if isinstance(submitted, Skip):
        return skipped(submitted)
    intent, answer = submitted.intent, submitted.outcome
    said = {"result": str(answer.result), "code": answer.code, "text": answer.text}
    facts = {name: value for name, value in said.items() if value}
    if intent.entry is EntryState.REJECTED:
        reason = refusal_of(answer)
        return OrderOutcome(OrderStatus.SKIPPED, reason, facts, client_order_id=intent.attempt.client_order_id)
    return OrderOutcome(
        OrderStatus.SUBMITTED,
        facts={"state": str(intent.entry), **facts} if submitted.is_stored else {"state": "not stored", **facts},
        client_order_id=intent.attempt.client_order_id,
        order_id=answer.order_id or None,
    )


def _failed(error: Exception) -> OrderOutcome:
    failure = failure_of(error, Reason.PIPELINE_ERROR)
    return OrderOutcome(OrderStatus.ERROR, failure.reason, {"code": failure.code, "message": failure.message})
