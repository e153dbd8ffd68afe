"""Positions beside their plans, orders beside their owners: from one sync and the live intents alone."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from attrs import evolve

from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.inquiry.holdings import Holding, Holdings, LiveOrder, Owner, holdings_of
from mtf_core.market import (
    AccountState,
    OpenOrder,
    OrderKind,
    OrderState,
    Position,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders import EntryState, Intent, PositionState, Progress, Purpose, mint
from mtf_core.orders.evidence import StopFault
from tests.unit.orders.intents import SYMBOL, an_attempt, an_intent

D = Decimal
IDS, TAG = CAPABILITIES.client_ids, 1
HELD = an_intent(
    attempt=an_attempt(order_id="7", filled=D(10)),
    entry=EntryState.DONE,
    position=PositionState.PROTECTED,
    progress=Progress(held=D(10), opened=D(10), first_fill_ms=1_500_000),
)
"""Long ten at 100, stop at 95, target at 110."""


def position(**changes: object) -> Position:
    shown = Position(SYMBOL, Side.LONG, D(10), D("100.2"), D(5), D("0.03"), mark_price=D("103.2"), opened_ms=1_500_000)
    return evolve(shown, **changes)


def order(
    purpose: TriggerPurpose | None = None, price: object = 95, client_id: str = "", **changes: object
) -> OpenOrder:
    waits = purpose is not None
    shown = OpenOrder(
        symbol=SYMBOL,
        order_id=f"{purpose}-{price}-{client_id}",
        client_order_id=client_id,
        kind=OrderKind.TRIGGER if waits else OrderKind.LIMIT,
        side=Side.LONG,
        size=D(10),
        price=None if waits else D(str(price)),
        reduce_only=waits,
        trigger=TriggerLevel(D(str(price)), TriggerPrice.MARK) if waits else None,
        purpose=purpose,
        created_ms=1_600_000,
    )
    return evolve(shown, **changes)


STOP = order(TriggerPurpose.STOP, 95, HELD.id_of(Purpose.STOP, 0, IDS))
TARGET = order(TriggerPurpose.TARGET, 110, HELD.id_of(Purpose.TARGET, 0, IDS))


def shown(
    positions: tuple[Position, ...] = (position(),),
    orders: tuple[OpenOrder, ...] = (STOP, TARGET),
    live: tuple[Intent, ...] = (HELD,),
    tag: int | None = TAG,
) -> Holdings:
    return holdings_of(AccountState(2_000_000, D(900), D(1000), positions, orders), live, tag, IDS)


def only_position(found: Holdings) -> Holding:
    (holding,) = found.positions
    return holding


def only_order(found: Holdings) -> LiveOrder:
    (live,) = found.orders
    return live


def test_a_position_stands_beside_its_stop_its_target_and_its_plan() -> None:
    holding = only_position(shown())
    assert (holding.ours, holding.foreign, holding.fault) == (10, 0, None)
    assert (holding.stop, holding.targets) == (STOP, (TARGET,))
    assert holding.stop_since_ms == 1_600_000
    assert holding.r_now == D("0.6"), "three of the five between planned entry and first stop"
    document = holding.to_json()
    assert (document["stop_price"], document["targets"][0]["price"]) == ("95", "110")
    assert (document["plan"]["entry_price"], document["plan"]["size"]) == ("100", "10")


def test_r_is_measured_from_the_first_stop_wherever_the_stop_stands_now() -> None:
    raised = evolve(HELD, progress=evolve(HELD.progress, stop=TriggerLevel(D(100), TriggerPrice.MARK)))
    assert only_position(shown(live=(raised,))).r_now == D("0.6")
    assert only_position(shown(positions=(position(mark_price=None),))).r_now is None


@pytest.mark.parametrize(
    ("orders", "fault"),
    [
        ((), StopFault.NONE_ARMED),
        ((STOP, evolve(STOP, order_id="8")), StopFault.SEVERAL),
        ((evolve(STOP, size=D(4)),), StopFault.WRONG_SIZE),
        ((evolve(STOP, trigger=TriggerLevel(D(90), TriggerPrice.MARK)),), StopFault.LOOSER),
        ((evolve(STOP, trigger=TriggerLevel(D(97), TriggerPrice.MARK)),), None),
        ((evolve(STOP, state=OrderState.PENDING),), StopFault.NONE_ARMED),
    ],
)
def test_what_is_wrong_with_the_stop_is_named(orders: tuple[OpenOrder, ...], fault: StopFault | None) -> None:
    assert only_position(shown(orders=orders)).fault is fault


def test_what_a_person_added_is_foreign_and_what_is_gone_is_not_ours_any_more() -> None:
    assert (
        only_position(shown((position(size=D(25)),))).ours,
        only_position(shown((position(size=D(25)),))).foreign,
    ) == (
        10,
        15,
    )
    assert only_position(shown((position(size=D(4)),))).ours == 4
    foreign = only_position(shown(live=()))
    assert (foreign.intent, foreign.ours, foreign.foreign) == (None, 0, 10)
    assert foreign.stop == STOP, "a foreign position may have a stop of its own"
    assert foreign.to_json()["plan"] is None


def test_a_position_of_the_other_side_is_none_of_ours() -> None:
    found = shown((position(side=Side.SHORT),))
    assert only_position(found).intent is None
    assert found.waiting == (HELD,)


def test_an_order_is_known_by_its_ids() -> None:
    entry = order(price=100, client_id="entry-1")
    assert (only_order(shown(orders=(entry,))).owner, only_order(shown(orders=(entry,))).purpose) == (
        Owner.OURS,
        "entry",
    )
    by_number = order(price=100, order_id="7")
    assert only_order(shown(orders=(by_number,))).decision_key == HELD.decision_key
    assert only_order(shown(orders=(TARGET,))).purpose == "target"


def test_a_stop_that_travelled_in_the_entry_has_no_id_and_is_ours_while_there_is_a_position() -> None:
    nameless = order(TriggerPurpose.STOP)
    assert only_order(shown(orders=(nameless,))).owner is Owner.OURS
    none_yet = evolve(HELD, position=PositionState.NONE)
    assert only_order(shown(orders=(nameless,), live=(none_yet,))).owner is Owner.FOREIGN
    other_side = evolve(nameless, side=Side.SHORT)
    assert only_order(shown(orders=(other_side,))).owner is Owner.FOREIGN


def test_an_order_of_this_store_without_an_intent_is_an_orphan_and_anything_else_is_foreign() -> None:
    gone = order(price=100, client_id=mint(TAG, 9, "account", "gone", 1, Purpose.CLOSE).text(IDS), reduce_only=True)
    assert (only_order(shown(orders=(gone,))).owner, only_order(shown(orders=(gone,))).purpose) == (
        Owner.ORPHAN,
        "close",
    )
    other_store = order(price=100, client_id=mint(TAG + 1, 1, "account", "k", 1, Purpose.ENTRY).text(IDS))
    for orders in ((other_store,), (order(price=100),), (order(price=100, client_id="by-hand"),)):
        assert only_order(shown(orders=orders)).owner is Owner.FOREIGN
    assert only_order(shown(orders=(gone,), live=(), tag=None)).owner is Owner.FOREIGN


def test_an_order_of_another_symbol_is_not_taken_for_ours() -> None:
    elsewhere = evolve(STOP, symbol="ETHUSDT")
    assert only_order(shown(orders=(elsewhere,))).owner is Owner.ORPHAN


def test_an_intent_without_a_position_waits_and_one_symbol_can_be_looked_at_alone() -> None:
    waits = an_intent(decision_key="ETHUSDT:5m:0:long", wanted=evolve(HELD.wanted, symbol="ETHUSDT"))
    found = shown(live=(HELD, waits))
    assert found.waiting == (waits,)
    assert found.of("ETHUSDT").positions == ()
    assert [one.symbol for one in found.of("ETHUSDT").waiting] == ["ETHUSDT"]
    assert found.of(SYMBOL).waiting == ()
    assert found.of(None) == found


def test_everything_is_told_as_json() -> None:
    found = shown((position(), position(symbol="ETHUSDT")), (STOP, TARGET, order(price=100)))
    json.dumps([found.positions_to_json(), found.orders_to_json()], allow_nan=False)
