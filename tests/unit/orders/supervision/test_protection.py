"""Exactly one armed stop over everything that is held, read back: under each regime, and whatever happens to it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import (
    Amendment,
    ExitOrder,
    OrderKind,
    OrderState,
    ProtectiveOrder,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import Action, AlarmKind, EventKind, PositionState, Purpose
from mtf_core.orders.supervise import after_write, supervise
from tests.unit.orders.intents import SYMBOL
from tests.unit.orders.supervision.desk import ARMS_LATE, NATIVE, OWN_SIZED, REGIMES, Bench, bench

OWN_WHOLE = REGIMES["own whole-position stop"]
ONE_WHOLE = REGIMES["own whole-position stop, one at a time"]
AMENDS = evolve(OWN_SIZED, amends_protection=NATIVE.amends_protection)
STOP = TriggerLevel(Decimal(95), TriggerPrice.MARK)
FARTHER = TriggerLevel(Decimal(90), TriggerPrice.MARK)


def stands_beside(one: Bench, **theirs: object) -> None:
    """Somebody else's stop, number 999, which is like ours but for what is given."""
    ours = one.exchange.armed()[0]
    one.exchange.live["999"] = evolve(ours, order_id="999", **theirs)
    one.exchange.remember()


def stops(one: Bench) -> list[tuple[Decimal | None, Decimal]]:
    return [(stop.size, stop.trigger.price) for stop in one.exchange.armed() if stop.trigger is not None]


def test_a_travelling_stop_that_arms_at_the_first_fill_protects_without_a_write() -> None:
    one = bench(NATIVE)
    one.fills(4)
    done = one.look()
    assert one.state[1] is PositionState.PROTECTED
    assert EventKind.PROTECTED in [event.kind for event in done.events]
    assert done.action is None or done.action.why == "target_missing"


@pytest.mark.parametrize("regime", [name for name in REGIMES if "first fill" not in name])
def test_a_part_that_fills_where_the_stop_comes_late_gets_one_of_its_own_before_anything_else(regime: str) -> None:
    """The rest was cancelled first; between, the price went through the stop that was not there."""
    one = bench(REGIMES[regime])
    one.fills(4)
    done = one.look()
    assert one.state[1] is PositionState.UNPROTECTED
    assert done.action is not None
    assert done.action.protects
    assert isinstance(done.action.write, ProtectiveOrder)
    assert done.action.write.trigger == STOP
    one.passes(1000)
    one.look()
    assert one.state[1] is PositionState.PROTECTED


def test_a_stop_of_the_whole_position_where_the_exchange_has_it_else_one_of_its_size() -> None:
    for capabilities, size in ((OWN_WHOLE, None), (OWN_SIZED, Decimal(4))):
        one = bench(capabilities)
        one.fills(4)
        one.looks(2)
        assert stops(one) == [(size, Decimal(95))]


def test_after_a_further_fill_an_own_sized_stop_is_amended_where_the_exchange_can() -> None:
    one = bench(evolve(OWN_SIZED, amends_protection=NATIVE.amends_protection))
    one.fills(4)
    one.looks(3)
    one.fills(3)
    done = one.look()
    assert one.state[1] is PositionState.UNPROTECTED, "until it is read again, the new part is not protected"
    assert done.action is not None
    assert isinstance(done.action.write, Amendment)
    one.looks(1)
    assert stops(one) == [(Decimal(7), Decimal(95))]
    assert one.state[1] is PositionState.PROTECTED


def test_where_it_cannot_be_amended_and_stops_may_not_overlap_the_new_part_gets_a_stop_of_its_own() -> None:
    """Cancelled first, the position would stand without one; a whole new one beside it could close too much."""
    one = bench(OWN_SIZED)
    one.fills(4)
    one.looks(3)
    one.fills(3)
    one.looks(2)
    assert sorted(stops(one)) == [(Decimal(3), Decimal(95)), (Decimal(4), Decimal(95))]
    assert one.state[1] is PositionState.PROTECTED


def test_where_exits_are_trimmed_the_new_one_comes_first_and_then_the_old_one_goes() -> None:
    capabilities = evolve(
        NATIVE,
        entry_protection=None,
        amends_protection=frozenset(),
        position_protection=OWN_SIZED.position_protection,
    )
    one = bench(capabilities)
    one.fills(4)
    one.looks(3)
    one.fills(3)
    one.look()
    assert sorted(size for size, _ in stops(one) if size) == [4, 7], "both stand"
    one.looks(2)
    assert stops(one) == [(Decimal(7), Decimal(95))]


def test_a_travelling_stop_that_arms_beside_an_own_one_leaves_exactly_one() -> None:
    one = bench(ARMS_LATE)
    one.fills(4)
    one.looks(2)
    one.fills(6)
    assert len(stops(one)) == 2
    one.looks(4)
    assert len(stops(one)) == 1
    assert one.state[1] is PositionState.PROTECTED


def test_it_is_protected_only_once_the_stop_was_read_back() -> None:
    """The order was accepted and never came to stand: it counted as protected for an hour."""
    one = bench(OWN_WHOLE)
    one.fills(4)
    one.look()
    assert one.actions[-1].protects
    stop = one.exchange.armed()[0]
    one.exchange.live[stop.order_id] = evolve(stop, state=OrderState.PENDING)
    one.exchange.remember()
    one.looks(3)
    assert one.state[1] is PositionState.UNPROTECTED
    assert len(one.actions) == 1, "what the exchange has is waited for"
    one.exchange.live[stop.order_id] = stop
    one.exchange.remember()
    one.looks(1)
    assert one.state[1] is PositionState.PROTECTED


def test_longer_without_a_stop_than_allowed_is_an_alarm_counted_from_the_fill() -> None:
    one = bench(OWN_WHOLE)
    one.fills(4)
    one.passes(4_000)
    one.look(leaves=lambda _: False)
    assert AlarmKind.UNPROTECTED not in one.alarms
    one.passes(1_500)
    one.look(leaves=lambda _: False)
    assert AlarmKind.UNPROTECTED in one.alarms
    one.looks(3)
    assert AlarmKind.UNPROTECTED not in one.alarms, "it ended"


def test_after_three_tries_the_position_is_closed() -> None:
    one = bench(OWN_WHOLE)
    one.exchange.refuses_stops = True
    one.fills(10)
    one.looks(8)
    assert one.wrote[:4] == ["stop_none_armed"] * 3 + ["not_protected"]
    ids = {action.write.client_order_id for action in one.actions if isinstance(action.write, ProtectiveOrder)}
    assert len(ids) == 3, "each try has an id of its own"
    assert one.state[1] is PositionState.CLOSED
    assert one.intent.progress.exit_reason == "not_protected"


def test_a_try_whose_answer_was_lost_is_looked_up_before_the_next_one() -> None:
    one = bench(OWN_WHOLE)
    one.fills(4)
    one.look(answers=lambda _: False)
    one.looks(1, step_ms=2000)
    assert one.wrote.count("stop_none_armed") == 1
    assert one.state[1] is PositionState.PROTECTED


def test_whoever_takes_over_between_commit_and_write_sends_the_same_stop() -> None:
    one = bench(OWN_WHOLE)
    one.fills(4)
    first = one.look(leaves=lambda _: False)
    assert first.action is not None
    assert isinstance(first.action.write, ProtectiveOrder)
    ids = one.rules.capabilities.client_ids
    assert first.action.write.client_order_id == first.intent.id_of(Purpose.STOP, 1, ids)
    assert one.view is not None
    later_ms = one.exchange.now_ms + 500
    again = supervise(first.intent, one.view, one.exchange.market(), one.rules, (), later_ms)
    assert again.action == first.action
    one.looks(3)
    assert one.state[1] is PositionState.PROTECTED


def answered(one: Bench, result: WriteResult) -> None:
    assert one.last is not None
    assert one.last.action is not None
    outcome = WriteOutcome(result, retry_after_ms=100)
    one.intent = after_write(
        one.intent, one.last.action, outcome, one.rules.capabilities.client_ids, one.exchange.now_ms
    )


def test_what_never_left_is_no_try() -> None:
    """Three seconds without a connection closed a position that nothing was wrong with."""
    one = bench(OWN_WHOLE)
    one.fills(4)
    for _ in range(10):
        one.passes(1000)
        one.look(leaves=lambda _: False)
        answered(one, WriteResult.NOT_SENT)
    assert one.state[1] is PositionState.UNPROTECTED
    assert AlarmKind.UNPROTECTED in one.alarms
    one.looks(3)
    assert one.state[1] is PositionState.PROTECTED


def test_a_failed_read_flattens_nothing() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    one.actions.clear()
    for _ in range(30):
        one.passes(1000)
        one.look(fails=frozenset({"account"}))
    assert one.state[1] is PositionState.PROTECTED
    assert not one.actions


def test_an_empty_list_of_positions_flattens_nothing_and_cancels_nothing() -> None:
    """Well-formed empty answers for minutes: the intent was closed, its stop cancelled, and the position lived on."""
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    one.actions.clear()
    sizes = dict(one.exchange.sizes)
    one.exchange.sizes = {side: Decimal(0) for side in sizes}
    one.exchange.remember()
    one.looks(60)
    assert one.state[1] is PositionState.STALE
    assert AlarmKind.STALE in one.alarms
    assert not one.actions
    one.exchange.sizes = sizes
    one.exchange.remember()
    one.looks(2)
    assert one.state[1] is PositionState.PROTECTED
    assert not one.alarms


def test_looks_at_a_position_that_is_not_shown_any_more_come_seldomer_the_longer_they_lead_nowhere() -> None:
    """A hundred looks that each read every history are calls that the exits of others may need."""
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    sizes = dict(one.exchange.sizes)
    one.exchange.sizes = {side: Decimal(0) for side in sizes}
    one.exchange.remember()
    pauses = []
    for _ in range(60):
        one.passes(1000)
        pauses.append(one.look().look_again_ms)
    assert pauses[:4] == [1000] * 4
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5000
    one.exchange.sizes = sizes
    one.exchange.live.clear()
    one.exchange.remember()
    assert one.look().look_again_ms == 1000, "a position without a stop is looked at each second"


def test_empty_answers_to_everything_leave_everything_as_it_was() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    one.actions.clear()
    exchange = one.exchange
    kept = (exchange.live, exchange.ended, exchange.fills, exchange.sizes)
    exchange.live, exchange.ended, exchange.fills = {}, {}, []
    exchange.sizes = {side: Decimal(0) for side in kept[3]}
    exchange.remember()
    one.looks(60)
    assert one.state[1] is PositionState.PROTECTED
    assert not one.actions
    exchange.live, exchange.ended, exchange.fills, exchange.sizes = kept
    exchange.remember()
    one.looks(2)
    assert one.state[1] is PositionState.PROTECTED


def test_a_stop_tightened_by_hand_is_accepted() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    (stop,) = one.exchange.armed()
    one.exchange.moves_stop_by_hand(stop.order_id, Decimal(97))
    done = one.look()
    assert one.state[1] is PositionState.PROTECTED
    assert one.intent.stop.price == 97
    assert [event.details["why"] for event in done.events] == ["tightened_by_hand"]
    one.looks(3)
    assert stops(one) == [(Decimal(10), Decimal(97))]


@pytest.mark.parametrize("capabilities", [NATIVE, evolve(NATIVE, amends_protection=frozenset())])
def test_a_stop_loosened_by_hand_is_restored_once_and_then_left_with_an_alarm(capabilities: object) -> None:
    one = bench(capabilities)  # type: ignore[arg-type]
    one.fills(10)
    one.looks(4)
    one.exchange.moves_stop_by_hand(one.exchange.armed()[0].order_id, Decimal(90))
    one.look()
    assert one.state[1] is PositionState.UNPROTECTED
    one.looks(4)
    assert [price for _, price in stops(one)] == [95], "restored"
    assert one.state[1] is PositionState.PROTECTED
    one.exchange.moves_stop_by_hand(one.exchange.armed()[0].order_id, Decimal(91))
    one.looks(4)
    assert [price for _, price in stops(one)] == [91], "left where the hand put it"
    assert one.state[1] is PositionState.PROTECTED
    assert AlarmKind.STOP_LOOSENED in one.alarms
    assert not [action for action in one.actions if isinstance(action.write, ExitOrder)]


def test_a_stop_that_another_price_fires_is_mended() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    (stop,) = one.exchange.armed()
    one.exchange.live[stop.order_id] = evolve(stop, trigger=TriggerLevel(Decimal(95), TriggerPrice.LAST))
    one.exchange.remember()
    one.looks(3)
    assert one.exchange.armed()[0].trigger == STOP
    assert one.state[1] is PositionState.PROTECTED


def test_a_stop_cancelled_by_hand_is_placed_again() -> None:
    for regime in REGIMES.values():
        one = bench(regime)
        one.fills(10)
        one.looks(6)
        one.exchange.cancels_by_hand(one.exchange.armed()[0].order_id)
        one.looks(3)
        assert len(stops(one)) == 1
        assert one.state[1] is PositionState.PROTECTED


def test_an_amend_that_fails_after_its_cancel_is_seen_as_a_missing_stop() -> None:
    one = bench(evolve(OWN_SIZED, amends_protection=NATIVE.amends_protection))
    one.fills(4)
    one.looks(3)
    one.fills(3)
    one.look(leaves=lambda _: False)
    one.exchange.cancels_by_hand(one.exchange.armed()[0].order_id)
    one.looks(4)
    assert stops(one) == [(Decimal(7), Decimal(95))]
    assert one.state[1] is PositionState.PROTECTED


def test_another_persons_stop_is_never_cancelled() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    stands_beside(one, client_order_id="theirs", trigger=FARTHER)
    one.actions.clear()
    one.looks(5)
    assert "999" in one.exchange.live
    assert not one.actions
    assert one.state[1] is PositionState.PROTECTED


@pytest.mark.parametrize(
    "theirs",
    [FARTHER, TriggerLevel(Decimal(95), TriggerPrice.LAST), None],
    ids=["farther away", "by another price", "by a price that the core does not know"],
)
def test_where_one_stop_of_the_whole_position_bars_another_ours_has_the_size_of_what_is_held(
    theirs: TriggerLevel | None,
) -> None:
    """Somebody's stands that is none of ours, and would fire too late or otherwise: a second one would be refused
    until the position is given up, and theirs is not ours to move."""
    one = bench(ONE_WHOLE)
    one.fills(10)
    one.looks(4)
    stands_beside(one, client_order_id="theirs", trigger=theirs)
    one.exchange.cancels_by_hand(next(stop.order_id for stop in one.exchange.armed() if stop.order_id != "999"))
    one.looks(4)
    (ours,) = (stop for stop in one.exchange.armed() if stop.order_id != "999")
    assert (ours.size, ours.trigger) == (Decimal(10), STOP)
    assert one.state[1] is PositionState.PROTECTED
    assert "999" in one.exchange.live


def test_a_stop_of_the_whole_position_that_bars_another_moves_by_being_amended() -> None:
    one = bench(ONE_WHOLE)
    one.fills(10)
    one.looks(4)
    (stop,) = one.exchange.armed()
    one.exchange.moves_stop_by_hand(stop.order_id, Decimal(90))
    one.actions.clear()
    one.looks(3)
    assert [type(action.write) for action in one.actions if action.protects] == [Amendment]
    assert [(each.order_id, each.trigger) for each in one.exchange.armed()] == [(stop.order_id, STOP)]


def test_a_stop_without_an_id_is_left_alone_beside_a_part_that_is_somebody_elses() -> None:
    """It may have travelled in their entry, and stand where ours does."""
    one = bench(ARMS_LATE)
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=True)
    one.fills(10)
    one.looks(4)
    stands_beside(one, client_order_id="", size=Decimal(5), trigger=one.intent.stop)
    one.looks(6)
    assert "999" in one.exchange.live
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=False)
    one.looks(6)
    assert "999" in one.exchange.live, "their part is closed, and whose the stop is has not changed"


def test_whose_part_was_there_before_ours_keeps_its_stop_when_it_is_closed() -> None:
    """Both stops stood at one price, and once the position was all ours theirs was taken for one of ours too many."""
    one = bench(ARMS_LATE)
    one.exchange.now_ms -= 2_000
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=True)
    one.exchange.now_ms += 2_000
    one.fills(10)
    one.looks(4)
    stands_beside(one, client_order_id="", trigger=one.intent.stop)
    one.looks(3)
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=False)
    one.looks(6)
    assert "999" in one.exchange.live
    assert one.intent.progress.others_ms is not None


def test_another_persons_stop_that_was_read_back_before_ours_was_shown_stays_theirs() -> None:
    """It covered as ours would, and was taken for ours ever after: when ours was shown, theirs was one too many."""
    one = bench(ARMS_LATE)
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=True)
    one.fills(10)
    one.looks(4)
    stands_beside(one, client_order_id="", trigger=one.intent.stop)
    ours = {order_id: order for order_id, order in one.exchange.live.items() if order.purpose and order_id != "999"}
    for order_id in ours:
        del one.exchange.live[order_id]
    one.look()
    assert one.state[1] is PositionState.PROTECTED
    assert one.intent.progress.stop_order_id == "999"
    one.exchange.live.update(ours)
    one.looks(6)
    assert "999" in one.exchange.live
    assert one.state[1] is PositionState.PROTECTED


def test_where_the_mark_is_beyond_the_stop_and_none_stands_the_position_is_closed_at_once() -> None:
    """No exchange takes a stop on that side of the market; three tries would only cost time."""
    one = bench(OWN_WHOLE)
    one.fills(10)
    one.exchange.mark = Decimal(94)
    done = one.look()
    assert done.action is not None
    assert isinstance(done.action.write, ExitOrder)
    one.looks(4)
    assert one.state[1] is PositionState.CLOSED


def by_last(one: Bench) -> None:
    """Its stop is set off by the last price, which the exchange lets run ahead of the mark."""
    stop = evolve(STOP, by=TriggerPrice.LAST)
    one.intent = evolve(one.intent, wanted=evolve(one.intent.wanted, stop=stop))


@pytest.mark.parametrize(("bid", "ask", "is_closed"), [(93, 94, True), (93, 96, False), (96, 97, False)])
def test_a_stop_that_the_last_price_sets_off_is_too_late_once_both_sides_of_the_book_are_beyond_it(
    bid: int, ask: int, is_closed: bool
) -> None:
    """The mark had not moved yet, and three stops were tried in vain while the price ran away."""
    one = bench(OWN_WHOLE)
    by_last(one)
    one.fills(10)
    one.exchange.book = (Decimal(bid), Decimal(ask))
    done = one.look()
    assert done.action is not None
    assert isinstance(done.action.write, ExitOrder) is is_closed


@pytest.mark.parametrize(("bid", "ask", "first"), [(93, 94, "not_protected"), (93, 96, "stop_none_armed")])
def test_what_a_fired_stop_left_is_closed_at_once_where_the_book_is_beyond_it_whatever_the_mark_says(
    bid: int, ask: int, first: str
) -> None:
    """The mark that the exchange told was that of a minute ago."""
    one = bench(OWN_WHOLE)
    one.fills(10)
    one.looks(3)
    one.exchange.depth = Decimal(3)
    one.exchange.moves_to(Decimal(95))
    one.exchange.mark, one.exchange.depth = Decimal(97), Decimal(1000)
    one.exchange.book = (Decimal(bid), Decimal(ask))
    one.actions.clear()
    one.looks(4)
    assert next(why for why in one.wrote if why != "closing") == first


def test_what_a_fired_stop_left_is_closed_as_soon_as_one_new_stop_was_refused() -> None:
    one = bench(OWN_WHOLE)
    one.fills(10)
    one.looks(3)
    one.exchange.depth = Decimal(3)
    one.exchange.moves_to(Decimal(95))
    one.exchange.mark, one.exchange.depth, one.exchange.refuses_stops = Decimal(97), Decimal(1000), True
    one.actions.clear()
    one.looks(6)
    assert [why for why in one.wrote if why != "closing"] == ["stop_none_armed", "not_protected"]
    assert one.state[1] is PositionState.CLOSED


def test_no_stop_is_larger_than_what_is_ours_on_a_shared_symbol() -> None:
    """A stop of the whole position would have closed the hand's contracts, too."""
    one = bench(OWN_WHOLE)
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=True)
    one.fills(4)
    one.looks(4)
    assert stops(one) == [(Decimal(4), Decimal(95))]
    assert one.held == 9
    assert one.intent.progress.held == 4


def test_a_grid_that_changed_moves_the_stop_to_the_side_of_the_smaller_loss() -> None:
    one = bench(OWN_WHOLE)
    one.fills(4)
    one.exchange.contract = evolve(one.exchange.contract, tick_size=Decimal(2))
    one.looks(3)
    assert stops(one) == [(None, Decimal(96))]
    assert one.state[1] is PositionState.PROTECTED


def test_only_protective_writes_may_leave_without_the_store() -> None:
    one = bench(OWN_WHOLE)
    one.fills(4)
    one.looks(3)

    def protects(action: Action) -> bool:
        write = action.write
        return isinstance(write, ProtectiveOrder) and write.purpose is TriggerPurpose.STOP

    assert [action.protects for action in one.actions] == [protects(action) for action in one.actions]
    assert {action.write.symbol for action in one.actions if hasattr(action.write, "symbol")} == {SYMBOL}
    assert OrderKind.TRIGGER in {order.kind for order in one.exchange.live.values()}


def test_the_story_says_where_the_stop_was_read_that_protects() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(2)
    (told,) = [event.details for event in one.events if event.kind is EventKind.PROTECTED]
    (stop,) = one.exchange.armed()
    assert (told["held"], told["stop"], told["order_id"]) == ("10", "95", stop.order_id)


def test_a_part_that_fills_later_is_without_a_stop_from_its_own_execution_on() -> None:
    """Counted from the first execution, it was an alarm at once, and a false one."""
    one = bench(OWN_SIZED)
    one.fills(4)
    one.looks(20)
    one.fills(3)
    filled_ms = one.exchange.now_ms
    one.passes(2000)
    one.look()
    assert one.intent.progress.unprotected_since_ms == filled_ms
    assert AlarmKind.UNPROTECTED not in one.alarms


@pytest.mark.parametrize("capabilities", [AMENDS, OWN_SIZED], ids=["amends", "adds"])
def test_what_fills_while_the_stop_is_on_its_way_is_covered_as_soon_as_that_was_read_back(capabilities: object) -> None:
    """The exchange had accepted the first stop, so it was waited for, five seconds, though it stood there already."""
    one = bench(capabilities)
    one.fills(4)
    one.looks(1)
    one.fills(6)
    one.looks(3)
    assert sum(size or 0 for size, _ in stops(one)) == 10


def test_a_stop_that_was_accepted_and_is_not_shown_yet_is_not_sent_a_second_time() -> None:
    one = bench(OWN_SIZED)
    one.fills(4)
    one.looks(1)
    one.passes(1000)
    for _ in range(4):
        one.look(lag_ms=900)
        one.passes(200)
    assert one.wrote.count("stop_none_armed") == 1


def test_stops_over_parts_are_never_larger_together_than_what_is_held() -> None:
    """The third part's stop left out the first one alone: too large, where such exits are refused as a whole."""
    one = bench(OWN_SIZED)
    for _ in range(5):
        one.fills(2)
        one.looks(1)
        assert sum(size or 0 for size, _ in stops(one)) <= one.held
    one.looks(2)
    assert sum(size or 0 for size, _ in stops(one)) == 10


@pytest.mark.parametrize("closed", [1, 2, 4, 6])
def test_when_less_is_held_the_stops_over_parts_become_as_large_again(closed: int) -> None:
    one = bench(OWN_SIZED)
    for size in (4, 3, 2):
        one.fills(size)
        one.looks(3)
    one.exchange.ends_entry(one.entry_id)
    one.exchange.trades_by_hand(one.intent.side, Decimal(closed), opens=False)
    for _ in range(10):
        one.looks(1)
        assert stops(one)
    assert one.state[1] is PositionState.PROTECTED
    assert sum(size or 0 for size, _ in stops(one)) == one.held == 9 - closed


@pytest.mark.parametrize("capabilities", [AMENDS, OWN_SIZED], ids=["amends", "adds"])
def test_an_entry_that_fills_bit_by_bit_is_not_closed_because_its_stop_is_always_a_bit_too_small(
    capabilities: object,
) -> None:
    """Each try was one of three that are allowed, though the exchange had carried out every one of them."""
    one = bench(capabilities)
    for _ in range(10):
        one.fills(1)
        one.looks(1)
    one.looks(4)
    assert one.state[1] is PositionState.PROTECTED


def test_beside_another_persons_stop_ours_is_not_one_too_many_while_it_has_to_grow() -> None:
    """Together they were larger than what is held, and the only one of ours was cancelled."""
    one = bench(OWN_SIZED)
    one.fills(8)
    one.looks(3)
    stands_beside(one, client_order_id="theirs", size=Decimal(5), trigger=FARTHER)
    one.fills(2)
    one.looks(4)
    assert "stop_surplus" not in one.wrote
    assert sum(size or 0 for size, price in stops(one) if price == 95) == 10


def test_of_several_stops_that_are_one_too_many_the_largest_goes_first() -> None:
    one = bench(OWN_SIZED)
    for size in (3, 3, 2, 2):
        one.fills(size)
        one.looks(3)
    one.exchange.trades_by_hand(one.intent.side, Decimal(5), opens=False)
    one.actions.clear()
    one.looks(10)
    assert one.wrote.count("stop_surplus") == 2
    assert sorted(size or 0 for size, _ in stops(one)) == [2, 3]


def test_a_part_whose_stop_is_refused_three_times_is_given_up_and_everything_closed() -> None:
    one = bench(OWN_SIZED)
    one.fills(4)
    one.looks(3)
    one.exchange.refuses_stops = True
    one.fills(6)
    one.looks(12)
    assert one.intent.progress.exit_reason == "not_protected"
    assert one.state[1] is PositionState.CLOSED
