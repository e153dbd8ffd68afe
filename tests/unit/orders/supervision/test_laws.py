"""Laws of the supervisor over whatever may be read: hostile, partial, contradictory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import TypeVar

import pytest
from attrs import evolve, frozen

from mtf_core.market import (
    AccountState,
    Amendment,
    Capabilities,
    CashFlow,
    ClientIds,
    ExitOrder,
    Fill,
    FillCause,
    OpenOrder,
    OrderKind,
    OrderState,
    OrderType,
    Position,
    PositionMode,
    ProtectiveOrder,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders import (
    Asked,
    AskedKind,
    Cancellation,
    EntryState,
    FurtherAttempt,
    Intent,
    MarketNow,
    PositionState,
    Progress,
    Purpose,
    Sent,
    Supervised,
    View,
)
from mtf_core.orders.evidence import Read
from mtf_core.orders.supervise import Rules, reads_wanted, supervise
from mtf_core.planning import EntryZone
from mtf_core.settings.trade_entry import EndOfZoneSettings
from mtf_core.settings.trading import OrderSettings
from tests.unit.orders.intents import CREATED_MS, SYMBOL
from tests.unit.orders.supervision.desk import REGIMES, resting
from tests.unit.orders.supervision.exchange import Exchange

Value = TypeVar("Value")
NOW_MS = CREATED_MS + 30_000
ZONE = EntryZone(Decimal(98), Decimal(102), Decimal(100), "5m.vwap", NOW_MS + 20_000)
CASES = int(os.environ.get("MTF_SUPERVISION_CASES", "1000"))
"""How many looks each law is tried on."""
PRICES = [Decimal(price) for price in ("80", "94", "95", "97", "100", "101", "105", "110", "115")]


@frozen
class Drawn:
    """Everything that one look is given, drawn from a seed."""

    intent: Intent
    view: View
    market: MarketNow
    rules: Rules
    asked: tuple[Asked, ...]

    def look(self) -> Supervised:
        return supervise(self.intent, self.view, self.market, self.rules, self.asked, NOW_MS)


class Draw(Random):
    """Values of the kinds that a look is made of."""

    def size(self) -> Decimal:
        return Decimal(self.randint(0, 12))

    def price(self) -> Decimal:
        return self.choice(PRICES)

    def time(self) -> int:
        return self.randint(NOW_MS - 40_000, NOW_MS + 5_000)

    def flag(self) -> bool:
        return self.random() < 0.5

    def maybe(self, value: Value) -> Value | None:
        return value if self.flag() else None

    def level(self) -> TriggerLevel:
        return TriggerLevel(self.price(), TriggerPrice.MARK)

    def intent(self, capabilities: Capabilities) -> Intent:
        intent = resting(
            capabilities,
            zone=self.maybe(ZONE),
            end_of_zone=self.maybe(EndOfZoneSettings(max_spread_bps=Decimal(50))),
            hard_time_stop_ms=self.maybe(10_000),
            break_even_after_tp1=self.flag(),
            target_order=self.choice(list(OrderType)),
        )
        closed, opened = sorted([self.size(), self.size()])
        progress = Progress(
            held=self.size(),
            opened=opened,
            closed=closed,
            gained=self.choice([Decimal(0), closed]),
            average_entry=self.maybe(Decimal(100)),
            first_fill_ms=self.maybe(self.time()),
            unprotected_since_ms=self.maybe(self.time()),
            stop=self.maybe(self.level()),
            stop_seen=self.maybe(self.level()),
            stop_generation=self.randint(0, 4),
            stop_tries=self.randint(0, 4),
            stop_restored=self.flag(),
            stop_order_id=self.choice(["", "11", "12"]),
            target_generations=(self.randint(0, 2), self.randint(0, 2)),
            close_generation=self.randint(0, 3),
            close_cancels=self.randint(0, 5),
            next_close_ms=self.time(),
            cancel_looks=self.randint(0, 12),
            next_cancel_ms=self.time(),
            cancel_reason=self.choice(["", "order_timeout", "end_of_zone", "late_entry", "would_take"]),
            fired_since_ms=self.maybe(self.time()),
            flat_seen_ms=self.maybe(self.time()),
            less_since_ms=self.maybe(self.time()),
            tidy_tries=self.randint(0, 11),
            sent=Sent(
                stop_ms=self.maybe(self.time()),
                targets_ms=self.maybe(self.time()),
                close_ms=self.maybe(self.time()),
                cancel_ms=self.maybe(self.time()),
                tidy_ms=self.maybe(self.time()),
            ),
        )
        attempt = evolve(intent.attempt, order_id=self.choice(["", "1"]), filled=min(opened, Decimal(10)))
        entry, position = self.choice(list(EntryState)), self.choice(list(PositionState))
        return evolve(intent, attempt=attempt, entry=entry, position=position, progress=progress)

    def order(self, intent: Intent, ids: ClientIds, states: Sequence[OrderState]) -> OpenOrder:
        own = [intent.attempt.client_order_id, "", "theirs"]
        own += [intent.id_of(purpose, number, ids) for purpose in Purpose for number in (1, 2)]
        name = self.choice(own)
        is_entry = name == intent.attempt.client_order_id
        kind = OrderKind.LIMIT if is_entry else self.choice([OrderKind.TRIGGER, OrderKind.TRIGGER, *OrderKind])
        waits = kind is OrderKind.TRIGGER
        return OpenOrder(
            symbol=self.choice([SYMBOL, SYMBOL, SYMBOL, "ETHUSDT"]),
            order_id="1" if is_entry else self.choice(["11", "12", "13", "14"]),
            client_order_id=name,
            kind=kind,
            side=self.choice([Side.LONG, Side.LONG, Side.SHORT]),
            size=Decimal(10) if is_entry else self.maybe(self.size()),
            price=None if waits else self.maybe(self.price()),
            reduce_only=not is_entry and self.random() < 0.8,
            filled=self.choice([Decimal(0), self.size()]),
            state=self.choice(states),
            trigger=TriggerLevel(self.price(), self.choice(list(TriggerPrice))) if waits else None,
            purpose=self.maybe(self.choice([TriggerPurpose.STOP, *TriggerPurpose])) if waits else None,
            created_ms=self.time(),
            updated_ms=self.time(),
        )

    def fill(self, intent: Intent, ids: ClientIds) -> Fill:
        names = ["", intent.attempt.client_order_id, intent.id_of(Purpose.STOP, 1, ids), "theirs"]
        return Fill(
            symbol=SYMBOL,
            fill_id=str(self.randint(0, 50)),
            order_id=self.choice(["1", "11", "12", "hand"]),
            side=self.choice([Side.LONG, Side.LONG, Side.SHORT]),
            opens=self.flag(),
            price=self.price(),
            size=Decimal(self.randint(1, 12)),
            fee=Decimal(0),
            realised_profit=Decimal(0),
            is_maker=False,
            time_ms=self.time(),
            client_order_id=self.choice(names),
            cause=self.choice([FillCause.ORDER, *FillCause]),
        )

    def view(self, intent: Intent, ids: ClientIds) -> View:
        begun_ms = NOW_MS - self.randint(1, 3000)
        positions = tuple(
            Position(SYMBOL, side, Decimal(self.randint(1, 15)), Decimal(100), Decimal(5), Decimal(0))
            for side in Side
            if self.flag()
        )
        states = [OrderState.LIVE, OrderState.LIVE, OrderState.PENDING]
        live = tuple(self.order(intent, ids, states) for _ in range(self.randint(0, 5)))
        mode = self.maybe(self.choice(list(PositionMode)))
        account = AccountState(NOW_MS, Decimal(1), Decimal(1), positions, live, mode)
        over = [state for state in OrderState if state.is_final]
        ended = tuple(self.order(intent, ids, over) for _ in range(self.randint(0, 4)))
        fills = tuple(self.fill(intent, ids) for _ in range(self.randint(0, 6)))
        nothing: tuple[CashFlow, ...] = ()
        return View(
            SYMBOL,
            Read(account, begun_ms) if self.random() < 0.9 else None,
            self.maybe(Read(ended, begun_ms)),
            Read(fills, begun_ms) if self.random() < 0.7 else None,
            self.maybe(Read(nothing, begun_ms)),
            self.choice([0, NOW_MS]),
        )

    def all(self) -> Drawn:
        capabilities = REGIMES[self.choice(list(REGIMES))]
        intent = self.intent(capabilities)
        market = Exchange(capabilities, NOW_MS, mark=self.price()).market()
        return Drawn(
            intent,
            self.view(intent, capabilities.client_ids),
            self.choice([market, market, MarketNow(None, None)]),
            Rules(
                capabilities=capabilities,
                settings=OrderSettings(),
                entries_end=self.choice(["", "", "kill_switch_on"]),
                in_recovery=self.random() < 0.1,
            ),
            self.choice([(), (), (Asked(1, AskedKind.CLOSE),), (Asked(2, AskedKind.PROTECT, {"stop": "97"}),)]),
        )


def drawn() -> Iterator[Drawn]:
    return (Draw(seed).all() for seed in range(CASES))


def test_it_never_raises_and_looking_twice_changes_nothing_more() -> None:
    for one in drawn():
        done = one.look()
        again = evolve(one, intent=done.intent).look()
        assert again.intent == done.intent
        assert not again.events
        if done.action is not None and not isinstance(done.action.write, FurtherAttempt):
            assert again.action == done.action


def test_what_leaves_only_reduces_and_is_never_more_than_is_ours() -> None:
    for one in drawn():
        done = one.look()
        write, held = (done.action.write if done.action is not None else None), done.intent.progress.held
        if isinstance(write, ExitOrder):
            position = one.view.position(done.intent.side)
            assert position is not None
            assert write.size <= min(held, position.size)
        if isinstance(write, ProtectiveOrder | ExitOrder):
            assert (write.side, write.symbol) == (done.intent.side, SYMBOL)
            assert write.size is None or write.size > 0
            assert write.size is None or write.size <= held
        if isinstance(write, Amendment):
            assert write.size is None or write.size <= held
        if isinstance(write, FurtherAttempt):
            assert done.intent.entry.is_final
            assert write.size + done.intent.filled <= done.intent.wanted.size
            assert not one.rules.in_recovery
            assert not one.rules.entries_end


def test_no_stop_goes_while_its_position_is_open_unless_another_armed_one_was_read() -> None:
    for one in drawn():
        done = one.look()
        if done.action is None or not isinstance(done.action.write, Cancellation):
            continue
        assert not one.rules.in_recovery
        armed = [
            order.order_id
            for order in one.view.live or ()
            if order.purpose is TriggerPurpose.STOP
            and order.side is done.intent.side
            and order.reduce_only
            and order.state is OrderState.LIVE
        ]
        if done.intent.progress.held > 0 and done.action.write.order_id in armed:
            assert len(set(armed)) > 1


@pytest.mark.parametrize("missing", ["account", "fills"])
def test_a_missing_read_makes_nothing_less_and_closes_nothing(missing: str) -> None:
    for one in drawn():
        blind = evolve(one, view=evolve(one.view, **{missing: None}), asked=())
        done, before = blind.look(), one.intent
        assert done.intent.progress.held >= before.progress.held or before.position.is_over
        assert done.intent.position is not PositionState.CLOSED or before.position is PositionState.CLOSED
        if missing == "account":
            assert done.action is None
            assert (done.intent.entry, done.intent.position) == (before.entry, before.position)


def test_time_alone_ends_no_entry_that_may_be_alive() -> None:
    for seed, one in enumerate(drawn()):
        view = View(SYMBOL, one.view.account, None, None, None, 0)
        later_ms = NOW_MS + Random(seed).randint(0, 10**10)
        done = supervise(one.intent, view, one.market, one.rules, (), later_ms)
        assert done.intent.entry.may_be_alive or not one.intent.entry.may_be_alive


def test_what_has_changed_is_asked_for_and_without_the_account_nothing_is() -> None:
    for one in drawn():
        nothing = reads_wanted(one.intent, None, NOW_MS)
        assert not any((nothing.ended, nothing.fills, nothing.flows, nothing.quote))
        if one.view.account is None:
            continue
        wanted = reads_wanted(one.intent, one.view.account.value, NOW_MS)
        position = one.view.position(one.intent.side)
        size = Decimal(0) if position is None else position.size
        if size != one.intent.progress.held:
            assert wanted.fills or one.intent.entry is EntryState.PLANNED
        assert wanted.since_ms <= one.intent.attempt.created_ms
