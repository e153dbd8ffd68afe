"""The account compared with the live intents, look after look: when a difference counts, and what is done about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import define, evolve, field

from mtf_core.execution.reconciling import Reconciled, Reconciler
from mtf_core.market import (
    AccountState,
    CashFlow,
    Fill,
    FlowKind,
    OpenOrder,
    OrderKind,
    OrderState,
    Position,
    PositionMode,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import Alarm, AlarmKind, EntryState, Intent, PositionState, Progress, Purpose, mint, store_tag
from mtf_core.orders.evidence import Read
from mtf_core.ports import ExchangeUnavailableError, Priority, StoreIdentity
from mtf_core.risk import AccountCondition, Standing
from mtf_core.settings.trading import OrderSettings
from tests.unit.execution.place import InOne
from tests.unit.orders.intents import ACCOUNT, CREATED_MS, KEY, SYMBOL, an_attempt, an_intent
from tests.unit.orders.supervision.desk import NATIVE

D = Decimal
STORE, OTHER, LAG_MS = "store-1", "ETHUSDT", 400
TAG, IDS = store_tag(STORE), NATIVE.client_ids
NOW_MS = CREATED_MS + 200_000
MINUTE_MS = 60_000
FINE = Standing()
IDENTITY = StoreIdentity(STORE, ACCOUNT, 4, database="one", database_now="one", outlives_process=True)
OVER = an_intent(
    tag=TAG,
    counter=4,
    entry=EntryState.DONE,
    position=PositionState.CLOSED,
    attempt=an_attempt(order_id="7", client_order_id="entry"),
    progress=Progress(opened=D(10), closed=D(10)),
)
LIVE = evolve(OVER, entry=EntryState.DONE, position=PositionState.PROTECTED, progress=Progress(opened=D(10)))


def an_id(purpose: Purpose, counter: int = 4, tag: int = TAG) -> str:
    return mint(tag, counter, ACCOUNT, KEY, 1, purpose).text(IDS)


@define(eq=False)
class Place(InOne):
    """An exchange, a store and a machine: desk, environment, trading, orders and audit in one."""

    now_ms: int = NOW_MS
    intents: dict[str, Intent] = field(factory=dict)
    """The newest of each symbol."""
    counter: int = 4
    shown_fills: Sequence[Fill] = ()
    shown_ended: Sequence[OpenOrder] = ()
    flows: Sequence[CashFlow] = ()
    is_away: bool = False
    settings: OrderSettings = field(factory=OrderSettings)
    cancelled: list[str] = field(factory=list)
    histories: list[tuple[str, int, int]] = field(factory=list)
    money: list[tuple[int, int]] = field(factory=list)

    capabilities = evolve(NATIVE, visibility_lag_ms=LAG_MS)
    ids = IDS
    account = ACCOUNT

    @property
    def identity(self) -> StoreIdentity:
        return evolve(IDENTITY, counter=4)

    @property
    def wall(self) -> Any:
        place = self

        class Wall:
            def now_ms(self) -> int:
                return place.now_ms

        return Wall()

    async def bind(self, account: str) -> StoreIdentity:
        return evolve(IDENTITY, counter=self.counter)

    async def last_of(self, symbol: str) -> Intent | None:
        return self.intents.get(symbol)

    async def cancel(self, symbol: str, order_id: str, kind: OrderKind, *, priority: Priority) -> WriteOutcome:
        self.cancelled.append(order_id)
        return WriteOutcome(WriteResult.ACCEPTED, order_id)

    async def fills(self, symbol: str, since_ms: int, until_ms: int) -> tuple[Fill, ...]:
        self.histories.append((symbol, since_ms, until_ms))
        if self.is_away:
            raise ExchangeUnavailableError("away")
        return tuple(self.shown_fills)

    async def order_history(self, symbol: str, since_ms: int, until_ms: int) -> tuple[OpenOrder, ...]:
        return tuple(self.shown_ended)

    async def cash_flows(self, since_ms: int, until_ms: int) -> tuple[CashFlow, ...]:
        self.money.append((since_ms, until_ms))
        if self.is_away:
            raise ExchangeUnavailableError("away")
        return tuple(self.flows)


@define(eq=False)
class Bench:
    place: Place
    one: Reconciler
    standing: Standing = FINE

    def after(self, milliseconds: int, *shown: OpenOrder | Position, **named: Any) -> Reconciled:
        """A read so much later that shows this, and its reconciliation."""
        self.place.now_ms += milliseconds
        return self.looks(*shown, **named)

    def looks(
        self, *shown: OpenOrder | Position, live: Sequence[Intent] = (), mode: PositionMode | None = None
    ) -> Reconciled:
        positions = tuple(one for one in shown if isinstance(one, Position))
        orders = tuple(one for one in shown if isinstance(one, OpenOrder))
        given = AccountState(self.place.now_ms, D(100), D(100), positions, orders, mode or PositionMode.HEDGE)
        told: list[tuple[Alarm, ...]] = []
        read = Read(given, self.place.now_ms)
        found = asyncio.run(self.one.reconcile(read, live, self.standing, told.append))
        (at_once,) = told
        assert found.revived or set(at_once) <= set(found.alarms)
        self.standing = found.standing or self.standing
        return found


def bench(**changes: Any) -> Bench:
    place = Place(**{"settings": OrderSettings(position_mode=PositionMode.HEDGE), **changes})
    return Bench(place, Reconciler(cast(Any, place)))


def order(client_order_id: str, order_id: str = "55", symbol: str = SYMBOL, *, reduces: bool = False) -> OpenOrder:
    stop = {"purpose": TriggerPurpose.STOP, "trigger": TriggerLevel(D(95), TriggerPrice.MARK)} if reduces else {}
    kind, price = (OrderKind.TRIGGER, None) if reduces else (OrderKind.LIMIT, D(100))
    return OpenOrder(
        symbol, order_id, client_order_id, kind, Side.LONG, D(10), price, reduces, state=OrderState.LIVE, **stop
    )


def position(symbol: str = SYMBOL) -> Position:
    return Position(symbol, Side.LONG, D(10), D(100), D(5), D(0))


def fill(opens: bool, time_ms: int, size: int = 10, name: str = "") -> Fill:
    number = f"{opens}-{time_ms}"
    return Fill(SYMBOL, number, "7", Side.LONG, opens, D(100), D(size), D(0), D(0), True, time_ms, name)


FOREIGN = order("somebody", symbol=OTHER)
SETTLE_MS = 1_000 + LAG_MS


def kinds(found: Reconciled) -> set[AlarmKind]:
    return {alarm.kind for alarm in found.alarms}


def test_what_was_seen_and_does_not_count_yet_wants_another_look_soon() -> None:
    one = bench()
    assert not one.looks().is_unsettled
    assert one.after(1000, FOREIGN).is_unsettled
    assert not one.after(SETTLE_MS, FOREIGN).is_unsettled


def test_a_difference_counts_once_two_reads_apart_have_shown_it_and_the_lag_is_over() -> None:
    one = bench()
    assert kinds(one.looks(FOREIGN)) == set()
    assert kinds(one.after(SETTLE_MS - 1, FOREIGN)) == set()
    found = one.after(1, FOREIGN)
    assert kinds(found) == {AlarmKind.FOREIGN_ORDER}
    assert one.standing.condition is AccountCondition.SHARED
    assert kinds(one.after(1000)) == set(), "it is gone"
    assert kinds(one.after(5000, FOREIGN)) == set(), "and another one begins anew"


def test_a_number_that_the_store_never_gave_puts_the_account_into_recovery_at_once_and_nothing_is_cancelled() -> None:
    one = bench()
    ahead = order(an_id(Purpose.ENTRY, counter=9))
    found = one.looks(ahead)
    assert kinds(found) == {AlarmKind.RECOVERY}
    assert one.standing.condition is AccountCondition.RECOVERY
    orphan = order(an_id(Purpose.ENTRY), "56")
    one.looks(ahead, orphan)
    one.after(SETTLE_MS, ahead, orphan)
    one.after(5000, orphan)
    assert one.place.cancelled == [], "in recovery an operator has to confirm first"


def test_a_number_that_another_process_has_given_out_meanwhile_is_no_difference() -> None:
    one = bench(counter=9)
    found = one.looks(order(an_id(Purpose.ENTRY, counter=9)))
    assert kinds(found) == set()
    assert found.standing is None


def test_an_order_of_ours_that_could_open_without_an_intent_is_cancelled_and_audited() -> None:
    one = bench()
    orphan = order(an_id(Purpose.ENTRY))
    one.looks(orphan)
    assert one.place.cancelled == []
    one.after(SETTLE_MS, orphan)
    assert one.place.cancelled == ["55"]
    (event,) = one.place.audited
    assert (event.action, event.subject, event.actor) == ("orphan_cancelled", SYMBOL, "supervisor")
    assert (event.details["order_id"], event.details["result"]) == ("55", "accepted")


OPENED, CLOSED = fill(True, CREATED_MS), fill(False, CREATED_MS + 5_000)


@pytest.mark.parametrize(
    ("newest", "fills", "is_cancelled"),
    [
        (OVER, (OPENED, CLOSED), True),
        (OVER, (), True),
        (OVER, (fill(True, CREATED_MS - 1),), True),
        (OVER, (OPENED,), False),
        (OVER, (OPENED, fill(False, CREATED_MS + 5_000, size=9)), False),
        (evolve(OVER, position=PositionState.PROTECTED), (OPENED, CLOSED), False),
        (None, (OPENED, CLOSED), False),
    ],
)
def test_what_only_reduces_goes_once_executions_since_its_intent_say_that_nothing_is_left(
    newest: Intent | None, fills: tuple[Fill, ...], is_cancelled: bool
) -> None:
    """Positions may be shown late: a stop that is taken for left over would leave one without."""
    one = bench(intents={} if newest is None else {SYMBOL: newest}, shown_fills=fills)
    left = order(an_id(Purpose.STOP), reduces=True)
    one.looks(left)
    one.after(SETTLE_MS, left)
    assert (one.place.cancelled == ["55"]) is is_cancelled


def test_an_intent_that_was_over_and_has_a_position_by_its_own_executions_is_supervised_again() -> None:
    one = bench(intents={SYMBOL: OVER}, shown_fills=(fill(True, CREATED_MS, name=an_id(Purpose.ENTRY)),))
    assert one.looks(position()).revived == ()
    found = one.after(SETTLE_MS, position())
    assert found.revived == (OVER,)
    assert found.standing is None, "it is ours"


def test_a_position_that_our_orders_opened_and_no_intent_knows_is_told_as_unprotected_until_it_has_a_stop() -> None:
    one = bench(shown_fills=(fill(True, CREATED_MS, name=an_id(Purpose.ENTRY, counter=3)),))
    one.looks(position())
    found = one.after(SETTLE_MS, position())
    assert dict(found.forgotten) == {(SYMBOL, Side.LONG): 3}
    assert kinds(found) == {AlarmKind.FOREIGN_POSITION, AlarmKind.UNPROTECTED}
    assert one.standing.condition is AccountCondition.NORMAL, "nobody else traded"
    found = one.after(1000, position(), order(an_id(Purpose.STOP, counter=3), reduces=True))
    assert (dict(found.forgotten), AlarmKind.UNPROTECTED in kinds(found)) == ({}, False)


def test_a_position_of_somebody_else_stops_entries_once_its_executions_were_read() -> None:
    one = bench(is_away=True)
    one.looks(position())
    with pytest.raises(ExchangeUnavailableError):
        one.after(SETTLE_MS, position())
    one.place.is_away = False
    assert one.after(4_999, position()).standing is None, "it is not their time yet: nobody knows whose it is"
    assert one.after(1, position()).standing is not None
    assert one.standing.condition is AccountCondition.SHARED


def test_the_history_of_a_symbol_without_an_intent_is_read_once_a_minute_and_a_day_back() -> None:
    one = bench()
    one.looks(position())
    for milliseconds in (SETTLE_MS, 1000, MINUTE_MS - 1001, 1):
        one.after(milliseconds, position())
    first, second = one.place.histories
    assert first == (SYMBOL, NOW_MS + SETTLE_MS - 24 * 60 * MINUTE_MS, NOW_MS + SETTLE_MS)
    assert second[2] - first[2] == MINUTE_MS


def test_where_an_intent_ended_lately_whose_the_position_is_is_said_by_the_second_read() -> None:
    """Executions may lag behind the position, and a late fill of ours is not somebody else's trade."""
    over = evolve(OVER, attempt=evolve(OVER.attempt, not_after_ms=NOW_MS - 1000))
    one = bench(intents={SYMBOL: over})
    one.looks(position())
    assert one.after(SETTLE_MS, position()).standing is None
    one.place.shown_fills = (fill(True, CREATED_MS, name=an_id(Purpose.ENTRY)),)
    assert one.after(4_999, position()).revived == ()
    assert one.after(1, position()).revived == (over,)
    assert one.standing.condition is AccountCondition.NORMAL


def test_modes_that_somebody_changed_stop_entries_until_they_are_right_again() -> None:
    one = bench()
    one.looks(mode=PositionMode.ONE_WAY)
    found = one.after(SETTLE_MS, mode=PositionMode.ONE_WAY)
    assert kinds(found) == {AlarmKind.MODES_CHANGED}
    assert one.standing.condition is AccountCondition.MODES_CHANGED
    assert one.standing.since_ms == one.place.now_ms
    one.after(1000, mode=PositionMode.HEDGE)
    assert one.standing.condition is AccountCondition.NORMAL


def test_what_is_worse_stays_until_an_operator_says_otherwise() -> None:
    one = bench()
    one.standing = Standing(AccountCondition.SHARED, 1, "somebody")
    one.looks(mode=PositionMode.ONE_WAY)
    assert one.after(SETTLE_MS, mode=PositionMode.ONE_WAY).standing is None
    assert one.after(1000).standing is None
    one.looks(FOREIGN)
    assert one.after(SETTLE_MS, FOREIGN).standing is None, "it is that already"


def money(symbol: str = OTHER, kind: FlowKind = FlowKind.REALISED_PROFIT) -> CashFlow:
    return CashFlow(f"{symbol} {kind}", kind, symbol, D(-3), NOW_MS + 10)


def test_money_that_moved_in_a_symbol_without_any_intent_is_somebody_elses_trade() -> None:
    one = bench(flows=(money(),))
    one.looks()
    assert one.after(MINUTE_MS - 1).standing is None
    found = one.after(1)
    assert kinds(found) == {AlarmKind.ACCOUNT_SHARED}
    assert one.standing.condition is AccountCondition.SHARED
    assert one.place.money == [(NOW_MS, NOW_MS + MINUTE_MS)]
    one.place.flows = ()
    assert kinds(one.after(1000)) == {AlarmKind.ACCOUNT_SHARED}, "it stands"
    one.standing = Standing(since_ms=one.place.now_ms)
    assert kinds(one.after(1000)) == set(), "an operator confirmed that it is known"


def test_a_trade_elsewhere_that_an_operator_confirms_before_the_next_look_does_not_come_back() -> None:
    one = bench(flows=(money(),))
    one.looks()
    one.after(MINUTE_MS)
    one.place.flows = ()
    one.standing = Standing(since_ms=one.place.now_ms)
    assert one.after(1000).standing is None
    assert one.standing.condition is AccountCondition.NORMAL


def beside_others(others_ms: int | None) -> Intent:
    """A live intent on whose side somebody else traded then."""
    return evolve(LIVE, progress=evolve(LIVE.progress, others_ms=others_ms))


def test_what_others_trade_on_the_side_of_a_live_intent_makes_the_account_shared() -> None:
    one = bench()
    one.looks(live=[beside_others(None)])
    found = one.after(1000, live=[beside_others(None), beside_others(NOW_MS + 500)])
    assert kinds(found) == {AlarmKind.ACCOUNT_SHARED}
    assert one.standing.condition is AccountCondition.SHARED
    assert LIVE.decision_key in one.standing.why
    assert kinds(one.after(1000)) == {AlarmKind.ACCOUNT_SHARED}, "it stands when the intent is over"


def test_what_others_traded_before_an_operator_confirmed_is_known_also_to_a_supervisor_that_starts_then() -> None:
    before, one = beside_others(NOW_MS - 500), bench()
    one.standing = Standing(since_ms=NOW_MS - 100)
    assert kinds(one.looks(live=[before])) == set()
    assert kinds(one.after(1000, live=[before])) == set()
    assert kinds(one.after(1000, live=[beside_others(NOW_MS + 1500)])) == {AlarmKind.ACCOUNT_SHARED}


def test_a_trade_of_others_that_shows_after_an_operator_confirmed_something_else_counts() -> None:
    """It happened before the operator's word, and nobody had seen it then."""
    one = bench()
    one.looks(live=[beside_others(None)])
    one.standing = Standing(since_ms=NOW_MS + 2000)
    assert kinds(one.after(3000, live=[beside_others(NOW_MS + 1000)])) == {AlarmKind.ACCOUNT_SHARED}


def test_what_a_person_trades_by_hand_where_that_is_allowed_is_nothing_new() -> None:
    one = bench(settings=OrderSettings(account_shared_ok=(SYMBOL,)))
    assert kinds(one.looks(live=[beside_others(NOW_MS)])) == set()


@pytest.mark.parametrize(
    "harmless",
    [
        {"flows": (money(kind=FlowKind.TRANSFER),)},
        {"flows": (money(SYMBOL),), "intents": {SYMBOL: OVER}},
        {"flows": (money(""),)},
        {"flows": (money(),), "settings": OrderSettings(account_shared_ok=(OTHER,))},
    ],
)
def test_transfers_and_what_is_ours_or_allowed_are_nobodys_trade(harmless: dict[str, Any]) -> None:
    one = bench(**harmless)
    one.looks()
    assert one.after(MINUTE_MS).standing is None
    one.after(MINUTE_MS)
    assert len(one.place.money) == 2


def test_money_that_cannot_be_read_is_read_from_the_same_instant_on_at_the_next_look() -> None:
    one = bench(is_away=True)
    one.looks()
    one.after(MINUTE_MS)
    one.place.is_away = False
    one.after(1000)
    assert one.place.money == [(NOW_MS, NOW_MS + MINUTE_MS), (NOW_MS, NOW_MS + MINUTE_MS + 1000)]
