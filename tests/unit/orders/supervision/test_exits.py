"""How a position is left: stops that fire, time, wishes; closing until it is flat; and what is left when it is gone."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import ExitOrder, FillCause, OrderKind, OrderState, OversizedExit, PositionMode
from mtf_core.orders import AlarmKind, Asked, AskedKind, Cancellation, EntryState, EventKind, PositionState, Trade
from tests.unit.orders.supervision.desk import NATIVE, REGIMES, Bench, bench

EVERY = pytest.mark.parametrize("regime", list(REGIMES))
OWN_WHOLE = REGIMES["own whole-position stop"]


def protected(regime: str = "travels, arms at the first fill", size: int = 10, **terms: object) -> Bench:
    """A position of that size with its stop and its target."""
    one = bench(REGIMES[regime], **terms)
    one.fills(size)
    if size < 10:
        one.exchange.ends_entry(one.entry_id)
    one.looks(6)
    assert one.state == (EntryState.DONE, PositionState.PROTECTED)
    one.actions.clear()
    one.events.clear()
    return one


def closes(one: Bench) -> list[Decimal]:
    """The sizes of the orders to close."""
    return [action.write.size for action in one.actions if isinstance(action.write, ExitOrder)]


@EVERY
def test_a_stop_that_fired_into_a_thin_book_leaves_a_rest_that_is_not_taken_for_protected(regime: str) -> None:
    """Three of ten were closed, the stop's order ended, and seven stood without a stop until somebody looked."""
    one = protected(regime)
    one.exchange.depth = Decimal(3)
    one.exchange.moves_to(Decimal(95))
    one.looks(1)
    assert one.held == 7
    assert one.state[1] in {PositionState.EXITING, PositionState.UNPROTECTED, PositionState.CLOSING}
    one.exchange.depth = Decimal(1000)
    one.looks(6)
    assert one.state[1] is PositionState.CLOSED
    assert one.held == 0


@EVERY
def test_when_the_price_comes_back_the_rest_of_a_fired_stop_is_protected_anew(regime: str) -> None:
    one = protected(regime)
    one.exchange.depth = Decimal(3)
    one.exchange.moves_to(Decimal(95))
    one.exchange.mark = Decimal(97)
    one.looks(6)
    assert one.held == 7
    assert one.state[1] is PositionState.PROTECTED
    assert one.exchange.armed()


def test_a_stop_that_fired_and_does_not_fill_is_watched_and_then_taken_over_at_market() -> None:
    """Its order rested at the band, and the position fell on with it."""
    one = protected()
    stop = one.exchange.armed()[0]
    one.exchange._end(stop.order_id, OrderState.TRIGGERED)
    child = evolve(stop, order_id="777", kind=OrderKind.LIMIT, price=Decimal(95), trigger=None, purpose=None)
    one.exchange.live["777"] = child
    one.exchange.remember()
    one.passes(1000)
    done = one.look()
    assert one.state[1] is PositionState.EXITING
    assert done.look_again_ms == 1000
    assert done.action is None
    one.looks(3)
    assert not closes(one)
    one.looks(4)
    assert closes(one) == [10]
    assert one.intent.progress.exit_reason == "stop_not_filled"
    one.exchange.live.pop("777", None)
    one.exchange.remember()
    one.looks(4)
    assert one.state[1] is PositionState.CLOSED


def test_the_hard_time_stop_counts_from_the_first_fill() -> None:
    one = bench(NATIVE, hard_time_stop_ms=60_000)
    one.passes(30_000)
    one.fills(4)
    one.looks(3)
    one.fills(6)
    one.looks(50)
    assert one.state[1] is PositionState.PROTECTED
    one.looks(8)
    assert closes(one) == [10]
    one.looks(3)
    assert one.state[1] is PositionState.CLOSED
    assert one.intent.progress.exit_reason == "time_stop"


def test_a_time_that_passed_while_the_position_was_not_shown_makes_no_looks_at_every_instant() -> None:
    """They came four times a second, each with every history, for as long as the exchange answered so."""
    one = bench(NATIVE, hard_time_stop_ms=30_000)
    one.fills(10)
    one.looks(3)
    one.exchange.sizes = dict.fromkeys(one.exchange.sizes, Decimal(0))
    one.exchange.remember()
    pauses = []
    for _ in range(60):
        one.passes(1000)
        pauses.append(one.look().look_again_ms)
    assert one.state[1] is PositionState.STALE
    assert pauses[-20:] == [5000] * 20


def test_closing_cancels_targets_first_and_never_the_stop() -> None:
    """The target held the size back, so the order to close was refused; the stop was gone by then."""
    one = protected(hard_time_stop_ms=20_000)
    target = next(order for order in one.exchange.live.values() if order.client_order_id)
    one.passes(20_000)
    one.look()
    assert [action.write for action in one.actions] == [Cancellation(target.symbol, target.order_id, target.kind)]
    one.looks(1)
    assert closes(one) == [10]
    assert not [
        action
        for action in one.actions
        if isinstance(action.write, Cancellation) and action.write.order_id != target.order_id
    ]


def test_closing_goes_on_with_growing_pauses_and_an_alarm_until_it_is_flat() -> None:
    one = protected(hard_time_stop_ms=15_000)
    one.exchange.refuses_exits = True
    one.passes(10_000)
    one.looks(90)
    assert AlarmKind.CANNOT_CLOSE in one.alarms
    sent = [event.venue_ms for event in one.events]
    assert sent
    assert 5 <= len(closes(one)) <= 12, "not each second, and not never"
    assert one.state[1] is PositionState.CLOSING
    assert one.exchange.armed(), "the stop stays to the end"
    one.exchange.refuses_exits = False
    one.looks(40)
    assert one.state[1] is PositionState.CLOSED
    assert not one.alarms


def test_a_position_larger_than_a_market_order_may_be_is_closed_in_parts() -> None:
    one = protected(hard_time_stop_ms=15_000)
    one.exchange.contract = evolve(one.exchange.contract, max_market_size=Decimal(4))
    one.looks(40)
    assert closes(one) == [4, 4, 2]
    assert one.state[1] is PositionState.CLOSED


def test_an_order_to_close_is_never_larger_than_ours_nor_than_there_is() -> None:
    """Where an exit that is too large reverses, it opens the other side."""
    for by_hand, expected in ((3, Decimal(7)), (-5, Decimal(10))):
        one = protected(hard_time_stop_ms=15_000)
        one.exchange.trades_by_hand(one.intent.side, Decimal(abs(by_hand)), opens=by_hand < 0)
        one.looks(3)
        one.passes(15_000)
        one.looks(3)
        assert closes(one)[0] == expected
        assert one.exchange.sizes[one.intent.side] == (5 if by_hand < 0 else 0)


def test_a_close_whose_answer_was_lost_does_not_close_twice_what_a_hand_holds_beside_it() -> None:
    one = protected(hard_time_stop_ms=15_000)
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=True)
    one.passes(15_000)
    for _ in range(8):
        one.passes(300)
        one.look(answers=lambda _: False)
    one.looks(3)
    assert one.exchange.sizes[one.intent.side] == 5
    assert one.state[1] is PositionState.CLOSED


@EVERY
def test_a_position_that_is_gone_is_over_after_two_reads_that_agree(regime: str) -> None:
    one = protected(regime)
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False)
    one.passes(100)
    one.look()
    assert one.state[1] is PositionState.PROTECTED, "one read is none"
    one.looks(3)
    assert one.state[1] is PositionState.CLOSED
    assert one.intent.progress.exit_reason == "hand"
    trade = Trade.from_details(one.events[-1].details)
    assert (trade.size, trade.closed_size) == (10, 10)
    assert one.events[-1].kind is EventKind.CLOSED


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (FillCause.LIQUIDATION, "liquidation"),
        (FillCause.ADL, "adl"),
        (FillCause.SETTLEMENT, "settlement"),
    ],
)
def test_liquidation_adl_and_settlement_end_a_position_and_say_so(cause: FillCause, reason: str) -> None:
    one = protected()
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False, cause=cause)
    one.looks(3)
    assert one.state[1] is PositionState.CLOSED
    assert one.intent.progress.exit_reason == reason


@EVERY
def test_a_part_taken_by_adl_resizes_the_exits(regime: str) -> None:
    one = protected(regime)
    one.exchange.trades_by_hand(one.intent.side, Decimal(4), opens=False, cause=FillCause.ADL)
    one.looks(8)
    assert one.intent.progress.held == 6
    assert one.state[1] is PositionState.PROTECTED
    assert {order.size for order in one.exchange.live.values()} <= {Decimal(6), None}


def test_the_money_of_a_close_is_waited_for_but_not_for_ever() -> None:
    one = protected()
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False)
    for _ in range(30):
        one.passes(1000)
        one.look(fails=frozenset({"flows"}))
    assert one.state[1] is PositionState.PROTECTED
    for _ in range(40):
        one.passes(1000)
        one.look(fails=frozenset({"flows"}))
    assert one.state[1] is PositionState.CLOSED


def test_gone_while_executions_cannot_be_read_proves_nothing() -> None:
    one = protected()
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False)
    for _ in range(60):
        one.passes(1000)
        one.look(fails=frozenset({"fills"}))
    assert one.state[1] is PositionState.PROTECTED
    assert not one.actions


def test_what_is_left_of_our_exits_is_cancelled_before_the_intent_is_over() -> None:
    """A target of the old position closed the next one."""
    one = protected()
    target = next(order for order in one.exchange.live.values() if order.client_order_id)
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False)
    one.exchange.live[target.order_id] = target
    one.exchange.remember()
    one.looks(4)
    assert [action.why for action in one.actions] == ["left_over"]
    assert target.order_id not in one.exchange.live
    assert one.state[1] is PositionState.CLOSED


def test_what_cannot_be_cancelled_does_not_keep_the_intent_open_for_ever() -> None:
    one = protected()
    target = next(order for order in one.exchange.live.values() if order.client_order_id)
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False)
    one.exchange.live[target.order_id] = target
    one.exchange.remember()
    for _ in range(30):
        one.passes(1000)
        one.look(leaves=lambda _: False)
    assert one.state[1] is PositionState.CLOSED


@pytest.mark.parametrize("mode", list(PositionMode))
def test_a_position_flipped_by_hand_ends_the_intent_and_leaves_the_rest_alone(mode: PositionMode) -> None:
    one = protected()
    one.exchange.mode = mode
    target = next(order for order in one.exchange.live.values() if order.client_order_id)
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False)
    one.exchange.trades_by_hand(one.intent.side.opposite, Decimal(5), opens=True)
    one.exchange.live[target.order_id] = target
    one.exchange.remember()
    one.looks(5)
    assert one.state[1] is PositionState.CLOSED
    assert one.intent.progress.exit_reason == ("flipped_by_hand" if mode is PositionMode.ONE_WAY else "hand")
    assert one.exchange.sizes[one.intent.side.opposite] == 5
    assert target.order_id not in one.exchange.live


def test_the_other_side_alone_does_not_show_that_ours_is_gone() -> None:
    """The answer was another account's: the stop was cancelled on its word."""
    one = protected()
    one.exchange.mode = PositionMode.ONE_WAY
    one.exchange.sizes = {one.intent.side: Decimal(0), one.intent.side.opposite: Decimal(5)}
    one.exchange.remember()
    one.looks(5)
    assert one.state[1] is PositionState.STALE
    assert not one.actions


def test_a_fill_that_comes_after_the_position_was_closed_is_protected_anew() -> None:
    one = bench(OWN_WHOLE)
    one.fills(4)
    one.looks(3)
    one.intent = evolve(
        one.intent,
        position=PositionState.CLOSED,
        progress=evolve(one.intent.progress, held=Decimal(0), closed=Decimal(0)),
    )
    one.exchange.cancels_by_hand(one.exchange.armed()[0].order_id)
    one.fills(3)
    one.looks(4)
    assert one.state[1] is PositionState.PROTECTED
    assert one.exchange.armed()


def test_a_close_that_was_asked_for_is_answered_once_everything_is_over() -> None:
    one = bench(NATIVE)
    one.fills(4)
    one.looks(3)
    one.asked = (Asked(7, AskedKind.CLOSE, actor="ann"),)
    first = one.look()
    assert first.answers == ()
    assert one.state[1] is PositionState.CLOSING
    assert "ann" in {event.details.get("actor") for event in one.events}
    one.looks(8)
    assert one.state == (EntryState.DONE, PositionState.CLOSED)
    assert one.asked == ()
    assert one.intent.progress.exit_reason == "hand"


def test_a_close_that_was_asked_for_ends_an_entry_that_has_not_filled() -> None:
    one = bench(NATIVE)
    one.asked = (Asked(7, AskedKind.CLOSE),)
    one.looks(3)
    assert one.wrote == ["operator"]
    assert one.state == (EntryState.DONE, PositionState.NONE)
    assert one.asked == ()


def test_nothing_is_reversed_where_an_exit_that_is_too_large_would_reverse() -> None:
    one = bench(evolve(OWN_WHOLE, oversized_exit=OversizedExit.REVERSES))
    one.fills(10)
    one.looks(5)
    one.asked = (Asked(1, AskedKind.CLOSE),)
    one.exchange.trades_by_hand(one.intent.side, Decimal(4), opens=False)
    one.looks(10)
    assert not one.exchange.reversed
    assert one.state[1] is PositionState.CLOSED


def test_a_target_that_cannot_be_cancelled_holds_up_no_close() -> None:
    one = protected(hard_time_stop_ms=20_000)
    one.passes(20_000)
    for _ in range(12):
        one.passes(1000)
        one.look(leaves=lambda action: not isinstance(action.write, Cancellation))
    cancelled = [action for action in one.actions[: one.wrote.index("time_stop")] if action.why == "closing"]
    assert len(cancelled) == 4
    assert closes(one)[0] == 10
    assert one.state[1] is PositionState.CLOSED


def test_nothing_of_no_size_leaves_where_one_order_at_market_may_close_less_than_a_step() -> None:
    one = protected(hard_time_stop_ms=15_000)
    one.exchange.contract = evolve(one.exchange.contract, max_market_size=Decimal("0.5"))
    one.looks(20)
    assert one.state[1] is PositionState.CLOSING
    assert closes(one) == []


def test_on_a_grid_that_became_coarser_all_that_is_on_it_is_closed_and_the_rest_is_tried() -> None:
    """The exchange refused the odd size as a whole, again and again, and nothing was closed."""
    one = protected(hard_time_stop_ms=15_000)
    one.exchange.contract = evolve(one.exchange.contract, size_step=Decimal(3))
    one.looks(20)
    assert closes(one)[0] == 9
    assert closes(one)[1] == 1
    assert one.state[1] is PositionState.CLOSED


def test_a_position_that_is_not_shown_is_unexplained_once_reads_have_shown_it_for_long_enough() -> None:
    one = protected()
    one.exchange.sizes = dict.fromkeys(one.exchange.sizes, Decimal(0))
    one.exchange.remember()
    one.look()
    one.passes(one.rules.settle_ms - 1)
    one.look()
    assert one.state[1] is PositionState.PROTECTED
    one.passes(1)
    one.look()
    assert one.state[1] is PositionState.STALE
