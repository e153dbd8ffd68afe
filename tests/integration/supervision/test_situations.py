"""Every situation from the entry to the end, as one process meets it: real database, the sandbox's own exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_core.execution.reading import CONTRACTS_KEPT_MS
from mtf_core.market import TriggerPurpose
from mtf_core.orders import AlarmKind, EntryState, PositionState
from tests.integration.execution.counter import SYMBOL
from tests.integration.supervision.shift import KEY, Shift, shift_on

DONE, RESTING = EntryState.DONE, EntryState.RESTING
PROTECTED, CLOSED = PositionState.PROTECTED, PositionState.CLOSED


@pytest_asyncio.fixture
async def shift(database_url: str) -> AsyncIterator[Shift]:
    async with shift_on(database_url) as opened:
        yield opened


async def filled(shift: Shift) -> None:
    """The entry has filled, and its stop was read back."""
    intent = await shift.enter()
    assert intent.attempt.price is not None
    shift.show(intent.attempt.price - 1)
    await shift.look(2)
    assert await shift.states() == (DONE, PROTECTED)


async def test_an_entry_rests_fills_and_is_protected_with_one_stop_and_its_target(shift: Shift) -> None:
    await filled(shift)
    await shift.look()
    (stop,) = await shift.stops()
    intent = await shift.intent()
    assert (stop.trigger, shift.raised()) == (intent.wanted.stop, set())
    targets = [one for one in await shift.live() if one.purpose is TriggerPurpose.TARGET]
    assert [one.trigger.price for one in targets if one.trigger] == [intent.wanted.targets[0].price]


async def test_a_part_that_filled_is_protected_while_the_rest_waits(shift: Shift) -> None:
    intent = await shift.enter()
    assert intent.attempt.price is not None
    shift.show(intent.attempt.price - shift.counter.contract.tick_size, depth=1)
    await shift.look()
    position = await shift.position()
    assert position is not None
    assert position.size < intent.wanted.size
    assert await shift.states() == (RESTING, PROTECTED)
    assert len(await shift.stops()) == 1


async def test_the_target_closes_the_position_and_nothing_is_left_over(shift: Shift) -> None:
    await filled(shift)
    await shift.look()
    shift.show((await shift.intent()).wanted.targets[0].price + 1)
    await shift.look(6)
    assert await shift.states() == (DONE, CLOSED)
    assert await shift.position() is None
    assert await shift.live() == ()
    assert (await shift.counter.story())[-1] == "closed"
    assert shift.raised() == set()


async def test_the_stop_closes_the_position_and_nothing_is_left_over(shift: Shift) -> None:
    await filled(shift)
    await shift.look()
    shift.show((await shift.intent()).wanted.stop.price - 1)
    await shift.look(6)
    assert await shift.states() == (DONE, CLOSED)
    assert (await shift.intent()).progress.exit_reason == "stop"
    assert await shift.live() == ()


async def test_an_entry_that_does_not_fill_in_time_is_cancelled_by_its_id_and_its_symbol_rests(shift: Shift) -> None:
    intent = await shift.enter()
    await shift.look(1, pause_ms=119_000)
    assert await shift.states() == (RESTING, PositionState.NONE)
    await shift.look(4)
    assert await shift.states() == (DONE, PositionState.NONE)
    assert shift.exchange.cancelled == [intent.attempt.order_id]
    switches = await shift.desk.environment.stores.switches.all()
    assert [(switch.key, switch.on) for switch in switches] == [(SYMBOL, False)]


async def test_the_kill_switch_ends_entries_and_never_stops(shift: Shift) -> None:
    from mtf_core.upkeep.operators import kill  # noqa: PLC0415

    await filled(shift)
    waiting = evolve(shift.counter.draft(KEY + "2", "ETHUSDT"))
    await shift.enter(waiting)
    await kill(shift.desk.environment, "operator")
    await shift.look(4)
    assert await shift.states(KEY + "2") == (DONE, PositionState.NONE)
    assert await shift.states() == (DONE, PROTECTED)
    assert len(await shift.stops()) == 1


async def test_a_stop_that_was_cancelled_by_hand_stands_again_within_a_look(shift: Shift) -> None:
    await filled(shift)
    (stop,) = await shift.stops()
    await shift.exchange.cancel(SYMBOL, stop.order_id, stop.kind)
    await shift.look()
    assert len(await shift.stops()) == 1
    await shift.look(2)
    assert await shift.states() == (DONE, PROTECTED)
    assert shift.exchange.protections[-1].client_order_id == (await shift.stops())[0].client_order_id


async def test_a_position_that_was_closed_by_hand_ends_its_intent_and_takes_its_orders_with_it(shift: Shift) -> None:
    await filled(shift)
    await shift.look()
    await shift.by_hand(2)
    await shift.look(6)
    assert await shift.states() == (DONE, CLOSED)
    assert await shift.live() == ()
    assert shift.exchange.exits == []


async def test_reads_that_fail_change_nothing_and_end_nothing(shift: Shift) -> None:
    await filled(shift)
    before, orders = await shift.intent(), await shift.live()
    shift.exchange.blind = True
    await shift.look(10)
    after = await shift.intent()
    assert (after.entry, after.position) == (before.entry, before.position)
    assert await shift.live() == orders
    assert shift.exchange.exits == []
    heartbeat = await shift.counter.desk.orders.heartbeat()
    assert heartbeat is not None
    assert shift.desk.now_ms - heartbeat.read_ms >= 10_000  # whoever wants to enter sees that the account is not read
    shift.exchange.blind = False
    await shift.look(2)
    assert await shift.states() == (DONE, PROTECTED)


@pytest.mark.parametrize("hangs", ["quotes", "contracts", "fills", "order_history"])
async def test_a_read_that_hangs_holds_up_no_stop(shift: Shift, hangs: str) -> None:
    """Market data whose limit is spent, a history that does not answer: the account says that a stop is missing."""
    await filled(shift)
    (stop,) = await shift.stops()
    assert (await shift.exchange.cancel(SYMBOL, stop.order_id, stop.kind)).is_done

    async def hang(*_: object, **__: object) -> object:
        return await asyncio.Event().wait()

    setattr(shift.exchange, hangs, hang)
    shift.world.advance(CONTRACTS_KEPT_MS)
    await shift.look()
    (armed,) = await shift.stops()
    assert armed.trigger == stop.trigger


async def test_an_account_that_is_not_read_for_longer_than_a_stop_may_be_missing_is_an_alarm(shift: Shift) -> None:
    """The exchange is away, or the key was revoked: what stood may stand or not."""
    await filled(shift)
    shift.exchange.blind = True
    await shift.look(5)
    assert AlarmKind.ACCOUNT_UNREAD not in shift.raised()
    await shift.look()
    assert AlarmKind.ACCOUNT_UNREAD in await shift.standing_alarms()
    shift.exchange.blind = False
    await shift.look()
    assert AlarmKind.ACCOUNT_UNREAD not in await shift.standing_alarms()


async def test_a_fault_in_the_look_at_one_intent_is_an_alarm_and_the_others_go_on(shift: Shift) -> None:
    await filled(shift)
    await shift.enter(shift.counter.draft(KEY + "2", "ETHUSDT"))
    sound = type(shift.exchange).order_history

    async def broken(symbol: str, *values: object, **named: object) -> object:
        if symbol == "ETHUSDT":
            raise ZeroDivisionError("a fault of this program")
        return await sound(shift.exchange, symbol, *values, **named)

    shift.exchange.order_history = broken  # type: ignore[method-assign]
    shift.exchange.fills = broken  # type: ignore[method-assign]
    (other,) = await shift.live("ETHUSDT")
    await shift.exchange.cancel("ETHUSDT", other.order_id, other.kind)  # its look has to read its history now
    (stop,) = await shift.stops()
    shift.exchange.fills = type(shift.exchange).fills.__get__(shift.exchange)  # type: ignore[method-assign]
    await shift.exchange.cancel(SYMBOL, stop.order_id, stop.kind)
    await shift.look(3)
    assert AlarmKind.LOOK_FAILED in shift.raised()
    assert len(await shift.stops()) == 1
    assert Decimal(2) == (await shift.intent()).progress.held
