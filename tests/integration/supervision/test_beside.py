"""What is due beside the looks: booking what the store missed, signs of life, wishes, and the end in good order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mtf_core.execution.supervisor import SupervisorState
from mtf_core.orders import AlarmKind, AskedKind, EntryState, PositionState, Purpose, mint, store_tag
from mtf_core.ports import Request
from mtf_core.risk import AccountCondition
from tests.integration.execution.counter import ACCOUNT, SYMBOL
from tests.integration.supervision.shift import OTHER, PROTECTED, Shift, lose_the_stop, protected, shift_on

CLOSED = (EntryState.DONE, PositionState.CLOSED)


@pytest_asyncio.fixture
async def shift(migrated_sqlite_url: str) -> AsyncIterator[Shift]:
    async with shift_on(migrated_sqlite_url) as opened:
        yield opened


async def ended_unknown_to_the_store(shift: Shift) -> None:
    """The position was closed by hand while nothing could be saved: by this process's memory its intent is over."""
    await protected(shift)
    shift.store.failing = {"save"}
    position = await shift.position()
    assert position is not None
    await shift.by_hand(int(position.size))
    await shift.look(6)
    assert shift.supervisor.status.live == ()
    assert await shift.states() == PROTECTED


async def lose_the_seat(shift: Shift, for_ms: int) -> None:
    locks = shift.desk.environment.locks
    for held in await locks.held():
        await locks.force_release(held.name)
        await locks.acquire([held.name], "another", for_ms)


async def test_the_end_of_an_intent_is_stored_once_the_store_answers_although_nobody_looks_at_it_any_more(
    shift: Shift,
) -> None:
    await ended_unknown_to_the_store(shift)
    shift.store.mend()
    await shift.look(2)
    assert await shift.states() == CLOSED


async def test_what_the_store_missed_is_booked_when_a_supervisor_ends(shift: Shift) -> None:
    await ended_unknown_to_the_store(shift)
    shift.store.mend()
    await shift.supervisor.end()
    assert await shift.states() == CLOSED


async def test_a_supervisor_that_ends_in_good_order_leaves_its_entry_without_a_timer(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url, dead_man_switch_sec=30) as shift:
        await shift.enter()
        await shift.look(2)
        await shift.supervisor.end()
        shift.world.advance(31_000)
        assert len(await shift.live()) == 1


async def test_a_fault_beside_the_looks_is_an_alarm_until_the_same_thing_goes_well(shift: Shift) -> None:
    await protected(shift)

    async def break_off(*_: object) -> None:
        raise ZeroDivisionError

    shift.store.beat = break_off
    await lose_the_stop(shift)
    await shift.look(1, pause_ms=5000)
    assert "heartbeat" in {alarm.subject for alarm in shift.alarms if alarm.kind is AlarmKind.LOOK_FAILED}
    assert len(await shift.stops()) == 1, "what protects goes on"
    del shift.store.beat
    await shift.look(2, pause_ms=5000)
    assert AlarmKind.LOOK_FAILED not in await shift.standing_alarms()


async def test_who_stands_by_says_nothing_of_the_account(shift: Shift) -> None:
    """Another one supervises: what was remembered of intents, alarms and the account's standing may be long over."""
    await protected(shift)
    await shift.enter_past_the_store("by-hand")
    await shift.look(4)
    before = shift.supervisor.status
    assert [intent.symbol for intent in before.live] == [SYMBOL]
    assert before.alarms
    assert before.standing.condition is AccountCondition.SHARED
    await lose_the_seat(shift, for_ms=60_000)
    await shift.look(2, pause_ms=4000)
    status = shift.supervisor.status
    assert status.state is SupervisorState.STANDING_BY
    assert (status.live, status.alarms) == ((), ())
    assert status.standing.condition is AccountCondition.NORMAL


async def test_a_store_that_takes_its_time_is_waited_for_before_a_stop_is_sent(migrated_sqlite_url: str) -> None:
    async with shift_on(migrated_sqlite_url, exit_wait_ms=5000) as shift:
        await protected(shift)
        await lose_the_stop(shift)
        shift.store.takes_s = 0.02
        await shift.look()
        assert len(await shift.stops()) == 1
        assert AlarmKind.STORE_BEHIND not in shift.raised()
        assert shift.desk.journal.noted() == ()


async def test_a_wish_without_an_intent_is_answered_only_once_a_second_look_has_found_it_so(shift: Shift) -> None:
    """What ended the intent in the first one may have answered it just then."""
    await shift.look()
    orders = shift.counter.desk.orders
    asked = await orders.ask(Request(0, SYMBOL, str(AskedKind.CLOSE), {}, "ann", shift.desk.now_ms))
    outcomes = []
    for _ in range(3):
        await shift.look()
        found = await orders.request(asked.number)
        assert found is not None
        outcomes.append(found.outcome)
    assert outcomes[0] == ""
    assert "no live intent" in outcomes[-1]


@pytest.mark.parametrize(("takes_ms", "stops"), [(2_000, 1), (2_001, 0)])
async def test_a_position_whose_plan_is_lost_is_given_a_stop_only_by_a_read_that_is_fresh(
    shift: Shift, takes_ms: int, stops: int
) -> None:
    """Whoever closed it meanwhile would be left with a stop that stands alone."""
    await shift.look()
    lost = mint(store_tag(shift.desk.identity.store_id), 0, ACCOUNT, "lost", 1, Purpose.ENTRY)
    await shift.enter_past_the_store(lost.text(shift.desk.ids), price=None)
    sound = shift.exchange.sync

    async def slow(**named: Any) -> Any:
        state = await sound(**named)
        shift.world.advance(takes_ms)
        return state

    shift.exchange.sync = slow  # type: ignore[method-assign]
    await shift.look(6)
    assert AlarmKind.UNPROTECTED in shift.raised()
    assert len(await shift.stops(OTHER)) == stops
