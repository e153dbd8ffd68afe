"""What the exchange does by itself, and what it remembers."""

import pytest
from attrs import evolve

from mtf_adapters.sandbox.matching.commands import (
    CancelOrder,
    CloseAll,
    ContractChange,
    Deleverage,
    Funding,
    Restart,
    StatusChange,
    TimePasses,
)
from mtf_adapters.sandbox.matching.events import Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import ContractStatus, FillCause, FlowKind, OrderState, Side
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, causes, contract, executions, refused, stop, tick


def holding(**more: object) -> Desk:
    """A long position of 100, a resting entry and a stop."""
    desk = Desk(**more)  # type: ignore[arg-type]
    desk.at(100)
    desk.place("open long", 100, leverage=D(2))
    desk.place("open long", 10, 90)
    desk.do(stop(None, 80))
    return desk


def test_a_delisting_cancels_everything_and_settles_positions_at_the_mark() -> None:
    desk = holding()
    desk.at(100, mark=104)
    result = desk.do(StatusChange(SYMBOL, ContractStatus.DELISTED))
    assert causes(result) == ["delisted", "delisted", "filled"]
    assert executions(result) == [(D(100), D(104))]
    assert (desk.fills()[-1].cause, desk.fills()[-1].fee) == (FillCause.SETTLEMENT, 0)
    assert desk.engine.positions("me") == ()
    assert refused(desk.place("open long", 10)) is Refusal.NOT_TRADING


def test_deleveraging_closes_a_part_at_the_mark_without_a_fee() -> None:
    desk = holding()
    desk.at(100, mark=104)
    fees = len([flow for flow in desk.engine.flows("me", desk.now_ms) if flow.kind is FlowKind.FEE])
    accepted(desk.do(Deleverage("me", SYMBOL, Side.LONG, D(30))))
    fill = desk.fills()[-1]
    assert (fill.cause, fill.price, fill.size, fill.fee) == (FillCause.ADL, D(104), D(30), 0)
    assert desk.position().size == D(70)
    assert desk.order(fill.order_id).cause is FillCause.ADL
    accepted(desk.do(Deleverage("me", SYMBOL, Side.LONG, D(999))))
    assert desk.position() is None
    assert refused(desk.do(Deleverage("me", SYMBOL, Side.LONG, D(1)))) is Refusal.NO_POSITION
    assert len([flow for flow in desk.engine.flows("me", desk.now_ms) if flow.kind is FlowKind.FEE]) == fees


def test_a_contract_may_change_its_grid_under_an_open_position() -> None:
    desk = holding()
    accepted(desk.do(ContractChange(contract(tick_size=D("0.25"), size_step=D(5), min_size=D(5)))))
    accepted(desk.place("open long", 5, 90.25))
    assert refused(desk.place("open long", 6, 90.25)) is Refusal.SIZE_OFF_STEP
    assert desk.position().size == D(100)


def test_a_contract_does_not_change_what_its_positions_are_counted_in() -> None:
    desk = holding()
    changed = ContractChange(contract(contract_size=D(1)))
    assert refused(desk.do(changed)) is Refusal.POSITION_OR_ORDERS_OPEN
    known = desk.engine.contract(SYMBOL)
    assert known is not None
    assert known.contract_size == D("0.01")


@pytest.mark.parametrize("side", ["long", "short"])
def test_once_nothing_is_open_a_contract_may_change_in_everything(side: str) -> None:
    desk = Desk()
    desk.at(100)
    desk.place(f"open {side}", 100, leverage=D(2))
    desk.place(f"close {side}", 100)
    assert desk.engine.symbols_in_use() == frozenset()
    accepted(desk.do(ContractChange(contract(contract_size=D(1)))))


def test_a_contract_that_comes_back_as_delisted_is_delisted() -> None:
    desk = holding()
    desk.do(ContractChange(contract(status=ContractStatus.DELISTED)))
    assert desk.engine.positions("me") == ()


def test_a_new_contract_is_traded_once_its_market_is_seen() -> None:
    desk = Desk()
    new = contract("NEWUSDT")
    accepted(desk.do(ContractChange(new)))
    assert desk.engine.contract("NEWUSDT") == new
    assert refused(desk.place("open long", 10, symbol="NEWUSDT")) is Refusal.NO_MARKET
    desk.do(tick(50, symbol="NEWUSDT"))
    accepted(desk.place("open long", 10, symbol="NEWUSDT"))
    assert desk.engine.symbols_in_use() == {"NEWUSDT"}


def test_a_restart_keeps_everything_unless_the_venue_forgets() -> None:
    desk = holding()
    before = (desk.orders(), desk.fills(), desk.balance)
    result = desk.do(Restart())
    assert result.events == ()
    assert (desk.orders(), desk.fills(), desk.balance) == before


def test_a_restart_that_loses_triggers_leaves_no_trace_of_them() -> None:
    desk = holding(rules=VenueRules(restart_forgets_triggers=True))
    [trigger] = [view for view in desk.orders() if view.purpose is not None]
    assert causes(desk.do(Restart())) == ["forgotten"]
    assert desk.engine.order("me", trigger.order_id, desk.now_ms) is None
    assert trigger.order_id not in {view.order_id for view in desk.engine.history("me", None, desk.now_ms)}
    desk.at(70)
    assert desk.position().size == D(110), "nothing protects it any more"


def test_a_restart_that_loses_history_keeps_money_positions_and_what_stands() -> None:
    desk = holding(rules=VenueRules(restart_forgets_history=True))
    before = (desk.orders(), desk.balance, desk.engine.positions("me"))
    filled = desk.fills()[0].order_id
    desk.do(Restart())
    assert desk.fills() == ()
    assert desk.engine.history("me", None, desk.now_ms) == ()
    assert refused(desk.do(CancelOrder("me", SYMBOL, filled))) is Refusal.UNKNOWN_ORDER
    assert (desk.orders(), desk.balance, desk.engine.positions("me")) == before


def test_an_accepted_order_is_invisible_for_as_long_as_the_venue_lags() -> None:
    desk = Desk(rules=VenueRules(visible_after_ms=500))
    desk.at(100)
    resting = accepted(desk.place("open long", 10, 99))
    filled = accepted(desk.place("open long", 10))
    assert desk.position().size == D(10), "the position is there at once"
    for number in (resting, filled):
        assert desk.engine.order("me", number, desk.now_ms) is None
    assert (desk.orders(), desk.engine.history("me", None, desk.now_ms), desk.fills()) == ((), (), ())
    desk.do(TimePasses(), after_ms=500)
    assert [desk.order(number).state for number in (resting, filled)] == [OrderState.LIVE, OrderState.FILLED]
    assert len(desk.fills()) == 1


@pytest.mark.parametrize("prunes", [False, True])
def test_ended_orders_and_executions_are_remembered_as_long_as_the_venue_keeps_each(prunes: bool) -> None:
    """Whether or not time was told to pass in between."""
    rules = VenueRules(orders_kept_ms=3000, cancelled_orders_kept_ms=1000, fills_kept_ms=2000)
    desk = Desk(rules=rules)
    desk.at(100)
    filled = accepted(desk.place("open long", 10))
    cancelled = accepted(desk.place("open long", 10, 99))
    desk.do(CancelOrder("me", SYMBOL, cancelled))

    def known(after_ms: int) -> tuple[bool, bool, bool]:
        if prunes:
            desk.do(TimePasses(), after_ms)
        else:
            desk.now_ms += after_ms
        history = {view.order_id for view in desk.engine.history("me", None, desk.now_ms)}
        for number in (filled, cancelled):
            assert (desk.engine.order("me", number, desk.now_ms) is not None) is (number in history)
        return filled in history, cancelled in history, bool(desk.fills())

    assert known(500) == (True, True, True)
    assert known(600) == (True, False, True)
    assert known(1000) == (True, False, False)
    assert known(1000) == (False, False, False)
    assert desk.position().size == D(10)
    assert refused(desk.do(CancelOrder("me", SYMBOL, filled))) is Refusal.UNKNOWN_ORDER


def test_orders_of_another_symbol_are_not_shown_with_one() -> None:
    desk = Desk(contracts=[contract(), contract("XYZUSDT")])
    desk.at(100)
    desk.do(tick(100, symbol="XYZUSDT"))
    mine = accepted(desk.place("open long", 10, 99))
    other = accepted(desk.place("open long", 10, 99, symbol="XYZUSDT"))
    assert [view.order_id for view in desk.orders(SYMBOL)] == [mine]
    assert [view.order_id for view in desk.orders()] == [mine, other]
    assert evolve(desk.order(mine), order_id=other, symbol="XYZUSDT", created_ms=0, updated_ms=0) == evolve(
        desk.order(other), created_ms=0, updated_ms=0
    )


def test_deleveraging_leaves_a_position_on_the_grid_of_sizes() -> None:
    desk = holding()
    assert refused(desk.do(Deleverage("me", SYMBOL, Side.LONG, D("0.5")))) is Refusal.SIZE_OFF_STEP


def test_when_trading_goes_on_what_the_market_showed_meanwhile_counts_at_once() -> None:
    """The bid at 90 is met and the stop at 80 fires with the change of status, not with whatever comes next."""
    desk = holding()
    desk.do(StatusChange(SYMBOL, ContractStatus.UNKNOWN))
    assert desk.at(79).events == ()
    result = desk.do(StatusChange(SYMBOL, ContractStatus.TRADING))
    assert [price for _, price in executions(result)] == [D(90), D("78.5")]
    assert desk.position() is None


def test_a_position_tells_what_funding_came_to_since_it_was_opened() -> None:
    desk = holding()
    desk.do(Funding(SYMBOL, D("0.001")))
    desk.do(Funding(SYMBOL, D("-0.0005")))
    booked = [flow.amount for flow in desk.engine.flows("me", desk.now_ms) if flow.kind is FlowKind.FUNDING]
    assert desk.position().funding == sum(booked) == D("-0.05")


def test_the_order_that_closes_a_position_may_bear_an_id_where_it_is_one() -> None:
    desk = holding()
    number = accepted(desk.do(CloseAll("me", SYMBOL, Side.LONG, "mine")))
    assert desk.order(number).client_order_id == "mine"
    desk.place("open long", 10)
    desk.place("open short", 10)
    assert refused(desk.do(CloseAll("me", SYMBOL, None, "both"))) is Refusal.INVALID
    assert refused(desk.do(CloseAll("me", SYMBOL, Side.LONG, "mine"))) is Refusal.DUPLICATE_CLIENT_ID
