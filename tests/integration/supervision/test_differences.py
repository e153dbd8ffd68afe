"""What the exchange shows and no intent accounts for; a store that was restored; an operator who ends it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_adapters.sandbox.native import NativeExchange
from mtf_core.execution.by_hand import ask_protect, outcome_of
from mtf_core.execution.recovery import confirm_recovery, look_into_recovery
from mtf_core.market import (
    Fill,
    PositionMode,
    ProtectiveOrder,
    Proven,
    Side,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import AlarmKind, EntryState, PositionState, Purpose, mint, read_client_id, store_tag
from mtf_core.ports import Request, TradingRefusedError
from mtf_core.problems import InvalidRequestError, NotFoundError
from mtf_core.risk import AccountCondition
from tests.integration.execution.counter import ACCOUNT, SYMBOL, a_world
from tests.integration.supervision.shift import OTHER, PROTECTED, Counted, Shift, protected, shift_on


@pytest_asyncio.fixture
async def shift(migrated_sqlite_url: str) -> AsyncIterator[Shift]:
    async with shift_on(migrated_sqlite_url) as opened:
        yield opened


@pytest_asyncio.fixture
async def by_hand_only(migrated_sqlite_url: str) -> AsyncIterator[Shift]:
    """Positions whose plan is lost get no stop by themselves."""
    async with shift_on(migrated_sqlite_url, forgotten_stop_pct=Decimal(0)) as opened:
        yield opened


def own_id(shift: Shift, counter: int, purpose: Purpose = Purpose.ENTRY) -> str:
    made = mint(store_tag(shift.desk.identity.store_id), counter, ACCOUNT, "lost", 1, purpose)
    return made.text(shift.desk.ids)


async def condition(shift: Shift) -> AccountCondition:
    return (await shift.counter.desk.orders.standing()).condition


async def test_an_order_of_somebody_else_stops_entries_and_is_left_alone(shift: Shift) -> None:
    await protected(shift)
    await shift.enter_past_the_store("by-hand")
    await shift.look(4)
    assert await condition(shift) is AccountCondition.SHARED
    assert AlarmKind.FOREIGN_ORDER in shift.raised()
    assert len(await shift.live(OTHER)) == 1
    assert await shift.states() == PROTECTED  # supervision goes on


async def test_a_symbol_that_a_person_trades_by_hand_stops_nothing(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url, account_shared_ok=(OTHER,)) as shift:
        await shift.enter_past_the_store("by-hand", price=None)
        await shift.look(4)
        assert await condition(shift) is AccountCondition.NORMAL
        assert shift.raised() == set()


async def forgotten(shift: Shift) -> Decimal:
    """A position whose executions bear our tag, and whose intent the store does not know; a price below the market."""
    await shift.look()
    await shift.enter_past_the_store(own_id(shift, 0), price=None)
    await shift.look(5)
    return shift.counter.price("0.95", OTHER)


async def became(shift: Shift, request: Request, looks: int = 6) -> str:
    await shift.look(looks)
    return (await outcome_of(shift.desk.environment, request, 0)).request.outcome


async def test_a_position_of_ours_that_the_store_forgot_is_an_alarm_until_it_has_a_stop_by_hand(
    by_hand_only: Shift,
) -> None:
    shift = by_hand_only
    price = await forgotten(shift)
    unprotected = [one for one in shift.alarms if one.kind is AlarmKind.UNPROTECTED]
    assert [one.subject for one in unprotected] == [OTHER]
    assert f"`mtf protect {OTHER} --stop PRICE`" in unprotected[0].text
    request = await ask_protect(shift.desk.environment, OTHER, price, None, "ann")
    assert await became(shift, request) == f"done: a stop stands at {price:f}"
    (stop,) = await shift.stops(OTHER)
    assert stop.trigger is not None
    assert (stop.trigger.price, stop.reduce_only, len(shift.exchange.protections)) == (price, True, 1)
    assert AlarmKind.UNPROTECTED not in await shift.standing_alarms()
    await shift.look(5)
    assert len(await shift.stops(OTHER)) == 1, "it is kept while there is a position"
    with pytest.raises(InvalidRequestError, match="has a stop already"):
        await ask_protect(shift.desk.environment, OTHER, price, None, "ann")


@pytest.mark.parametrize("side", Side)
async def test_a_position_of_ours_whose_plan_is_lost_gets_one_stop_as_far_from_its_mark_as_the_settings_say(
    shift: Shift, side: Side
) -> None:
    await shift.look()
    await shift.enter_past_the_store(own_id(shift, 7), price=None, side=side)
    await shift.look(8)
    (stop,) = await shift.stops(OTHER)
    position = await shift.position(OTHER)
    assert position is not None
    assert position.mark_price is not None
    assert stop.trigger is not None
    far = (position.mark_price - stop.trigger.price) * side.sign / position.mark_price
    assert abs(far - Decimal("0.02")) < Decimal("0.001")  # the mark has moved since
    assert (stop.reduce_only, len(shift.exchange.protections)) == (True, 1)
    made = read_client_id(stop.client_order_id, shift.desk.ids)
    assert made is not None
    assert (made.counter, made.purpose) == (7, Purpose.STOP)
    assert AlarmKind.UNPROTECTED in shift.raised()
    assert AlarmKind.UNPROTECTED not in await shift.standing_alarms()
    await shift.look(12)
    assert len(await shift.stops(OTHER)) == 1, "it is kept while there is a position"


async def test_the_stop_of_a_lost_plan_is_tried_again_under_the_same_id_until_it_is_read_back(shift: Shift) -> None:
    submit, answered = shift.exchange.submit_protection, list[WriteResult]()

    async def lost(order: ProtectiveOrder) -> WriteOutcome:
        if answered:
            return await submit(order)
        answered.append(WriteResult.UNKNOWN)
        return WriteOutcome(WriteResult.UNKNOWN)

    shift.exchange.submit_protection = lost  # type: ignore[method-assign]
    await shift.look()
    await shift.enter_past_the_store(own_id(shift, 7), price=None)
    await shift.look(6)
    assert await shift.stops(OTHER) == []
    assert AlarmKind.UNPROTECTED in await shift.standing_alarms()
    await shift.look(12)
    assert len(await shift.stops(OTHER)) == 1
    assert AlarmKind.UNPROTECTED not in await shift.standing_alarms()


async def test_a_stop_of_a_lost_plan_never_stands_beyond_the_liquidation(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url, forgotten_stop_pct=Decimal("0.5")) as shift:
        await shift.look()
        await shift.enter_past_the_store(own_id(shift, 7), price=None)
        await shift.look(8)
        (stop,), position = await shift.stops(OTHER), await shift.position(OTHER)
        assert position is not None
        assert position.mark_price is not None
        assert position.liquidation_price is not None
        assert stop.trigger is not None
        assert position.liquidation_price < stop.trigger.price < position.mark_price


async def test_a_position_of_somebody_else_is_given_a_stop_only_when_it_is_asked_for(shift: Shift) -> None:
    await shift.look()
    await shift.enter_past_the_store("by-hand", price=None)
    await shift.look(5)
    assert AlarmKind.UNPROTECTED not in shift.raised(), "it is none of ours"
    assert shift.exchange.protections == []
    request = await ask_protect(shift.desk.environment, OTHER, shift.counter.price("0.95", OTHER), None, "ann")
    assert (await became(shift, request)).startswith("done")


async def test_a_stop_by_hand_whose_answer_is_lost_leaves_once_and_is_done_when_it_is_read_back(
    by_hand_only: Shift,
) -> None:
    shift = by_hand_only
    price = await forgotten(shift)
    request = await ask_protect(shift.desk.environment, OTHER, price, None, "ann")
    submit, answers = shift.exchange.submit_protection, 0

    async def lost(order: ProtectiveOrder) -> WriteOutcome:
        nonlocal answers
        answers += 1
        await submit(order)
        return WriteOutcome(WriteResult.UNKNOWN)

    shift.exchange.submit_protection = lost  # type: ignore[method-assign]
    assert (await became(shift, request)).startswith("done")
    assert (answers, len(await shift.stops(OTHER))) == (1, 1)


async def test_what_a_stop_by_hand_cannot_be_is_refused(by_hand_only: Shift) -> None:
    shift = by_hand_only
    price = await forgotten(shift)
    environment = shift.desk.environment
    for stop, target in ((None, price), (price, price)):
        with pytest.raises(InvalidRequestError, match="a stop, and no target"):
            await ask_protect(environment, OTHER, stop, target, "ann")
    with pytest.raises(NotFoundError):
        await ask_protect(environment, "SOLUSDT", price, None, "ann")
    beyond = await ask_protect(environment, OTHER, shift.counter.price("1.05", OTHER), None, "ann")
    assert "would fire at once" in await became(shift, beyond)
    odd = await ask_protect(environment, OTHER, price + Decimal("0.000001"), None, "ann")
    assert "refused by the exchange: rejected price_off_tick" in await became(shift, odd)
    late = await ask_protect(environment, OTHER, price, None, "ann")
    shift.world.advance(300_001)
    assert (await became(shift, late)).startswith("lapsed")
    assert await shift.stops(OTHER) == []


async def test_a_position_of_somebody_else_is_told_and_never_closed(shift: Shift) -> None:
    await shift.look()
    await shift.enter_past_the_store("by-hand", price=None)
    await shift.look(5)
    assert await condition(shift) is AccountCondition.SHARED
    assert AlarmKind.FOREIGN_POSITION in shift.raised()
    position = await shift.position(OTHER)
    assert position is not None
    assert (shift.exchange.exits, shift.exchange.protections) == ([], [])


async def test_a_position_without_an_intent_is_told_although_its_history_does_not_answer(shift: Shift) -> None:
    """Whose it is only the history says; that nobody here looks after it is known without."""
    await shift.look()
    await shift.enter_past_the_store("by-hand", price=None)
    asked = asyncio.Event()

    async def hangs(*_: object) -> tuple[Fill, ...]:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    shift.exchange.fills = hangs  # type: ignore[method-assign, assignment]
    await shift.look(4)
    assert asked.is_set()
    assert AlarmKind.FOREIGN_POSITION in shift.raised()


async def test_an_entry_of_ours_without_an_intent_is_cancelled(shift: Shift) -> None:
    await protected(shift)
    await shift.enter_past_the_store(own_id(shift, 1))
    await shift.look(4)
    assert await shift.live(OTHER) == ()
    assert await condition(shift) is AccountCondition.NORMAL
    await shift.look(2)
    assert AlarmKind.ORPHAN_ORDER not in await shift.standing_alarms()


async def test_a_stop_of_ours_stays_beside_a_position_that_no_intent_accounts_for(shift: Shift) -> None:
    await shift.look()
    await shift.enter_past_the_store("by-hand", price=None)
    contract_price = shift.counter.price("0.9", OTHER)
    await shift.stop_by_hand(contract_price, symbol=OTHER, client_order_id=own_id(shift, 0, Purpose.STOP))
    await shift.look(6)
    assert len(await shift.stops(OTHER)) == 1


async def test_a_late_fill_of_an_intent_that_was_over_is_protected_like_a_first_one(shift: Shift) -> None:
    """The entry was believed to be gone; its order comes alive at the exchange all the same, and fills."""
    intent = await shift.enter()
    over = evolve(intent, entry=EntryState.DONE)
    await shift.counter.desk.orders.save(over)
    assert intent.attempt.price is not None
    shift.show(intent.attempt.price - 1)
    await shift.look(6)
    position = await shift.position()
    assert position is not None
    assert len(await shift.stops()) == 1
    assert (await shift.states())[1] is PositionState.PROTECTED


@pytest.mark.parametrize("opener", ["the owner", "a lost intent"])
async def test_what_we_closed_today_has_nothing_to_do_with_a_position_that_stands_there_now(
    shift: Shift, opener: str
) -> None:
    await protected(shift)
    held = await shift.position()
    assert held is not None
    await shift.by_hand(held.size)  # flat, by the owner's hand
    await shift.look(6)
    assert (await shift.states())[1] is PositionState.CLOSED
    await shift.enter_past_the_store(
        "by-hand" if opener == "the owner" else own_id(shift, 0), symbol=SYMBOL, price=None
    )
    await shift.look(8)
    assert (await shift.states())[1] is PositionState.CLOSED
    assert AlarmKind.FOREIGN_POSITION in await shift.standing_alarms()
    assert (await condition(shift) is AccountCondition.SHARED) == (opener == "the owner")


async def test_a_changed_position_mode_stops_entries_until_it_is_set_back(shift: Shift) -> None:
    await shift.look()
    await shift.exchange.set_position_mode(PositionMode.ONE_WAY)
    await shift.look(4)
    assert await condition(shift) is AccountCondition.MODES_CHANGED
    assert AlarmKind.MODES_CHANGED in await shift.standing_alarms()
    await shift.exchange.set_position_mode(PositionMode.HEDGE)
    await shift.look(4)
    assert await condition(shift) is AccountCondition.NORMAL
    assert await shift.standing_alarms() == set()


async def test_trades_in_a_symbol_that_never_had_an_intent_are_noticed_although_they_are_over(shift: Shift) -> None:
    """Somebody enters and leaves between two looks: the account's money tells."""
    await shift.look()
    await shift.enter_past_the_store("by-hand", price=None)
    await shift.by_hand(2, symbol=OTHER)
    await shift.look(2, pause_ms=61_000)
    await shift.look(2)
    assert await condition(shift) is AccountCondition.SHARED
    assert AlarmKind.ACCOUNT_SHARED in shift.raised()


async def test_a_number_that_the_store_never_gave_out_puts_the_account_into_recovery_at_once(shift: Shift) -> None:
    await protected(shift)
    await shift.enter_past_the_store(own_id(shift, 99))
    await shift.look(2)
    assert await condition(shift) is AccountCondition.RECOVERY
    await shift.look(3)
    assert len(await shift.live(OTHER)) == 1  # nothing is cancelled
    found = await look_into_recovery(shift.counter.desk)
    await confirm_recovery(shift.counter.desk, found, "operator")
    await shift.look(4)
    assert await condition(shift) is AccountCondition.NORMAL
    assert await shift.live(OTHER) == ()


async def test_an_entry_that_the_store_has_forgotten_is_looked_at_soon_until_it_is_gone(shift: Shift) -> None:
    """It may fill at any moment, and nobody but these looks gives its position a stop."""
    soon_ms, seldom_ms = shift.desk.settings.look_soon_sec * 1000, shift.desk.settings.look_sec * 1000
    await shift.enter_past_the_store(own_id(shift, 99))
    await shift.look(4)
    assert await shift.supervisor.look() == soon_ms
    (order,) = await shift.live(OTHER)
    await NativeExchange.cancel(shift.exchange, OTHER, order.order_id, order.kind)
    await shift.look(4)
    assert await shift.supervisor.look() == seldom_ms > soon_ms


async def test_what_an_operator_confirmed_is_not_held_against_the_account_again(shift: Shift) -> None:
    await shift.look()
    await shift.enter_past_the_store("by-hand", price=None)
    await shift.by_hand(2, symbol=OTHER)
    await shift.look(2, pause_ms=61_000)
    assert await condition(shift) is AccountCondition.SHARED
    found = await look_into_recovery(shift.counter.desk)
    await confirm_recovery(shift.counter.desk, found, "operator")
    await shift.look(3)
    assert await condition(shift) is AccountCondition.NORMAL


async def test_histories_without_an_intent_are_read_once_a_minute(shift: Shift) -> None:
    await shift.look()
    await shift.enter_past_the_store("by-hand", price=None)
    await shift.look(50)
    assert shift.exchange.reads.count("fills") <= 1
    assert shift.exchange.reads.count("order_history") <= 1
    assert shift.exchange.reads.count("cash_flows") <= 1


async def test_a_restored_store_keeps_the_stop_of_a_position_that_it_forgot_and_takes_one_by_hand_in_recovery(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    file, copy = Path(migrated_sqlite_url.removeprefix("sqlite:///")), tmp_path / "earlier.db"
    async with shift_on(migrated_sqlite_url, world, exchange):
        pass
    shutil.copy(file, copy)
    async with shift_on(migrated_sqlite_url, world, exchange) as first:
        await protected(first)
        await first.supervisor.end()
    async with shift_on(f"sqlite:///{copy}", world, exchange, forgotten_stop_pct=Decimal(0)) as restored:
        await restored.look(5)
        assert await condition(restored) is AccountCondition.RECOVERY
        assert await restored.desk.orders.live() == ()
        (stop,) = await restored.stops()
        assert stop.trigger is not None
        assert AlarmKind.UNPROTECTED not in restored.raised(), "its stop stands and is kept"
        await NativeExchange.cancel(exchange, SYMBOL, stop.order_id, stop.kind)
        await restored.look(3)
        assert AlarmKind.UNPROTECTED in await restored.standing_alarms()
        request = await ask_protect(restored.desk.environment, SYMBOL, stop.trigger.price, None, "ann")
        assert (await became(restored, request)).startswith("done")
        assert len(await restored.stops()) == 1
        assert AlarmKind.UNPROTECTED not in await restored.standing_alarms()
        assert await condition(restored) is AccountCondition.RECOVERY


async def test_a_restored_store_protects_cancels_nothing_and_enters_nothing_until_it_is_confirmed(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    world = a_world()
    exchange = Counted(world, ACCOUNT)
    file = Path(migrated_sqlite_url.removeprefix("sqlite:///"))
    async with shift_on(migrated_sqlite_url, world, exchange) as first:
        await protected(first)
        await first.supervisor.end()
    copy = tmp_path / "earlier.db"
    shutil.copy(file, copy)
    async with shift_on(migrated_sqlite_url, world, exchange) as first:
        draft = first.counter.draft("later", OTHER)
        await first.enter(draft)
        await first.supervisor.end()
    async with shift_on(f"sqlite:///{copy}", world, exchange) as restored:
        assert await condition(restored) is AccountCondition.RECOVERY  # the exchange shows a number that it never gave
        (stop,) = await restored.stops()
        await NativeExchange.cancel(exchange, SYMBOL, stop.order_id, stop.kind)
        exchange.cancelled.clear()
        await restored.look(5)
        assert await restored.states() == PROTECTED
        assert len(await restored.live(OTHER)) == 1
        assert exchange.cancelled == []

        found = await look_into_recovery(restored.counter.desk)
        assert (found.counter, found.highest) == (1, 2)
        assert found.is_needed
        await confirm_recovery(restored.counter.desk, found, "operator")
        assert await condition(restored) is AccountCondition.NORMAL
        await restored.look(5)
        assert await restored.live(OTHER) == ()  # ours, and without an intent: it could have opened
        assert await condition(restored) is AccountCondition.NORMAL
        (audited,) = (await restored.desk.environment.stores.audit.history(10, action="recovery_confirmed")).items
        assert audited.actor == "operator"
        intent = await restored.enter(restored.counter.draft("next", OTHER))
        assert intent.counter == 3


async def test_a_dead_mans_switch_is_armed_where_an_entry_rests_and_disarmed_when_none_does(
    migrated_sqlite_url: str,
) -> None:
    async with shift_on(migrated_sqlite_url, dead_man_switch_sec=30) as shift:
        intent = await shift.enter()
        await shift.look(40)
        assert len(await shift.live()) == 1  # renewed at every look
        assert intent.attempt.price is not None
        shift.show(intent.attempt.price - 1)
        await shift.look(40)
        assert await shift.states() == PROTECTED
        assert len(await shift.stops()) == 1


async def test_an_entry_ends_by_the_exchanges_timer_when_its_supervisor_is_dead(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url, dead_man_switch_sec=30) as shift:
        await shift.enter()
        await shift.look(2)
        shift.world.advance(31_000)
        assert await shift.live() == ()


async def test_a_dead_mans_switch_that_could_cancel_stops_is_refused(migrated_sqlite_url: str) -> None:
    from mtf_core.execution.dead_man import DeadManSwitch  # noqa: PLC0415

    async with shift_on(migrated_sqlite_url) as shift:
        venue = shift.desk.environment.venue
        timed = venue.capabilities.timed_cancel_all
        assert timed is not None
        unsure = evolve(venue.capabilities, timed_cancel_all=evolve(timed, keeps_protection=Proven.UNKNOWN))
        desk = evolve(
            shift.desk,
            environment=evolve(shift.desk.environment, venue=evolve(venue, capabilities=unsure)),
            settings=evolve(shift.desk.settings, dead_man_switch_sec=30),
        )
        with pytest.raises(TradingRefusedError, match="not proven"):
            DeadManSwitch.of(desk)
