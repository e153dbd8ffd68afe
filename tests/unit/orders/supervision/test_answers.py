"""What the answer to a write means for the next look: when the next try is due, and what counts as one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import (
    Amendment,
    ExitOrder,
    OrderType,
    ProtectiveOrder,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import Action, Intent, Progress, Purpose
from mtf_core.orders.intent import Sent
from mtf_core.orders.supervise import after_write
from tests.unit.orders.intents import CREATED_MS, SYMBOL, an_intent
from tests.unit.orders.supervision.desk import NATIVE

IDS, NOW_MS = NATIVE.client_ids, CREATED_MS + 60_000
SENT = Sent(stop_ms=NOW_MS - 100, targets_ms=NOW_MS - 90, close_ms=NOW_MS - 80)
LATER_MS = NOW_MS + 8_000
INTENT = an_intent(
    progress=Progress(
        held=Decimal(10),
        sent=SENT,
        stop_tries=2,
        next_stop_ms=LATER_MS,
        next_target_ms=LATER_MS,
        next_close_ms=LATER_MS,
    )
)
REFUSED = WriteOutcome(WriteResult.REJECTED, code="refused")
NEVER_LEFT = WriteOutcome(WriteResult.NOT_SENT)
TOO_MANY = WriteOutcome(WriteResult.RATE_LIMITED, retry_after_ms=3_000)
UNKNOWN = WriteOutcome(WriteResult.UNKNOWN)


def closing(intent: Intent, purpose: Purpose) -> Action:
    """An order that takes: to close, or a target that was reached already."""
    name = intent.id_of(purpose, 1, IDS)
    order = ExitOrder(SYMBOL, intent.side, Decimal(10), OrderType.MARKET, None, TimeInForce.IOC, name)
    return Action(order, "close", protects=True)


def stop() -> Action:
    level = TriggerLevel(Decimal(95), TriggerPrice.MARK)
    name = INTENT.id_of(Purpose.STOP, 1, IDS)
    order = ProtectiveOrder(SYMBOL, INTENT.side, TriggerPurpose.STOP, level, None, name)
    return Action(order, "stop_none_armed", protects=True)


def after(action: Action, outcome: WriteOutcome) -> Progress:
    return after_write(INTENT, action, outcome, IDS, NOW_MS).progress


def test_a_close_that_was_refused_waits_for_its_growing_pause_and_says_nothing_of_targets() -> None:
    found = after(closing(INTENT, Purpose.CLOSE), REFUSED)
    assert found == evolve(INTENT.progress, sent=evolve(SENT, close_ms=None))


def test_a_close_that_never_left_is_tried_again_at_once() -> None:
    found = after(closing(INTENT, Purpose.CLOSE), NEVER_LEFT)
    assert found == evolve(INTENT.progress, sent=evolve(SENT, close_ms=None), next_close_ms=NOW_MS + 500)


@pytest.mark.parametrize(("outcome", "next_ms"), [(REFUSED, LATER_MS), (NEVER_LEFT, NOW_MS + 500)])
def test_a_target_that_takes_is_a_target_and_no_close(outcome: WriteOutcome, next_ms: int) -> None:
    found = after(closing(INTENT, Purpose.TARGET), outcome)
    assert found == evolve(INTENT.progress, sent=evolve(SENT, targets_ms=None), next_target_ms=next_ms)


def test_whoever_asked_too_often_waits_as_long_as_the_exchange_says() -> None:
    assert after(closing(INTENT, Purpose.CLOSE), TOO_MANY).next_close_ms == NOW_MS + 3_000
    assert after(closing(INTENT, Purpose.TARGET), TOO_MANY).next_target_ms == NOW_MS + 3_000
    assert after(stop(), TOO_MANY).next_stop_ms == NOW_MS + 3_000


@pytest.mark.parametrize("purpose", [Purpose.CLOSE, Purpose.TARGET])
def test_where_the_answer_says_nothing_the_next_looks_wait_for_what_was_sent(purpose: Purpose) -> None:
    assert after(closing(INTENT, purpose), UNKNOWN) == INTENT.progress


def test_a_stop_that_was_refused_is_a_try_and_one_that_never_left_is_none() -> None:
    refused, never = after(stop(), REFUSED), after(stop(), NEVER_LEFT)
    assert refused == evolve(INTENT.progress, sent=evolve(SENT, stop_ms=None), next_stop_ms=NOW_MS + 500)
    assert never == evolve(refused, stop_tries=1)
    first = evolve(INTENT, progress=evolve(INTENT.progress, stop_tries=0))
    assert after_write(first, stop(), NEVER_LEFT, IDS, NOW_MS).progress.stop_tries == 0, "there is none to take back"


def test_a_stop_that_the_exchange_has_is_known_by_its_id_and_an_amendment_keeps_the_one_that_is() -> None:
    taken = WriteOutcome(WriteResult.ACCEPTED, "77")
    found = after(stop(), taken)
    assert (found.stop_order_id, found.stop_accepted, found.sent) == ("77", True, SENT)
    amended = Action(Amendment(SYMBOL, "76", size=Decimal(7), purpose=TriggerPurpose.STOP), "stop_moves", protects=True)
    assert after(amended, taken) == INTENT.progress
