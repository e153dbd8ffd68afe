"""When the next look is due: soon where something may stand bare, ever later where looks lead nowhere."""

from __future__ import annotations

from attrs import evolve

from mtf_core.orders import EntryState
from tests.unit.orders.intents import NOT_AFTER_MS
from tests.unit.orders.supervision.desk import NATIVE, bench


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
