"""The guards on money that stand before every entry, simulated or not; `force_run` and `skip_context` pass none.

A guard is a function of the entry and of what is known when it is asked. `GUARDS` names them in the order in which they
are asked; the first refusal counts. Real entries ask them in the transaction that commits the intent (`guard_of`), and
once more before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from attrs import evolve, field, frozen

from mtf_core.market import AccountState, ContractStatus, Side, Timeframe
from mtf_core.planning import OrderPlan, Skip
from mtf_core.reasons import Reason
from mtf_core.risk.books import AccountCondition, Books, Heartbeat, Reservation, Standing
from mtf_core.risk.exposure import Stake, stakes
from mtf_core.risk.live import LiveFacts
from mtf_core.risk.locks import RiskLock, Span, holding
from mtf_core.risk.losses import Losses, lacks_its_baseline, limit_of
from mtf_core.risk.switches import BUSY, ORDERED, Switchboard, switch_key
from mtf_core.settings.trade_entry import RiskSettings


@frozen(kw_only=True)
class ProposedEntry:
    """An entry that is about to be placed; money in quote currency, for the whole of it and all its attempts."""

    symbol: str
    timeframe: Timeframe
    side: Side
    decision_key: str
    notional: Decimal
    margin: Decimal
    loss_at_stop: Decimal
    namespace: str = ""
    """The world whose data it was planned on; only real entries ask."""
    expires_ms: int | None = None
    """When its plan may not be acted on any more, by the exchange's clock; None: no such instant."""
    is_committed: bool = False
    """Its own intent is stored already: before its bytes leave, and for a further attempt."""

    @classmethod
    def of(cls, plan: OrderPlan, namespace: str = "", expires_ms: int | None = None) -> ProposedEntry:
        return cls(
            symbol=plan.symbol,
            timeframe=plan.execution_timeframe,
            side=plan.side,
            decision_key=plan.decision_key,
            notional=plan.notional_usdt,
            margin=plan.margin_usdt,
            loss_at_stop=plan.loss_at_stop_usdt,
            namespace=namespace,
            expires_ms=expires_ms,
        )

    def reserved(self) -> Reservation:
        """What it takes of the account's limits while it lives."""
        return Reservation(self.decision_key, self.symbol, self.side, self.notional, self.margin, self.loss_at_stop)


@frozen(kw_only=True)
class GuardFacts:
    """What the guards look at, all from one account sync; `account` and `losses` are None when it failed.

    `reservations` are those of live intents, and of the entries that this run simulated so far. `live` is None for a
    simulated entry.
    """

    switchboard: Switchboard
    risk: RiskSettings
    account: AccountState | None
    losses: Losses | None
    reservations: tuple[Reservation, ...] = ()
    contract_sizes: Mapping[str, Decimal] = field(factory=dict)
    """Base currency per contract, of the symbols that the account holds something of."""
    live: LiveFacts | None = None

    def with_one_more(self, entry: ProposedEntry) -> GuardFacts:
        """The facts once this entry was simulated."""
        return evolve(self, reservations=(*self.reservations, entry.reserved()))

    def with_books(self, books: Books) -> GuardFacts:
        """The facts as the store has them at the moment in which an intent would be committed."""
        live = self.live and evolve(
            self.live, standing=books.standing, supervisor=books.supervisor, key_is_taken=books.key_is_taken
        )
        losses = self.losses and evolve(self.losses, locks=books.locks)
        board = books.switchboard
        return evolve(self, switchboard=board, losses=losses, reservations=books.live, live=live)

    def is_busy(self, symbol: str) -> bool:
        reserved = any(one.symbol == symbol for one in self.reservations)
        return reserved or (self.account is not None and symbol in self.account.busy_symbols())

    @property
    def now_ms(self) -> int:
        return self.live.now_ms if self.live else self.switchboard.now_ms


Guard = Callable[[ProposedEntry, GuardFacts], Skip | None]
"""Why this entry may not be placed; None when nothing stands against it. What cannot be evaluated refuses."""


def refusal(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """The first guard's no, with the numbers behind it; None when the entry may be placed."""
    return next((skip for guard in GUARDS if (skip := guard(entry, facts)) is not None), None)


def guard_of(entry: ProposedEntry, facts: GuardFacts) -> Callable[[Books], Skip | None]:
    """The guards of a real entry, for the store's transaction. An entry's own intent is never counted against it."""

    def guard(books: Books) -> Skip | None:
        return refusal(entry, facts.with_books(books))

    return guard


def what_stops_entries(
    standing: Standing,
    switchboard: Switchboard,
    supervisor: Heartbeat | None,
    alive_ms: int | None,
    locks: Iterable[RiskLock],
    now_ms: int,
) -> tuple[Reason, ...]:
    """Everything that stands against any real entry of the locks' profile now, in the order of the guards.

    `alive_ms` is how old a supervisor's sign of life may be; None: nothing can be traded, so none is asked for.
    """
    condition = _REASON_OF_CONDITION.get(standing.condition)
    found = [condition] if condition is not None else []
    if switchboard.kill_switch_on:
        found.append(Reason.KILL_SWITCH_ON)
    if alive_ms is not None and not (supervisor is not None and supervisor.is_alive(now_ms, alive_ms)):
        found.append(Reason.SUPERVISOR_NOT_RUNNING)
    held = {lock.span for lock in locks if lock.holds_at(now_ms)}
    return (*found, *(_REASON_OF_LOCK[span] for span in Span if span in held))


def entries_must_end(
    switchboard: Switchboard, locks: Iterable[RiskLock], standing: Standing, now_ms: int
) -> Reason | None:
    """Why the unfilled entries of the locks' profile have to be cancelled now, never their stops; None: they may rest.

    In recovery nothing is cancelled: the store may not know what it would cancel.
    """
    if standing.condition is AccountCondition.RECOVERY:
        return None
    if switchboard.kill_switch_on:
        return Reason.KILL_SWITCH_ON
    lock = holding(locks, now_ms)
    return None if lock is None else _REASON_OF_LOCK[lock.span]


# The guards, in the order in which they are asked.


def account_is_known(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    known = facts.account is not None and facts.losses is not None
    return None if known else Skip(Reason.ACCOUNT_STATE_UNKNOWN)


def account_is_ours_alone(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    standing = facts.live.standing if facts.live else Standing()
    reason = _REASON_OF_CONDITION.get(standing.condition)
    return None if reason is None else Skip(reason, (("since_ms", standing.since_ms), ("why", standing.why)))


def data_is_of_this_world(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    if facts.live is None or entry.namespace == facts.live.namespace:
        return None
    return Skip(Reason.OTHER_WORLD_DATA, (("data_of", entry.namespace), ("orders_to", facts.live.namespace)))


def kill_switch_is_off(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    return Skip(Reason.KILL_SWITCH_ON) if facts.switchboard.kill_switch_on else None


def symbol_is_on(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """A switch that is off because the symbol is busy says no more than that it is: that is another guard's. What the
    intent itself turned off, with its order or as the busy symbol that it was, is not in the way of its own attempts.
    """
    board, key = facts.switchboard, switch_key(entry.symbol)
    own = {BUSY, ORDERED} if entry.is_committed else {BUSY} if facts.is_busy(entry.symbol) else set()
    is_off = board.key_is_off(key) and board.switches[key].reason not in own
    if not is_off and not board.key_is_off(switch_key(entry.symbol, entry.timeframe)):
        return None
    return Skip(Reason.SYMBOL_SWITCHED_OFF, (("timeframe", str(entry.timeframe)), ("side", str(entry.side))))


def somebody_supervises(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    if facts.live is None:
        return None
    allowed_ms, beat = facts.live.settings.heartbeat_sec * 1000, facts.live.supervisor
    if beat is None:
        return Skip(Reason.SUPERVISOR_NOT_RUNNING, (("allowed_ms", allowed_ms),))
    if beat.is_alive(facts.now_ms, allowed_ms):
        return None
    ages = (("alive_ms_ago", facts.now_ms - beat.beat_ms), ("read_ms_ago", facts.now_ms - beat.read_ms))
    return Skip(Reason.SUPERVISOR_NOT_RUNNING, (*ages, ("allowed_ms", allowed_ms)))


def no_loss_locks_it(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    lock = holding(facts.losses.locks, facts.now_ms) if facts.losses else None
    if lock is None:
        return None
    if lock.span is Span.STREAK:
        return Skip(Reason.CONSECUTIVE_LOSSES_REACHED, (("losses", int(lock.loss)),))
    return Skip(_REASON_OF_LOCK[lock.span], (("baseline_usdt", lock.baseline), ("loss_usdt", lock.loss)))


def loss_at_all_stops_fits(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """Asked only where a day or a week has a limit; a position that cannot be valued refuses then, and so does a limit
    in percent of an account that had nothing. Just after a border the span that has ended is asked as well."""
    for result in (*facts.losses.spans, *facts.losses.ended) if facts.losses else ():
        if lacks_its_baseline(facts.risk, result.span, result.baseline):
            return Skip(Reason.OPEN_LOSS_TOO_LARGE, (("span", str(result.span)), ("percent_of_usdt", result.baseline)))
        limit = limit_of(facts.risk, result.span, result.baseline)
        if limit is None or facts.losses is None:
            continue
        open_loss = _total(stake.loss_at_stop for stake in _others(entry, facts).values())
        if open_loss is None:
            return Skip(Reason.OPEN_LOSS_TOO_LARGE, (("unknown_of", _unknown(entry, facts, "loss_at_stop")),))
        forgiven = facts.losses.forgiven(result.span, result.start_ms)
        loss = result.loss_if_stopped(open_loss + entry.loss_at_stop) - forgiven
        if loss > limit:
            numbers = (("limit_usdt", limit), ("loss_if_stopped_usdt", loss), ("open_loss_usdt", open_loss))
            return Skip(Reason.OPEN_LOSS_TOO_LARGE, (("span", str(result.span)), *numbers))
    return None


def a_position_is_free(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """A limit of 0 is off."""
    allowed, live = facts.risk.max_concurrent_positions, len(_others(entry, facts))
    if not allowed or live < allowed:
        return None
    return Skip(Reason.MAX_CONCURRENT_POSITIONS_REACHED, (("open", live), ("allowed", allowed)))


def side_is_free(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    allowed = facts.risk.max_same_side
    same = sum(entry.side in stake.sides for stake in _others(entry, facts).values())
    if not allowed or same < allowed:
        return None
    numbers = (("side", str(entry.side)), ("open", same), ("allowed", allowed))
    return Skip(Reason.SAME_SIDE_LIMIT_REACHED, numbers)


def exposure_fits(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    of_one, of_all = facts.risk.max_symbol_notional_usdt, facts.risk.max_notional_usdt
    if 0 < of_one < entry.notional:
        numbers = (("notional_usdt", entry.notional), ("allowed_usdt", of_one))
        return Skip(Reason.EXPOSURE_LIMIT_REACHED, (("of", entry.symbol), *numbers))
    if not of_all:
        return None
    others = _total(stake.notional for stake in _others(entry, facts).values())
    if others is None:
        return Skip(Reason.EXPOSURE_LIMIT_REACHED, (("unknown_of", _unknown(entry, facts, "notional")),))
    if others + entry.notional <= of_all:
        return None
    numbers = (("notional_usdt", others + entry.notional), ("allowed_usdt", of_all))
    return Skip(Reason.EXPOSURE_LIMIT_REACHED, (("of", "all"), *numbers))


def symbol_is_free(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """Once it is committed the symbol is its own: the store lets no second live intent of it in."""
    return Skip(Reason.SYMBOL_BUSY) if facts.is_busy(entry.symbol) and not entry.is_committed else None


def key_is_new(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    taken = facts.live is not None and facts.live.key_is_taken and not entry.is_committed
    return Skip(Reason.DUPLICATE_DECISION_KEY, (("decision_key", entry.decision_key),)) if taken else None


def clocks_agree(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    if facts.live is None:
        return None
    skew_ms, allowed_ms = facts.live.skew_ms, facts.live.settings.clock_skew_ms
    if skew_ms is None:
        return Skip(Reason.CLOCK_SKEW, (("skew_ms", "not measured"), ("allowed_ms", allowed_ms)))
    if abs(skew_ms) <= allowed_ms:
        return None
    return Skip(Reason.CLOCK_SKEW, (("skew_ms", skew_ms), ("allowed_ms", allowed_ms)))


def contract_takes_entries(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    if facts.live is None or facts.live.contract_status is ContractStatus.TRADING:
        return None
    status = facts.live.contract_status
    closes = status is ContractStatus.CLOSE_ONLY
    reason = Reason.VENUE_CLOSE_ONLY if closes else Reason.CONTRACT_NOT_TRADING
    return Skip(reason, (("status", "not listed" if status is None else str(status)),))


def account_is_fresh(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    if facts.live is None or facts.account is None:
        return None
    age_ms, allowed_ms = facts.now_ms - facts.account.time_ms, facts.live.staleness.balance_sec * 1000
    if abs(age_ms) <= allowed_ms:
        return None
    return Skip(Reason.STALE_MARKET_DATA, (("fact", "account"), ("age_ms", age_ms), ("allowed_ms", allowed_ms)))


def plan_may_be_acted_on(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    if facts.live is None or entry.expires_ms is None or facts.now_ms < entry.expires_ms:
        return None
    return Skip(Reason.PLAN_EXPIRED, (("late_by_ms", facts.now_ms - entry.expires_ms),))


def exits_are_affordable(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """Everything that is open, and this one, could be protected and closed at once."""
    left = facts.live.exits_left if facts.live else None
    needed = len(_others(entry, facts)) + 1
    if left is None or needed <= left:
        return None
    return Skip(Reason.EXIT_BUDGET_LOW, (("exits_left", left), ("needed", needed)))


GUARDS: tuple[Guard, ...] = (
    account_is_known,
    account_is_ours_alone,
    data_is_of_this_world,
    kill_switch_is_off,
    symbol_is_on,
    somebody_supervises,
    no_loss_locks_it,
    loss_at_all_stops_fits,
    a_position_is_free,
    side_is_free,
    exposure_fits,
    symbol_is_free,
    key_is_new,
    clocks_agree,
    contract_takes_entries,
    account_is_fresh,
    plan_may_be_acted_on,
    exits_are_affordable,
)

_REASON_OF_LOCK = {
    Span.DAY: Reason.DAILY_LOSS_LIMIT_REACHED,
    Span.WEEK: Reason.WEEKLY_LOSS_LIMIT_REACHED,
    Span.STREAK: Reason.CONSECUTIVE_LOSSES_REACHED,
}
_REASON_OF_CONDITION = {
    AccountCondition.RECOVERY: Reason.RECOVERY,
    AccountCondition.SHARED: Reason.ACCOUNT_SHARED,
    AccountCondition.MODES_CHANGED: Reason.MODES_DIFFER,
}


def _others(entry: ProposedEntry, facts: GuardFacts) -> dict[str, Stake]:
    """What every other symbol has at stake. Its own counts through the entry, which is for the whole of it."""
    if facts.account is None:
        return {}
    found = stakes(facts.account, facts.reservations, facts.contract_sizes)
    return {symbol: stake for symbol, stake in found.items() if symbol != entry.symbol}


def _total(values: Iterable[Decimal | None]) -> Decimal | None:
    known = list(values)
    return None if None in known else sum((value for value in known if value is not None), Decimal(0))


def _unknown(entry: ProposedEntry, facts: GuardFacts, what: str) -> str:
    found = _others(entry, facts).items()
    return ", ".join(sorted(symbol for symbol, stake in found if getattr(stake, what) is None))
