"""Targets and break-even: shares of what is held, moved for a reason only."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import ExitOrder, OrderType, OversizedExit, Side, TimeInForce
from mtf_core.orders import EventKind, PositionState, ReadsWanted, WantedTarget
from mtf_core.orders.supervise import reads_wanted
from mtf_core.orders.supervision.look import Look
from mtf_core.orders.supervision.targets import parts_of
from tests.unit.orders.supervision.desk import NATIVE, OWN_SIZED, REGIMES, Bench, bench, resting

TWO = (WantedTarget(Decimal(110), Decimal("0.5")), WantedTarget(Decimal(115), Decimal("0.5")))
SPLITTING = [name for name, can in REGIMES.items() if can.oversized_exit is not OversizedExit.REJECTED]


def with_two(capabilities: object = NATIVE, share: str = "0.5", **terms: object) -> Bench:
    intent = resting(capabilities, **terms)  # type: ignore[arg-type]
    targets = (evolve(TWO[0], share=Decimal(share)), evolve(TWO[1], share=1 - Decimal(share)))
    return bench(capabilities, evolve(intent, wanted=evolve(intent.wanted, targets=targets)))  # type: ignore[arg-type]


def standing(one: Bench) -> dict[Decimal | None, Decimal | None]:
    """Price and size of our targets."""
    own = [order for order in one.exchange.live.values() if order.reduce_only and order not in one.exchange.armed()]
    return {order.price if order.trigger is None else order.trigger.price: order.size for order in own}


@pytest.mark.parametrize("kind", list(OrderType))
def test_two_targets_close_their_shares_of_what_is_held(kind: OrderType) -> None:
    one = with_two(target_order=kind)
    one.fills(10)
    one.looks(6)
    assert standing(one) == {Decimal(110): Decimal(5), Decimal(115): Decimal(5)}


def test_after_a_partial_entry_the_shares_are_computed_anew_and_the_rest_goes_to_the_second() -> None:
    one = with_two()
    one.fills(7)
    one.exchange.ends_entry(one.entry_id)
    one.looks(6)
    assert standing(one) == {Decimal(110): Decimal(3), Decimal(115): Decimal(4)}


@pytest.mark.parametrize(("share", "filled"), [("0.5", 1), ("0.05", 10), ("0.95", 10)])
def test_a_part_below_the_least_size_merges_into_the_first_target(share: str, filled: int) -> None:
    one = with_two(share=share, min_size=Decimal(1) if filled == 1 else Decimal(2))
    one.fills(filled)
    if filled < 10:
        one.exchange.ends_entry(one.entry_id)
    one.looks(6)
    assert standing(one) == {Decimal(110): Decimal(filled)}


def test_targets_are_not_split_where_an_exit_that_is_too_large_may_open_a_position() -> None:
    one = with_two(OWN_SIZED)
    one.fills(10)
    one.looks(6)
    assert standing(one) == {Decimal(110): Decimal(10)}


@pytest.mark.parametrize("regime", SPLITTING)
def test_after_the_first_target_the_stop_covers_what_is_left_and_stands_at_break_even(regime: str) -> None:
    one = with_two(REGIMES[regime], break_even_after_tp1=True)
    one.fills(10)
    one.looks(6)
    one.exchange.moves_to(Decimal("110.5"))
    one.looks(6)
    assert one.held == 5
    assert standing(one) == {Decimal(115): Decimal(5)}
    (stop,) = one.exchange.armed()
    assert stop.trigger is not None
    assert stop.trigger.price == Decimal("100.1"), "100 / (1 - 0.0006), up to the tick; the entry cost nothing here"
    assert stop.size in {None, Decimal(5)}
    assert one.state[1] is PositionState.PROTECTED
    moved = [event for event in one.events if event.details.get("why") == "break_even"]
    assert [(event.kind, event.details["before"], event.details["after"]) for event in moved] == [
        (EventKind.PROTECTION_MOVED, "95", "100.1")
    ]
    one.exchange.moves_to(Decimal("100.1"))
    one.looks(4)
    assert one.state[1] is PositionState.CLOSED
    assert one.intent.progress.exit_reason == "break_even"


def test_a_quiet_position_costs_no_reads_beyond_the_account_and_the_quote() -> None:
    """Rate limits are what exits live on."""
    one = with_two()
    one.fills(10)
    one.looks(6)
    quiet = ReadsWanted(False, False, False, True, reads_wanted(one.intent, None, 0).since_ms)
    assert reads_wanted(one.intent, one.exchange.account(), one.exchange.now_ms) == quiet
    one.exchange.moves_to(Decimal("110.5"))
    one.looks(6)
    assert one.held == 5
    assert reads_wanted(one.intent, one.exchange.account(), one.exchange.now_ms) == quiet


def test_where_the_mark_is_beyond_break_even_already_the_stop_stays_and_it_is_tried_again() -> None:
    one = with_two(break_even_after_tp1=True)
    one.fills(10)
    one.looks(6)
    one.exchange.moves_to(Decimal(110))
    one.exchange.mark = Decimal(100)
    one.looks(4)
    (stop,) = one.exchange.armed()
    assert stop.trigger is not None
    assert stop.trigger.price == 95
    assert one.state[1] is PositionState.PROTECTED
    one.exchange.mark = Decimal(104)
    one.looks(3)
    (stop,) = one.exchange.armed()
    assert stop.trigger is not None
    assert stop.trigger.price == Decimal("100.1")


def test_a_tightening_that_fails_keeps_the_old_stop_and_closes_nothing() -> None:
    one = with_two(break_even_after_tp1=True)
    one.fills(10)
    one.looks(6)
    one.exchange.moves_to(Decimal(110))
    one.looks(1)
    for _ in range(30):
        one.passes(1000)
        one.look(leaves=lambda action: action.why != "stop_moves")
    assert one.wrote.count("stop_moves") > 10, one.wrote
    assert one.state[1] is PositionState.PROTECTED
    assert not [action for action in one.actions if isinstance(action.write, ExitOrder)]
    one.looks(3)
    assert one.state[1] is PositionState.PROTECTED


def test_a_target_that_is_partly_filled_or_near_is_left_alone() -> None:
    one = bench(NATIVE, target_order=OrderType.LIMIT)
    one.fills(10)
    one.looks(5)
    one.exchange.depth = Decimal(3)
    one.exchange.moves_to(Decimal(110))
    one.actions.clear()
    one.looks(6)
    assert one.held == 7
    assert not [action for action in one.actions if action.why == "target_differs"]
    near = bench(NATIVE)
    near.fills(10)
    near.looks(5)
    near.exchange.moves_to(Decimal("109.8"))
    near.exchange.trades_by_hand(near.intent.side, Decimal(2), opens=False)
    near.actions.clear()
    near.looks(5)
    assert [action.why for action in near.actions if action.why.startswith("target")] == []
    near.exchange.moves_to(Decimal(105))
    near.looks(3)
    assert standing(near) == {Decimal(110): Decimal(8)}


def test_targets_never_move_for_the_clock_alone() -> None:
    one = with_two()
    one.fills(10)
    one.looks(6)
    one.actions.clear()
    one.looks(300)
    assert not one.actions


def test_a_target_that_was_reached_before_its_order_stood_is_taken_at_market() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.exchange.mark = Decimal(111)
    one.look()
    write = one.actions[-1].write
    assert isinstance(write, ExitOrder)
    assert (write.order_type, write.time_in_force, write.size) == (OrderType.MARKET, TimeInForce.IOC, 10)
    one.looks(3)
    assert one.intent.progress.exit_reason == "target"


def test_a_target_that_is_refused_is_tried_again_with_growing_pauses() -> None:
    one = bench(NATIVE, target_order=OrderType.LIMIT)
    one.exchange.refuses_exits = True
    one.fills(10)
    one.looks(120)
    assert 5 < one.wrote.count("target_missing") < 15
    assert one.state[1] is PositionState.PROTECTED
    one.exchange.refuses_exits = False
    one.looks(40)
    assert standing(one) == {Decimal(110): Decimal(10)}
    assert one.intent.progress.target_tries == 0, "the next change begins without pauses"


def test_a_target_that_just_fired_is_not_placed_once_more() -> None:
    """The position was still shown as it was, and the second order closed what the second target was for."""
    one = with_two(REGIMES["own whole-position stop"])
    one.fills(10)
    one.looks(8)
    one.actions.clear()
    one.exchange.moves_to(Decimal(110))
    shown = one.exchange.history[-2]
    one.exchange.history[-1] = evolve(
        shown, orders=one.exchange.history[-1].orders, ended=one.exchange.history[-1].ended
    )
    one.passes(500)
    done = one.look()
    assert done.action is None or not done.action.why.startswith("target")


def test_the_mark_that_was_best_and_worst_since_the_first_fill_is_kept() -> None:
    one = bench(NATIVE)
    one.exchange.moves_to(Decimal(104))
    one.look()
    one.exchange.moves_to(Decimal(101))
    one.fills(10)
    for mark in (103, 98, 102):
        one.exchange.moves_to(Decimal(mark))
        one.looks(1)
    assert (one.intent.progress.best_mark, one.intent.progress.worst_mark) == (103, 98)


@given(
    held=st.integers(1, 500),
    gained=st.integers(0, 500),
    share=st.integers(1, 99),
    least=st.integers(1, 20),
    step=st.sampled_from([1, 2, 5]),
    done=st.booleans(),
)
def test_parts_are_on_the_grid_and_never_more_than_what_is_held(
    held: int, gained: int, share: int, least: int, step: int, done: bool
) -> None:
    one = with_two(share=f"0.{share:02d}", size_step=Decimal(step), min_size=Decimal(least))
    progress = evolve(
        one.intent.progress, held=Decimal(held * step), gained=Decimal(gained * step), first_target_done=done
    )
    view = one.exchange.view(ReadsWanted(False, False, False, False, 0))
    look = Look(evolve(one.intent, progress=progress), view, one.exchange.market(), one.rules, (), one.exchange.now_ms)
    parts = parts_of(look)
    assert sum(part.size for part in parts) == held * step
    assert all(part.size > 0 and part.size % step == 0 for part in parts)
    assert len(parts) == 1 or all(part.size >= min(least, held * step) for part in parts if part.index == 1)
    assert Side.LONG is one.intent.side
