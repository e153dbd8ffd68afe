"""Orders that wait for a price."""

import pytest

from mtf_adapters.sandbox.matching.commands import (
    Action,
    AmendTrigger,
    CancelOrder,
    Direction,
    PlaceTrailing,
    PlaceTrigger,
)
from mtf_adapters.sandbox.matching.events import OrderFamily, Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import (
    OrderState,
    OversizedExit,
    PositionMode,
    Side,
    TriggerPrice,
    TriggerPurpose,
)
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, causes, executions, refused, stop, target

LAST, MARK = TriggerPrice.LAST, TriggerPrice.MARK


def holding(size: int = 100, **more: object) -> Desk:
    """A long position at 100.5 with little leverage."""
    desk = Desk(**more)  # type: ignore[arg-type]
    desk.at(100)
    accepted(desk.place("open long", size, leverage=D(2)))
    return desk


def test_a_stop_fires_when_its_price_is_reached_and_becomes_a_market_order() -> None:
    desk = holding()
    number = accepted(desk.do(stop(100, 95, client_order_id="s1")))
    assert causes(desk.at(95.5)) == []
    result = desk.at(95)
    assert causes(result) == ["triggered", "placed", "filled"]
    fired = desk.order(number)
    child = desk.order(fired.child_id)
    assert (fired.state, child.state, child.parent_id) == (OrderState.TRIGGERED, OrderState.FILLED, number)
    assert (child.client_order_id, desk.fills()[-1].client_order_id) == ("s1", "s1")
    assert executions(result) == [(D(100), D("94.5"))]
    assert desk.position() is None


@pytest.mark.parametrize(("by", "fires_at_mark"), [(MARK, True), (LAST, False)])
def test_a_trigger_looks_at_the_price_that_it_names(by: TriggerPrice, fires_at_mark: bool) -> None:
    desk = holding()
    desk.do(stop(100, 95, by=by))
    desk.at(96, mark=94)
    assert (desk.position() is None) is fires_at_mark
    desk.at(94, mark=96)
    assert desk.position() is None


def test_a_target_with_a_limit_rests_at_it_once_it_fired() -> None:
    desk = holding()
    desk.do(target(60, 105, limit_price=D(106), by=LAST))
    desk.at(105)
    [resting] = desk.orders()
    assert (resting.family, resting.price, resting.size) == (OrderFamily.ORDER, D(106), D(60))
    assert desk.position().frozen_size == D(60)
    desk.at(107)
    assert desk.position().size == D(40)


def test_a_short_is_protected_the_other_way_round() -> None:
    desk = Desk()
    desk.at(100)
    desk.place("open short", 100, leverage=D(2))
    desk.do(stop(100, 105, side=Side.SHORT))
    desk.at(105)
    assert desk.position(Side.SHORT) is None


def test_a_whole_position_stop_reduces_what_there_is_when_it_fires() -> None:
    desk = holding()
    desk.do(stop(None, 95))
    desk.place("open long", 50)
    result = desk.at(94)
    assert executions(result) == [(D(150), D("93.5"))]


@pytest.mark.parametrize(
    "command",
    [
        stop(100, 100),
        stop(100, 101),
        target(100, 99),
        target(100, 100),
        stop(100, 105, direction=Direction.RISES),
        target(100, 95, direction=Direction.FALLS),
    ],
)
def test_a_trigger_that_would_fire_at_once_or_waits_on_the_wrong_side_is_refused(command: PlaceTrigger) -> None:
    assert refused(holding().do(command)) is Refusal.TRIGGER_WRONG_SIDE


def test_protection_needs_a_position() -> None:
    desk = Desk()
    desk.at(100)
    assert refused(desk.do(stop(None, 95))) is Refusal.NO_POSITION
    assert refused(desk.do(target(10, 105))) is Refusal.NO_POSITION


def test_a_conditional_exit_may_wait_before_there_is_a_position_and_ends_when_there_is_none() -> None:
    desk = Desk()
    desk.at(100)
    number = accepted(desk.do(stop(10, 95, purpose=TriggerPurpose.ENTRY)))
    assert causes(desk.at(94), number) == ["nothing_to_reduce"]


def test_triggers_end_with_their_position() -> None:
    desk = holding()
    numbers = [accepted(desk.do(command)) for command in (stop(100, 95), stop(None, 94), target(50, 110))]
    result = desk.place("close long", 100)
    assert all(causes(result, number) == ["nothing_to_reduce"] for number in numbers)


def test_where_the_venue_leaves_them_triggers_of_a_size_outlive_their_position() -> None:
    desk = holding(rules=VenueRules(triggers_end_with_position=False))
    sized, whole = accepted(desk.do(stop(100, 95))), accepted(desk.do(stop(None, 94)))
    desk.place("close long", 100)
    assert [view.order_id for view in desk.orders()] == [sized]
    assert desk.order(whole).state is OrderState.CANCELLED
    desk.place("open long", 30)
    assert executions(desk.at(95)) == [(D(30), D("94.5"))]


def test_a_stop_larger_than_the_position_is_trimmed_to_it_when_it_fires() -> None:
    desk = holding()
    number = accepted(desk.do(stop(250, 95)))
    desk.at(94)
    child = desk.order(desk.order(number).child_id)
    assert (child.size, child.state) == (D(100), OrderState.FILLED)


@pytest.mark.parametrize("rule", [OversizedExit.REJECTED, OversizedExit.UNKNOWN])
def test_where_oversized_exits_are_rejected_a_stop_larger_than_the_position_is_too(rule: OversizedExit) -> None:
    desk = holding(rules=VenueRules(oversized_exit=rule))
    assert refused(desk.do(stop(101, 95))) is Refusal.EXIT_TOO_LARGE
    exact = accepted(desk.do(target(100, 120)))
    number = accepted(desk.do(stop(100, 95)))
    desk.place("close long", 1)
    desk.at(94)
    child = desk.order(desk.order(number).child_id)
    assert child.state is OrderState.REJECTED
    assert desk.position().size == D(99), "unprotected: the hazard that is imitated"
    desk.place("open long", 1)
    desk.at(120)
    assert desk.order(desk.order(exact).child_id).state is OrderState.FILLED
    assert desk.position() is None


def test_where_oversized_exits_reverse_a_one_way_stop_opens_the_other_side() -> None:
    desk = Desk(mode=PositionMode.ONE_WAY, rules=VenueRules(oversized_exit=OversizedExit.REVERSES))
    desk.at(100)
    desk.place("buy", 100, leverage=D(2))
    desk.do(stop(130, 95, position_side=None))
    desk.at(94)
    assert desk.position(Side.LONG) is None
    assert desk.position(Side.SHORT).size == D(30)


@pytest.mark.parametrize(("sees", "left"), [(False, None), (True, D(40))])
def test_a_stop_reaches_what_resting_exits_hold_unless_the_venue_freezes_it(sees: bool, left: D | None) -> None:
    desk = holding(rules=VenueRules(triggers_see_frozen=sees))
    desk.place("close long", 40, 110)
    desk.do(stop(None, 95))
    desk.at(94)
    position = desk.position()
    assert (position.size if position else None) == left


def test_both_stops_of_a_position_may_be_due_at_once_and_the_older_one_closes_it() -> None:
    desk = holding()
    first, second = accepted(desk.do(stop(100, 95))), accepted(desk.do(stop(100, 94, by=LAST)))
    result = desk.at(93)
    assert causes(result, first) == ["triggered"]
    assert causes(result, second) == ["nothing_to_reduce"]
    assert executions(result) == [(D(100), D("92.5"))]


def test_a_conditional_entry_opens_when_its_price_comes_and_carries_its_presets_on() -> None:
    desk = Desk()
    desk.at(100)
    command = PlaceTrigger(
        account="me",
        symbol=SYMBOL,
        action=Action.BUY,
        size=D(10),
        purpose=TriggerPurpose.ENTRY,
        trigger_price=D(105),
        by=LAST,
        direction=Direction.RISES,
        reduce_only=False,
        position_side=Side.LONG,
        leverage=D(5),
    )
    accepted(desk.do(command))
    assert desk.balance.order_margin == 0, "it reserves nothing before it fires"
    desk.at(105)
    assert (desk.position().size, desk.position().leverage) == (D(10), D(5))


def test_a_conditional_entry_that_cannot_be_paid_when_it_fires_is_told_as_rejected() -> None:
    desk = Desk(balance=5)
    desk.at(100)
    entry = PlaceTrigger(
        "me",
        SYMBOL,
        Action.BUY,
        D(10),
        TriggerPurpose.ENTRY,
        D(105),
        LAST,
        Direction.RISES,
        reduce_only=False,
        position_side=Side.LONG,
        leverage=D(1),
    )
    number = accepted(desk.do(entry))
    result = desk.at(105)
    assert causes(result) == ["triggered", "refused"]
    assert desk.order(desk.order(number).child_id).state is OrderState.REJECTED


def test_a_trailing_order_follows_the_best_price_once_it_is_active_and_fires_on_the_way_back() -> None:
    """Active from 105 on, it follows to 110; 1 % below that is 108.9."""
    desk = holding()
    trailing = PlaceTrailing("me", SYMBOL, Action.SELL, D(100), D(105), LAST, D("0.01"), position_side=Side.LONG)
    accepted(desk.do(trailing))
    for price in (103, 101, 105, 110, 109):
        assert causes(desk.at(price)) == [], price
    assert causes(desk.at(108.5)) == ["triggered", "placed", "filled"]
    assert desk.position() is None


def test_a_trailing_order_to_buy_follows_downwards() -> None:
    desk = Desk()
    desk.at(100)
    desk.do(PlaceTrailing("me", SYMBOL, Action.BUY, D(10), D(95), MARK, D("0.02"), False, Side.LONG))
    for price in (96, 95, 90, 91.5):
        desk.at(price)
        assert desk.position() is None
    desk.at(92)
    assert desk.position().size == D(10)


@pytest.mark.parametrize(("action", "turn", "short_of_it"), [("buy", 102, 101.5), ("sell", 98, 98.5)])
def test_a_trailing_order_fires_exactly_at_its_call_back_of_the_price_that_it_names(
    action: str, turn: float, short_of_it: float
) -> None:
    """2 % of 100; the last price, which turns further, is not the one it follows."""
    desk = Desk()
    desk.at(100)
    side = Side.LONG if action == "buy" else Side.SHORT
    desk.do(PlaceTrailing("me", SYMBOL, Action(action), D(10), D(100), MARK, D("0.02"), False, side))
    beyond = 2 * turn - 100
    desk.at(beyond, mark=short_of_it)
    assert desk.position(side) is None
    desk.at(100, mark=turn)
    assert desk.position(side).size == D(10)


def test_a_trigger_is_moved_and_becomes_due_where_it_stands_then() -> None:
    desk = holding()
    number = accepted(desk.do(stop(100, 90)))
    accepted(desk.do(AmendTrigger("me", SYMBOL, number, trigger_price=D(95), by=LAST, size=D(60))))
    moved = desk.order(number)
    assert (moved.trigger_price, moved.trigger_by, moved.size) == (D(95), LAST, D(60))
    assert executions(desk.at(95)) == [(D(60), D("94.5"))]


def test_a_trigger_that_is_given_a_limit_rests_at_it_once_it_fired() -> None:
    desk = holding()
    number = accepted(desk.do(target(100, 105)))
    accepted(desk.do(AmendTrigger("me", SYMBOL, number, limit_price=D(107))))
    desk.at(105)
    [resting] = desk.orders()
    assert (resting.price, resting.parent_id) == (D(107), number)


def test_a_trigger_is_not_moved_to_where_it_would_fire_at_once() -> None:
    desk = holding()
    number = accepted(desk.do(stop(100, 90)))
    assert refused(desk.do(AmendTrigger("me", SYMBOL, number, trigger_price=D(101)))) is Refusal.TRIGGER_WRONG_SIDE
    assert desk.order(number).trigger_price == D(90)


def test_a_trigger_that_was_cancelled_does_not_fire() -> None:
    desk = holding()
    number = accepted(desk.do(stop(100, 95)))
    accepted(desk.do(CancelOrder("me", SYMBOL, number)))
    desk.at(90)
    assert desk.position().size == D(100)


def test_a_conditional_entry_that_fires_sets_the_leverage_of_its_symbol() -> None:
    desk = Desk()
    desk.at(100)
    entry = {"direction": Direction.RISES, "action": Action.BUY, "reduce_only": False, "leverage": D(20)}
    accepted(desk.do(stop(10, 101, purpose=TriggerPurpose.ENTRY, **entry)))
    desk.at(101)
    assert desk.position().leverage == D(20)
    assert desk.engine.leverage("me", SYMBOL)[0] == D(20)
    accepted(desk.place("open long", 10))


def test_an_exit_that_reverses_opens_with_the_leverage_of_its_symbol_whatever_it_names() -> None:
    desk = Desk(rules=VenueRules(oversized_exit=OversizedExit.REVERSES), mode=PositionMode.ONE_WAY)
    desk.at(100)
    desk.place("buy", 10, leverage=D(5))
    accepted(desk.place("reduce sell", 30, leverage=D(1000)))
    assert (desk.position(Side.SHORT).size, desk.position(Side.SHORT).leverage) == (D(20), D(5))
