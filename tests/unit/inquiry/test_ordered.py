"""What became of a decision's order, in one line."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.inquiry.ordered import Ordered
from mtf_core.orders import EntryState, ExitReason, PositionState
from tests.unit.inquiry.test_trade_totals import TRADE
from tests.unit.orders.intents import KEY, an_attempt, an_intent


def test_a_live_order_says_how_it_stands() -> None:
    live = an_intent(attempt=an_attempt(filled=Decimal(4)), entry=EntryState.RESTING, position=PositionState.PROTECTED)
    told = Ordered(live, None, is_of_decision=True).words
    assert told == f"order {KEY}: live, 4 of 10 filled, entry resting, position protected, stop 95"


def test_an_order_that_never_filled_is_over_without_a_trade() -> None:
    over = an_intent(entry=EntryState.REJECTED)
    assert Ordered(over, None, is_of_decision=True).words.endswith(
        "over without a trade, 0 of 10 filled, entry rejected"
    )


def test_a_trade_says_why_it_was_left_and_what_it_brought() -> None:
    told = Ordered(an_intent(entry=EntryState.DONE), TRADE, is_of_decision=False).words
    assert told.startswith(
        f"newest order, of another decision, {KEY}: left by target, net 0.088 (+1.70 R), held 1.0 min"
    )
    by_hand = evolve(TRADE, exit_reason=ExitReason.HAND, booked_by_hand=True, r_net=None, holding_ms=None)
    assert "left by hand, net 0.088, booked by hand" in Ordered(an_intent(), by_hand, is_of_decision=True).words
