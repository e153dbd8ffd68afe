"""Takers walk the book; orders that rest wait for it."""

from mtf_core.market import OrderState, Side
from tests.unit.matching.exchange import D, Desk, accepted, causes, executions


def test_a_market_order_walks_the_book_and_pays_the_takers_fee() -> None:
    """1000 at 100.5 and 500 at 101: 0.01 · (100,500 + 50,500) = 1,510 in value, of which 0.05 % is 0.755."""
    desk = Desk()
    desk.at(100)
    result = desk.place("open long", 1500, leverage=D(5))
    assert executions(result) == [(D(1000), D("100.5")), (D(500), D(101))]
    position = desk.position()
    assert (position.size, position.margin, position.fees) == (D(1500), D(302), D("0.755"))
    assert desk.balance.wallet == D(10_000) - D("0.755")


def test_what_was_taken_of_a_level_is_gone_until_the_next_tick() -> None:
    desk = Desk()
    desk.at(100)
    desk.place("open long", 700)
    assert executions(desk.place("open long", 700)) == [(D(300), D("100.5")), (D(400), D(101))]
    desk.at(100)
    assert executions(desk.place("open long", 700)) == [(D(700), D("100.5"))]


def test_a_resting_order_fills_at_its_own_price_when_the_book_comes_to_it() -> None:
    desk = Desk()
    desk.at(100)
    order = accepted(desk.place("open long", 10, 99))
    assert causes(desk.at(99.5)) == []
    assert desk.order(order).state is OrderState.LIVE
    result = desk.at(98)
    assert executions(result) == [(D(10), D(99))]
    assert desk.fills()[0].is_maker
    assert desk.position(Side.LONG).entry_price == D(99)
