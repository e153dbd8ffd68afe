"""Submitting: an order is committed before it is sent, sent once, and whatever breaks, never sent again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from decimal import Decimal

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_core.execution import Ground, Guards, Submitted, further_guard, guards_for, submit_further
from mtf_core.execution.booking import merged
from mtf_core.execution.guarding import by_symbol
from mtf_core.execution.losses import measure_losses
from mtf_core.market import OrderKind, OrderType, TimeInForce, WriteOutcome, WriteResult
from mtf_core.orders import Draft, EntryState, FurtherAttempt, Intent, Purpose, Sent, read_client_id, store_tag
from mtf_core.planning import Skip
from mtf_core.ports import IntentChangedError, Mark, StoreNotOursError, StoreUnavailableError
from mtf_core.reasons import Reason
from mtf_core.risk import GLOBAL_SWITCH, AccountCondition, Books, Reservation, Switch
from tests.integration.execution.counter import MARKET, SYMBOL, Counter, always, beat, counter_on, yes
from tests.integration.execution.dying import Points, numbered

REFUSING = [
    WriteResult.REJECTED,
    WriteResult.WOULD_TAKE,
    WriteResult.RATE_LIMITED,
    WriteResult.CLOCK_SKEW,
    WriteResult.AUTH,
    WriteResult.NOT_ALLOWED_HERE,
    WriteResult.MAINTENANCE,
    WriteResult.EXPIRED_BEFORE_SENT,
    WriteResult.NOT_SENT,
]
SAYING_NOTHING = [WriteResult.UNKNOWN, WriteResult.DUPLICATE, WriteResult.NOT_FOUND, WriteResult.ALREADY_SO]


@pytest_asyncio.fixture
async def counter(database_url: str) -> AsyncIterator[Counter]:
    async with counter_on(database_url) as opened:
        yield opened


async def stored(counter: Counter, key: str = "key") -> Intent:
    intent = await counter.desk.orders.intent(key)
    assert intent is not None
    return intent


def answering(result: WriteResult, **words: object) -> Callable[[WriteOutcome], Awaitable[WriteOutcome]]:
    async def answer(_: WriteOutcome) -> WriteOutcome:
        return WriteOutcome(result, **words)

    return answer


def failing(error: BaseException) -> Callable[..., Awaitable[None]]:
    async def fail(*_: object) -> None:
        raise error

    return fail


async def test_an_accepted_order_rests_with_its_id_its_stop_and_its_story(counter: Counter) -> None:
    draft = counter.draft()
    submitted = await counter.submit(draft)
    assert isinstance(submitted, Submitted)
    intent = await stored(counter)
    assert submitted.intent == intent
    assert (intent.entry, intent.attempt.order_id != "", intent.attempt.accepted_ms) == (
        EntryState.RESTING,
        True,
        counter.desk.now_ms,
    )
    (order,) = await counter.at_the_exchange()
    assert (order.client_order_id, order.order_id) == (intent.attempt.client_order_id, intent.attempt.order_id)
    assert (order.price, order.size, order.stop) == (draft.attempt.price, draft.attempt.size, draft.wanted.stop)
    assert await counter.story() == ["planned", "submitted", "accepted"]
    made = read_client_id(order.client_order_id, counter.desk.ids)
    assert made is not None
    assert (made.tag, made.counter, made.purpose) == (store_tag(counter.desk.identity.store_id), 1, Purpose.ENTRY)


async def test_the_quality_of_the_market_and_the_times_of_the_request_are_kept_with_the_acceptance(
    counter: Counter,
) -> None:
    await counter.submit()
    planned, submitted, accepted = (one.event.details for one in await counter.desk.orders.events("key"))
    assert {"spread_bps", "quote_age_ms", "best_bid", "best_ask", "mark"} <= set(accepted)
    assert {"asked_ms", "answered_ms", "request_seconds", "client_order_id"} <= set(submitted)
    assert planned["price"] == f"{counter.draft().attempt.price:f}"


async def test_the_symbol_is_left_alone_for_a_while_once_an_order_left(counter: Counter) -> None:
    await counter.submit()
    switches = {one.key: one for one in await counter.desk.environment.stores.switches.all()}
    assert switches[SYMBOL].until_ms == counter.desk.now_ms + 15 * 60_000
    assert not switches[SYMBOL].on


async def test_the_mark_outside_of_the_store_is_raised_before_anything_leaves(counter: Counter) -> None:
    async def look() -> None:
        assert await counter.desk.high_water.read(counter.desk.account_key) == evolve(counter.desk.mark, counter=1)

    counter.exchange.before = look
    await counter.submit()
    assert len(counter.exchange.entries) == 1


async def test_the_intent_is_committed_as_about_to_be_sent_before_the_bytes_leave(counter: Counter) -> None:
    seen = []

    async def look() -> None:
        seen.append((await stored(counter)).entry)

    counter.exchange.before = look
    await counter.submit()
    assert seen == [EntryState.SUBMITTING]


@pytest.mark.parametrize("result", REFUSING)
async def test_an_answer_that_proves_that_nothing_exists_ends_the_intent(counter: Counter, result: WriteResult) -> None:
    counter.exchange.after = answering(result, code="40012", text="no")
    submitted = await counter.submit()
    assert isinstance(submitted, Submitted)
    intent = await stored(counter)
    assert (intent.entry, intent.is_live) == (EntryState.REJECTED, False)
    told = (await counter.desk.orders.events("key"))[-1].event
    assert (str(told.kind), told.details["reason"], told.details["code"]) == (
        "refused",
        {WriteResult.CLOCK_SKEW: "clock_skew", WriteResult.EXPIRED_BEFORE_SENT: "plan_expired"}.get(
            result, "rejected_by_exchange"
        ),
        "40012",
    )
    assert await counter.desk.environment.stores.switches.all() == ()


@pytest.mark.parametrize("result", SAYING_NOTHING)
async def test_an_answer_that_proves_nothing_leaves_the_entry_unknown_and_is_never_sent_again(
    counter: Counter, result: WriteResult
) -> None:
    counter.exchange.after = answering(result)
    assert isinstance(await counter.submit(), Submitted)
    assert (await stored(counter)).entry is EntryState.UNKNOWN
    again = await counter.submit()
    assert isinstance(again, Skip)
    assert again.reason in {Reason.DUPLICATE_DECISION_KEY, Reason.SYMBOL_BUSY}
    other = await counter.submit(counter.draft("another key"))
    assert isinstance(other, Skip)
    assert other.reason is Reason.SYMBOL_BUSY
    assert len(counter.exchange.entries) == 1


async def test_an_error_in_the_middle_of_the_write_proves_nothing(counter: Counter) -> None:
    counter.exchange.after = failing(RuntimeError("a bug of an adapter"))  # type: ignore[assignment]
    submitted = await counter.submit()
    assert isinstance(submitted, Submitted)
    assert (await stored(counter)).entry is EntryState.UNKNOWN
    assert len(await counter.at_the_exchange()) == 1


async def test_a_guard_that_refuses_first_stores_nothing_but_its_refusal(counter: Counter) -> None:
    no = Skip(Reason.KILL_SWITCH_ON)
    assert await counter.submit(guards=Guards(first=always(lambda _: no), again=always(yes))) == no
    assert await counter.desk.orders.intent("key") is None
    assert await counter.story() == ["refused"]
    assert (counter.exchange.leverages, counter.exchange.entries) == (0, [])


async def test_a_guard_that_refuses_directly_before_the_bytes_ends_the_intent_and_nothing_leaves(
    counter: Counter,
) -> None:
    no = Skip(Reason.KILL_SWITCH_ON)
    assert await counter.submit(guards=Guards(first=always(yes), again=always(lambda _: no))) == no
    intent = await stored(counter)
    assert (intent.entry, intent.is_live) == (EntryState.REJECTED, False)
    assert counter.exchange.entries == []
    assert await counter.story() == ["planned", "refused"]


async def test_guards_see_in_the_transaction_what_others_reserved(counter: Counter) -> None:
    seen: list[tuple[Reservation, ...]] = []

    def look(books: Books) -> None:
        seen.append(books.live)

    guards = Guards(first=always(look), again=always(look))
    await counter.submit(guards=guards)
    await counter.submit(counter.draft("other", "ETHUSDT"), guards)
    symbols = [[one.symbol for one in live] for live in seen]
    assert symbols == [[], [], [SYMBOL], [SYMBOL]]


@pytest.mark.parametrize("result", [WriteResult.REJECTED, WriteResult.UNKNOWN, WriteResult.NOT_SENT])
async def test_without_its_leverage_nothing_is_sent(counter: Counter, result: WriteResult) -> None:
    async def refuse() -> WriteOutcome:
        return WriteOutcome(result, code="40040", text="leverage too high")

    counter.exchange.at_leverage = refuse
    skip = await counter.submit()
    assert isinstance(skip, Skip)
    assert (skip.reason, dict(skip.facts)["code"]) == (Reason.LEVERAGE_NOT_SET, "40040")
    assert counter.exchange.entries == []
    assert not (await stored(counter)).is_live
    assert await counter.story() == ["planned", "refused"]


async def test_a_leverage_that_was_so_before_is_success(counter: Counter) -> None:
    await counter.submit()
    counter.exchange.after = answering(WriteResult.REJECTED)
    await counter.exchange.cancel(SYMBOL, (await stored(counter)).attempt.order_id, OrderKind.LIMIT)
    assert counter.exchange.leverages == 1
    intent = await stored(counter)
    await counter.desk.orders.save(evolve(intent, entry=EntryState.DONE))
    assert isinstance(await counter.submit(counter.draft("next")), Submitted)


async def test_a_request_that_waited_too_long_does_not_leave(counter: Counter) -> None:
    draft = counter.draft()

    async def wait() -> None:
        counter.world.advance(10_001)

    counter.exchange.before = wait
    submitted = await counter.submit(draft)
    assert isinstance(submitted, Submitted)
    assert submitted.outcome.result is WriteResult.EXPIRED_BEFORE_SENT
    assert await counter.at_the_exchange() == []
    assert (await stored(counter)).entry is EntryState.REJECTED


async def test_where_the_mark_cannot_be_raised_no_order_leaves_and_nothing_stays_reserved(counter: Counter) -> None:
    """The leverage, which is asked for meanwhile, may have been set."""

    class Broken:
        async def read(self, account: str) -> Mark | None:
            return None

        async def hand_over(self, account: str, mark: Mark) -> None:
            raise NotImplementedError

        async def raise_to(self, account: str, mark: Mark) -> None:
            raise StoreUnavailableError("the disk is full")

    counter.desk = evolve(counter.desk, high_water=Broken())
    with pytest.raises(StoreUnavailableError, match="the disk is full"):
        await counter.submit()
    assert counter.exchange.entries == []
    assert await counter.desk.orders.live() == ()


async def test_an_account_that_another_database_took_over_meanwhile_is_entered_no_more(counter: Counter) -> None:
    desk = counter.desk
    await desk.high_water.hand_over(desk.account_key, Mark("another-store", 1))
    with pytest.raises(StoreNotOursError, match="mtf recover"):
        await counter.submit()
    assert (counter.exchange.leverages, counter.exchange.entries) == (0, [])
    assert await desk.orders.live() == ()


async def test_a_store_that_was_restored_under_a_running_process_enters_nothing(counter: Counter) -> None:
    """What it forgot may be the very decision that is to be entered: its key looks new, and it is not."""
    desk = counter.desk
    await desk.high_water.raise_to(desk.account_key, evolve(desk.mark, counter=9))
    skip = await counter.submit()
    assert isinstance(skip, Skip)
    assert skip.reason is Reason.RECOVERY
    assert (counter.exchange.leverages, counter.exchange.entries) == (0, [])
    assert (await desk.orders.standing()).condition is AccountCondition.RECOVERY
    assert await desk.orders.live() == ()


async def test_a_mark_that_another_process_raised_since_says_nothing_against_the_store(counter: Counter) -> None:
    desk = counter.desk
    marks, others = desk.high_water, iter(["other"])

    class Overtaken:
        async def read(self, account: str) -> Mark | None:
            return await marks.read(account)

        async def hand_over(self, account: str, mark: Mark) -> None:
            await marks.hand_over(account, mark)

        async def raise_to(self, account: str, mark: Mark) -> None:
            for key in others:
                counter.desk = desk
                assert isinstance(await counter.submit(counter.draft(key, "ETHUSDT")), Submitted)
            await marks.raise_to(account, mark)

    counter.desk = evolve(desk, high_water=Overtaken())
    assert isinstance(await counter.submit(), Submitted)
    assert await marks.read(desk.account_key) == evolve(desk.mark, counter=2)


async def test_an_entry_says_within_what_time_it_has_to_leave_from_its_last_guards_on(counter: Counter) -> None:
    """A kill switch that is thrown while an entry waits for its rate limit, or its connection, stops it in a second."""
    seconds = 7.0
    desk = counter.desk
    counter.desk = evolve(desk, environment=evolve(desk.environment, timer=lambda: seconds))

    async def slowly(*args: object, **named: object) -> Intent | Skip:
        nonlocal seconds
        seconds += 40  # until it had the lock of the account's book
        sending = await desk.orders.send(*args, **named)  # type: ignore[arg-type]
        seconds += 0.3  # until the commit was on the disk
        return sending

    class Slow:
        def __getattr__(self, name: str) -> object:
            return slowly if name == "send" else getattr(desk.orders, name)

    counter.desk = evolve(counter.desk, orders=Slow())
    await counter.submit()
    (order,) = counter.exchange.entries
    assert order.leaves_within_ms == 700


async def test_an_order_that_cannot_be_meant_breaks_before_anything_leaves(counter: Counter) -> None:
    draft = counter.draft()
    odd = evolve(draft, attempt=evolve(draft.attempt, price=None))
    with pytest.raises(ValueError, match="a limit order needs a price"):
        await counter.submit(odd)
    assert (await stored(counter)).entry is EntryState.PLANNED
    assert counter.exchange.entries == []


class Failing:
    """The store of a desk, one of whose methods fails, before or after it did its work."""

    def __init__(self, store: object, method: str, *, after: bool, error: BaseException) -> None:
        self._store, self._method, self._after, self._error = store, method, after, error

    def __getattr__(self, name: str) -> object:
        real = getattr(self._store, name)
        if name != self._method:
            return real

        async def fail(*args: object, **named: object) -> object:
            if self._after:
                await real(*args, **named)
            raise self._error

        return fail


@pytest.mark.parametrize("error", [StoreUnavailableError("gone"), asyncio.CancelledError()])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("method", ["reserve", "send", "save"])
async def test_wherever_the_store_fails_there_is_at_most_one_order_and_never_one_without_its_intent(
    counter: Counter, method: str, after: bool, error: BaseException
) -> None:
    broken = Failing(counter.desk.orders, method, after=after, error=error)
    desk = counter.desk
    counter.desk = evolve(desk, orders=broken)
    outcome: object = None
    with suppress(StoreUnavailableError, asyncio.CancelledError):  # what counts is what is left behind
        outcome = await counter.submit()
    counter.desk = desk
    orders, intent = await counter.at_the_exchange(), await desk.orders.intent("key")
    if method in {"reserve", "send"}:
        assert orders == []
    else:
        (order,) = orders
        assert intent is not None
        assert order.client_order_id == intent.attempt.client_order_id
        assert intent.entry is (EntryState.RESTING if after else EntryState.SUBMITTING)
        # Not stored as far as we know, and told so; that nobody sends it again is the store's.
        assert outcome is None or (isinstance(outcome, Submitted) and not outcome.is_stored)
    again = await counter.submit()
    sent_again = isinstance(again, Submitted)
    assert sent_again is (method == "reserve" and not after)
    assert len(await counter.at_the_exchange()) == (1 if sent_again or method == "save" else 0)


async def test_a_supervisor_that_saw_the_order_before_its_answer_was_stored_is_not_overruled(
    counter: Counter,
) -> None:
    async def looked_at(outcome: WriteOutcome) -> WriteOutcome:
        intent = await stored(counter)
        seen = evolve(intent, entry=EntryState.DONE, attempt=evolve(intent.attempt, order_id=outcome.order_id))
        await counter.desk.orders.save(seen)
        return outcome

    counter.exchange.after = looked_at
    submitted = await counter.submit()
    assert isinstance(submitted, Submitted)
    assert (submitted.intent.entry, submitted.is_stored) == (EntryState.DONE, True)
    assert (await stored(counter)).entry is EntryState.DONE
    assert await counter.story() == ["planned", "submitted", "accepted"]


async def test_a_supervisor_that_only_looked_in_between_does_not_cost_the_answer(counter: Counter) -> None:
    async def looked_at(outcome: WriteOutcome) -> WriteOutcome:
        await counter.desk.orders.save(await stored(counter))
        return outcome

    counter.exchange.after = looked_at
    await counter.submit()
    intent = await stored(counter)
    assert (intent.entry, intent.attempt.order_id != "") == (EntryState.RESTING, True)


async def test_an_intent_that_somebody_gave_up_meanwhile_is_not_sent(counter: Counter) -> None:
    async def give_up() -> None:
        intent = await stored(counter)
        await counter.desk.orders.save(evolve(intent, entry=EntryState.REJECTED))

    counter.exchange.at_leverage = give_up  # type: ignore[assignment]
    with pytest.raises(IntentChangedError):
        await counter.submit()
    assert counter.exchange.entries == []


@pytest.mark.parametrize("submitters", [2, 4])
async def test_of_several_who_submit_at_once_one_sends(database_url: str, submitters: int) -> None:
    """The same key, or other keys of the same symbol, from desks that share nothing but the database: 100 rounds."""
    async with counter_on(database_url) as first:
        world, exchange = first.world, first.exchange
        others = [counter_on(database_url, world, exchange) for _ in range(submitters - 1)]
        counters = [first, *[await other.__aenter__() for other in others]]
        for number in range(100):
            keys = [f"{number}" if number % 2 else f"{number}-{who}" for who in range(submitters)]
            outcomes = await asyncio.gather(
                *(one.submit(one.draft(key)) for one, key in zip(counters, keys, strict=True))
            )
            sent = [outcome for outcome in outcomes if isinstance(outcome, Submitted)]
            assert len(sent) == 1
            assert len(exchange.entries) == number + 1
            (live,) = await first.desk.orders.live()
            await exchange.cancel(SYMBOL, live.attempt.order_id, OrderKind.LIMIT)
            await first.desk.orders.save(evolve(live, entry=EntryState.DONE))
        for other in others:
            await other.__aexit__(None, None, None)


# Further attempts


async def ended(counter: Counter, filled: int = 0) -> Intent:
    """An entry that was sent, and ended at the exchange with so many contracts filled."""
    await counter.submit()
    intent = await stored(counter)
    await counter.exchange.cancel(SYMBOL, intent.attempt.order_id, OrderKind.LIMIT)
    done = evolve(intent, entry=EntryState.DONE, attempt=evolve(intent.attempt, filled=Decimal(filled)))
    return await counter.desk.orders.save(done)


def a_further(counter: Counter, size: int) -> FurtherAttempt:
    return FurtherAttempt(Decimal(size), OrderType.LIMIT, counter.price("1.01"), TimeInForce.IOC, post_only=False)


def maker_only(counter: Counter, ticks: int = 0) -> Draft:
    """A long maker-only limit so many ticks above the highest price that would rest."""
    ask, tick = counter.world.quote(SYMBOL).asks[0].price, counter.contract.tick_size
    draft = counter.draft()
    return evolve(draft, attempt=evolve(draft.attempt, price=ask + (ticks - 1) * tick, post_only=True))


async def test_a_maker_only_order_that_would_take_is_tried_once_more_a_tick_farther_from_the_book(
    counter: Counter,
) -> None:
    draft = maker_only(counter, ticks=1)
    submitted = await counter.submit(draft)
    assert isinstance(submitted, Submitted), submitted
    intent = await stored(counter)
    assert submitted.intent == intent
    assert draft.attempt.price is not None
    assert (intent.entry, intent.attempt.number) == (EntryState.RESTING, 2)
    assert intent.attempt.price == draft.attempt.price - counter.contract.tick_size
    (order,) = await counter.at_the_exchange()
    assert (order.price, order.client_order_id) == (intent.attempt.price, intent.attempt.client_order_id)
    assert await counter.story() == ["planned", "refused", "submitted", "accepted"]
    events = [one.event for one in await counter.desk.orders.events("key")]
    assert (events[1].attempt, events[1].details["code"], events[-1].attempt) == (1, "would_take", 2)
    switches = {one.key: one for one in await counter.desk.environment.stores.switches.all()}
    assert not switches[SYMBOL].on


async def test_one_that_would_take_even_then_ends_its_intent(counter: Counter) -> None:
    submitted = await counter.submit(maker_only(counter, ticks=5))
    assert isinstance(submitted, Submitted)
    intent = await stored(counter)
    assert (intent.entry, intent.is_live, intent.attempt.number) == (EntryState.REJECTED, False, 2)
    assert len(counter.exchange.entries) == 2
    assert await counter.at_the_exchange() == []
    assert isinstance(await counter.submit(counter.draft("next")), Submitted), "the symbol is free"


async def test_the_second_try_of_a_maker_only_order_passes_the_guards_anew(counter: Counter) -> None:
    no, asked = Skip(Reason.KILL_SWITCH_ON), 0

    def guard(_: Books) -> Skip | None:
        nonlocal asked
        asked += 1
        return None if asked == 1 else no

    assert await counter.submit(maker_only(counter, ticks=1), Guards(first=always(yes), again=always(guard))) == no
    assert len(counter.exchange.entries) == 1
    assert not (await stored(counter)).is_live
    assert await counter.story() == ["planned", "refused", "refused"]


async def test_a_refusal_whose_outcome_could_not_be_stored_is_not_followed_by_another_order(counter: Counter) -> None:
    broken = Failing(counter.desk.orders, "save", after=False, error=StoreUnavailableError("gone"))
    counter.desk = evolve(counter.desk, orders=broken)
    submitted = await counter.submit(maker_only(counter, ticks=1))
    assert isinstance(submitted, Submitted)
    assert (submitted.is_stored, len(counter.exchange.entries)) == (False, 1)


async def test_a_further_attempt_is_another_order_of_the_same_intent(counter: Counter) -> None:
    intent = await ended(counter)
    further = await submit_further(counter.desk, intent, a_further(counter, int(intent.wanted.size)), always(yes), None)
    assert isinstance(further, Submitted)
    now = await stored(counter)
    assert (now.attempt.number, len(now.earlier), now.entry) == (2, 1, EntryState.RESTING)
    first, second = sorted(await counter.at_the_exchange(), key=lambda order: int(order.order_id))
    assert first.client_order_id != second.client_order_id
    made = read_client_id(second.client_order_id, counter.desk.ids)
    assert made is not None
    assert (made.counter, second.filled) == (intent.counter, intent.wanted.size)
    assert (await counter.story())[-2:] == ["submitted", "accepted"]


async def test_that_the_attempt_before_was_cancelled_says_nothing_of_the_next_one(counter: Counter) -> None:
    """By it the end of an attempt is told as cancelled, and its looks are counted."""
    intent = await ended(counter)
    looked = evolve(intent.progress, cancel_looks=9, next_cancel_ms=counter.desk.now_ms, sent=Sent(cancel_ms=5))
    intent = await counter.desk.orders.save(evolve(intent, progress=looked))
    assert isinstance(await submit_further(counter.desk, intent, a_further(counter, 1), always(yes), None), Submitted)
    now = await stored(counter)
    assert (now.progress.cancel_looks, now.progress.next_cancel_ms, now.progress.sent.cancel_ms) == (0, 0, None)
    assert merged(now, intent).progress.cancel_looks == 0, "nor does a note of the time before"


async def test_a_further_attempt_asks_every_guard_and_where_one_refuses_nothing_changes(counter: Counter) -> None:
    intent = await ended(counter)
    no = Skip(Reason.KILL_SWITCH_ON)
    assert await submit_further(counter.desk, intent, a_further(counter, 1), always(lambda _: no), None) == no
    assert await stored(counter) == intent
    assert len(counter.exchange.entries) == 1


async def test_all_attempts_together_never_exceed_the_plan(counter: Counter) -> None:
    intent = await ended(counter, filled=1)
    skip = await submit_further(counter.desk, intent, a_further(counter, int(intent.wanted.size)), always(yes), None)
    assert isinstance(skip, Skip)
    assert len(counter.exchange.entries) == 1


async def test_no_further_attempt_starts_while_one_may_be_alive(counter: Counter) -> None:
    await counter.submit()
    skip = await submit_further(counter.desk, await stored(counter), a_further(counter, 1), always(yes), None)
    assert isinstance(skip, Skip)
    assert skip.reason is Reason.FALLBACK_REFUSED
    assert len(counter.exchange.entries) == 1


async def test_the_switch_that_its_own_order_turned_off_does_not_stop_a_further_attempt(counter: Counter) -> None:
    environment = counter.desk.environment
    await environment.stores.contracts.replace_all(await counter.exchange.contracts(), counter.desk.now_ms)
    intent = await ended(counter)
    await beat(counter.desk.environment)
    guard = await further_guard(counter.desk, intent)
    further = await submit_further(counter.desk, intent, a_further(counter, 1), guard, None)
    assert isinstance(further, Submitted), further


async def test_what_was_planned_on_the_data_of_another_world_is_not_sent_to_this_one(counter: Counter) -> None:
    desk, environment = counter.desk, counter.desk.environment
    contracts = await counter.exchange.contracts()
    await environment.stores.contracts.replace_all(contracts, desk.now_ms)
    await beat(environment)
    profile, account = environment.profiles(None), await counter.account()
    losses = await measure_losses(environment, profile.trade_entry.risk, profile.name, account)
    ground = Ground(account, losses, by_symbol(contracts))

    async def submitted(draft: Draft) -> Skip | Submitted:
        return await counter.submit(draft, guards_for(desk, draft, profile, ground))

    skip = await submitted(counter.draft(namespace="elsewhere"))
    assert isinstance(skip, Skip)
    assert (skip.reason, dict(skip.facts)) == (
        Reason.OTHER_WORLD_DATA,
        {"data_of": "elsewhere", "orders_to": environment.venue.namespace},
    )
    assert isinstance(await submitted(counter.draft()), Submitted)


async def test_a_further_attempt_does_not_rest_on_the_contracts_of_another_world(counter: Counter) -> None:
    environment = counter.desk.environment
    await environment.stores.contracts.replace_all(await counter.exchange.contracts(), counter.desk.now_ms)
    intent = await ended(counter)
    await beat(environment)
    elsewhere = evolve(environment, stores=evolve(environment.stores, namespace="elsewhere"))
    guard = await further_guard(evolve(counter.desk, environment=elsewhere), intent)
    skip = await submit_further(counter.desk, intent, a_further(counter, 1), guard, None)
    assert isinstance(skip, Skip)
    assert skip.reason is Reason.OTHER_WORLD_DATA


async def test_a_further_attempt_is_not_sent_once_the_quote_behind_it_is_too_old(counter: Counter) -> None:
    """It waited for the account, the losses, or the store."""
    environment = counter.desk.environment
    await environment.stores.contracts.replace_all(await counter.exchange.contracts(), counter.desk.now_ms)
    intent = await ended(counter)
    guard = await further_guard(counter.desk, intent)
    counter.world.advance(environment.profiles(None).trade_entry.staleness.quote_sec * 1000)
    await beat(environment)
    guard_of_now = await further_guard(counter.desk, intent)
    skip = await submit_further(counter.desk, intent, a_further(counter, 1), guard, None)
    assert isinstance(skip, Skip)
    assert skip.reason is Reason.PLAN_EXPIRED
    assert isinstance(await submit_further(counter.desk, intent, a_further(counter, 1), guard_of_now, None), Submitted)


async def test_the_kill_switch_stops_a_further_attempt(counter: Counter) -> None:
    environment = counter.desk.environment
    await environment.stores.contracts.replace_all(await counter.exchange.contracts(), counter.desk.now_ms)
    intent = await ended(counter)
    await beat(counter.desk.environment)
    guard = await further_guard(counter.desk, intent)
    await environment.stores.switches.put([Switch(GLOBAL_SWITCH, False, None, "operator", counter.desk.now_ms)])
    skip = await submit_further(counter.desk, intent, a_further(counter, 1), guard, None)
    assert isinstance(skip, Skip)
    assert skip.reason is Reason.KILL_SWITCH_ON


# Cancellation


class CancellingAt(Points):
    """Cancels the task that reaches the point; the cancellation strikes at its next await."""

    def reach(self) -> None:
        self.reached += 1
        if self.reached == self.die_at:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()


async def test_cancellation_at_any_await_leaves_at_most_one_order_and_never_one_without_its_intent(
    counter: Counter,
) -> None:
    symbols = [contract.symbol for contract in MARKET.contracts(counter.desk.now_ms)]
    desk, left = counter.desk, []
    for point, symbol in enumerate(symbols, 1):
        points = CancellingAt(point)
        counter.desk = numbered(points)(desk)
        draft = counter.draft(f"key-{point}", symbol)
        task = asyncio.create_task(counter.submit(draft))
        await asyncio.wait([task])
        counter.desk = desk
        # What was under way in a thread when the cancellation struck has ended once another write has had its turn.
        await desk.environment.locks.acquire(["a turn"], f"writer-{point}", 1)
        orders, intent = await counter.at_the_exchange(symbol), await desk.orders.intent(draft.decision_key)
        assert len(orders) <= 1
        assert intent is not None or not orders
        again = await counter.submit(draft)
        assert isinstance(again, Submitted) is (intent is None)
        assert len(await counter.at_the_exchange(symbol)) == (1 if intent is None else len(orders))
        left.append((len(orders), intent is not None, task.cancelled()))
        if points.reached < point:
            break
    # Whether the intent of the first one was committed before the cancellation was heard is a matter of threads.
    rolled_back, committed, sent = (0, False, True), (0, True, True), (1, True, True)
    assert left[0] in {rolled_back, committed}
    assert set(left[1:]) == {committed, sent}
