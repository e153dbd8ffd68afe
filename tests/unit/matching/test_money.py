"""Margins, fees, leverage, funding, liquidation: what of an account's money is where, and what it costs."""

from time import process_time

import pytest
from attrs import evolve

from mtf_adapters.sandbox.matching.commands import (
    CancelAll,
    Funding,
    OpenAccount,
    SetLeverage,
    SetPositionMode,
    Transfer,
)
from mtf_adapters.sandbox.matching.events import Accepted, Booked, Liquidated, Refusal, Refused
from mtf_core.market import BracketUnit, FillCause, FlowKind, MarginMode, OrderState, PositionMode, Side
from tests.unit.matching.exchange import (
    BRACKETS,
    SYMBOL,
    D,
    Desk,
    accepted,
    causes,
    contract,
    preset,
    refused,
    stop,
    tick,
)

CROSS, ISOLATED = MarginMode.CROSS, MarginMode.ISOLATED


def desk_with(**more: object) -> Desk:
    desk = Desk(**more)  # type: ignore[arg-type]
    desk.at(100)
    return desk


def flows(desk: Desk, kind: FlowKind) -> list[D]:
    return [flow.amount for flow in desk.engine.flows("me", desk.now_ms) if flow.kind is kind]


def test_an_account_begins_with_its_balance_and_there_is_one_of_a_name() -> None:
    desk = Desk(balance="12.5")
    assert (desk.balance.wallet, desk.balance.available, desk.balance.equity) == (D("12.5"),) * 3
    assert refused(desk.do(OpenAccount("me", D(1)))) is Refusal.INVALID
    for amount in (D(-1), D("NaN"), D("0.000000001")):
        assert refused(desk.do(OpenAccount("you", amount))) is Refusal.INVALID


def test_what_is_free_may_be_taken_out_and_no_more() -> None:
    desk = desk_with(balance=100)
    desk.place("open long", 10, 99, leverage=D(1))
    free = desk.balance.available
    assert refused(desk.do(Transfer("me", -free - D("0.00000001")))) is Refusal.NOT_ENOUGH_BALANCE
    accepted(desk.do(Transfer("me", -free)))
    assert desk.balance.available == 0
    accepted(desk.do(Transfer("me", D(7))))
    assert desk.balance.available == D(7)


def test_a_resting_entry_reserves_margin_and_the_takers_fee_and_gives_back_what_it_did_not_need() -> None:
    """10 contracts at 99 are worth 9.9: margin 1.98 at 5x and 0.00495 of fee; filled as maker it pays 0.00198."""
    desk = desk_with()
    desk.place("open long", 10, 99, leverage=D(5))
    assert desk.balance.order_margin == D("1.98495")
    desk.at(98)
    balance = desk.balance
    assert (balance.order_margin, balance.position_margin) == (0, D("1.98"))
    assert balance.wallet == D(10_000) - D("0.00198")


def test_a_limit_to_sell_below_the_bid_is_valued_at_the_bid_where_it_fills() -> None:
    """100 at 80 would need 80.04; at the bid of 99.5 they need 99.54975."""
    for balance, taken in ((D("99.54975"), True), (D("99.5497"), False)):
        desk = desk_with(balance=balance)
        result = desk.place("open short", 100, 80, leverage=D(1))
        assert (accepted(result) > 0) if taken else (refused(result) is Refusal.NOT_ENOUGH_BALANCE)


def test_an_exit_reserves_no_money() -> None:
    desk = desk_with()
    desk.place("open long", 100)
    before = desk.balance
    desk.place("close long", 100, 110)
    assert desk.balance.order_margin == before.order_margin == 0


def test_a_one_way_order_reserves_for_what_it_would_open() -> None:
    """Of 50 to sell against a long of 30, 20 would open: 0.2 · 105 = 21 at 1x, and the fee of it."""
    desk = desk_with(mode=PositionMode.ONE_WAY)
    desk.place("buy", 30)
    desk.place("sell", 50, 105)
    assert desk.balance.order_margin == D(21) * D("1.0005")
    desk.place("sell", 30)
    assert desk.balance.order_margin == D("52.5") * D("1.0005"), "the long is gone: all of it would open"


def test_what_one_order_would_close_is_not_there_for_the_next() -> None:
    """The first 30 to sell close the long; the second 30 would open a short, worth 31.5."""
    desk = desk_with(mode=PositionMode.ONE_WAY, balance=60)
    desk.place("buy", 30)
    desk.place("sell", 30, 105)
    assert desk.balance.order_margin == 0
    desk.do(Transfer("me", -desk.balance.available))
    assert refused(desk.place("sell", 30, 105)) is Refusal.NOT_ENOUGH_BALANCE
    desk.do(Transfer("me", D(40)))
    accepted(desk.place("sell", 30, 105))
    assert desk.balance.order_margin == D("31.5") * D("1.0005")


def test_a_position_of_two_entries_has_the_average_price_and_profits_by_it() -> None:
    """30 at 100.5 and 10 at 110.5 cost 0.01 · (3,015 + 1,105) = 41.2: 103 on average; 20 sold at 119.5 earn 3.3."""
    desk = desk_with()
    desk.place("open long", 30)
    desk.at(110)
    desk.place("open long", 10)
    assert desk.position().entry_price == D(103)
    desk.at(120)
    desk.place("close long", 20)
    assert flows(desk, FlowKind.REALISED_PROFIT) == [D("3.3")]
    assert (desk.position().entry_price, desk.position().closed_average_price) == (D(103), D("119.5"))


def test_parts_of_a_cost_that_no_grain_holds_add_up_to_the_whole() -> None:
    """A third of it at a time: what is lost by rounding in one part comes back in the next."""
    desk = desk_with(contracts=[contract(contract_size=D("0.0000001"), maker_fee=D(0), taker_fee=D(0))])
    desk.place("open long", 700)
    desk.at(101, bids=[(100.5, 10_000)], asks=[(101.5, 1)])
    for _ in range(7):
        desk.place("close long", 100)
    assert sum(flows(desk, FlowKind.REALISED_PROFIT)) == 0
    assert desk.balance.wallet == D(10_000)


def test_profits_of_parts_add_up_to_the_whole_where_each_of_them_is_rounded() -> None:
    """Three thirds of a cost that is not divisible: each part's profit is rounded, their sum is not off by a grain."""
    tiny = contract(contract_size=D("0.00000001"), maker_fee=D(0), taker_fee=D(0), min_notional=D(0))
    desk = desk_with(contracts=[tiny])
    desk.at(100, asks=[(100.5, 1), (101, 2)])
    desk.place("open long", 3)
    desk.at(103)
    for _ in range(3):
        desk.place("close long", 1)
    """Bought for 302.5 and sold for 307.5 hundred-millionths: 5 are earned."""
    assert sum(flows(desk, FlowKind.REALISED_PROFIT)) == D("0.00000005")


def test_what_the_account_cannot_carry_on_the_way_down_the_book_ends_the_order() -> None:
    """Valued at the touch, 1500 need 1,507.5 and a fee; the last 500 cost half a unit more than that."""
    desk = desk_with(balance=1509)
    result = desk.place("open long", 1500, leverage=D(1))
    assert causes(result) == ["placed", "filled", "no_margin"]
    assert desk.position().size == D(1000)
    assert desk.balance.available > 0


def test_leverage_is_set_for_a_symbol_and_taken_by_orders_that_name_none() -> None:
    desk = desk_with()
    assert desk.engine.leverage("me", SYMBOL) == (D(1), ISOLATED), "what nobody set risks least"
    accepted(desk.do(SetLeverage("me", SYMBOL, D(7), CROSS)))
    desk.place("open long", 10)
    assert (desk.position().leverage, desk.position().margin_mode) == (D(7), CROSS)
    assert refused(desk.do(SetLeverage("me", SYMBOL, D(51), CROSS))) is Refusal.LEVERAGE_OUT_OF_RANGE
    assert refused(desk.do(SetLeverage("me", SYMBOL, D(7), ISOLATED))) is Refusal.LEVERAGE_DIFFERS


def test_a_new_leverage_moves_the_margin_of_what_is_open() -> None:
    desk = desk_with(balance=150)
    desk.place("open long", 100, leverage=D(1))
    desk.place("open long", 10, 99)
    desk.at(99)
    assert refused(desk.do(SetLeverage("me", SYMBOL, D(50), ISOLATED))) is Refusal.WOULD_LIQUIDATE
    accepted(desk.do(SetLeverage("me", SYMBOL, D(5), ISOLATED)))
    assert desk.position().margin == D("20.1")
    assert desk.balance.order_margin == D("1.98") + D("0.00495")
    assert {order.leverage for order in desk.orders()} == {D(5)}
    accepted(desk.do(SetLeverage("me", SYMBOL, D(4), ISOLATED)))
    assert desk.position().margin == D("25.125")
    accepted(desk.do(Transfer("me", -desk.balance.available)))
    assert refused(desk.do(SetLeverage("me", SYMBOL, D(3), ISOLATED))) is Refusal.NOT_ENOUGH_BALANCE


def test_the_position_mode_changes_only_when_nothing_is_open() -> None:
    desk = desk_with()
    desk.place("open long", 10, 99)
    change = SetPositionMode("me", PositionMode.ONE_WAY)
    assert refused(desk.do(change)) is Refusal.POSITION_OR_ORDERS_OPEN
    desk.at(98)
    assert refused(desk.do(change)) is Refusal.POSITION_OR_ORDERS_OPEN
    desk.place("close long", 10)
    accepted(desk.do(change))
    assert desk.engine.position_mode("me") is PositionMode.ONE_WAY


@pytest.mark.parametrize(
    ("side", "rate", "paid"), [("long", "0.001", "-0.11"), ("short", "0.001", "0.11"), ("long", "-0.002", "0.22")]
)
def test_funding_is_the_rate_of_the_notional_at_the_mark(side: str, rate: str, paid: str) -> None:
    """100 contracts at a mark of 110 are worth 110."""
    desk = desk_with()
    desk.place(f"open {side}", 100, leverage=D(2))
    desk.at(108, mark=110)
    desk.do(Funding(SYMBOL, D(rate)))
    assert flows(desk, FlowKind.FUNDING) == [D(paid)]


def test_funding_that_nothing_free_pays_comes_out_of_the_positions_margin_and_no_further() -> None:
    desk = desk_with()
    desk.place("open long", 100, leverage=D(2))
    desk.do(Transfer("me", -desk.balance.available))
    margin = desk.position().margin
    desk.at(120)
    desk.do(Funding(SYMBOL, D("0.1")))
    assert desk.position().margin == margin - D(12)
    assert desk.balance.available == 0
    desk.at(200)
    desk.do(Funding(SYMBOL, D("0.4")))
    assert desk.position().margin == 0
    assert flows(desk, FlowKind.FUNDING) == [D(-12), -(margin - D(12))]


def test_an_isolated_position_is_liquidated_at_its_maintenance_margin_and_loses_its_margin_alone() -> None:
    """100 at 100.5, 10x: margin 10.05, maintenance 1 %: margin + 1·p − 100.5 = 0.01·p at p = 91.3636…"""
    desk = desk_with()
    desk.place("open long", 100, leverage=D(10))
    assert desk.position().liquidation_price == D("91.5"), "on the tick nearer to the entry"
    wallet = desk.balance.wallet
    desk.at(92, mark=91.5)
    assert desk.position() is not None
    result = desk.at(92, mark=91)
    assert Liquidated("me", SYMBOL, Side.LONG) in result.events
    assert desk.position() is None
    assert desk.balance.wallet == wallet - D("10.05")
    assert desk.fills()[-1].cause is FillCause.LIQUIDATION
    assert (desk.fills()[-1].price, desk.fills()[-1].fee) == (D(91), 0)
    assert flows(desk, FlowKind.LIQUIDATION) == [-(D("10.05") - D("9.5"))]


@pytest.mark.parametrize(("mode", "balance"), [(ISOLATED, 10_000), (CROSS, "9.9495")])
def test_a_margin_that_equals_its_maintenance_is_not_enough(mode: MarginMode, balance: object) -> None:
    """100 at 99 with 9.9 to lose (cross: the account, once the fee of 0.0495 is paid): 9.9 + 90 − 99 = 0.01 · 90."""
    desk = desk_with(balance=balance)
    desk.at(98.5, mark=99)
    accepted(desk.place("open long", 100, leverage=D(10) if mode is ISOLATED else D(20), margin_mode=mode))
    assert desk.position().liquidation_price == D(90)
    desk.at(98.5, mark=90.5)
    assert desk.position() is not None
    desk.at(98.5, mark=90)
    assert desk.position() is None


def test_a_gap_beyond_the_margin_costs_the_margin_and_no_more() -> None:
    desk = desk_with()
    desk.place("open short", 100, leverage=D(10))
    wallet, margin = desk.balance.wallet, desk.position(Side.SHORT).margin
    desk.at(150)
    assert desk.balance.wallet == wallet - margin


def test_liquidation_ends_the_orders_of_the_position_and_leaves_the_other_side() -> None:
    desk = desk_with()
    desk.place("open long", 100, leverage=D(10))
    ended = [
        accepted(desk.place("open long", 10, 85)),
        accepted(desk.place("close long", 50, 110)),
        accepted(desk.do(stop(None, 80))),
    ]
    kept = accepted(desk.place("open short", 10, 130))
    result = desk.at(91, bids=[(90.5, 10)])
    assert all(causes(result, number) == ["liquidation"] for number in ended)
    assert desk.order(kept).state is OrderState.LIVE


def test_margins_are_looked_at_before_triggers() -> None:
    """A gap through the stop and the liquidation price at once: nobody waits for the stop."""
    desk = desk_with()
    desk.place("open long", 100, leverage=D(10), stop=preset(95))
    desk.at(90)
    assert desk.fills()[-1].cause is FillCause.LIQUIDATION


def test_a_cross_position_is_carried_by_the_whole_account() -> None:
    """100 at 100.5 with 20 in the account: 20 − fee + p − 100.5 = 0.01·p at about p = 81.36."""
    desk = desk_with(balance=20)
    desk.place("open long", 100, leverage=D(10), margin_mode=CROSS)
    assert desk.position().liquidation_price == D("81.5")
    desk.at(85)
    assert desk.position() is not None
    assert desk.balance.available == 0, "losses of cross positions are not free"
    desk.at(81)
    assert desk.position() is None
    assert desk.balance.wallet == 0


def test_cross_liquidation_closes_all_cross_positions_and_spares_isolated_ones() -> None:
    desk = desk_with(balance=60, contracts=[contract(), contract("XYZUSDT"), contract("ISOUSDT")])
    for symbol in ("XYZUSDT", "ISOUSDT"):
        desk.do(tick(100, symbol=symbol))
    desk.place("open long", 100, leverage=D(10), margin_mode=CROSS)
    desk.place("open short", 100, leverage=D(10), margin_mode=CROSS, symbol="XYZUSDT")
    desk.place("open long", 100, leverage=D(5), symbol="ISOUSDT")
    margin = desk.position(symbol="ISOUSDT").margin
    kept = accepted(desk.do(stop(None, 85, symbol="ISOUSDT")))
    ended = [accepted(desk.do(stop(None, 70))), accepted(desk.place("open long", 1, 90, symbol="ISOUSDT"))]
    desk.do(tick(125, symbol="XYZUSDT"))
    assert desk.position() is not None
    result = desk.at(85)
    assert {event for event in result.events if isinstance(event, Liquidated)} == {
        Liquidated("me", SYMBOL, Side.LONG),
        Liquidated("me", "XYZUSDT", Side.SHORT),
    }
    assert [desk.order(number).state for number in (kept, *ended)] == [
        OrderState.LIVE,
        OrderState.CANCELLED,
        OrderState.CANCELLED,
    ]
    assert desk.position() is None
    assert desk.position(Side.SHORT, symbol="XYZUSDT") is None
    assert desk.position(symbol="ISOUSDT").margin == margin == desk.balance.wallet


def test_losses_beyond_everything_are_made_good() -> None:
    """A close deep in a thin book loses more than the account has: it ends with nothing, and owes nothing."""
    desk = desk_with(balance=21)
    desk.place("open long", 100, leverage=D(5))
    desk.at(100, bids=[(70, 1000)])
    result = desk.place("close long", 100)
    assert desk.balance.wallet == 0
    kinds = [event.flow.kind for event in result.events if isinstance(event, Booked)]
    assert kinds == [FlowKind.REALISED_PROFIT, FlowKind.FEE, FlowKind.LIQUIDATION]


def test_the_larger_a_position_the_more_of_it_is_maintenance_margin() -> None:
    """20,000 contracts at a mark of 100 are worth 20,000: 2 % less 100 is 300."""
    desk = Desk(balance=100_000)
    desk.at(100, asks=[(100.5, 30_000)])
    desk.place("open long", 20_000, leverage=D(5))
    assert desk.position().maintenance_margin == D(300)


@pytest.mark.parametrize(("mark", "stands"), [("82", True), ("81.5", False)])
def test_the_liquidation_price_of_a_large_position_is_reckoned_in_its_own_bracket(mark: str, stands: bool) -> None:
    """Worth 20,100 with a margin of 4,020: 4,020 + 200·p − 20,100 = 0.02 · 200·p − 100 at p = 81.53."""
    desk = Desk(balance=100_000)
    desk.at(100, asks=[(100.5, 30_000)])
    desk.place("open long", 20_000, leverage=D(5))
    assert desk.position().liquidation_price == D(82)
    desk.at(100, mark=mark)
    assert (desk.position() is not None) is stands


IN_CONTRACTS = tuple(evolve(row, maintenance_amount=D(0)) for row in BRACKETS)
"""The same numbers as contracts, each worth 1 at a price of 100: up to 10,000 of them 50x, up to 100,000 at 20x."""


def desk_in_contracts(price: object = 100) -> Desk:
    desk = Desk(balance=1_000_000, contracts=[contract(brackets=IN_CONTRACTS, brackets_in=BracketUnit.CONTRACTS)])
    desk.at(price, asks=[(price, 300_000)])
    return desk


@pytest.mark.parametrize("price", [50, 100, 300])
def test_brackets_in_contracts_allow_as_many_contracts_at_every_price(price: int) -> None:
    desk = desk_in_contracts(price)
    answer = desk.place("open long", 10_001, leverage=D(50)).answer
    assert answer == Refused(Refusal.LEVERAGE_OUT_OF_RANGE, "at 50 a position has at most 10000 contracts")
    desk.place("open long", 10_000, leverage=D(50))
    assert desk.position().size == 10_000
    assert isinstance(desk.place("open long", 1, leverage=D(50)).answer, Refused), "with what is held"


def test_a_leverage_is_not_set_that_the_contracts_held_may_not_have() -> None:
    desk = desk_in_contracts()
    desk.place("open long", 20_000, leverage=D(5))
    answer = desk.do(SetLeverage("me", SYMBOL, D(50), ISOLATED)).answer
    assert answer == Refused(Refusal.LEVERAGE_OUT_OF_RANGE, "at 50 a position has at most 10000 contracts")
    assert desk.do(SetLeverage("me", SYMBOL, D(20), ISOLATED)).answer == Accepted()


@pytest.mark.parametrize(("size", "maintenance"), [(10_000, [100, 150]), (20_000, [400, 600])])
def test_a_size_has_its_bracket_of_contracts_whatever_the_price(size: int, maintenance: list[int]) -> None:
    """Its ratio counts on all of it: 1 % of 10,000 or 2 % of 20,000 contracts at 100, half as much again at 150."""
    desk = desk_in_contracts()
    desk.place("open long", size, leverage=D(5))
    found = [desk.position().maintenance_margin]
    desk.at(150)
    assert [*found, desk.position().maintenance_margin] == [D(one) for one in maintenance]


@pytest.mark.parametrize(("side", "price"), [(Side.LONG, "82"), (Side.SHORT, "117.5")])
def test_the_liquidation_price_in_contracts_has_the_ratio_of_the_size(side: Side, price: str) -> None:
    """20,000 at 100, 5x: 4,000 + 200·p - 20,000 = 0.02 · 200·p at 81.63; 24,000 - 200·p = 0.02 · 200·p at 117.65."""
    desk = desk_in_contracts()
    desk.at(100, asks=[(100, 30_000)], bids=[(100, 30_000)])
    desk.place(f"open {side}", 20_000, leverage=D(5))
    assert desk.position(side).liquidation_price == D(price)
    desk.at(100, mark=price)
    assert desk.position(side) is not None
    desk.at(100, mark=D(price) - side.sign * D("0.5"))
    assert desk.position(side) is None


def test_a_position_that_a_gap_opened_behind_its_liquidation_price_is_liquidated_with_the_same_tick() -> None:
    """A bid at 99.5 is filled on the way from 100 to 80; at 50x the position is lost at 98.5, before its stop looks."""
    desk = desk_with()
    desk.place("open long", 100, 99.5, leverage=D(50), stop=preset(85))
    result = desk.at(80)
    assert [event.side for event in result.events if isinstance(event, Liquidated)] == [Side.LONG]
    assert desk.position() is None
    assert desk.orders() == ()
    assert desk.balance.wallet == 10_000 - D("1.99") - D("0.0199"), "its margin, and the maker's fee"


def test_a_one_way_order_gives_back_what_it_reserved_once_it_would_only_close() -> None:
    desk = desk_with(mode=PositionMode.ONE_WAY)
    desk.place("sell", 10, 110, leverage=D(5))
    assert desk.balance.order_margin > 0
    desk.place("buy", 10, leverage=D(5))
    assert desk.balance.order_margin == 0


def test_a_leverage_is_refused_that_what_waits_to_be_filled_would_exceed() -> None:
    """50,000 at 99 are 49,500, and 50x goes to 10,000."""
    desk = desk_with(balance=100_000)
    accepted(desk.place("open long", 50_000, 99, leverage=D(20)))
    assert refused(desk.do(SetLeverage("me", SYMBOL, D(50), ISOLATED))) is Refusal.LEVERAGE_OUT_OF_RANGE
    assert desk.engine.leverage("me", SYMBOL) == (D(20), ISOLATED)


def test_hundreds_of_one_way_orders_are_cancelled_at_once() -> None:
    """Each end has the others reserve anew: that is reckoned for those that it changes, not for all of them."""
    desk = desk_with(mode=PositionMode.ONE_WAY, balance=10_000_000)
    desk.place("buy", 1000, leverage=D(5))
    for number in range(300):
        accepted(desk.place("sell", 10, 101 + number % 50, leverage=D(5)))
    began = process_time()
    accepted(desk.do(CancelAll("me", SYMBOL)))
    assert process_time() - began < 0.6, "it took a second when each was reckoned against all before it"
    assert desk.balance.order_margin == 0
