"""The order that opens: how it ends, and that nothing but evidence ends it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import OrderState, TimeInForce
from mtf_core.orders import (
    AlarmKind,
    Cancellation,
    EntryState,
    EventKind,
    PositionState,
    SwitchOff,
)
from mtf_core.planning import EntryZone
from tests.unit.orders.intents import CREATED_MS, NOT_AFTER_MS, SYMBOL, an_attempt, an_intent
from tests.unit.orders.supervision.desk import NATIVE, REGIMES, bench, carries_stop, resting

TIMEOUT_MS = 120_000
ZONE = EntryZone(Decimal(98), Decimal("100.5"), Decimal(99), "5m.vwap", CREATED_MS + 90_000)


def test_a_limit_that_is_not_filled_is_cancelled_at_its_deadline_and_its_symbol_rests() -> None:
    one = bench()
    one.passes(TIMEOUT_MS - 1500)
    assert one.look().action is None, "not before"
    one.passes(1000)
    done = one.look()
    assert done.action is not None
    assert done.action.write == Cancellation(SYMBOL, one.entry_id, done.action.write.kind)  # type: ignore[union-attr]
    assert one.state == (EntryState.CANCELLING, PositionState.NONE)
    assert [(event.kind, event.details["entry_after"]) for event in done.events] == [(EventKind.STATE, "cancelling")]
    one.passes(1000)
    done = one.look()
    assert one.state == (EntryState.DONE, PositionState.NONE)
    assert done.switch_off == SwitchOff(SYMBOL, 1, "order_timeout")
    assert [event.kind for event in done.events] == [EventKind.CANCELLED]
    assert not one.intent.is_live


def test_the_deadline_counts_from_the_acceptance_and_ends_with_the_zone() -> None:
    one = bench(zone=ZONE)
    one.passes(ZONE.expires_at_ms - one.exchange.now_ms - 1)
    assert one.look().action is None
    one.passes(1)
    assert one.look().action is not None


def test_a_cancel_is_not_an_end() -> None:
    """The cancel was accepted, and a fill came before it took effect: what filled is protected, not forgotten."""
    one = bench()
    one.passes(TIMEOUT_MS)
    one.look(leaves=lambda _: False)
    assert one.state[0] is EntryState.CANCELLING
    one.fills(10)
    one.looks(3)
    assert one.state == (EntryState.DONE, PositionState.PROTECTED)


def test_a_cancel_that_did_not_arrive_is_asked_for_again_with_growing_pauses_and_then_loudly() -> None:
    one = bench()
    one.passes(TIMEOUT_MS)
    for _ in range(400):
        one.passes(1000)
        one.look(leaves=lambda _: False)
    assert one.state[0] is EntryState.CANCELLING, "it is never taken for ended"
    assert AlarmKind.STALE in one.alarms
    assert 5 <= len(one.actions) <= one.rules.settings.cancel_looks + 1
    one.exchange.ends_entry(one.entry_id)
    one.looks(2)
    assert one.state[0] is EntryState.DONE
    assert not one.alarms


def test_what_no_list_shows_after_all_looks_is_parked_and_stays_busy() -> None:
    """A restart of the exchange forgot the history: nobody can say whether it filled."""
    one = bench()
    one.passes(TIMEOUT_MS)
    one.look()
    one.exchange.ended.clear()
    one.exchange.remember()
    one.looks(200)
    assert one.state[0] is EntryState.EVIDENCE_LOST
    assert one.intent.is_live
    assert AlarmKind.EVIDENCE_LOST in one.alarms


@pytest.mark.parametrize("state", [EntryState.SUBMITTING, EntryState.UNKNOWN])
def test_an_entry_without_an_answer_is_adopted_when_it_is_found(state: EntryState) -> None:
    one = bench()
    one.intent = evolve(one.intent, entry=state, attempt=evolve(one.intent.attempt, order_id="", accepted_ms=None))
    done = one.look()
    assert one.state[0] is EntryState.RESTING
    assert one.intent.attempt.order_id == one.entry_id
    assert [event.kind for event in done.events] == [EventKind.ACCEPTED]
    assert done.action is None


def test_an_entry_without_an_answer_is_never_sent_again_and_ends_only_once_nothing_can_come_of_it() -> None:
    one = bench()
    one.exchange.live.clear()
    one.exchange.remember()
    one.intent = evolve(
        one.intent, entry=EntryState.UNKNOWN, attempt=evolve(one.intent.attempt, order_id="", accepted_ms=None)
    )
    one.passes(NOT_AFTER_MS - one.exchange.now_ms)
    one.look()
    assert one.state[0] is EntryState.UNKNOWN, "the request may still have an effect"
    one.looks(3)
    assert one.state[0] is EntryState.DONE
    assert not one.actions


def test_an_entry_found_alive_after_its_last_instant_is_cancelled_and_told() -> None:
    """Bytes that were held up for minutes opened a position that no plan wanted any more."""
    one = bench()
    order = one.exchange.live[one.entry_id]
    late_ms = NOT_AFTER_MS + 5_000
    one.exchange.live[one.entry_id] = evolve(order, created_ms=late_ms)
    one.intent = evolve(
        one.intent, entry=EntryState.UNKNOWN, attempt=evolve(one.intent.attempt, order_id="", accepted_ms=None)
    )
    one.passes(late_ms - one.exchange.now_ms + 100)
    one.exchange.remember()
    done = one.look()
    assert AlarmKind.LATE_ENTRY in one.alarms
    assert isinstance(done.action.write, Cancellation) if done.action else False
    one.looks(2)
    assert one.state == (EntryState.DONE, PositionState.NONE)
    assert not one.alarms


def test_an_entry_that_takes_and_is_found_resting_is_cancelled_long_before_its_zone_ends() -> None:
    """An exchange that took an IOC for one that rests left it in the book for the zone's whole life."""
    one = bench(zone=ZONE)
    one.intent = evolve(one.intent, attempt=evolve(one.intent.attempt, time_in_force=TimeInForce.IOC))
    one.passes(NOT_AFTER_MS - one.exchange.now_ms)
    assert one.look().action is None
    one.passes(1500)
    assert one.look().action is not None


def test_an_entry_that_was_planned_and_never_sent_is_given_up() -> None:
    intent = an_intent(attempt=an_attempt())
    one = bench(intent=intent)
    one.exchange.live.clear()
    one.exchange.remember()
    one.intent = intent
    one.look()
    assert one.state[0] is EntryState.PLANNED
    one.passes(NOT_AFTER_MS)
    one.look()
    assert one.state[0] is EntryState.REJECTED
    assert not one.intent.is_live


@pytest.mark.parametrize(
    "state", [EntryState.SUBMITTING, EntryState.UNKNOWN, EntryState.RESTING, EntryState.CANCELLING]
)
@pytest.mark.parametrize("fails", ["account", "ended", "fills"])
def test_time_alone_never_ends_an_entry(state: EntryState, fails: str) -> None:
    """A read that fails for days leaves it as it was: cancelled by the clock, a fill of it would have no stop."""
    one = bench()
    one.exchange.live.clear()
    one.exchange.remember()
    one.intent = evolve(one.intent, entry=state)
    for _ in range(50):
        one.passes(3_600_000)
        one.look(fails=frozenset({fails}))
    assert not one.intent.entry.is_final


def test_from_thirty_seconds_on_an_entry_that_the_mark_left_is_cancelled() -> None:
    one = bench()
    one.exchange.moves_to(Decimal("102.1"))
    one.passes(25_000)
    assert one.look().action is None
    one.passes(5_000)
    done = one.look()
    assert done.action is not None
    assert done.action.why == "out_of_zone"
    one.looks(1)
    assert one.last is not None
    assert one.last.switch_off == SwitchOff(SYMBOL, 1, "out_of_zone")


def test_an_order_that_waits_for_its_first_touch_is_not_cancelled_because_the_mark_stands_outside_the_zone() -> None:
    one = bench(zone=ZONE)
    one.passes(40_000)
    assert one.look().action is None
    one.exchange.moves_to(Decimal("100.4"))
    assert one.look().action is None, "inside the zone"
    one.exchange.moves_to(Decimal("100.6"))
    done = one.look()
    assert done.action is not None
    assert done.action.why == "out_of_zone", "it was inside, and left on the side away from the entry"


def test_a_zone_touched_at_planning_counts_as_touched() -> None:
    one = bench(zone=ZONE, zone_was_touched=True)
    one.passes(40_000)
    done = one.look()
    assert done.action is not None
    assert done.action.why == "out_of_zone"


def test_where_the_market_cannot_be_read_nothing_follows_from_it() -> None:
    one = bench(zone=ZONE, zone_was_touched=True)
    one.passes(40_000)
    assert one.look(no_market=True).action is None


def test_a_kill_switch_ends_unfilled_entries_and_never_a_stop() -> None:
    one = bench()
    one.fills(4)
    one.looks(2)
    one.rules = evolve(one.rules, entries_end="kill_switch_on")
    done = one.look()
    assert done.action is not None
    assert (done.action.why, done.action.write) == (
        "kill_switch_on",
        Cancellation(SYMBOL, one.entry_id, done.action.write.kind),  # type: ignore[union-attr]
    )
    one.looks(3)
    assert one.state == (EntryState.DONE, PositionState.PROTECTED)
    assert one.held == 4


def test_nothing_is_cancelled_in_recovery() -> None:
    """A restored store does not know what it may cancel."""
    one = bench(in_recovery=True)
    one.passes(TIMEOUT_MS)
    one.looks(5)
    assert not one.actions
    one.fills(4)
    one.exchange.live = {key: order for key, order in one.exchange.live.items() if key == one.entry_id}
    one.exchange.remember()
    one.looks(2)
    assert one.wrote == ["stop_none_armed"], "protection goes on"


@pytest.mark.parametrize("regime", list(REGIMES))
def test_any_exit_fill_ends_the_rest_of_the_entry_first(regime: str) -> None:
    """The stop closed what was filled, and the resting rest filled into the falling market without one."""
    one = bench(REGIMES[regime])
    one.fills(4)
    one.looks(4)
    one.actions.clear()
    one.exchange.moves_to(Decimal(95))
    one.look()
    assert one.wrote == ["exit_filled"]
    one.looks(4)
    assert one.state == (EntryState.DONE, PositionState.CLOSED)


@pytest.mark.parametrize("regime", list(REGIMES))
def test_a_fill_that_comes_during_the_cancel_is_protected_like_a_first_one(regime: str) -> None:
    one = bench(REGIMES[regime])
    one.fills(4)
    one.looks(4)
    one.exchange.moves_to(Decimal(95))
    one.look(leaves=lambda _: False)
    one.exchange.mark = Decimal(97)
    one.fills(3)
    one.looks(6)
    assert one.held == 3
    assert one.state[1] is PositionState.PROTECTED
    assert carries_stop(REGIMES[regime]) or one.intent.progress.stop_generation > 1


def test_an_order_believed_over_that_is_live_is_cancelled_and_told() -> None:
    one = bench()
    one.intent = evolve(one.intent, entry=EntryState.DONE, position=PositionState.UNPROTECTED)
    done = one.look()
    assert AlarmKind.LATE_ENTRY in one.alarms
    assert done.action is not None
    assert isinstance(done.action.write, Cancellation)


def test_an_order_under_our_id_that_is_not_what_was_asked_for_changes_nothing_and_is_an_alarm() -> None:
    one = bench()
    order = one.exchange.live[one.entry_id]
    one.exchange.live[one.entry_id] = evolve(order, size=Decimal(11))
    one.exchange.remember()
    one.looks(2)
    assert AlarmKind.CONTRADICTION in one.alarms
    assert one.state == (EntryState.RESTING, PositionState.NONE)


def test_an_entry_that_the_exchange_ends_by_itself_is_told_as_expired() -> None:
    one = bench()
    one.fills(4)
    one.exchange.ends_entry(one.entry_id)
    one.looks(2)
    kinds = [event.kind for event in one.events]
    assert EventKind.EXPIRED in kinds
    assert EventKind.CANCELLED not in kinds
    assert one.exchange.ended[one.entry_id].state is OrderState.CANCELLED


def test_a_look_comes_sooner_while_an_entry_rests_without_protection() -> None:
    assert bench(NATIVE).look().look_again_ms == 5000
    assert bench(REGIMES["own whole-position stop"]).look().look_again_ms == 1000
    soon = resting()
    assert soon.attempt.carries_stop
