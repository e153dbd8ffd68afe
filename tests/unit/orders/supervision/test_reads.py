"""Which reads a look asks for beyond the account."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.orders.supervise import reads_wanted
from tests.unit.orders.intents import CREATED_MS, an_attempt, an_intent
from tests.unit.orders.supervision.desk import NATIVE, bench


def test_history_is_asked_for_from_shortly_before_the_first_attempt_and_never_from_before_time_began() -> None:
    for created_ms, since_ms in ((CREATED_MS, CREATED_MS - 60_000), (60_001, 1), (4_000, 0)):
        first = an_attempt(created_ms=created_ms)
        one = an_intent(attempt=an_attempt(number=2, created_ms=created_ms + 90_000), earlier=(first,))
        assert reads_wanted(one, None, CREATED_MS).since_ms == since_ms


def test_an_entry_that_rests_as_it_was_seen_costs_no_histories() -> None:
    one = bench(NATIVE)
    account = one.exchange.account()
    wanted = reads_wanted(one.intent, account, one.exchange.now_ms)
    assert (wanted.ended, wanted.fills, wanted.flows, wanted.quote) == (False, False, False, True)


def test_a_position_that_is_gone_is_looked_for_in_every_history() -> None:
    one = bench(NATIVE)
    one.fills(10)
    one.looks(4)
    one.exchange.trades_by_hand(one.intent.side, Decimal(10), opens=False)
    wanted = reads_wanted(one.intent, one.exchange.account(), one.exchange.now_ms)
    assert (wanted.ended, wanted.fills, wanted.flows, wanted.quote) == (True, True, True, True)
