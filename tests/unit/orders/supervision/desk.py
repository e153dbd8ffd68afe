"""A supervisor at work in tests: it looks, commits, writes, and looks again, on the small exchange."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from attrs import define, evolve, field

from mtf_adapters.bitmart.capabilities import CAPABILITIES as BITMART
from mtf_adapters.okx.capabilities import CAPABILITIES as OKX
from mtf_adapters.sandbox.capabilities import CAPABILITIES as NATIVE
from mtf_core.market import (
    Amendment,
    ArmsAt,
    Capabilities,
    EntryProtection,
    ExitOrder,
    OrderState,
    OversizedExit,
    ProtectionScope,
    ProtectiveOrder,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import (
    Action,
    Alarm,
    AlarmKind,
    Asked,
    Cancellation,
    EntryState,
    FurtherAttempt,
    Intent,
    LifecycleEvent,
    PositionState,
    Purpose,
    Supervised,
    View,
)
from mtf_core.orders.supervise import Rules, after_write, reads_wanted, supervise
from mtf_core.settings.trading import OrderSettings
from tests.unit.orders.intents import CREATED_MS, an_attempt, an_intent, terms
from tests.unit.orders.supervision.exchange import Exchange

ZERO = Decimal(0)
OWN_SIZED = evolve(
    NATIVE,
    entry_protection=None,
    position_protection=evolve(NATIVE.position_protection, whole_position=False),  # type: ignore[type-var]
    amends_protection=frozenset(),
    oversized_exit=OversizedExit.REJECTED,
)
ARMS_LATE = evolve(
    NATIVE,
    entry_protection=EntryProtection(ArmsAt.FULL_FILL, ProtectionScope.ORDER, frozenset(TriggerPrice)),
    visibility_lag_ms=400,
)
REGIMES: dict[str, Capabilities] = {
    "travels, arms at the first fill": NATIVE,
    "travels, arms at the full fill": ARMS_LATE,
    "own whole-position stop": evolve(BITMART, entry_protection=None),
    "own sized stop": OWN_SIZED,
    "own whole-position stop, one at a time": evolve(OKX, entry_protection=None),
}


def carries_stop(capabilities: Capabilities) -> bool:
    return capabilities.entry_protection is not None


def resting(capabilities: Capabilities = NATIVE, **changes: object) -> Intent:
    """An intent whose entry was accepted and rests."""
    attempt = an_attempt(carries_stop=carries_stop(capabilities), sent_ms=CREATED_MS, accepted_ms=CREATED_MS + 100)
    return an_intent(attempt=attempt, entry=EntryState.RESTING, terms=terms(**changes))


@define(eq=False)
class Bench:
    """One intent, its exchange, and everything that supervision did."""

    exchange: Exchange
    intent: Intent
    rules: Rules
    asked: tuple[Asked, ...] = ()
    entry_id: str = ""
    actions: list[Action] = field(factory=list)
    events: list[LifecycleEvent] = field(factory=list)
    alarms: dict[AlarmKind, Alarm] = field(factory=dict)
    last: Supervised | None = None
    view: View | None = None
    was_lied_to: bool = False

    def look(
        self,
        *,
        lag_ms: int = 0,
        fails: frozenset[str] = frozenset(),
        lies: frozenset[str] = frozenset(),
        leaves: Callable[[Action], bool] = lambda _: True,
        answers: Callable[[Action], bool] = lambda _: True,
        no_market: bool = False,
    ) -> Supervised:
        """One look, its commit, and its write, unless that or its answer is lost on the way."""
        account = None if "account" in fails else self.exchange.account()
        wanted = reads_wanted(self.intent, account, self.exchange.now_ms)
        view = self.exchange.view(wanted, lag_ms, fails, lies)
        market = self.exchange.market()
        if no_market:
            market = evolve(market, quote=None)
        done = supervise(self.intent, view, market, self.rules, self.asked, self.exchange.now_ms)
        again = supervise(done.intent, view, market, self.rules, self.asked, self.exchange.now_ms)
        check_again(done, again)
        self.last, self.view, before, self.intent = done, view, self.intent, done.intent
        self.events += done.events
        self.alarms = {alarm.kind: alarm for alarm in done.alarms}
        self.asked = tuple(one for one in self.asked if one.number not in {answer.number for answer in done.answers})
        if done.action is not None:
            check_action(self, before, done.action)
            self.actions.append(done.action)
            if not isinstance(done.action.write, FurtherAttempt) and leaves(done.action):
                outcome = self.exchange.does(done.action.write)
                if not answers(done.action):
                    outcome = WriteOutcome(WriteResult.UNKNOWN)
                self.intent = after_write(
                    self.intent, done.action, outcome, self.rules.capabilities.client_ids, self.exchange.now_ms
                )
        return done

    def passes(self, milliseconds: int) -> None:
        self.exchange.now_ms += milliseconds

    def looks(self, times: int = 12, step_ms: int = 1000) -> None:
        for _ in range(times):
            self.passes(step_ms)
            self.look()

    def fills(self, size: int) -> None:
        self.exchange.fills_entry(self.entry_id, Decimal(size))

    @property
    def state(self) -> tuple[EntryState, PositionState]:
        return self.intent.entry, self.intent.position

    @property
    def wrote(self) -> list[str]:
        """Why each write was made."""
        return [action.why for action in self.actions]

    @property
    def held(self) -> Decimal:
        return self.exchange.sizes[self.intent.side]


def check_again(done: Supervised, again: Supervised) -> None:
    """The same view once more: nothing more changes, and the same is done, under the same id."""
    assert again.intent == done.intent, "looking twice at one view changed the intent twice"
    assert not again.events, again.events
    assert again.alarms == done.alarms
    if done.action is None or not isinstance(done.action.write, FurtherAttempt):
        assert again.action == done.action


def check_action(bench: Bench, before: Intent, action: Action) -> None:
    """What holds of every write, whatever was read."""
    exchange, intent, ids = bench.exchange, bench.intent, bench.rules.capabilities.client_ids
    write = action.write
    if isinstance(write, ProtectiveOrder | ExitOrder):
        generations = {
            Purpose.STOP: intent.progress.stop_generation,
            Purpose.TARGET: intent.progress.target_generations[0],
            Purpose.SECOND_TARGET: intent.progress.target_generations[1],
            Purpose.CLOSE: intent.progress.close_generation,
        }
        expected = {intent.id_of(purpose, number, ids) for purpose, number in generations.items() if number}
        assert write.client_order_id in expected, "what leaves bears an id that the commit counts"
        assert write.side is intent.side
        assert write.size is None or write.size <= intent.progress.held, "an exit is never larger than what is ours"
    if isinstance(write, Amendment) and write.size is not None:
        assert write.size <= intent.progress.held
    if isinstance(write, Cancellation):
        check_cancellation(bench, write)
    if isinstance(write, FurtherAttempt):
        assert intent.entry.is_final
        assert write.size + intent.filled <= intent.wanted.size
    assert before.decision_key == intent.decision_key
    assert exchange.now_ms >= 0


def check_cancellation(bench: Bench, write: Cancellation) -> None:
    """No stop goes while its position is open, unless another armed one was read in the same view."""
    side = bench.intent.side
    assert bench.view is not None
    stops = [
        order.order_id
        for order in bench.view.live or ()
        if order.purpose is TriggerPurpose.STOP and order.side is side and order.state is OrderState.LIVE
    ]
    if write.order_id in stops and bench.intent.progress.held > 0:
        assert len(stops) > 1, "the only stop of an open position was cancelled"


def bench(
    capabilities: Capabilities = NATIVE, intent: Intent | None = None, *, in_recovery: bool = False, **terms_of: object
) -> Bench:
    """An entry of ten at 100 that rests, its stop at 95, its target at 110; the mark at 101."""
    exchange = Exchange(capabilities, CREATED_MS + 100)
    exchange.remember()
    given = resting(capabilities, **terms_of) if intent is None else intent
    entry_id = exchange.takes_entry(given)
    rules = Rules(capabilities=capabilities, settings=OrderSettings(), in_recovery=in_recovery)
    known = evolve(given, attempt=evolve(given.attempt, order_id=entry_id))
    made = Bench(exchange, known, rules, entry_id=entry_id)
    made.passes(1000)
    return made
