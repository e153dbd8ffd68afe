"""The end of a dry run: a plan for every READY symbol, and the guards that an order would have to pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import field, frozen

from mtf_core.features.table import FeatureTable
from mtf_core.market import AccountState, CandleStack, Contract, Quote, Timeframe
from mtf_core.planning import OrderPlan, Skip
from mtf_core.reasons import Reason
from mtf_core.records import OrderOutcome, OrderStatus
from mtf_core.risk import GuardFacts, ProposedEntry, Reservation, refusal
from mtf_core.runs.account import AccountSync
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.deciding import RunCache
from mtf_core.runs.failures import SymbolFailure, alone, failure_of
from mtf_core.runs.planner import Planned, plan_decision, plan_tables
from mtf_core.runs.quotes import Quotes, read_quotes
from mtf_core.validation.decision import Decision


@frozen(eq=False)
class Entry:
    """What became of a READY symbol: what was planned, if it came to that, and the end of its order."""

    order: OrderOutcome
    planned: Planned | None = None

    @property
    def plan(self) -> OrderPlan | None:
        outcome = self.planned.outcome if self.planned else None
        return outcome if isinstance(outcome, OrderPlan) else None


@frozen(eq=False)
class Entries:
    """Each READY symbol's end: an entry, a skip before there was one, or a failure; and the candles of plans alone."""

    by_symbol: Mapping[str, Entry | Skip | SymbolFailure] = field(factory=dict)
    stacks: Mapping[Timeframe, CandleStack] = field(factory=dict)


@frozen(eq=False)
class Facts:
    """The market as it was read for the plans; `failures` are the symbols of which something could not be read."""

    quotes: Quotes
    tables: Mapping[Timeframe, FeatureTable]
    failures: Mapping[str, SymbolFailure]


async def simulate_entries(
    run: ActiveRun,
    cache: RunCache,
    decisions: Sequence[Decision],
    contracts: Mapping[str, Contract],
    account: AccountSync,
) -> Entries:
    """Plans every READY decision and finds what an order would have met; nothing is sent."""
    lost = {one.symbol: Skip(Reason.SYMBOL_LOCKED) for one in decisions if lock_is_lost(run, one.symbol)}
    ready = [decision for decision in decisions if decision.symbol not in lost]
    if account.state is None or not ready:
        unknown = Entry(skipped(Skip(Reason.ACCOUNT_STATE_UNKNOWN)))
        return Entries({**lost, **{decision.symbol: unknown for decision in ready}})
    facts = await read_facts(run, cache, [contracts[decision.symbol] for decision in ready])
    # Read again: the candles may have taken minutes, in which an operator may have thrown a switch.
    switchboard = await run.read_switchboard()
    guard_facts = GuardFacts(
        switchboard=switchboard,
        risk=run.profile.trade_entry.risk,
        account=account.state,
        losses=account.losses,
        reservations=tuple(map(Reservation.of, await run.environment.stores.orders.live())),
        contract_sizes=await _contract_sizes(run, account.state),
    )
    now_ms = run.environment.venue.clock.now_ms()
    entries: dict[str, Entry | SymbolFailure] = dict(facts.failures)
    with run.watch.stage("plans"):
        for decision in ready:
            symbol = decision.symbol
            if symbol not in facts.failures:
                quote, contract, state = facts.quotes.quotes[symbol], contracts[symbol], account.state
                entry = _entry(decision, facts.tables, contract, quote, state, guard_facts, now_ms)
                entries[symbol] = entry
                if isinstance(entry, Entry) and entry.plan and entry.order.status is OrderStatus.SIMULATED:
                    guard_facts = guard_facts.with_one_more(ProposedEntry.of(entry.plan))
    return Entries({**lost, **entries}, {timeframe: table.stack for timeframe, table in facts.tables.items()})


async def _contract_sizes(run: ActiveRun, account: AccountState) -> Mapping[str, Decimal]:
    """Of what the account holds, which may be outside of what the run looks at."""
    held = account.busy_symbols()
    if not held:
        return {}
    stored = await run.environment.stores.contracts.all()
    return {contract.symbol: contract.contract_size for contract in stored if contract.symbol in held}


def lock_is_lost(run: ActiveRun, symbol: str) -> bool:
    return run.symbol_lock(symbol) in run.leases.lost


async def read_facts(run: ActiveRun, cache: RunCache, contracts: Sequence[Contract]) -> Facts:
    workers = run.request.workers
    with run.watch.stage("market facts"):
        per_call = run.environment.venue.capabilities.quotes_per_call
        symbols = [contract.symbol for contract in contracts]
        quotes = await read_quotes(run.exchange, symbols, per_call, workers, run.progress)
        tables, unfed = await plan_tables(cache.plan_feed, cache.compiled, contracts, run.instant_ms, workers)
    failures = {**quotes.failures, **unfed}
    unavailable = {symbol: failure_of(error, Reason.MARKET_FACTS_UNAVAILABLE) for symbol, error in failures.items()}
    return Facts(quotes, tables, unavailable)


def _entry(
    decision: Decision,
    tables: Mapping[Timeframe, FeatureTable],
    contract: Contract,
    quote: Quote,
    account: AccountState,
    guard_facts: GuardFacts,
    now_ms: int,
) -> Entry | SymbolFailure:
    planned = alone(lambda: plan_decision(decision, tables, contract, quote, account, now_ms))
    if isinstance(planned, SymbolFailure):
        return planned
    if isinstance(planned.outcome, Skip):
        return Entry(skipped(planned.outcome), planned)
    plan = planned.outcome
    refused = refusal(ProposedEntry.of(plan), guard_facts)
    return Entry(OrderOutcome(OrderStatus.SIMULATED) if refused is None else skipped(refused), planned)


def skipped(skip: Skip) -> OrderOutcome:
    return OrderOutcome(OrderStatus.SKIPPED, skip.reason, {name: str(value) for name, value in skip.facts})
