"""A supervisor measures losses beside its work: a limit that is reached while no run is going ends unfilled entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest_asyncio
from attrs import evolve

from mtf_adapters.sandbox.native import NativeExchange
from mtf_core.execution.loss_watch import LossWatch
from mtf_core.execution.losses import measure_losses
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import DAY_MS, EntryOrder, MarginMode, OrderType, Side, TimeInForce
from mtf_core.orders import AlarmKind, EntryState, PositionState
from mtf_core.risk import OpeningSource, Span
from tests.integration.runs.world import eager
from tests.integration.supervision.shift import KEY, Shift, shift_on

OTHER = "ETHUSDT"
LIMITED = eager(trade_entry__risk__daily_max_loss_usdt=25)
PROFILE = "scalper_micro"
"""Of the intents of this shop."""


@pytest_asyncio.fixture
async def shift(database_url: str) -> AsyncIterator[Shift]:
    async with shift_on(database_url) as opened:
        desk = opened.desk
        limited = evolve(desk, environment=evolve(desk.environment, profiles=lambda _: LIMITED))
        opened.desk, opened.supervisor = limited, Supervisor(limited, opened.alarms.append)
        yield opened
        await opened.supervisor.end()


async def lose_by_hand(shift: Shift, usdt: int) -> None:
    """A person buys something else, and sells it lower."""
    contract = shift.world.engine.contract(OTHER)
    assert contract is not None
    price = shift.counter.price(symbol=OTHER)
    drop = price * Decimal("0.05")
    size = (usdt / (drop * contract.contract_size) / contract.size_step).to_integral_value() * contract.size_step
    bought = EntryOrder(
        symbol=OTHER,
        side=Side.LONG,
        size=size + contract.size_step,
        order_type=OrderType.MARKET,
        price=None,
        time_in_force=TimeInForce.IOC,
        post_only=False,
        leverage=Decimal(5),
        margin_mode=MarginMode.ISOLATED,
        client_order_id="by-hand",
        not_after_ms=shift.desk.now_ms + 10_000,
    )
    shift.show(price, symbol=OTHER)
    assert (await NativeExchange.submit_entry(shift.exchange, bought)).is_done
    shift.show(price - drop, symbol=OTHER)
    await shift.by_hand(int(bought.size), symbol=OTHER)


async def test_a_limit_that_is_reached_while_an_entry_rests_cancels_it(shift: Shift) -> None:
    await shift.enter()
    await shift.look()
    assert await shift.states() == (EntryState.RESTING, PositionState.NONE)
    await lose_by_hand(shift, 30)
    await shift.look(6, pause_ms=5000)
    assert await shift.states() == (EntryState.DONE, PositionState.NONE)
    (lock,) = await shift.desk.environment.stores.risk.locks_of(PROFILE, shift.desk.now_ms)
    assert lock.loss >= 25
    reasons = [stored.event.details for stored in await shift.desk.orders.events(KEY)]
    assert any("daily_loss_limit_reached" in details.values() for details in reasons)


async def test_a_lock_is_audited_and_told_once_and_its_alarm_ends_when_it_is_lifted(shift: Shift) -> None:
    environment = shift.desk.environment
    await shift.enter()
    await shift.look()
    await lose_by_hand(shift, 30)
    await shift.look(12, pause_ms=5000)
    (told,) = [one for one in shift.alarms if one.kind is AlarmKind.LOSS_LOCK]
    assert told.subject.startswith(f"{PROFILE} day ")
    assert "USDT were lost (day), so it enters nothing more" in told.text
    assert AlarmKind.LOSS_LOCK in await shift.standing_alarms(), "although nothing is live any more"
    events = [one for one in (await environment.stores.audit.history(50)).items if one.action == "risk_lock_put"]
    (event,) = events
    (lock,) = await environment.stores.risk.locks_of(PROFILE, shift.desk.now_ms)
    assert (event.subject, event.details["span"], event.details["loss"]) == (PROFILE, "day", str(lock.loss))
    assert (await environment.stores.risk.lift(lock, evolve(lock, lifted_ms=shift.desk.now_ms))) is True
    await shift.look(2)
    assert AlarmKind.LOSS_LOCK not in await shift.standing_alarms()


async def test_a_loss_below_the_limit_leaves_the_entry_alone(shift: Shift) -> None:
    await shift.enter()
    await shift.look()
    await lose_by_hand(shift, 15)
    await shift.look(6, pause_ms=5000)
    assert await shift.states() == (EntryState.RESTING, PositionState.NONE)
    assert await shift.desk.environment.stores.risk.locks_of(PROFILE, shift.desk.now_ms) == ()


async def test_the_rows_of_a_real_engine_add_up_to_what_the_account_lost(shift: Shift) -> None:
    before = await shift.counter.account()
    await lose_by_hand(shift, 15)
    after = await shift.counter.account()
    losses = await measure_losses(shift.desk.environment, LIMITED.trade_entry.risk, PROFILE, after)
    assert losses.day.loss == before.equity - after.equity > 0


async def test_a_day_begins_with_what_a_supervisor_saw_before_it_although_nothing_was_open(shift: Shift) -> None:
    account = await shift.counter.account()
    midnight = Span.DAY.start_of(account.time_ms) + DAY_MS
    watch = LossWatch(shift.desk)
    await watch.look(evolve(account, time_ms=midnight - 30_000, equity=Decimal(777)), ())
    await watch.look(evolve(account, time_ms=midnight + 40_000), ())
    day = await shift.desk.environment.stores.risk.day(midnight)
    assert day is not None
    assert (day.opening_equity, day.source) == (777, OpeningSource.SEEN_BEFORE)


async def test_losses_are_measured_now_and_then_and_not_at_every_look(shift: Shift) -> None:
    account, watch = await shift.counter.account(), LossWatch(shift.desk)
    for second in range(0, 60, 5):
        await watch.look(evolve(account, time_ms=account.time_ms + 1000 * second), (PROFILE, PROFILE))
    assert shift.exchange.reads.count("cash_flows") == 1 + 4, "one to open the day, then every 15 s"
