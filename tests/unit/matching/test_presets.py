"""Stops and targets that travel inside an entry."""

from typing import Any

import pytest

from mtf_adapters.sandbox.matching.commands import Action, AmendPresets, CancelOrder, StatusChange
from mtf_adapters.sandbox.matching.events import OrderView, Refusal
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import (
    ArmsAt,
    ContractStatus,
    OrderState,
    PositionMode,
    ProtectionScope,
    TriggerPrice,
    TriggerPurpose,
)
from tests.unit.matching.exchange import SYMBOL, D, Desk, accepted, causes, executions, preset, refused, tick

FULL = VenueRules(presets_arm_at=ArmsAt.FULL_FILL)


def waiting(desk: Desk) -> dict[TriggerPurpose | None, OrderView]:
    return {view.purpose: view for view in desk.orders() if view.purpose is not None}


def entry_part_filled(rules: VenueRules | None = None) -> tuple[Desk, int]:
    """An entry of 100 at 99 with stop and target, 40 of which are filled."""
    desk = Desk(rules=rules)
    desk.at(100)
    number = accepted(desk.place("open long", 100, 99, leverage=D(2), stop=preset(95), target=preset(110)))
    assert not waiting(desk)
    desk.at(99, asks=[(99, 40)])
    return desk, number


def test_presets_arm_at_the_first_fill_and_grow_with_the_next() -> None:
    desk, number = entry_part_filled()
    armed = waiting(desk)
    assert {purpose: (view.size, view.trigger_price) for purpose, view in armed.items()} == {
        TriggerPurpose.STOP: (D(40), D(95)),
        TriggerPurpose.TARGET: (D(40), D(110)),
    }
    assert {view.parent_id for view in armed.values()} == {number}
    desk.at(99, asks=[(99, 1000)])
    assert {view.size for view in waiting(desk).values()} == {D(100)}


def test_where_they_arm_at_the_full_fill_a_part_is_not_protected() -> None:
    desk, _ = entry_part_filled(FULL)
    assert not waiting(desk)
    desk.at(94, asks=[(100, 1)])
    assert desk.position().size == D(40)
    desk.at(98)
    assert {view.size for view in waiting(desk).values()} == {D(100)}


def test_where_the_rest_is_cancelled_late_presets_arm_for_what_was_filled() -> None:
    desk, number = entry_part_filled(FULL)
    result = desk.do(CancelOrder("me", SYMBOL, number))
    assert causes(result) == ["cancelled", "placed", "placed"]
    assert {view.size for view in waiting(desk).values()} == {D(40)}


def test_where_presets_end_with_the_rest_a_part_stays_unprotected() -> None:
    desk, number = entry_part_filled(VenueRules(presets_arm_at=ArmsAt.FULL_FILL, presets_end_with_rest=True))
    result = desk.do(CancelOrder("me", SYMBOL, number))
    assert causes(result) == ["cancelled", "preset_dropped"]
    assert not waiting(desk)


def test_presets_that_are_armed_outlive_the_rest_of_their_entry() -> None:
    desk, number = entry_part_filled(VenueRules(presets_end_with_rest=True))
    desk.do(CancelOrder("me", SYMBOL, number))
    assert {view.size for view in waiting(desk).values()} == {D(40)}


def test_presets_of_the_positions_scope_reduce_all_of_it_and_the_newer_take_the_place_of_the_older() -> None:
    desk = Desk(rules=VenueRules(presets_scope=ProtectionScope.POSITION))
    desk.at(100)
    desk.place("open long", 10, leverage=D(2), stop=preset(97))
    desk.place("open long", 20, stop=preset(95))
    [armed] = waiting(desk).values()
    assert (armed.size, armed.trigger_price) == (None, D(95))
    assert executions(desk.at(96)) == []
    assert executions(desk.at(95)) == [(D(30), D("94.5"))]


def test_a_preset_that_takes_the_place_of_another_fires_at_once_where_its_price_is_reached() -> None:
    desk = Desk(rules=VenueRules(presets_scope=ProtectionScope.POSITION))
    desk.at(100, mark=96)
    desk.place("open long", 10, leverage=D(2), stop=preset(90))
    desk.place("open long", 20, stop=preset(97))
    assert desk.position() is None


def test_presets_of_the_orders_scope_reduce_what_their_entry_filled() -> None:
    desk = Desk()
    desk.at(100)
    desk.place("open long", 10, leverage=D(2), stop=preset(95))
    desk.place("open long", 20, stop=preset(96))
    assert executions(desk.at(96)) == [(D(20), D("95.5"))]
    assert executions(desk.at(95)) == [(D(10), D("94.5"))]


def test_when_one_of_a_pair_fires_the_other_ends() -> None:
    desk = Desk()
    desk.at(100)
    desk.place("open long", 10, leverage=D(2))
    desk.place("open long", 20, stop=preset(95), target=preset(110))
    result = desk.at(110)
    assert causes(result) == ["triggered", "placed", "nothing_to_reduce", "filled"]
    assert desk.position().size == D(10)
    assert not waiting(desk)


def test_a_stop_that_is_reached_when_it_arms_fires_within_the_same_command() -> None:
    desk = Desk()
    desk.at(100, mark=94)
    result = desk.place("open long", 10, leverage=D(2), stop=preset(95))
    assert causes(result) == ["placed", "filled", "placed", "triggered", "placed", "filled"]
    assert desk.position() is None


def test_an_entry_that_ends_unfilled_takes_its_presets_with_it() -> None:
    desk = Desk()
    desk.at(100)
    number = accepted(desk.place("open long", 10, 99, stop=preset(95)))
    assert causes(desk.do(CancelOrder("me", SYMBOL, number))) == ["cancelled"]


def test_presets_change_until_the_entry_fills() -> None:
    desk = Desk()
    desk.at(100)
    number = accepted(desk.place("open long", 100, 99, leverage=D(2), stop=preset(95)))
    wrong = AmendPresets("me", SYMBOL, number, stop=preset(99))
    assert refused(desk.do(wrong)) is Refusal.PRESET_WRONG_SIDE
    by_last = preset(96, TriggerPrice.LAST)
    accepted(desk.do(AmendPresets("me", SYMBOL, number, stop=by_last, target=preset(120))))
    view = desk.order(number)
    assert (view.stop_price, view.stop_by, view.target_price) == (D(96), TriggerPrice.LAST, D(120))
    desk.at(99, asks=[(99, 1)])
    assert refused(desk.do(AmendPresets("me", SYMBOL, number, stop=preset(97)))) is Refusal.INVALID


def test_a_one_way_order_that_only_closes_arms_nothing_and_one_that_turns_arms_for_what_it_opened() -> None:
    desk = Desk(mode=PositionMode.ONE_WAY)
    desk.at(100)
    desk.place("buy", 30, leverage=D(2))
    desk.place("sell", 10, stop=preset(105))
    assert not waiting(desk)
    desk.place("sell", 50, stop=preset(105))
    [armed] = waiting(desk).values()
    assert (armed.size, armed.action) == (D(30), Action.BUY)
    desk.at(105)
    assert desk.engine.positions("me") == ()


def test_only_what_opens_carries_presets() -> None:
    desk = Desk()
    desk.at(100)
    desk.place("open long", 10)
    assert refused(desk.place("close long", 10, 105, stop=preset(95))) is Refusal.INVALID


@pytest.mark.parametrize("arms_at", list(ArmsAt))
def test_an_entry_that_fills_at_once_is_protected_at_once(arms_at: ArmsAt) -> None:
    desk = Desk(rules=VenueRules(presets_arm_at=arms_at))
    desk.at(100)
    number = accepted(desk.place("open long", 10, leverage=D(2), stop=preset(95)))
    assert desk.order(number).state is OrderState.FILLED
    [armed] = waiting(desk).values()
    assert armed.size == D(10)


@pytest.mark.parametrize("forced", [StatusChange(SYMBOL, ContractStatus.DELISTED), tick(80)])
def test_what_the_exchange_closes_is_not_protected_by_presets_that_were_not_armed_yet(forced: Any) -> None:
    """A delisting or a liquidation ends the rest of a partly filled entry: nothing is left that a stop could reduce."""
    desk = Desk(rules=VenueRules(presets_arm_at=ArmsAt.FULL_FILL, triggers_end_with_position=False))
    desk.at(100)
    desk.place("open long", 10, 99.5, leverage=D(50), stop=preset(95))
    desk.at(99, asks=[(99.5, 4)], bids=[(99, 100)])
    desk.do(forced)
    assert desk.position() is None
    assert desk.orders() == ()
