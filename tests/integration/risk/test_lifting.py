"""An operator lifts a lock: what was lost by then is forgiven, and the limit counts on from there."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from attrs import evolve

from mtf_adapters.sql import Database
from mtf_core.execution.lifting import lift_locks
from mtf_core.execution.losses import measure_losses
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.problems import InvalidRequestError
from mtf_core.risk import Losses, RiskLock, Span
from tests.integration.runs.world import World, eager, reasons, simulated, world_on

DOWN = ExchangeUnavailableError("down")
LIMITED = eager(trade_entry__risk__daily_max_loss_usdt=100)


async def lost(there: World, amount: int) -> Losses:
    there.account.balance -= amount
    there.later(minutes=1)
    risk, account = LIMITED.trade_entry.risk, await there.exchange.account_state()
    return await measure_losses(there.environment, risk, LIMITED.name, account)


async def locked(database: Database, amount: int) -> World:
    there = world_on(database, LIMITED)
    await there.run()
    await lost(there, amount)
    assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}
    return there


async def test_after_a_reset_as_much_as_the_limit_may_be_lost_again(database: Database) -> None:
    there = await locked(database, 100)
    await lost(there, 7)
    (lifted,) = await lift_locks(there.environment, LIMITED, "anna", "seen to")
    assert lifted.forgiven == 107
    assert simulated(await there.run())
    assert all(lock.lifted_ms for lock in (await lost(there, 99)).locks)
    assert [lock.lifted_ms for lock in (await lost(there, 1)).locks] == [None]
    assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}


async def test_the_trail_says_who_lifted_what_and_why(database: Database) -> None:
    there = await locked(database, 100)
    await lift_locks(there.environment, LIMITED, "anna", "seen to")
    (event,) = (await there.stores.audit.history(1, action="risk_lock_lifted")).items
    assert (event.actor, event.subject, event.details["reason"], event.details["loss"]) == (
        "anna",
        LIMITED.name,
        "seen to",
        "100",
    )


async def test_a_lock_is_lifted_for_a_reason_or_not_at_all(database: Database) -> None:
    there = await locked(database, 100)
    with pytest.raises(InvalidRequestError, match="reason"):
        await lift_locks(there.environment, LIMITED, "anna", " ")
    assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}


async def test_of_operators_who_lift_at_once_one_did(database: Database) -> None:
    there = await locked(database, 100)
    done = await asyncio.gather(*(lift_locks(there.environment, LIMITED, name, "x") for name in ("anna", "ben")))
    assert sum(map(len, done)) == 1
    assert len((await there.stores.audit.history(9, action="risk_lock_lifted")).items) == 1


async def test_other_profiles_stay_locked(database: Database) -> None:
    there = await locked(database, 100)
    other = evolve(LIMITED, name="other")
    assert [lock.profile for lock in await lift_locks(there.environment, other, "anna", "x")] == ["other"]
    assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}


async def test_while_the_account_is_down_what_the_lock_says_is_forgiven(database: Database) -> None:
    there = await locked(database, 100)
    there.account.balance -= 40
    there.exchange.faults["account_state"] = DOWN
    (lifted,) = await lift_locks(there.environment, LIMITED, "anna", "x")
    assert lifted.forgiven == 100


async def test_a_loss_that_was_won_back_before_its_lock_is_lifted_is_not_forgiven(database: Database) -> None:
    there = await locked(database, 100)
    there.account.balance += 150
    (lifted,) = await lift_locks(there.environment, LIMITED, "anna", "x")
    assert lifted.forgiven == 0


async def test_a_streak_that_is_lifted_forgives_no_money(database: Database) -> None:
    """Its loss is a number of trades; it begins anew with those after the lift."""
    there = world_on(database, LIMITED)
    await there.run()
    streak = RiskLock(0, LIMITED.name, Decimal(0), Decimal(3), there.environment.venue.clock.now_ms(), Span.STREAK)
    await there.stores.risk.put_lock(streak)
    (lifted,) = await lift_locks(there.environment, LIMITED, "anna", "x")
    assert (lifted.span, lifted.forgiven) == (Span.STREAK, 0)
