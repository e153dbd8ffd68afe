"""Stops and targets that are one order with two prices, whole-position triggers, and timers of a whole account."""

from mtf_adapters.sandbox.matching.commands import (
    Action,
    CancelEverythingAfter,
    CancelOrder,
    Leg,
    PlacePair,
    Preset,
    PresetsFail,
    TimePasses,
)
from mtf_adapters.sandbox.matching.events import OrderCause, OrderView, Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import HOUR_MS, ArmsAt, OrderState, OversizedExit, Side, TriggerPrice, TriggerPurpose, UniqueFor
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, contract, preset, refused, stop, target, tick

PAIRS = VenueRules(presets_arm_at=ArmsAt.FULL_FILL, presets_are_pairs=True, client_ids_unique_for=UniqueFor.WHILE_OPEN)


def pair(size: object = 10, **more: object) -> PlacePair:
    legs = {"stop": Leg(D(95), TriggerPrice.MARK), "target": Leg(D(110), TriggerPrice.MARK)}
    given = {"account": "me", "symbol": SYMBOL, "action": Action.SELL, "position_side": Side.LONG, **legs, **more}
    return PlacePair(size=None if size is None else D(str(size)), **given)  # type: ignore[arg-type]


def holding(rules: VenueRules = PAIRS, size: int = 10) -> Desk:
    desk = Desk(rules=rules)
    desk.at(100)
    accepted(desk.place("open long", size, leverage=D(2)))
    return desk


def waiting(desk: Desk) -> dict[TriggerPurpose | None, OrderView]:
    return {view.purpose: view for view in desk.orders() if view.purpose is not None}


def test_a_pair_is_two_triggers_that_bear_the_first_ones_id() -> None:
    desk = holding()
    number = accepted(desk.do(pair(client_order_id="both")))
    halves = waiting(desk)
    assert set(halves) == {TriggerPurpose.STOP, TriggerPurpose.TARGET}
    assert {view.pair_id for view in halves.values()} == {number}
    assert {view.client_order_id for view in halves.values()} == {"both"}


def test_cancelling_one_half_cancels_both_and_frees_their_id() -> None:
    desk = holding()
    accepted(desk.do(pair(client_order_id="both")))
    desk.do(CancelOrder("me", SYMBOL, waiting(desk)[TriggerPurpose.TARGET].order_id))
    assert not waiting(desk)
    accepted(desk.do(pair(client_order_id="both")))


def test_the_half_that_fires_ends_the_other() -> None:
    desk = holding()
    number = accepted(desk.do(pair(size=None)))
    desk.at(94)
    assert desk.position() is None
    assert desk.order(number).state is OrderState.TRIGGERED
    assert (desk.order(number + 1).state, desk.order(number + 1).ended_by) == (
        OrderState.CANCELLED,
        OrderCause.NOTHING_TO_REDUCE,
    )


def test_a_pair_is_refused_whole() -> None:
    desk = holding()
    assert refused(desk.do(pair(target=Leg(D(99), TriggerPrice.MARK)))) is Refusal.TRIGGER_WRONG_SIDE
    assert not waiting(desk)


def test_stop_and_target_of_an_entry_may_be_a_pair_with_an_id_of_their_own() -> None:
    desk = Desk(rules=PAIRS)
    desk.at(100)
    both = {"stop": Preset(D(95), TriggerPrice.MARK, "exit"), "target": Preset(D(110), TriggerPrice.MARK, "exit")}
    accepted(desk.place("open long", 10, leverage=D(2), **both))
    halves = waiting(desk)
    assert {view.client_order_id for view in halves.values()} == {"exit"}
    assert {view.pair_id for view in halves.values()} == {halves[TriggerPurpose.STOP].order_id}
    desk.do(CancelOrder("me", SYMBOL, halves[TriggerPurpose.STOP].order_id))
    assert not waiting(desk)


def test_without_that_rule_they_stay_two() -> None:
    desk = Desk(rules=VenueRules())
    desk.at(100)
    accepted(desk.place("open long", 10, leverage=D(2), stop=preset(95), target=preset(110)))
    desk.do(CancelOrder("me", SYMBOL, waiting(desk)[TriggerPurpose.STOP].order_id))
    assert set(waiting(desk)) == {TriggerPurpose.TARGET}


def test_a_position_may_have_one_trigger_for_all_of_it() -> None:
    desk = holding(VenueRules(one_whole_position_trigger=True))
    accepted(desk.do(stop(None, 95)))
    assert refused(desk.do(target(None, 110))) is Refusal.WHOLE_POSITION_TAKEN
    assert refused(desk.do(pair(size=None))) is Refusal.WHOLE_POSITION_TAKEN
    accepted(desk.do(target(4, 110)))


def test_elsewhere_it_has_as_many_as_one_likes() -> None:
    desk = holding(VenueRules())
    accepted(desk.do(stop(None, 95)))
    accepted(desk.do(target(None, 110)))


def test_presets_that_fail_leave_the_entry_naked_and_say_so() -> None:
    desk = Desk(rules=PAIRS)
    desk.at(100)
    desk.do(PresetsFail(SYMBOL))
    first = accepted(desk.place("open long", 10, leverage=D(2), stop=preset(95)))
    assert desk.order(first).presets_failed
    assert not waiting(desk)
    second = accepted(desk.place("open long", 5, leverage=D(2), stop=preset(95)))
    assert not desk.order(second).presets_failed
    assert waiting(desk)[TriggerPurpose.STOP].size == D(5)


def test_a_timer_of_the_account_cancels_the_orders_of_every_symbol() -> None:
    desk = Desk(contracts=[contract(), contract("XYZUSDT")])
    desk.at(100)
    desk.do(tick(100, symbol="XYZUSDT"))
    for symbol in (SYMBOL, "XYZUSDT"):
        accepted(desk.place("open long", 1, 90, symbol=symbol, leverage=D(2)))
    accepted(desk.do(CancelEverythingAfter("me", 10)))
    desk.do(TimePasses(), after_ms=9_000)
    assert len(desk.orders()) == 2
    desk.do(TimePasses(), after_ms=1_000)
    assert desk.orders() == ()


def test_a_timer_of_the_account_is_disarmed_by_zero() -> None:
    desk = Desk()
    desk.at(100)
    accepted(desk.place("open long", 1, 90, leverage=D(2)))
    accepted(desk.do(CancelEverythingAfter("me", 10)))
    accepted(desk.do(CancelEverythingAfter("me", 0)))
    desk.do(TimePasses(), after_ms=20_000)
    assert len(desk.orders()) == 1


def test_cancelled_triggers_may_be_remembered_longer_than_cancelled_orders() -> None:
    desk = holding(VenueRules(cancelled_orders_kept_ms=HOUR_MS, cancelled_triggers_kept_ms=3 * HOUR_MS))
    limit = accepted(desk.place("open long", 1, 90, leverage=D(2)))
    trigger = accepted(desk.do(stop(10, 95)))
    for number in (limit, trigger):
        desk.do(CancelOrder("me", SYMBOL, number))
    desk.do(TimePasses(), after_ms=2 * HOUR_MS)
    assert desk.engine.order("me", limit, desk.now_ms) is None
    assert desk.order(trigger).state is OrderState.CANCELLED


def test_a_trigger_may_end_with_its_position_where_others_stay() -> None:
    desk = holding(VenueRules(triggers_end_with_position=False))
    stays = accepted(desk.do(stop(10, 95)))
    goes = accepted(desk.do(stop(10, 94, ends_with_position=True)))
    desk.place("close long", 10)
    assert [view.order_id for view in desk.orders()] == [stays]
    assert desk.order(goes).ended_by is OrderCause.NOTHING_TO_REDUCE


def test_what_a_trigger_became_and_was_refused_is_remembered_as_long_as_triggers() -> None:
    rules = VenueRules(
        cancelled_orders_kept_ms=HOUR_MS,
        cancelled_triggers_kept_ms=3 * HOUR_MS,
        triggers_see_frozen=True,
        oversized_exit=OversizedExit.REJECTED,
    )
    desk = holding(rules)
    trigger = accepted(desk.do(stop(10, 95)))
    accepted(desk.place("close long", 4, 120))
    desk.at(94)
    child = desk.order(trigger).child_id
    desk.do(TimePasses(), after_ms=2 * HOUR_MS)
    assert desk.order(child).state is OrderState.REJECTED
