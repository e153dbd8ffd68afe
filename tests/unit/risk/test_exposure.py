"""What an account has at stake: positions and orders that may open, and what is reserved, in quote currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import OpenOrder, OrderKind, OrderState, Position, Side, TriggerLevel, TriggerPrice
from mtf_core.risk import Stake, stakes
from tests.unit.risk.facts import account, order, position, reservation, stop_of

D = Decimal
SIZE = D("0.5")
"""Base currency per contract: a slip of units shows."""
LONG, SHORT = frozenset({Side.LONG}), frozenset({Side.SHORT})


def level(price: int) -> TriggerLevel:
    return TriggerLevel(D(price), TriggerPrice.MARK)


def stake(*held: Position | OpenOrder) -> Stake:
    return stakes(account(*held), (), {"BUSDT": SIZE})["BUSDT"]


@pytest.mark.parametrize(
    ("side", "price", "loss"),
    [(Side.LONG, 44, D(3)), (Side.SHORT, 56, D(3)), (Side.LONG, 51, D(0)), (Side.SHORT, 49, D(0))],
)
def test_a_position_may_lose_what_lies_between_its_entry_and_its_stop_and_never_less_than_nothing(
    side: Side, price: int, loss: Decimal
) -> None:
    """One contract of 0.5 at 50, the mark at 52: it is worth 26."""
    held = position("BUSDT", side)
    assert stake(held, stop_of("BUSDT", price, side=side)) == Stake(frozenset({side}), D(26), loss)


@pytest.mark.parametrize(
    "change",
    [
        {"side": Side.SHORT},
        {"reduce_only": False},
        {"state": OrderState.TRIGGERED},
        {"size": D("0.9")},
        {"symbol": "CUSDT"},
        {"purpose": None},
    ],
)
def test_what_is_no_armed_stop_over_all_of_a_position_limits_no_loss(change: dict[str, object]) -> None:
    """Without one it may lose its margin: told, else a fifth of 26."""
    known = stakes(
        account(position("BUSDT"), evolve(stop_of("BUSDT", 44), **change)), (), {"BUSDT": SIZE, "CUSDT": SIZE}
    )
    assert known["BUSDT"].loss_at_stop in {D("5.2"), None}, "an order that may open and has no price is not valued"
    assert stake(position("BUSDT", margin=D(7))).loss_at_stop == 7
    assert stake(position("BUSDT"), stop_of("BUSDT", 44, size=D(1))).loss_at_stop == 3


def test_a_position_whose_mark_is_below_its_entry_is_worth_its_entry() -> None:
    assert stake(position("BUSDT", mark_price=D(40))).notional == 25
    assert stake(position("BUSDT", mark_price=None)).notional == 25


def test_an_order_that_may_open_is_worth_its_rest_and_loses_what_lies_up_to_the_stop_that_travels_in_it() -> None:
    """Two contracts of 0.5 at 50, of which half a contract has filled: 0.75 base."""
    resting = order("BUSDT", filled=D("0.5"))
    assert stake(resting) == Stake(LONG, D("37.5"), D("37.5")), "without a stop, all of it"
    assert stake(order("BUSDT", filled=D("0.5"), stop=level(46))) == Stake(LONG, D("37.5"), D(3))
    short = order("BUSDT", side=Side.SHORT, filled=D("0.5"), stop=level(54))
    assert stake(short) == Stake(SHORT, D("37.5"), D(3))
    beyond = order("BUSDT", filled=D("0.5"), stop=level(51))
    assert stake(beyond).loss_at_stop == 0


def test_an_order_that_waits_for_a_trigger_is_worth_what_it_is_there() -> None:
    waiting = order("BUSDT", kind=OrderKind.TRIGGER, price=None, trigger=level(40))
    assert stake(waiting) == Stake(LONG, D(40), D(40))


@pytest.mark.parametrize("held", [order("BUSDT", price=None), order("BUSDT", size=None), position("XUSDT")])
def test_what_cannot_be_valued_is_not_worth_nothing(held: Position | OpenOrder) -> None:
    (found,) = stakes(account(held), (), {"BUSDT": SIZE}).values()
    assert (found.notional, found.loss_at_stop) == (None, None)
    with_more = stakes(account(held, order(held.symbol)), (), {"BUSDT": SIZE})[held.symbol]
    assert (with_more.notional, with_more.loss_at_stop) == (None, None), "nor is the sum"


def test_orders_that_only_reduce_open_nothing() -> None:
    assert stakes(account(order("BUSDT", reduce_only=True)), (), {"BUSDT": SIZE}) == {}


def test_of_what_is_shown_and_reserved_the_larger_notional_counts_and_the_reserved_loss() -> None:
    shown = position("BUSDT", Side.SHORT)
    for notional, expected in ((100, D(100)), (20, D(26))):
        both = stakes(account(shown), [reservation("BUSDT", notional=notional)], {"BUSDT": SIZE})
        assert both == {"BUSDT": Stake(LONG | SHORT, expected, D(5))}
    alone = stakes(account(), [reservation("BUSDT"), reservation("BUSDT", Side.SHORT)], {})
    assert alone == {"BUSDT": Stake(LONG | SHORT, D(200), D(10))}
    unknown = stakes(account(position("XUSDT")), [reservation("XUSDT")], {})
    assert unknown == {"XUSDT": Stake(LONG, None, D(5))}
