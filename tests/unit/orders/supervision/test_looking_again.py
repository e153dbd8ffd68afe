"""When the next look is due: soon where something may stand bare, ever later where looks lead nowhere."""

from __future__ import annotations

from attrs import evolve

from mtf_core.orders import AlarmKind, EntryState
from tests.unit.orders.intents import NOT_AFTER_MS
from tests.unit.orders.supervision.desk import NATIVE, REGIMES, bench


def test_an_entry_without_an_answer_is_looked_for_soon_at_first_and_ever_less_often() -> None:
    one = bench(NATIVE)
    one.exchange.live.clear()
    one.exchange.remember()
    attempt = evolve(one.intent.attempt, order_id="", accepted_ms=None)
    one.intent = evolve(one.intent, entry=EntryState.UNKNOWN, attempt=attempt)
    pauses = []
    for seconds in (2, 10, 12, 16, 60):
        one.exchange.now_ms = NOT_AFTER_MS + seconds * 1000
        pauses.append(one.look(fails=frozenset({"ended"})).look_again_ms)
    assert one.intent.entry is EntryState.UNKNOWN, "a read that fails proves nothing"
    assert pauses == [1000, 2500, 3000, 4000, 5000]


def test_what_stands_without_a_stop_is_looked_at_when_its_alarm_is_due_and_not_a_look_later() -> None:
    one = bench(REGIMES["own whole-position stop"])
    one.fills(10)
    first_fill_ms = one.exchange.now_ms
    one.exchange.refuses_stops = True
    one.passes(4_600)
    done = one.look()
    assert AlarmKind.UNPROTECTED not in one.alarms
    assert one.exchange.now_ms + done.look_again_ms == first_fill_ms + 5_001
    one.passes(done.look_again_ms)
    one.look()
    assert AlarmKind.UNPROTECTED in one.alarms
    assert one.last is not None
    assert one.last.look_again_ms == 1000
