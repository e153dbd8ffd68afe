"""What an operator asks for: carried out by the same rules, refused in plain words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import Side
from mtf_core.orders import AlarmKind, Asked, AskedKind, EntryState, EventKind, PositionState, Trade
from tests.unit.orders.supervision.desk import NATIVE, Bench, bench
from tests.unit.orders.supervision.test_targets import standing


def protected() -> Bench:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(5)
    return one


def asked(one: Bench, kind: AskedKind, **values: str) -> str:
    """What came of it at once; empty: nothing yet."""
    one.asked = (Asked(1, kind, values, "ann"),)
    answers = one.look().answers
    return answers[0].outcome if answers else ""


LIFE_MS = 300_000


@pytest.mark.parametrize("kind", list(AskedKind))
def test_what_was_asked_too_long_ago_lapses_and_nothing_is_done(kind: AskedKind) -> None:
    one = protected()
    values = {"stop": "97", "prices": "103", "shares": "1", "price": "99", "size": "10", "profit": "0", "fees": "0"}
    one.asked = (Asked(1, kind, values, "ann", one.exchange.now_ms),)
    one.passes(LIFE_MS + 1)
    before = one.intent
    (answer,) = one.look().answers
    assert answer.outcome.startswith("lapsed: it was asked 300 s ago")
    assert (one.intent.position, one.intent.progress.stop, one.intent.progress.targets) == (
        before.position,
        before.progress.stop,
        before.progress.targets,
    )
    assert one.asked == ()


@pytest.mark.parametrize("kind", list(AskedKind))
def test_what_was_asked_of_the_intent_before_is_not_done_to_this_one(kind: AskedKind) -> None:
    one = protected()
    before, skew_ms = one.intent, one.rules.settings.clock_skew_ms
    began_ms = before.attempt.created_ms
    one.asked = (Asked(1, kind, {"stop": "97"}, "ann", began_ms - skew_ms - 1),)
    (answer,) = one.look().answers
    assert answer.outcome.startswith("nothing was done: what it was asked of is over")
    assert (one.intent.position, one.intent.progress.stop) == (before.position, before.progress.stop)
    assert one.asked == ()


def test_what_is_old_enough_only_by_an_instant_less_is_carried_out() -> None:
    one = protected()
    one.asked = (Asked(1, AskedKind.PROTECT, {"stop": "97"}, "ann", one.exchange.now_ms),)
    one.passes(LIFE_MS)
    (answer,) = one.look().answers
    assert answer.outcome == "the stop goes to 97"


def test_a_close_that_was_begun_does_not_lapse_however_long_it_takes() -> None:
    one = protected()
    one.asked = (Asked(1, AskedKind.CLOSE, actor="ann", asked_ms=one.exchange.now_ms),)
    one.look(leaves=lambda _: False)
    assert one.state[1] is PositionState.CLOSING
    one.passes(LIFE_MS + 1)
    assert one.look(leaves=lambda _: False).answers == ()
    one.looks(12)
    assert (one.state[1], one.asked) == (PositionState.CLOSED, ())


def test_a_close_whose_entry_is_being_cancelled_does_not_lapse() -> None:
    """A part that fills in the last moment is closed with it."""
    one = bench(NATIVE)
    one.asked = (Asked(1, AskedKind.CLOSE, actor="ann", asked_ms=one.exchange.now_ms),)
    one.look(leaves=lambda _: False)
    assert one.state == (EntryState.CANCELLING, PositionState.NONE)
    one.passes(LIFE_MS + 1)
    one.fills(4)
    one.looks(12)
    assert (one.state, one.asked) == ((EntryState.DONE, PositionState.CLOSED), ())


def stop_of(one: Bench) -> Decimal | None:
    (stop,) = one.exchange.armed()
    return None if stop.trigger is None else stop.trigger.price


def test_a_stop_is_moved_and_stays_where_it_was_put() -> None:
    one = protected()
    assert asked(one, AskedKind.PROTECT, stop="97") == "the stop goes to 97"
    one.looks(3)
    assert stop_of(one) == 97
    assert one.state[1] is PositionState.PROTECTED
    assert asked(one, AskedKind.PROTECT, stop="96").startswith("refused: a stop at 96 is farther away than 97")
    assert asked(one, AskedKind.PROTECT, stop="97.1") == "the stop goes to 97.1", "a tick nearer is nearer"
    assert asked(one, AskedKind.PROTECT, stop="94", looser="yes") == "the stop goes to 94"
    one.looks(3)
    assert stop_of(one) == 94
    assert one.state[1] is PositionState.PROTECTED
    assert AlarmKind.STOP_LOOSENED not in one.alarms, "it was asked for"
    assert "multiples of" in asked(one, AskedKind.PROTECT, stop="0", looser="yes")
    assert asked(one, AskedKind.PROTECT, stop="0.1", looser="yes") == "the stop goes to 0.1", "the lowest that there is"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"stop": "101.5"}, "would fire at once"),
        ({"stop": "97.05"}, "multiples of 0.1"),
        ({"stop": "no"}, "is no number"),
        ({"stop": "NaN"}, "is no number"),
        ({"stop": "-5"}, "multiples of"),
        ({"target": "94"}, "winning side"),
        ({"stop": "97", "target": "96"}, "winning side"),
        ({}, "neither a stop nor a target"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(values: dict[str, str], why: str) -> None:
    one = protected()
    before, told = one.intent, len(one.events)
    assert why in asked(one, AskedKind.PROTECT, **values)
    assert (one.intent, len(one.events)) == (before, told), "it is refused whole"


def test_targets_are_set_by_hand_with_their_shares() -> None:
    one = protected()
    outcome = asked(one, AskedKind.TARGETS, prices="108,112", shares="0.3,0.7")
    assert outcome == "targets go to 108, 112"
    one.looks(12)
    assert standing(one) == {Decimal(108): Decimal(3), Decimal(112): Decimal(7)}
    moved = [event for event in one.events if event.kind is EventKind.PROTECTION_MOVED]
    assert {event.details.get("actor") for event in moved} >= {"ann"}


@pytest.mark.parametrize(
    ("prices", "shares", "why"),
    [
        ("108,112", "0.3,0.6", "add up to 1"),
        ("112,108", "0.3,0.7", "nearer target comes first"),
        ("108", "0.3,0.7", "each with its share"),
        ("", "", "one or two targets"),
        ("108,112,113", "0.3,0.3,0.4", "one or two targets"),
        ("108,112", "-0.5,1.5", "above 0"),
    ],
)
def test_targets_that_cannot_be_meant_are_refused(prices: str, shares: str, why: str) -> None:
    one = protected()
    assert why in asked(one, AskedKind.TARGETS, prices=prices, shares=shares)


def test_without_a_position_there_is_nothing_to_move() -> None:
    one = bench(NATIVE)
    assert "there is no position" in asked(one, AskedKind.PROTECT, stop="97")
    assert "there is no position" in asked(one, AskedKind.TARGETS, prices="108", shares="1")


def test_a_close_made_elsewhere_is_booked_where_reads_explain_nothing() -> None:
    one = protected()
    one.exchange.sizes = dict.fromkeys(one.exchange.sizes, Decimal(0))
    one.exchange.live.clear()
    one.exchange.remember()
    assert "nothing to book" in asked(one, AskedKind.BOOK, price="99", size="10", profit="-0.01", fees="0.001")
    one.looks(4)
    assert one.state[1] is PositionState.STALE
    assert "unknown" not in one.alarms
    outcome = asked(one, AskedKind.BOOK, price="99", size="10", profit="-0.01", fees="0.001", reason="by phone")
    assert outcome.startswith("done")
    assert one.state == (EntryState.DONE, PositionState.CLOSED)
    closed = next(event for event in one.events if event.kind is EventKind.CLOSED)
    trade = Trade.from_details(closed.details)
    assert trade.booked_by_hand
    assert trade.note == "by phone"
    assert (trade.size, trade.entry_price) == (10, 100), "what executions say of its entry counts as before"
    assert one.intent.progress.exit_reason == "hand"


def test_an_entry_that_nobody_can_see_any_more_is_ended_by_the_operator() -> None:
    one = bench(NATIVE)
    one.exchange.live.clear()
    one.exchange.remember()
    one.intent = evolve(one.intent, entry=EntryState.EVIDENCE_LOST)
    assert asked(one, AskedKind.BOOK, price="0", size="0", profit="0", fees="0").startswith("done")
    assert one.state == (EntryState.DONE, PositionState.NONE)


def forgotten(one: Bench, *, executions: bool) -> None:
    """The exchange forgets the entry, and perhaps its executions; nobody sees any more what became of it."""
    one.exchange.ended.clear()
    if executions:
        one.exchange.fills.clear()
    one.exchange.remember()
    one.looks(2)
    one.intent = evolve(one.intent, entry=EntryState.EVIDENCE_LOST)
    one.looks(3)


BOOKED = {"price": "99", "size": "10", "profit": "-0.01", "fees": "0.001", "reason": "in the app"}


def test_a_position_whose_entry_nobody_saw_is_protected_and_booked_once_it_was_closed_at_the_exchange() -> None:
    one = bench(NATIVE)
    one.fills(10)
    forgotten(one, executions=True)
    assert one.state == (EntryState.EVIDENCE_LOST, PositionState.PROTECTED)
    assert "close it at the exchange, then `mtf position book`" in asked(one, AskedKind.CLOSE)
    assert "close it at the exchange first" in asked(one, AskedKind.BOOK, **BOOKED)
    one.exchange.trades_by_hand(Side.LONG, Decimal(10), opens=False)
    one.looks(4)
    assert one.state == (EntryState.EVIDENCE_LOST, PositionState.STALE)
    assert AlarmKind.IMPOSSIBLE_MOVE not in one.alarms
    assert "no execution tells what it was" in one.alarms[AlarmKind.STALE].text
    assert asked(one, AskedKind.BOOK, **BOOKED).startswith("done")
    assert one.state == (EntryState.DONE, PositionState.CLOSED)
    (closed,) = (event for event in one.events if event.kind is EventKind.CLOSED)
    assert (Trade.from_details(closed.details).size, Trade.from_details(closed.details).booked_by_hand) == (10, True)
    one.looks(3)
    assert one.alarms == {}


def test_one_position_after_the_other_is_stale_and_protected_again_while_its_entry_is_not_known() -> None:
    one = bench(NATIVE)
    one.fills(10)
    forgotten(one, executions=True)
    one.exchange.trades_by_hand(Side.LONG, Decimal(10), opens=False)
    one.looks(4)
    one.exchange.fills.clear()
    one.exchange.trades_by_hand(Side.LONG, Decimal(10), opens=True)
    one.exchange.fills.clear()
    one.exchange.remember()
    one.looks(6)
    assert one.state == (EntryState.EVIDENCE_LOST, PositionState.PROTECTED)
    assert len(one.exchange.armed()) == 1


def test_where_executions_explain_the_position_the_entry_alone_is_booked() -> None:
    """A trade that is told already must not be told once more."""
    one = bench(NATIVE)
    one.fills(10)
    one.looks(5)
    forgotten(one, executions=False)
    one.exchange.trades_by_hand(Side.LONG, Decimal(10), opens=False)
    one.looks(4)
    assert one.state == (EntryState.EVIDENCE_LOST, PositionState.PROTECTED)
    assert "book --size 0" in asked(one, AskedKind.BOOK, **BOOKED)
    assert asked(one, AskedKind.BOOK, **BOOKED | {"size": "0"}).startswith("done: the entry counts as over")
    one.looks(3)
    assert one.state == (EntryState.DONE, PositionState.CLOSED)
    (closed,) = (event for event in one.events if event.kind is EventKind.CLOSED)
    assert not Trade.from_details(closed.details).booked_by_hand
    assert one.alarms == {}


def test_a_close_is_refused_while_nothing_explains_what_is_open() -> None:
    one = protected()
    one.exchange.sizes = dict.fromkeys(one.exchange.sizes, Decimal(0))
    one.exchange.remember()
    one.looks(4)
    assert "does not explain" in asked(one, AskedKind.CLOSE)
