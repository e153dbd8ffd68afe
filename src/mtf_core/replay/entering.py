"""The READY minutes of one instant: filters, guards, plans, and the intents that follow, as a run makes them.

What no plan could change is asked first: a symbol that is busy or switched off, a kill switch, a lock, a full account.
A minute that is refused so has no plan. A run would have made one, and been refused by the planner or a guard as well;
where several reasons stand, it may have named another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from attrs import define, evolve, field, frozen

from mtf_core.market import MINUTE_MS, AccountState, Capabilities
from mtf_core.orders import Draft, Intent, PlanUse, draft_of
from mtf_core.planning import MarketFacts, OrderPlan, PlanOutcome, Signal, Skip, plan_order
from mtf_core.reasons import Reason
from mtf_core.records import PlanInputs
from mtf_core.replay.exchange import ModelExchange
from mtf_core.replay.following import Life
from mtf_core.replay.ledger import Fate, ReadyMinute
from mtf_core.replay.losses import LossBook
from mtf_core.replay.opportunities import Opportunities
from mtf_core.replay.recorded_facts import plan_as_recorded
from mtf_core.risk import Books, GuardFacts, Heartbeat, LiveFacts, ProposedEntry, Reservation, Standing, guard_of
from mtf_core.risk.guards import (
    Guard,
    a_position_is_free,
    kill_switch_is_off,
    no_loss_locks_it,
    symbol_is_free,
    symbol_is_on,
)
from mtf_core.risk.switches import ORDERED, Switch, Switchboard, switch_key
from mtf_core.run_request import RunRequest
from mtf_core.runs.admission import RUN_FILTERS, FilterFacts
from mtf_core.settings.profile import Profile

_ACCOUNT, _SUPERVISOR = "replay", "replay"
_WITHOUT_PLAN: tuple[Guard, ...] = (
    kill_switch_is_off,
    symbol_is_on,
    no_loss_locks_it,
    a_position_is_free,
    symbol_is_free,
)
"""Guards that look at nothing of the plan, in the order in which they are asked."""

RecordedFacts = Mapping[tuple[str, int], PlanInputs]
"""By symbol and minute: what a real run planned from, where there was one."""


@frozen
class Ready:
    """One READY minute of one symbol, by its row among the symbol's opportunities."""

    opportunities: Opportunities
    row: int
    at_ms: int
    signal: Signal

    @classmethod
    def of(cls, opportunities: Opportunities, row: int) -> Ready:
        return cls(opportunities, row, int(opportunities.at_ms[row]), opportunities.signal(row))

    @property
    def symbol(self) -> str:
        return self.opportunities.symbol


@define(eq=False)
class EntryDesk:
    """Judges READY minutes on the account as it stands."""

    profile: Profile
    exchange: ModelExchange
    losses: LossBook
    capabilities: Capabilities
    live: Callable[[], Sequence[Life]]
    recorded: RecordedFacts = field(factory=dict)
    switches: dict[str, Switch] = field(factory=dict)
    _counter: int = 0
    _keys: set[str] = field(factory=set)

    def enter(self, ready: Sequence[Ready], at_ms: int, send: Callable[[Intent], None]) -> tuple[ReadyMinute, ...]:
        """The rows of these minutes, in the order of their symbols. `send` is called for each intent, in the order in
        which a run places them; the account shows it from then on."""
        rows: dict[str, ReadyMinute] = {}
        plans: dict[str, OrderPlan] = {}
        account = self.exchange.account(at_ms)
        facts = self._facts(account, at_ms)
        # What is on its way is busy, too: a real account would show it by now.
        busy = account.busy_symbols() | {life.symbol for life in self.live()}
        filters = FilterFacts(busy, facts.switchboard, _AS_USUAL, at_ms)
        for one in ready:
            refused = self._refused_unplanned(one, filters, facts)
            outcome = self._planned(one, account, at_ms) if refused is None else refused
            if isinstance(outcome, OrderPlan):
                plans[one.symbol] = outcome
            else:
                fate = Fate.NOT_PLANNED if refused is None else Fate.REFUSED
                rows[one.symbol] = _row(one, fate, outcome)
        by_symbol, spent = {one.symbol: one for one in ready}, Decimal(0)
        for symbol in sorted(plans, key=lambda name: (-plans[name].take_profits[0].net_r, name)):
            one = by_symbol[symbol]
            left = evolve(account, available_balance=max(Decimal(0), account.available_balance - spent))
            again = self._planned(one, left, at_ms) if spent else plans[symbol]
            if isinstance(again, Skip):
                rows[symbol] = _row(one, Fate.NOT_PLANNED, again)
                continue
            intent = self._guarded(again, facts, at_ms)
            if isinstance(intent, Skip):
                rows[symbol] = _row(one, Fate.REFUSED, intent, again)
                continue
            rows[symbol] = _row(one, Fate.STILL_OPEN, None, again)
            send(intent)
            spent += again.margin_usdt + again.costs.entry_fee_usdt  # not there for those after it
        return tuple(rows[symbol] for symbol in sorted(rows))

    def guard_again(self, intent: Intent, at_ms: int) -> Skip | None:
        """The guards of a further attempt of an intent that is committed, decided by the market of this instant."""
        terms, account, profile = intent.terms, self.exchange.account(at_ms), self.profile
        fresh_ms = at_ms + profile.trade_entry.staleness.quote_sec * 1000
        entry = ProposedEntry(
            symbol=intent.symbol,
            timeframe=terms.execution_timeframe,
            side=intent.side,
            decision_key=intent.decision_key,
            notional=terms.notional_usdt,
            margin=terms.margin_usdt,
            loss_at_stop=intent.loss_at_stop_usdt,
            expires_ms=fresh_ms if terms.zone is None else min(fresh_ms, terms.zone.expires_at_ms),
            is_committed=True,
        )
        facts = self._of_contract(self._facts(account, at_ms), intent.symbol)
        return guard_of(entry, facts)(self._books(at_ms, own_key=intent.decision_key))

    def switch_off(self, symbol: str, minutes: int, reason: str, at_ms: int) -> None:
        """A symbol is left alone for a while."""
        if minutes:
            self.switches[switch_key(symbol)] = Switch(symbol, False, at_ms + minutes * MINUTE_MS, reason, at_ms)

    def forget_order(self, symbol: str) -> None:
        """Nothing of what was sent was ever taken: the symbol is not left alone for it."""
        switch = self.switches.get(switch_key(symbol))
        if switch is not None and switch.reason == ORDERED:
            del self.switches[switch_key(symbol)]

    def switchboard(self, at_ms: int) -> Switchboard:
        return Switchboard(self.switches, at_ms)

    def _facts(self, account: AccountState, at_ms: int) -> GuardFacts:
        profile, board = self.profile, self.switchboard(at_ms)
        held = account.busy_symbols()
        desks = self.exchange.desks
        return GuardFacts(
            switchboard=board,
            risk=profile.trade_entry.risk,
            account=account,
            losses=self.losses.measure(account),
            reservations=self._reservations(),
            contract_sizes={symbol: desks[symbol].minutes.contract.contract_size for symbol in held},
            live=LiveFacts(
                now_ms=at_ms,
                namespace="",
                settings=profile.trading.orders,
                staleness=profile.trade_entry.staleness,
                skew_ms=0,
                contract_status=None,
                supervisor=Heartbeat(_SUPERVISOR, at_ms, at_ms),
            ),
        )

    def _of_contract(self, facts: GuardFacts, symbol: str) -> GuardFacts:
        assert facts.live is not None
        status = self.exchange.desks[symbol].minutes.contract.status
        return evolve(facts, live=evolve(facts.live, contract_status=status))

    def _reservations(self, but: str = "") -> tuple[Reservation, ...]:
        return tuple(Reservation.of(one.intent) for one in self.live() if one.intent.decision_key != but)

    def _books(self, at_ms: int, own_key: str = "", key: str = "") -> Books:
        return Books(
            standing=Standing(),
            switchboard=self.switchboard(at_ms),
            supervisor=Heartbeat(_SUPERVISOR, at_ms, at_ms),
            locks=tuple(self.losses.locks),
            live=self._reservations(own_key),
            key_is_taken=key in self._keys,
        )

    def _refused_unplanned(self, one: Ready, filters: FilterFacts, facts: GuardFacts) -> Skip | None:
        contract, signal = self.exchange.desks[one.symbol].minutes.contract, one.signal
        for check in RUN_FILTERS:
            if (skip := check(contract, filters)) is not None:
                return skip
        nothing = Decimal(0)
        entry = ProposedEntry(
            symbol=one.symbol,
            timeframe=signal.execution_timeframe,
            side=signal.side,
            decision_key=signal.decision_key,
            notional=nothing,
            margin=nothing,
            loss_at_stop=nothing,
        )
        for guard in _WITHOUT_PLAN:
            if (skip := guard(entry, facts)) is not None:
                return skip
        return None

    def _planned(self, one: Ready, account: AccountState, at_ms: int) -> PlanOutcome:
        minutes, chances = self.exchange.desks[one.symbol].minutes, one.opportunities
        recorded = self.recorded.get((one.symbol, at_ms))
        if recorded is not None:
            valid, settings = int(chances.valid_timeframes[one.row]), self.profile.trade_entry
            return plan_as_recorded(one.signal, chances.features(one.row), valid, recorded, settings)
        quote = minutes.quote(one.symbol, at_ms)
        if quote is None:
            return Skip(Reason.MARKET_FACTS_UNAVAILABLE, (("problem", "the last minute is missing"),))
        facts = MarketFacts(
            book=quote.book,
            mark=quote.mark,
            available_balance=account.available_balance,
            balance_time_ms=at_ms,
            features=chances.features(one.row),
            valid_timeframes=int(chances.valid_timeframes[one.row]),
        )
        return plan_order(one.signal, minutes.contract, facts, self.profile.trade_entry, at_ms, explained=False)

    def _guarded(self, plan: OrderPlan, facts: GuardFacts, at_ms: int) -> Skip | Intent:
        profile, contract = self.profile, self.exchange.desks[plan.symbol].minutes.contract
        use = PlanUse(profile=profile.name, run_id="replay", now_ms=at_ms, facts_ms=at_ms, namespace="")
        draft = draft_of(plan, contract, profile.trade_entry, profile.trading, self.capabilities, use)
        if isinstance(draft, Skip):
            return draft
        entry = ProposedEntry.of(plan, expires_ms=draft.expires_ms)
        of_contract = self._of_contract(facts, plan.symbol)
        refused = guard_of(_of_draft(entry, draft), of_contract)(self._books(at_ms, key=plan.decision_key))
        if refused is not None:
            return refused
        self._counter += 1
        self._keys.add(plan.decision_key)
        return draft.intent(_ACCOUNT, 0, self._counter, self.capabilities.client_ids)


_AS_USUAL = RunRequest()


def _of_draft(entry: ProposedEntry, draft: Draft) -> ProposedEntry:
    """With what the draft reserves, as real entries ask the guards."""
    terms = draft.terms
    return evolve(entry, notional=terms.notional_usdt, margin=terms.margin_usdt, loss_at_stop=terms.loss_at_stop_usdt)


def _row(one: Ready, fate: Fate, skip: Skip | None, plan: OrderPlan | None = None) -> ReadyMinute:
    signal = one.signal
    facts: Mapping[str, str] = {} if skip is None else {name: str(value) for name, value in skip.facts}
    return ReadyMinute(
        symbol=one.symbol,
        at_ms=one.at_ms,
        side=signal.side,
        timeframe=signal.execution_timeframe,
        decision_key=signal.decision_key,
        fate=fate,
        reason=None if skip is None else skip.reason,
        facts=facts,
        plan=None if plan is None else evolve(plan, steps=()),  # how it came about can be asked of `mtf plan`
        known_ms=one.at_ms,
    )
