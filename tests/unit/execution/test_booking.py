"""Decisions on their way into the store: in order, once, and memory ahead of a store that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import evolve

from mtf_core.execution.booking import Booked, Bookkeeper, Entries, merged, uncounted
from mtf_core.market import Fill, OrderKind, OrderType, Side, TimeInForce
from mtf_core.orders import (
    Action,
    EntryState,
    EventKind,
    FurtherAttempt,
    Intent,
    LifecycleEvent,
    PositionState,
    Progress,
)
from mtf_core.orders.actions import Cancellation
from mtf_core.orders.intent import Sent
from mtf_core.ports import Acquired, IntentChangedError, LockLostError, StoreUnavailableError
from tests.unit.orders.intents import KEY, SYMBOL, an_attempt, an_intent

D = Decimal
INTENT = an_intent(entry=EntryState.DONE, position=PositionState.UNPROTECTED, progress=Progress(held=D(10)))
NO_FENCE: Acquired | None = None


class Rows:
    """The store of one intent; what it is told to do next goes wrong."""

    def __init__(self, intent: Intent | None = INTENT) -> None:
        self.intent_now = intent
        self.events: list[LifecycleEvent] = []
        self.fills: list[Fill] = []
        self.saves = 0
        self.wrong: list[str] = []
        """What happens to the next saves: `away`, `lost` (stored, the answer is lost), `changed`, `lock`, `hang`."""
        self.is_blind = False
        self.go = asyncio.Event()

    async def intent(self, key: str) -> Intent | None:
        assert key == KEY
        if self.is_blind:
            raise StoreUnavailableError("away")
        return self.intent_now

    async def save(
        self,
        intent: Intent,
        events: Sequence[LifecycleEvent],
        _: object,
        fills: Sequence[Fill],
        fence: Acquired | None,
    ) -> Intent:
        self.saves += 1
        wrong = self.wrong.pop(0) if self.wrong else ""
        if wrong == "hang":
            await self.go.wait()
        if wrong == "away":
            raise StoreUnavailableError("away")
        if wrong == "lock":
            raise LockLostError("another's")
        assert self.intent_now is not None
        if wrong == "changed" or intent.version != self.intent_now.version:
            raise IntentChangedError("another version")
        self.intent_now = evolve(intent, version=intent.version + 1)
        self.events += events
        self.fills += fills
        if wrong == "lost":
            raise StoreUnavailableError("the answer was lost")
        return self.intent_now


def books_on(rows: Rows) -> Bookkeeper:
    made = Bookkeeper(cast(Any, rows))
    made.refresh([INTENT])
    return made


def told(text: str) -> Entries:
    return Entries((LifecycleEvent(KEY, SYMBOL, 1, EventKind.STATE, 1, {"text": text}),))


def words(rows: Rows) -> list[str]:
    return [event.details["text"] for event in rows.events]


def with_stop(generation: int, intent: Intent = INTENT) -> Intent:
    return evolve(intent, progress=evolve(intent.progress, stop_generation=generation))


def a_fill(number: str = "f1") -> Fill:
    return Fill(SYMBOL, number, "7", Side.LONG, True, D(100), D(10), D(0), D(0), True, 1)


async def test_a_decision_is_stored_once_and_memory_goes_on_from_the_row() -> None:
    rows = Rows()
    books = books_on(rows)
    assert await books.book(with_stop(1), told("one"), NO_FENCE, 1000) is Booked.STORED
    assert (books.live, books.is_behind, rows.saves) == ((evolve(with_stop(1), version=1),), False, 1)
    assert await books.catch_up(NO_FENCE, 1000) is Booked.STORED
    assert rows.saves == 1


async def test_while_the_store_is_away_memory_is_ahead_and_everything_is_stored_later_in_its_order() -> None:
    rows = Rows()
    books = books_on(rows)
    rows.wrong = ["away", "away"]
    assert await books.book(with_stop(1), told("one"), NO_FENCE, 1000) is Booked.BEHIND
    assert await books.book(with_stop(2), told("two"), NO_FENCE, 1000) is Booked.BEHIND
    assert books.live == (with_stop(2),)
    books.refresh([INTENT])
    assert books.live == (with_stop(2),), "what the store says of it is older than what was decided"
    assert books.is_behind
    assert await books.catch_up(NO_FENCE, 1000) is Booked.STORED
    assert (words(rows), rows.intent_now) == (["one", "two"], evolve(with_stop(2), version=1))


async def test_a_save_whose_answer_was_lost_is_looked_up_and_not_made_again() -> None:
    rows = Rows()
    books = books_on(rows)
    rows.wrong = ["lost"]
    assert await books.book(with_stop(1), told("one"), NO_FENCE, 1000) is Booked.BEHIND
    assert await books.book(with_stop(2), told("two"), NO_FENCE, 1000) is Booked.STORED
    assert words(rows) == ["one", "two"]
    assert rows.intent_now == evolve(with_stop(2), version=2)
    assert not books.is_behind


async def test_a_save_that_was_not_made_is_made_again_where_the_row_is_as_it_was() -> None:
    rows = Rows()
    books = books_on(rows)
    rows.wrong = ["away"]
    await books.book(with_stop(1), told("one"), NO_FENCE, 1000)
    assert await books.catch_up(NO_FENCE, 1000) is Booked.STORED
    assert (words(rows), rows.saves) == (["one"], 2)


async def test_what_somebody_else_changed_is_decided_anew_and_executions_stay() -> None:
    rows = Rows()
    books = books_on(rows)
    theirs = rows.intent_now = evolve(INTENT, version=5, entry=EntryState.CANCELLING)
    decided = Entries(told("one").events, (a_fill(),))
    assert await books.book(with_stop(1), decided, NO_FENCE, 1000) is Booked.CHANGED
    assert books.live == (theirs,)
    assert books.is_behind, "what was executed is to be stored whatever is decided"
    assert await books.catch_up(NO_FENCE, 1000) is Booked.STORED
    assert (words(rows), rows.fills) == ([], [a_fill()])


async def test_where_something_left_already_what_was_counted_for_it_outlives_the_others_change() -> None:
    rows = Rows()
    books = books_on(rows)
    rows.wrong = ["away"]
    await books.book(with_stop(3), told("one"), NO_FENCE, 1000)
    books.acted(INTENT)
    assert books.unbooked == (with_stop(3),)
    theirs = rows.intent_now = evolve(with_stop(1), version=5, entry=EntryState.CANCELLING)
    assert await books.catch_up(NO_FENCE, 1000) is Booked.CHANGED
    assert books.live == (evolve(with_stop(3, theirs), version=5),)
    assert await books.catch_up(NO_FENCE, 1000) is Booked.STORED
    assert (words(rows), books.unbooked, books.is_behind) == (["one"], (), False)


@pytest.mark.parametrize("wrong", ["lock", "changed"])
async def test_what_the_store_refuses_is_kept_until_it_can_be_said_what_it_holds(wrong: str) -> None:
    rows = Rows()
    books = books_on(rows)
    rows.wrong, rows.is_blind = [wrong], True
    came = await books.book(with_stop(1), told("one"), NO_FENCE, 1000)
    assert came is (Booked.LOCK_LOST if wrong == "lock" else Booked.BEHIND)
    assert books.live == (with_stop(1),)
    assert books.is_behind


async def test_a_save_that_hangs_is_waited_for_no_longer_than_it_is_worth_and_what_came_after_follows_it() -> None:
    rows = Rows()
    books = books_on(rows)
    rows.wrong = ["hang"]
    assert await books.book(with_stop(1), told("one"), NO_FENCE, 1) is Booked.BEHIND
    assert await books.book(with_stop(2), told("two"), NO_FENCE, 1) is Booked.BEHIND
    assert rows.saves == 1, "while one hangs no other is begun"
    rows.go.set()
    assert await books.catch_up(NO_FENCE, 1000) is Booked.STORED
    assert words(rows) == ["one", "two"]
    assert rows.intent_now == evolve(with_stop(2), version=2)


async def test_the_worst_of_what_came_of_several_is_told_and_those_that_are_looked_at_are_left() -> None:
    rows = Rows()
    books = books_on(rows)
    rows.wrong = ["away", "lock"]
    await books.book(with_stop(1), told("one"), NO_FENCE, 1000)
    assert await books.catch_up(NO_FENCE, 1000, busy={KEY}) is Booked.STORED
    assert await books.catch_up(NO_FENCE, 1000) is Booked.LOCK_LOST


def test_the_store_has_news_where_a_version_is_newer_or_an_intent_is_not_known() -> None:
    books = books_on(Rows())
    assert not books.lacks({})
    assert not books.lacks({KEY: 0})
    assert books.lacks({KEY: 1})
    assert books.lacks({"other": 0})


def test_what_is_over_by_the_store_is_forgotten_and_another_life_knows_nothing() -> None:
    books = books_on(Rows())
    books.refresh([])
    assert books.live == ()
    books.know(INTENT)
    books.know(with_stop(9))
    assert books.live == (INTENT,), "what is known already is not overwritten"
    books.forget()
    assert (books.live, books.latest(with_stop(9))) == ((), with_stop(9))


FEWER = Progress(
    **{"stop_generation": 1, "stop_tries": 1, "next_stop_ms": 10, "target_tries": 1, "next_target_ms": 10},
    **{"close_generation": 1, "close_cancels": 1, "next_close_ms": 10, "cancel_looks": 1, "next_cancel_ms": 10},
    tidy_tries=1,
    target_generations=(1, 2),
    sent=Sent(stop_ms=1, targets_ms=5, close_ms=None, cancel_ms=1, tidy_ms=None),
)
MORE = Progress(
    **{"stop_generation": 2, "stop_tries": 2, "next_stop_ms": 20, "target_tries": 2, "next_target_ms": 20},
    **{"close_generation": 2, "close_cancels": 2, "next_close_ms": 20, "cancel_looks": 2, "next_cancel_ms": 20},
    tidy_tries=2,
    target_generations=(2, 1),
    sent=Sent(stop_ms=3, targets_ms=None, close_ms=4, cancel_ms=2, tidy_ms=None),
)
BOTH = evolve(
    MORE,
    target_generations=(2, 2),
    sent=Sent(stop_ms=3, targets_ms=5, close_ms=4, cancel_ms=2, tidy_ms=None),
)


@pytest.mark.parametrize(("stored", "acted"), [(FEWER, MORE), (MORE, FEWER)])
def test_every_order_that_left_is_counted_whoever_knew_of_it(stored: Progress, acted: Progress) -> None:
    """Counted less, an id would be used for two orders."""
    found = merged(evolve(INTENT, progress=stored, version=4), evolve(INTENT, progress=acted))
    assert found == evolve(INTENT, progress=BOTH, version=4)


def test_of_another_attempt_no_cancel_is_counted() -> None:
    stored = evolve(INTENT, progress=Progress(), attempt=an_attempt(number=2))
    found = merged(stored, evolve(INTENT, progress=MORE))
    assert found.attempt.number == 2
    assert (found.progress.cancel_looks, found.progress.next_cancel_ms, found.progress.sent.cancel_ms) == (0, 0, None)
    assert found.progress.stop_generation == 2


def test_an_order_that_did_not_leave_is_counted_no_more() -> None:
    before = evolve(INTENT, progress=FEWER)
    decided = evolve(
        INTENT,
        entry=EntryState.CANCELLING,
        progress=evolve(MORE, stop_restored=True, fallback_asked=True, cancel_reason="order_timeout", held=D(7)),
    )
    cancel = Action(Cancellation(SYMBOL, "7", OrderKind.LIMIT), "order_timeout", protects=False)
    kept = uncounted(decided, before, cancel)
    assert kept == evolve(decided, progress=evolve(FEWER, held=D(7), cancel_reason="order_timeout"))
    further = Action(
        FurtherAttempt(D(4), OrderType.LIMIT, D(101), TimeInForce.IOC, False), "end_of_zone", protects=False
    )
    assert uncounted(decided, before, further).progress.cancel_reason == "", (
        "by which a further attempt is decided once"
    )
