"""The one write of a look: by which way it leaves, what may leave in recovery, and what the story says of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, cast

import pytest

from mtf_core.execution.sending import described, may_leave_in_recovery, sent, sent_event
from mtf_core.market import (
    Amendment,
    ExitOrder,
    OrderKind,
    OrderType,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import Action, Cancellation, EventKind, FurtherAttempt, Write
from mtf_core.ports import Priority
from tests.unit.orders.intents import KEY, SYMBOL, an_intent

D = Decimal
LEVEL = TriggerLevel(D(95), TriggerPrice.MARK)
STOP = ProtectiveOrder(SYMBOL, Side.LONG, TriggerPurpose.STOP, LEVEL, None, "stop-1")
EXIT = ExitOrder(SYMBOL, Side.LONG, D(10), OrderType.MARKET, None, TimeInForce.IOC, "close-1")
AMENDMENT = Amendment(SYMBOL, "7", trigger=LEVEL, purpose=TriggerPurpose.STOP)
CANCELLATION = Cancellation(SYMBOL, "7", OrderKind.LIMIT)
FURTHER = FurtherAttempt(D(4), OrderType.LIMIT, D(100), TimeInForce.GTC, post_only=False)


class Exchange:
    """Desk and exchange in one; notes what came and how."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    @property
    def trading(self) -> Exchange:
        return self

    async def submit_protection(self, order: ProtectiveOrder) -> WriteOutcome:
        return self._took("protection", order)

    async def submit_exit(self, order: ExitOrder) -> WriteOutcome:
        return self._took("exit", order)

    async def amend(self, amendment: Amendment, *, priority: Priority) -> WriteOutcome:
        return self._took("amend", amendment, priority)

    async def cancel(self, symbol: str, order_id: str, kind: OrderKind, *, priority: Priority) -> WriteOutcome:
        return self._took("cancel", symbol, order_id, kind, priority)

    def _took(self, *asked: object) -> WriteOutcome:
        self.asked.append(asked)
        return WriteOutcome(WriteResult.ACCEPTED)


@pytest.mark.parametrize(
    ("write", "asked"),
    [
        (STOP, ("protection", STOP)),
        (EXIT, ("exit", EXIT)),
        (AMENDMENT, ("amend", AMENDMENT, Priority.EXIT)),
        (CANCELLATION, ("cancel", SYMBOL, "7", OrderKind.LIMIT, Priority.EXIT)),
    ],
)
def test_what_protects_closes_or_cancels_leaves_once_and_never_behind_a_read(
    write: Write, asked: tuple[object, ...]
) -> None:
    exchange = Exchange()
    assert asyncio.run(sent(cast(Any, exchange), write)).is_done
    assert exchange.asked == [asked]


def test_an_entry_never_leaves_by_the_way_of_exits() -> None:
    exchange = Exchange()
    with pytest.raises(ValueError, match="of 4 contracts is submitted like an entry"):
        asyncio.run(sent(cast(Any, exchange), FURTHER))
    assert exchange.asked == []


@pytest.mark.parametrize(
    ("write", "protects", "may"),
    [
        (STOP, True, True),
        (EXIT, True, True),
        (AMENDMENT, True, True),
        (STOP, False, False),  # a target, say: it can wait
        (EXIT, False, False),
        (CANCELLATION, True, False),
        (CANCELLATION, False, False),
        (FURTHER, False, False),
    ],
)
def test_in_recovery_only_what_protects_leaves_and_nothing_is_cancelled(
    write: Write, protects: bool, may: bool
) -> None:
    assert may_leave_in_recovery(Action(write, "why", protects=protects)) is may


def told(write: Write, outcome: WriteOutcome) -> dict[str, str]:
    event = sent_event(an_intent(), Action(write, "stop_missing", protects=True), outcome, 7)
    assert (event.decision_key, event.symbol, event.attempt, event.kind, event.venue_ms) == (
        KEY,
        SYMBOL,
        1,
        EventKind.SENT,
        7,
    )
    return dict(event.details)


def test_the_story_names_the_order_by_the_id_that_the_exchange_said_else_by_ours_and_says_nothing_empty() -> None:
    lost = told(STOP, WriteOutcome(WriteResult.UNKNOWN))
    assert lost == {"what": "stop", "why": "stop_missing", "result": "unknown", "client_order_id": "stop-1"}
    answered = told(STOP, WriteOutcome(WriteResult.REJECTED, "55", "as-it-says", "off_tick", "price off tick"))
    assert answered == {
        **lost,
        "result": "rejected",
        "order_id": "55",
        "client_order_id": "as-it-says",
        "code": "off_tick",
        "text": "price off tick",
    }
    assert "client_order_id" not in told(CANCELLATION, WriteOutcome(WriteResult.ACCEPTED, "7"))


def test_an_order_is_told_in_one_word() -> None:
    target = ProtectiveOrder(SYMBOL, Side.LONG, TriggerPurpose.TARGET, LEVEL, None, "target-1")
    writes = (STOP, target, EXIT, AMENDMENT, CANCELLATION, FURTHER)
    assert [described(write) for write in writes] == ["stop", "target", "close", "amend", "cancel", "entry"]
