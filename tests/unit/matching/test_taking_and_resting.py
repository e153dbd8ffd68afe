"""Takers walk the book; orders that rest wait for it."""

import pytest

from mtf_adapters.sandbox.matching.commands import Action, Deleverage, OpenAccount, SelfTrade, StatusChange
from mtf_adapters.sandbox.matching.events import Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import ContractStatus, OrderState, OversizedExit, PositionMode, Side, TimeInForce
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, causes, executions, order, refused, stop


@pytest.fixture
def desk() -> Desk:
    """The market stands at 100: 1000 contracts each at 99.5, 99, 98.5 and at 100.5, 101, 101.5."""
    desk = Desk()
    desk.at(100)
    return desk


def test_a_market_order_walks_the_book_and_pays_the_takers_fee(desk: Desk) -> None:
    """1000 at 100.5 and 500 at 101: 0.01 · (100,500 + 50,500) = 1,510 in value, of which 0.05 % is 0.755."""
    result = desk.place("open long", 1500, leverage=D(5))
    assert executions(result) == [(D(1000), D("100.5")), (D(500), D(101))]
    position = desk.position()
    assert (position.size, position.margin, position.fees) == (D(1500), D(302), D("0.755"))
    assert desk.balance.wallet == D(10_000) - D("0.755")


def test_what_a_market_order_does_not_find_is_cancelled(desk: Desk) -> None:
    number = accepted(desk.place("open long", 4000))
    order = desk.order(number)
    assert (order.filled, order.state) == (D(3000), OrderState.CANCELLED)


def test_what_was_taken_of_a_level_is_gone_until_the_next_tick(desk: Desk) -> None:
    desk.place("open long", 700)
    assert executions(desk.place("open long", 700)) == [(D(300), D("100.5")), (D(400), D(101))]
    shown = desk.engine.tick(SYMBOL)
    assert shown is not None
    assert [(level.price, level.size) for level in shown.asks] == [(D(101), D(600)), (D("101.5"), D(1000))]
    desk.at(100)
    assert executions(desk.place("open long", 700)) == [(D(700), D("100.5"))]


def test_a_limit_takes_up_to_its_price_and_rests_with_what_is_left(desk: Desk) -> None:
    number = accepted(desk.place("open long", 2500, 101))
    order = desk.order(number)
    assert (order.filled, order.average_price, order.state) == (D(2000), D("100.75"), OrderState.LIVE)


def test_a_resting_order_fills_at_its_own_price_when_the_book_comes_to_it(desk: Desk) -> None:
    number = accepted(desk.place("open long", 10, 99))
    assert causes(desk.at(99.5)) == []
    assert desk.order(number).state is OrderState.LIVE
    result = desk.at(98)
    assert executions(result) == [(D(10), D(99))]
    assert desk.fills()[0].is_maker
    assert desk.fills()[0].fee == D(10) * D("0.01") * D(99) * D("0.0002")


def test_a_resting_order_fills_by_no_more_than_what_reaches_its_price(desk: Desk) -> None:
    number = accepted(desk.place("open long", 50, 99))
    desk.at(99, asks=[(99, 20), (99.5, 1000)])
    assert desk.order(number).filled == D(20)
    desk.at(99, asks=[(98.5, 5), (99, 7), (99.5, 1000)])
    assert desk.order(number).filled == D(32)


def test_trades_fill_what_rests_at_a_better_price_but_not_at_the_same(desk: Desk) -> None:
    at_price = accepted(desk.place("open long", 50, 99))
    better = accepted(desk.place("open long", 50, 99.5))
    result = desk.at(99, asks=[(100, 1000)], traded=70)
    assert executions(result) == [(D(50), D("99.5"))]
    assert desk.order(better).state is OrderState.FILLED
    assert desk.order(at_price).filled == 0
    assert executions(desk.at(98.5, asks=[(100, 1000)], traded=30)) == [(D(30), D(99))]


def test_better_prices_come_first_then_older_orders(desk: Desk) -> None:
    desk.do(OpenAccount("you", D(10_000)))
    late = accepted(desk.place("open long", 10, 99, account="you"))
    later = accepted(desk.place("open long", 10, 99))
    best = accepted(desk.place("open long", 10, 99.5))
    desk.at(99, asks=[(99, 25)])
    filled = [desk.order(best).filled, desk.order(late, "you").filled, desk.order(later).filled]
    assert filled == [D(10), D(10), D(5)]


def test_accounts_trade_with_each_other_the_maker_at_his_price_and_fee(desk: Desk) -> None:
    desk.do(OpenAccount("you", D(10_000)))
    desk.place("open short", 10, 100, account="you")
    result = desk.place("open long", 10, 101)
    assert executions(result) == [(D(10), D(100))] * 2
    assert [fill.is_maker for fill in (*desk.fills("you"), *desk.fills())] == [True, False]


@pytest.mark.parametrize(
    ("policy", "maker_ends", "taker_ends"),
    [
        (SelfTrade.CANCEL_MAKER, True, False),
        (SelfTrade.CANCEL_TAKER, False, True),
        (SelfTrade.CANCEL_BOTH, True, True),
    ],
)
def test_an_account_does_not_trade_with_itself(
    desk: Desk, policy: SelfTrade, maker_ends: bool, taker_ends: bool
) -> None:
    maker = accepted(desk.place("open short", 10, 100))
    taker = accepted(desk.place("open long", 10, 100, self_trade=policy))
    assert desk.fills() == ()
    ended = [desk.order(number).state is OrderState.CANCELLED for number in (maker, taker)]
    assert ended == [maker_ends, taker_ends]


def test_immediate_or_cancel_takes_what_is_there_and_ends(desk: Desk) -> None:
    result = desk.place("open long", 1500, 100.5, time_in_force=TimeInForce.IOC)
    assert causes(result) == ["placed", "filled", "not_filled"]
    assert desk.order(accepted(result)).filled == D(1000)
    assert desk.balance.order_margin == 0


def test_fill_or_kill_fills_whole_or_is_refused(desk: Desk) -> None:
    assert refused(desk.place("open long", 1001, 100.5, time_in_force=TimeInForce.FOK)) is Refusal.WOULD_NOT_FILL
    assert desk.order(accepted(desk.place("open long", 1000, 100.5, time_in_force=TimeInForce.FOK))).filled == D(1000)


def test_what_other_accounts_offer_counts_for_a_fill_or_kill_and_what_ones_own_does_does_not(desk: Desk) -> None:
    desk.do(OpenAccount("you", D(10_000)))
    desk.place("open short", 50, 100, account="you")
    desk.place("open short", 70, 100)
    whole = TimeInForce.FOK
    assert refused(desk.place("open long", 1051, 100.5, time_in_force=whole)) is Refusal.WOULD_NOT_FILL
    ends_itself = desk.place("open long", 10, 100.5, time_in_force=whole, self_trade=SelfTrade.CANCEL_TAKER)
    assert refused(ends_itself) is Refusal.WOULD_NOT_FILL
    number = accepted(desk.place("open long", 1050, 100.5, time_in_force=whole))
    assert desk.order(number).filled == D(1050)


def test_where_the_venue_says_so_a_fill_or_kill_that_cannot_fill_is_accepted_and_cancelled() -> None:
    desk = Desk(rules=VenueRules(fill_or_kill_rejected_late=True))
    desk.at(100)
    result = desk.place("open long", 1001, 100.5, time_in_force=TimeInForce.FOK)
    assert causes(result) == ["placed", "not_filled"]
    assert desk.fills() == ()


def test_a_market_order_that_has_to_fill_whole_is_valued_as_deep_as_it_goes(desk: Desk) -> None:
    """1500 contracts cost 1,510 in all; at the touch alone they would be worth 1,507.5."""
    poor = Desk(balance=1510)
    poor.at(100)
    result = poor.place("open long", 1500, leverage=D(1), time_in_force=TimeInForce.FOK)
    assert refused(result) is Refusal.NOT_ENOUGH_BALANCE


def test_post_only_rests_or_is_refused(desk: Desk) -> None:
    assert refused(desk.place("open long", 10, 100.5, post_only=True)) is Refusal.WOULD_TAKE
    assert causes(desk.place("open long", 10, 100, post_only=True)) == ["placed"]
    assert refused(desk.place("open short", 10, 100, post_only=True)) is Refusal.WOULD_TAKE


def test_where_the_venue_says_so_a_post_only_order_that_would_take_is_accepted_and_cancelled() -> None:
    desk = Desk(rules=VenueRules(post_only_rejected_late=True))
    desk.at(100)
    result = desk.place("open long", 10, 100.5, post_only=True)
    assert causes(result) == ["placed", "not_filled"]


def test_an_order_that_waits_to_be_live_meets_the_market_of_its_moment() -> None:
    desk = Desk(rules=VenueRules(live_after_ms=300))
    desk.at(100)
    number = accepted(desk.place("open long", 10, 101))
    assert desk.order(number).state is OrderState.PENDING
    assert desk.balance.order_margin > 0
    assert desk.engine.next_timer_ms() == desk.now_ms + 300
    result = desk.at(95, after_ms=300)
    assert causes(result, number) == ["live", "filled"]
    assert executions(result) == [(D(10), D("100.5"))], "the book before the tick"


def test_nothing_is_executed_while_trading_stands_still(desk: Desk) -> None:
    number = accepted(desk.place("open long", 10, 99))
    desk.do(StatusChange(SYMBOL, ContractStatus.UNKNOWN))
    assert causes(desk.at(95)) == []
    assert refused(desk.place("open long", 10)) is Refusal.NOT_TRADING
    assert causes(desk.do(StatusChange(SYMBOL, ContractStatus.TRADING)), number) == ["filled"]


def test_one_way_orders_close_first_and_open_the_other_side_with_the_rest() -> None:
    desk = Desk(mode=PositionMode.ONE_WAY)
    desk.at(100)
    desk.place("buy", 30)
    result = desk.place("sell", 50)
    assert [(fill.side, fill.opens, fill.size) for fill in desk.fills()[-2:]] == [
        (Side.LONG, False, D(30)),
        (Side.SHORT, True, D(20)),
    ]
    assert desk.position(Side.LONG) is None
    assert desk.position(Side.SHORT).size == D(20)
    assert desk.order(accepted(result)).filled == D(50)


def test_hedged_accounts_hold_both_sides_of_a_symbol(desk: Desk) -> None:
    desk.place("open long", 30)
    desk.place("open short", 20)
    assert (desk.position(Side.LONG).size, desk.position(Side.SHORT).size) == (D(30), D(20))


@pytest.mark.parametrize(
    ("mode", "words", "refusal"),
    [
        (PositionMode.HEDGE, "buy", Refusal.WRONG_POSITION_MODE),
        (PositionMode.ONE_WAY, "open long", Refusal.WRONG_POSITION_MODE),
    ],
)
def test_an_order_names_its_position_on_hedged_accounts_alone(mode: PositionMode, words: str, refusal: Refusal) -> None:
    desk = Desk(mode=mode)
    desk.at(100)
    assert refused(desk.place(words, 10)) is refusal


def test_on_a_hedged_account_what_is_done_fits_the_position_that_is_named(desk: Desk) -> None:
    wrong = order("open long", 10)
    for action, reduces in ((Action.SELL, False), (Action.BUY, True)):
        command = type(wrong)(
            "me", SYMBOL, action, D(10), wrong.order_type, None, reduce_only=reduces, position_side=Side.LONG
        )
        assert refused(desk.do(command)) is Refusal.INVALID


def test_what_a_taker_cannot_carry_nobody_sells_to_him() -> None:
    """At 100.5 his 31 are enough for 150; at 110 they are not, so the order at 110 keeps standing."""
    desk = Desk()
    desk.do(OpenAccount("poor", D(31)))
    desk.at(100, asks=[("100.5", 1)], bids=[(50, 1)])
    maker = accepted(desk.place("open short", 200, 110, leverage=D(5)))
    result = desk.place("open long", 150, account="poor", leverage=D(5))
    assert executions(result) == [(D(1), D("100.5"))]
    assert causes(result)[-1] == "no_margin"
    assert desk.order(maker).filled == 0


def test_an_exit_that_has_to_fill_whole_and_turn_the_position_is_refused_where_that_cannot_be_paid() -> None:
    """It would close 10 and open 4,000 at 5x, which asks for 800 of 100."""
    reverses = VenueRules(oversized_exit=OversizedExit.REVERSES)
    desk = Desk(rules=reverses, mode=PositionMode.ONE_WAY, balance=100)
    desk.at(100, bids=[("99.5", 10_000)])
    desk.place("buy", 10, leverage=D(5))
    whole = desk.place("reduce sell", 4010, 99, time_in_force=TimeInForce.FOK)
    assert refused(whole) is Refusal.WOULD_NOT_FILL
    assert desk.position().size == D(10)


def test_a_fill_or_kill_exit_whose_position_shrank_before_it_was_live_fills_nothing() -> None:
    desk = Desk(rules=VenueRules(live_after_ms=300))
    desk.at(100)
    desk.place("open long", 10)
    desk.at(100, after_ms=300)
    number = accepted(desk.place("close long", 10, 99, time_in_force=TimeInForce.FOK))
    desk.do(Deleverage("me", SYMBOL, Side.LONG, D(4)))
    desk.at(100, after_ms=300)
    assert (desk.order(number).state, desk.order(number).filled) == (OrderState.CANCELLED, 0)
    assert desk.position().size == D(6)


def test_a_market_order_may_stop_short_of_a_price_too_far_away() -> None:
    desk = Desk(rules=VenueRules(market_reach=D("0.01")))
    desk.at(100, asks=[(100.5, 4), (101, 3), (101.5, 50)])
    result = desk.place("open long", 20, leverage=D(2))
    taken = desk.order(accepted(result))
    assert (taken.filled, taken.state, taken.price) == (D(7), OrderState.CANCELLED, None)


def test_elsewhere_it_takes_what_the_book_offers() -> None:
    desk = Desk()
    desk.at(100, asks=[(100.5, 4), (101, 3), (101.5, 50)])
    assert desk.order(accepted(desk.place("open long", 20, leverage=D(2)))).filled == D(20)


def test_a_stop_that_fires_into_an_empty_market_closes_a_part() -> None:
    desk = Desk(rules=VenueRules(market_reach=D("0.01")))
    desk.at(100)
    desk.place("open long", 10, leverage=D(2))
    desk.do(stop(10, 95))
    desk.at(95, bids=[(94.5, 4), (90, 50)])
    assert desk.position().size == D(6)
