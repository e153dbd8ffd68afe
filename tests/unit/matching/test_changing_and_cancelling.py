"""Orders that stand are changed and taken back."""

import pytest

from mtf_adapters.sandbox.matching.commands import (
    Action,
    AmendOrder,
    AmendTrigger,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    CloseAll,
    Deleverage,
    OpenAccount,
    PlaceTrailing,
    TimePasses,
)
from mtf_adapters.sandbox.matching.events import OrderCause, OrderChanged, OrderFamily, PositionChanged, Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import OrderState, OversizedExit, PositionMode, Side, TriggerPrice
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, causes, executions, refused, stop


def desk_with(**more: object) -> Desk:
    desk = Desk(**more)  # type: ignore[arg-type]
    desk.at(100)
    return desk


def test_a_smaller_size_keeps_its_place_in_the_queue_and_a_new_price_or_a_larger_size_does_not() -> None:
    for price, size, keeps in ((None, 5, True), (None, 15, False), (98.5, None, False)):
        desk = desk_with()
        desk.do(OpenAccount("you", D(10_000)))
        mine = accepted(desk.place("open long", 10, 99 if price is None else 99.5))
        yours = accepted(desk.place("open long", 10, 98.5 if price else 99, account="you"))
        amend = AmendOrder("me", SYMBOL, mine, price and D(str(price)), size and D(size))
        accepted(desk.do(amend))
        at = 98.5 if price else 99
        desk.at(at, asks=[(at, 5)])
        assert (desk.order(mine).filled > 0) is keeps
        assert (desk.order(yours, "you").filled > 0) is not keeps


def test_a_price_moved_into_the_market_takes() -> None:
    desk = desk_with()
    number = accepted(desk.place("open long", 10, 99))
    result = desk.do(AmendOrder("me", SYMBOL, number, price=D(101)))
    assert causes(result) == ["amended", "filled"]
    assert executions(result) == [(D(10), D("100.5"))]


def test_a_change_reserves_what_the_order_needs_then() -> None:
    desk = desk_with()
    number = accepted(desk.place("open long", 10, 99, leverage=D(1)))
    assert desk.balance.order_margin == D("9.9") * D("1.0005")
    accepted(desk.do(AmendOrder("me", SYMBOL, number, size=D(20))))
    assert desk.balance.order_margin == D("19.8") * D("1.0005")
    accepted(desk.do(AmendOrder("me", SYMBOL, number, size=D(5))))
    assert desk.balance.order_margin == D("4.95") * D("1.0005")
    assert refused(desk.do(AmendOrder("me", SYMBOL, number, size=D(20_000)))) is Refusal.NOT_ENOUGH_BALANCE


def test_a_change_of_nothing_tells_nothing() -> None:
    desk = desk_with()
    number = accepted(desk.place("open long", 10, 99))
    result = desk.do(AmendOrder("me", SYMBOL, number, price=D(99)))
    accepted(result)
    assert result.events == ()


@pytest.mark.parametrize(("cancels", "state"), [(False, OrderState.LIVE), (True, OrderState.CANCELLED)])
def test_a_change_that_is_refused_leaves_the_order_unless_the_venue_cancelled_it_first(
    cancels: bool, state: OrderState
) -> None:
    desk = desk_with(rules=VenueRules(amend_failure_cancels=cancels))
    number = accepted(desk.place("open long", 10, 99))
    assert refused(desk.do(AmendOrder("me", SYMBOL, number, price=D("99.3")))) is Refusal.PRICE_OFF_TICK
    assert desk.order(number).state is state


def test_a_size_below_what_is_filled_is_refused() -> None:
    desk = desk_with()
    number = accepted(desk.place("open long", 100, 99))
    desk.at(99, asks=[(99, 40)])
    assert refused(desk.do(AmendOrder("me", SYMBOL, number, size=D(40)))) is Refusal.SIZE_OUT_OF_RANGE
    accepted(desk.do(AmendOrder("me", SYMBOL, number, size=D(41))))


def test_an_exit_is_enlarged_up_to_what_other_exits_leave() -> None:
    desk = desk_with(rules=VenueRules(oversized_exit=OversizedExit.REJECTED))
    desk.place("open long", 100)
    desk.place("close long", 30, 110)
    number = accepted(desk.place("close long", 50, 105))
    assert refused(desk.do(AmendOrder("me", SYMBOL, number, size=D(71)))) is Refusal.EXIT_TOO_LARGE
    result = desk.do(AmendOrder("me", SYMBOL, number, size=D(70)))
    assert desk.position().frozen_size == D(100)
    [told] = [event.position for event in result.events if isinstance(event, PositionChanged)]
    assert told.frozen_size == D(100)


def test_what_does_not_stand_is_neither_changed_nor_cancelled() -> None:
    desk = desk_with()
    filled = accepted(desk.place("open long", 10))
    for command in (CancelOrder("me", SYMBOL, filled), AmendOrder("me", SYMBOL, filled, price=D(99))):
        assert refused(desk.do(command)) is Refusal.ORDER_FINISHED
    for command in (CancelOrder("me", SYMBOL, 999), AmendOrder("me", SYMBOL, 999, price=D(99))):
        assert refused(desk.do(command)) is Refusal.UNKNOWN_ORDER
    desk.do(OpenAccount("you", D(100)))
    mine = accepted(desk.place("open long", 10, 99))
    assert refused(desk.do(CancelOrder("you", SYMBOL, mine))) is Refusal.UNKNOWN_ORDER


def with_everything(rules: VenueRules | None = None) -> Desk:
    """A position with a resting entry, a resting exit, a stop and a trailing order."""
    desk = desk_with(rules=rules)
    desk.place("open long", 100, leverage=D(2))
    desk.place("open long", 10, 99)
    desk.place("close long", 10, 110)
    desk.do(stop(None, 90))
    desk.do(PlaceTrailing("me", SYMBOL, Action.SELL, D(100), D(120), TriggerPrice.LAST, D("0.01"), True, Side.LONG))
    return desk


def families(desk: Desk) -> set[OrderFamily]:
    return {view.family for view in desk.orders()}


@pytest.mark.parametrize(
    ("command", "rules", "left"),
    [
        (CancelAll("me", SYMBOL), VenueRules(), {OrderFamily.TRIGGER, OrderFamily.TRAILING}),
        (CancelAll("me", SYMBOL), VenueRules(cancel_all_drops_triggers=True), {OrderFamily.TRAILING}),
        (CancelAll("me", SYMBOL, triggers=True), VenueRules(), {OrderFamily.TRAILING}),
        (CancelAll("me", SYMBOL, orders=False, triggers=True), VenueRules(), {OrderFamily.ORDER, OrderFamily.TRAILING}),
        (CancelAll("me", SYMBOL, trailing=True, triggers=True), VenueRules(), set()),
    ],
)
def test_cancel_all_takes_the_families_that_are_asked_for(
    command: CancelAll, rules: VenueRules, left: set[OrderFamily]
) -> None:
    desk = with_everything(rules)
    accepted(desk.do(command))
    assert families(desk) == left


@pytest.mark.parametrize("drops", [False, True])
def test_a_timed_cancel_all_runs_out_unless_it_is_asked_again_or_disarmed(drops: bool) -> None:
    desk = with_everything(VenueRules(timed_cancel_drops_triggers=drops))
    everything = families(desk)
    desk.do(CancelAllAfter("me", SYMBOL, 5))
    desk.do(CancelAllAfter("me", SYMBOL, 5), after_ms=4000)
    desk.do(TimePasses(), after_ms=4990)
    assert families(desk) == everything
    desk.do(CancelAllAfter("me", SYMBOL, 0))
    desk.do(TimePasses(), after_ms=60_000)
    assert families(desk) == everything
    desk.do(CancelAllAfter("me", SYMBOL, 5))
    result = desk.do(TimePasses(), after_ms=5000)
    assert set(causes(result)) == {"timer"}
    assert families(desk) == ({OrderFamily.TRAILING} if drops else {OrderFamily.TRIGGER, OrderFamily.TRAILING})


def test_a_timer_that_ran_out_between_two_commands_bears_its_own_time() -> None:
    desk = with_everything()
    desk.do(CancelAllAfter("me", SYMBOL, 5))
    due_ms = desk.now_ms + 5000
    result = desk.at(100, after_ms=9000)
    times = {
        event.order.updated_ms
        for event in result.events
        if isinstance(event, OrderChanged) and event.cause is OrderCause.TIMER
    }
    assert times == {due_ms}


def test_close_all_cancels_the_exits_that_hold_the_position_and_closes_it() -> None:
    desk = with_everything()
    desk.place("open short", 30)
    accepted(desk.do(CloseAll("me", SYMBOL, Side.LONG)))
    assert (desk.position(Side.LONG), desk.position(Side.SHORT).size) == (None, D(30))
    accepted(desk.do(CloseAll("me")))
    assert desk.position(Side.SHORT) is None
    assert refused(desk.do(CloseAll("me"))) is Refusal.NO_POSITION


def test_exits_freeze_what_they_would_close_and_a_further_one_is_trimmed_to_what_is_left() -> None:
    desk = desk_with()
    desk.place("open long", 100)
    desk.place("close long", 70, 110)
    trimmed = accepted(desk.place("close long", 50, 105))
    assert desk.order(trimmed).size == D(30)
    assert desk.position().frozen_size == D(100)
    assert refused(desk.place("close long", 1)) is Refusal.EXIT_TOO_LARGE


@pytest.mark.parametrize("rule", [OversizedExit.REJECTED, OversizedExit.UNKNOWN])
def test_where_the_venue_does_not_trim_an_exit_that_is_too_large_is_refused(rule: OversizedExit) -> None:
    desk = desk_with(rules=VenueRules(oversized_exit=rule))
    desk.place("open long", 100)
    desk.place("close long", 70, 110)
    assert refused(desk.place("close long", 31)) is Refusal.EXIT_TOO_LARGE
    accepted(desk.place("close long", 30))


def test_resting_exits_end_with_their_position() -> None:
    desk = desk_with()
    desk.place("open long", 100)
    number = accepted(desk.place("close long", 40, 110))
    result = desk.do(CloseAll("me"))
    assert causes(result, number) == ["cancelled"]
    desk.place("open long", 100)
    number = accepted(desk.place("close long", 100, 110))
    desk.do(stop(None, 95))
    assert causes(desk.at(94), number) == ["nothing_to_reduce"]


def test_an_exit_that_became_larger_than_its_position_closes_what_there_is_and_ends() -> None:
    for mode, leave in ((PositionMode.HEDGE, "close long"), (PositionMode.ONE_WAY, "reduce sell")):
        desk = desk_with(mode=mode)
        desk.place("open long" if mode is PositionMode.HEDGE else "buy", 100, leverage=D(2))
        number = accepted(desk.place(leave, 100, 105))
        desk.do(Deleverage("me", SYMBOL, Side.LONG, D(70)))
        result = desk.at(106)
        assert executions(result) == [(D(30), D(105))]
        assert causes(result, number) == ["filled", "nothing_to_reduce"]
        assert desk.engine.positions("me") == ()


def test_where_the_venue_reverses_a_one_way_exit_that_is_too_large_opens_the_other_side() -> None:
    desk = desk_with(mode=PositionMode.ONE_WAY, rules=VenueRules(oversized_exit=OversizedExit.REVERSES))
    desk.place("buy", 100, leverage=D(2))
    accepted(desk.place("reduce sell", 130, 105))
    desk.at(106)
    assert desk.position(Side.LONG) is None
    assert desk.position(Side.SHORT).size == D(30)
    hedged = desk_with(rules=VenueRules(oversized_exit=OversizedExit.REVERSES))
    hedged.place("open long", 100, leverage=D(2))
    assert hedged.order(accepted(hedged.place("close long", 130, 105))).size == D(100), "there it is trimmed"


def test_a_change_to_zero_is_refused_and_not_taken_for_no_change() -> None:
    desk = desk_with()
    entry = accepted(desk.place("open long", 10, 90))
    desk.place("open long", 10)
    waits = accepted(desk.do(stop(5, 90)))
    for changed in (
        AmendOrder("me", SYMBOL, entry, price=D(0)),
        AmendOrder("me", SYMBOL, entry, size=D(0)),
        AmendTrigger("me", SYMBOL, waits, trigger_price=D(0)),
        AmendTrigger("me", SYMBOL, waits, limit_price=D(0)),
        AmendTrigger("me", SYMBOL, waits, size=D(0)),
    ):
        assert refused(desk.do(changed)) is Refusal.INVALID, changed
