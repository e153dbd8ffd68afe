"""Stops for positions that no intent accounts for: where they stand, when they leave, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import define, evolve, field

from mtf_core.execution.unclaimed import UnclaimedStops
from mtf_core.market import (
    AccountState,
    Capabilities,
    OpenOrder,
    OrderKind,
    Position,
    ProtectiveOrder,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import AskedKind, Purpose, mint, read_client_id, store_tag
from mtf_core.orders.evidence import Read
from mtf_core.ports import Request, StoreIdentity
from mtf_core.settings.trading import OrderSettings
from tests.unit.execution.place import InOne
from tests.unit.orders.intents import ACCOUNT, SYMBOL
from tests.unit.orders.supervision.desk import NATIVE, OWN_SIZED
from tests.unit.orders.supervision.exchange import CONTRACT

D = Decimal
STORE, NOW_MS, LIFE_MS = "store-1", 1_000_000, 300_000
ACCEPTED = WriteOutcome(WriteResult.ACCEPTED)
LONG = Position(SYMBOL, Side.LONG, D(10), D(100), D(5), D(0), mark_price=D(100), opened_ms=5)
SHORT = evolve(LONG, side=Side.SHORT)
BY_LAST = evolve(
    NATIVE,
    position_protection=evolve(NATIVE.position_protection, trigger_prices=frozenset({TriggerPrice.LAST})),  # type: ignore[type-var]
)


@define(eq=False)
class Place(InOne):
    """Desk, environment, stores, audit, exchange and clocks in one."""

    capabilities: Capabilities = NATIVE
    settings: OrderSettings = field(factory=OrderSettings)
    now_ms: int = NOW_MS
    outcome: WriteOutcome = ACCEPTED
    sent: list[ProtectiveOrder] = field(factory=list)

    ids = NATIVE.client_ids
    account = ACCOUNT
    identity = StoreIdentity(STORE, ACCOUNT, 4, database="one", database_now="one", outlives_process=True)

    @property
    def wall(self) -> Any:
        class Wall:
            def now_ms(self) -> int:
                return 77

        return Wall()

    async def submit_protection(self, order: ProtectiveOrder) -> WriteOutcome:
        self.sent.append(order)
        return self.outcome


@define(eq=False)
class Bench:
    place: Place
    one: UnclaimedStops

    def asks(self, asked: Request, *shown: Position | OpenOrder) -> str:
        return asyncio.run(self.one.protect(Read(state(shown), self.place.now_ms), asked))

    def forgets(self, *shown: Position | OpenOrder, counter: int = 9, listed: bool = True) -> list[ProtectiveOrder]:
        """What leaves for positions whose plan is lost, those of the long and the short side alike."""
        before = len(self.place.sent)
        lost = {(SYMBOL, side): counter for side in Side}
        contracts = {SYMBOL: CONTRACT} if listed else {}
        asyncio.run(self.one.protect_forgotten(state(shown), lost, contracts))
        return self.place.sent[before:]


def bench(**changes: Any) -> Bench:
    place = Place(**changes)
    return Bench(place, UnclaimedStops(cast(Any, place)))


def state(shown: Sequence[Position | OpenOrder]) -> AccountState:
    positions = tuple(one for one in shown if isinstance(one, Position))
    orders = tuple(one for one in shown if isinstance(one, OpenOrder))
    return AccountState(NOW_MS, D(100), D(100), positions, orders)


def request(stop: str = "95", number: int = 3, **more: str) -> Request:
    return Request(number, SYMBOL, str(AskedKind.PROTECT), {"stop": stop, **more}, "ann", NOW_MS)


def as_it_stands(order: ProtectiveOrder) -> OpenOrder:
    return OpenOrder(
        order.symbol,
        "55",
        order.client_order_id,
        OrderKind.TRIGGER,
        order.side,
        order.size,
        None,
        reduce_only=True,
        trigger=order.trigger,
        purpose=order.purpose,
    )


SOMEBODYS = as_it_stands(
    ProtectiveOrder(SYMBOL, Side.LONG, TriggerPurpose.STOP, TriggerLevel(D(90), TriggerPrice.MARK), None, "somebody")
)


def price_of(order: ProtectiveOrder) -> Decimal:
    return order.trigger.price


# By hand


def test_a_stop_by_hand_leaves_once_and_is_done_when_it_is_read_back() -> None:
    at = bench()
    assert at.asks(request(), LONG) == ""
    (order,) = at.place.sent
    assert (order.symbol, order.side, order.purpose) == (SYMBOL, Side.LONG, TriggerPurpose.STOP)
    assert order.trigger == TriggerLevel(D(95), TriggerPrice.MARK)
    assert at.asks(request(), LONG) == ""
    assert at.place.sent == [order]
    assert at.asks(request(), LONG, as_it_stands(order)) == "done: a stop stands at 95"


def test_each_request_has_an_id_of_its_own_that_bears_no_intents_number() -> None:
    at = bench()
    for number in (3, 4):
        at.asks(request(number=number), LONG)
    first, second = (read_client_id(order.client_order_id, NATIVE.client_ids) for order in at.place.sent)
    assert first is not None
    assert (first.tag, first.counter, first.purpose) == (store_tag(STORE), 0, Purpose.HAND)
    assert first != second


@pytest.mark.parametrize(("capabilities", "size"), [(NATIVE, None), (OWN_SIZED, D(10))])
def test_it_covers_the_whole_position_by_itself_or_by_its_size(
    capabilities: Capabilities, size: Decimal | None
) -> None:
    at = bench(capabilities=capabilities)
    at.asks(request(), LONG)
    assert [order.size for order in at.place.sent] == [size]


def test_a_stop_that_stands_already_is_left_to_the_exchange() -> None:
    at = bench()
    assert at.asks(request(), LONG, SOMEBODYS).startswith("refused: a stop stands already")
    assert at.place.sent == []


@pytest.mark.parametrize("shown", [(), (LONG, SHORT)])
def test_it_has_to_be_one_position(shown: tuple[Position, ...]) -> None:
    at = bench()
    other = evolve(LONG, symbol="ETHUSDT")
    said = at.asks(request(), *shown, other)
    assert said == f"nothing was done: {SYMBOL} has no live intent, and {len(shown)} positions"
    assert at.place.sent == []


@pytest.mark.parametrize("side", Side)
def test_a_stop_that_would_fire_at_once_is_refused_and_one_a_tick_away_is_not(side: Side) -> None:
    held, mark = evolve(LONG, side=side), D(100)
    for price in (mark, mark + side.sign):
        at = bench()
        assert "it would fire at once" in at.asks(request(f"{price}"), held)
        assert at.place.sent == []
    near = bench()
    assert near.asks(request(f"{mark - side.sign * D('0.1')}"), held) == ""
    assert len(near.place.sent) == 1


@pytest.mark.parametrize("stop", ["", "none", "0", "-5", "NaN", "Infinity"])
def test_what_is_no_price_above_zero_is_refused(stop: str) -> None:
    at = bench()
    assert at.asks(request(stop), LONG) == "refused: without an intent only a stop can be set, at a price above zero"
    assert at.place.sent == []


def test_only_a_stop_can_be_asked_for_whether_or_not_it_may_be_looser() -> None:
    assert bench().asks(request(looser="yes"), LONG) == ""
    assert "only a stop can be set" in bench().asks(request(target="110"), LONG)


def test_without_a_mark_price_it_is_to_be_asked_again() -> None:
    assert bench().asks(request(), evolve(LONG, mark_price=None)) == "refused: the mark price is not known; ask again"


@pytest.mark.parametrize("capabilities", [evolve(NATIVE, position_protection=None), BY_LAST])
def test_where_no_stop_by_the_mark_can_stand_alone_none_is_placed(capabilities: Capabilities) -> None:
    at = bench(capabilities=capabilities)
    assert at.asks(request(), LONG) == "refused: no stop of its own can be placed at this exchange"
    assert at.forgets(LONG) == []


def test_a_request_lapses_after_its_life_and_not_at_its_last_instant() -> None:
    at = bench()
    at.place.now_ms = NOW_MS + LIFE_MS
    assert at.asks(request(), LONG) == ""
    at.place.now_ms += 1
    assert at.asks(request(), LONG).startswith("lapsed")


def test_what_the_exchange_refuses_is_told_in_its_words_and_what_is_not_known_waits() -> None:
    refuses = bench(outcome=WriteOutcome(WriteResult.REJECTED, code="off_tick"))
    assert refuses.asks(request(), LONG) == "refused by the exchange: rejected off_tick"
    assert bench(outcome=WriteOutcome(WriteResult.UNKNOWN)).asks(request(), LONG) == ""


def test_the_trail_says_who_placed_which_stop_and_what_came_of_it() -> None:
    at = bench(outcome=WriteOutcome(WriteResult.REJECTED, code="off_tick"))
    at.asks(request(), LONG)
    at.forgets(LONG)
    wished, forgotten = at.place.audited
    assert (wished.time_ms, wished.actor, wished.action, wished.subject) == (
        77,
        "ann",
        "unclaimed_position_protected",
        SYMBOL,
    )
    assert wished.details == {"stop": "95", "result": "rejected", "code": "off_tick"}
    assert (forgotten.actor, forgotten.details["stop"]) == ("supervisor", "98.0")


# By itself


@pytest.mark.parametrize(
    ("side", "liquidation", "pct", "price"),
    [
        (Side.LONG, None, "0.02", "98"),
        (Side.SHORT, None, "0.02", "102"),
        (Side.LONG, "97.9", "0.02", "98"),
        (Side.LONG, "98", "0.02", "99"),  # half way: at the liquidation it would never fire
        (Side.LONG, "99", "0.02", "99.5"),
        (Side.SHORT, "102.1", "0.02", "102"),
        (Side.SHORT, "102", "0.02", "101"),
        (Side.SHORT, "101", "0.02", "100.5"),
        (Side.LONG, None, "0.0205", "98"),  # onto the grid, towards the mark
        (Side.SHORT, None, "0.0205", "102"),
    ],
)
def test_a_stop_of_a_lost_plan_stands_so_far_from_the_mark_and_never_at_or_beyond_the_liquidation(
    side: Side, liquidation: str | None, pct: str, price: str
) -> None:
    at = bench(settings=OrderSettings(forgotten_stop_pct=D(pct)))
    held = evolve(LONG, side=side, liquidation_price=None if liquidation is None else D(liquidation))
    (order,) = at.forgets(held)
    assert (price_of(order), order.side, order.trigger.by) == (D(price), side, TriggerPrice.MARK)
    made = read_client_id(order.client_order_id, NATIVE.client_ids)
    assert made is not None
    assert (made.tag, made.counter, made.purpose) == (store_tag(STORE), 9, Purpose.STOP)


@pytest.mark.parametrize("side", Side)
def test_a_stop_that_the_grid_would_put_onto_the_mark_is_not_placed(side: Side) -> None:
    at = bench(settings=OrderSettings(forgotten_stop_pct=D("0.0005")))
    assert at.forgets(evolve(LONG, side=side)) == []


def test_what_costs_less_than_one_gets_its_stop_as_well() -> None:
    cheap = evolve(LONG, entry_price=D("0.5"), mark_price=D("0.5"))
    at = bench(settings=OrderSettings(forgotten_stop_pct=D("0.4")))
    assert [price_of(order) for order in at.forgets(cheap)] == [D("0.3")]
    assert at.asks(request("0.4"), cheap) == ""
    assert price_of(at.place.sent[-1]) == D("0.4")


def test_its_id_stays_the_same_from_version_to_version() -> None:
    """It is all that keeps a process that begins anew from a second stop while the first one is not shown yet."""
    at = bench()
    (order,) = at.forgets(LONG)
    made = mint(store_tag(STORE), 9, ACCOUNT, f"{SYMBOL}:long:5:100", 1, Purpose.STOP)
    assert order.client_order_id == made.text(NATIVE.client_ids)


def test_nothing_is_placed_where_it_cannot_be_said_where_or_is_not_wanted() -> None:
    at = bench()
    assert at.forgets(LONG, listed=False) == []
    assert at.forgets(evolve(LONG, mark_price=None)) == []
    for pct in (0, 1):  # a price of zero is none
        assert bench(settings=OrderSettings(forgotten_stop_pct=D(pct))).forgets(LONG) == []


def test_a_position_of_somebody_else_and_one_that_has_a_stop_get_none() -> None:
    at = bench()
    foreign = evolve(LONG, symbol="ETHUSDT")
    assert [order.side for order in at.forgets(foreign, LONG, SHORT, SOMEBODYS)] == [Side.SHORT]


def test_it_is_sent_again_every_ten_seconds_under_the_same_id_while_the_position_is_the_same() -> None:
    at = bench()
    (first,) = at.forgets(LONG)
    at.place.now_ms += 9_999
    assert at.forgets(LONG) == []
    at.place.now_ms += 1
    (again,) = at.forgets(evolve(LONG, size=D(4)))
    assert again.client_order_id == first.client_order_id
    for another in (evolve(LONG, opened_ms=6), evolve(LONG, entry_price=D(101)), SHORT):
        (order,) = at.forgets(another)
        assert order.client_order_id != first.client_order_id
