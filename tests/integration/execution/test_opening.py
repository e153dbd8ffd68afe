"""Opening a desk: who may trade at all, whose store it is, and whether the store knows everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_adapters.bitmart.capabilities import CAPABILITIES as BITMART
from mtf_adapters.local import MemoryHighWater
from mtf_adapters.sql import Database
from mtf_core.execution import Desk, open_desk
from mtf_core.execution.recovery import confirm_recovery, look_into_recovery
from mtf_core.market import OrderKind, PositionMode
from mtf_core.orders import store_tag
from mtf_core.ports import (
    Environment,
    ExchangeUnavailableError,
    ExchangeWorld,
    LiveSwitches,
    StoreNotOursError,
    TradingRefusedError,
)
from mtf_core.reasons import Reason
from mtf_core.risk import AccountCondition, Standing
from tests.integration.execution.counter import ACCOUNT, Asked, Counter, a_world, environment_on
from tests.integration.runs.world import eager


@pytest_asyncio.fixture
async def database(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    async with Database.open(migrated_sqlite_url) as opened:
        yield opened


def environment(database: Database, **changes: object) -> Environment:
    """A process on a fresh world, with other parts of its venue by name."""
    world = a_world()
    made = environment_on(database, world, Asked(world, ACCOUNT))
    of_venue = {name: value for name, value in changes.items() if hasattr(made.venue, name)}
    others = {name: value for name, value in changes.items() if name not in of_venue}
    return evolve(made, venue=evolve(made.venue, **of_venue), **others)


async def refused(environment: Environment) -> TradingRefusedError:
    with pytest.raises(TradingRefusedError) as error:
        await open_desk(environment)
    return error.value


@pytest.mark.parametrize(
    ("switches", "lacking"),
    [
        (LiveSwitches(), "MTF_LIVE=yes and MTF_ENVIRONMENT=live"),
        (LiveSwitches(said_yes=True), "it needs MTF_ENVIRONMENT=live"),
        (LiveSwitches(named=True), "it needs MTF_LIVE=yes"),
    ],
)
async def test_real_money_needs_every_switch(database: Database, switches: LiveSwitches, lacking: str) -> None:
    error = await refused(environment(database, world=ExchangeWorld.LIVE, live=switches))
    assert (error.reason, str(error).endswith(lacking)) == (Reason.LIVE_SWITCH_MISSING, True)
    with pytest.raises(Exception, match="not bound"):
        await environment(database).stores.orders.set_standing(Standing())


async def test_with_every_switch_or_with_play_money_it_opens(database: Database) -> None:
    both = LiveSwitches(said_yes=True, named=True)
    assert isinstance(await open_desk(environment(database, world=ExchangeWorld.LIVE, live=both)), Desk)
    assert isinstance(await open_desk(environment(database, world=ExchangeWorld.DEMO)), Desk)


async def test_an_account_that_outlives_the_process_needs_a_store_that_does() -> None:
    async with Database.open("memory") as database:
        error = await refused(environment(database))
        assert (error.reason, "set DATABASE_URL" in str(error)) == (Reason.TRADING_NOT_AVAILABLE, True)
        passing = environment(database, is_passing=True, stays=True)
        assert isinstance(await open_desk(passing), Desk)


async def test_a_key_that_cannot_read_its_account_opens_nothing(database: Database) -> None:
    class NoKey(Asked):
        async def sync(self, **_: object) -> object:
            raise ExchangeUnavailableError("the key was refused")

    world = a_world()
    with pytest.raises(ExchangeUnavailableError, match="the key was refused"):
        await open_desk(environment_on(database, world, NoKey(world, ACCOUNT)))  # type: ignore[arg-type]


async def test_the_store_of_another_account_is_refused(database: Database) -> None:
    class Other(Asked):
        async def account_id(self) -> str:
            return "account-2"

    await open_desk(environment(database))
    world = a_world()
    with pytest.raises(StoreNotOursError, match="give each account a database of its own"):
        await open_desk(environment_on(database, world, Other(world, ACCOUNT)))


async def test_a_mark_that_is_ahead_of_the_store_puts_the_account_into_recovery(database: Database) -> None:
    mark = MemoryHighWater()
    desk = await open_desk(environment(database, high_water=mark))
    assert (await desk.orders.standing()).condition is AccountCondition.NORMAL
    await mark.raise_to(desk.account_key, evolve(desk.mark, counter=5))
    desk = await open_desk(environment(database, high_water=mark))
    standing = await desk.orders.standing()
    assert standing.condition is AccountCondition.RECOVERY
    assert "number 5; the database knows 0: it was restored" in standing.why


@pytest.mark.parametrize("ended", [False, True])
async def test_an_order_of_ours_that_the_store_does_not_know_puts_the_account_into_recovery(
    database: Database, ended: bool
) -> None:
    """As after a restored back-up: the exchange has what the store has forgotten, live or ended."""
    world = a_world()
    exchange = Asked(world, ACCOUNT)
    desk = await open_desk(environment_on(database, world, exchange))
    counter = Counter(desk, exchange, world)
    await counter.submit(counter.draft("known"))
    (known,) = await desk.orders.live()
    await exchange.cancel(known.symbol, known.attempt.order_id, OrderKind.LIMIT)
    forgotten = counter.draft("forgotten").intent(ACCOUNT, store_tag(desk.identity.store_id), 2, desk.ids)
    order = evolve(exchange.entries[0], client_order_id=forgotten.attempt.client_order_id)
    outcome = await exchange.submit_entry(order)
    if ended:
        await exchange.cancel(known.symbol, outcome.order_id, OrderKind.LIMIT)
    await open_desk(environment_on(database, world, exchange))
    standing = await desk.orders.standing()
    assert standing.condition is AccountCondition.RECOVERY
    assert f"order {outcome.order_id} at the exchange: number 2; the database knows 1" in standing.why


@pytest_asyncio.fixture
async def others(tmp_path: Path) -> AsyncIterator[Database]:
    """A database made anew, as after a restore to a time before the first order."""
    path = tmp_path / "others.db"
    async with Database.open(f"sqlite:///{path}") as opened:
        await opened.upgrade()
        yield opened


async def condition_of(desk: Desk) -> AccountCondition:
    return (await desk.orders.standing()).condition


async def test_a_new_database_of_an_account_that_another_traded_waits_until_it_is_confirmed(
    database: Database, others: Database
) -> None:
    """It knows no decision key: what the other one sent would be sent for the second time."""
    mark, world = MemoryHighWater(), a_world()
    exchange = Asked(world, ACCOUNT)
    first = await open_desk(environment_on(database, world, exchange, high_water=mark))
    await Counter(first, exchange, world).submit(Counter(first, exchange, world).draft("sent"))
    fresh = await open_desk(environment_on(others, world, exchange, high_water=mark))
    assert await condition_of(fresh) is AccountCondition.RECOVERY
    assert "another database committed 1 intents of this account last" in (await fresh.orders.standing()).why
    assert await mark.read(first.account_key) == evolve(first.mark, counter=1), "it is the first one's still"
    again = await open_desk(environment_on(database, world, exchange, high_water=mark))
    assert await condition_of(again) is AccountCondition.NORMAL, "nothing was handed over"


async def test_a_confirmed_database_has_the_account_and_the_one_before_enters_nothing_more(
    database: Database, others: Database
) -> None:
    mark, world = MemoryHighWater(), a_world()
    exchange = Asked(world, ACCOUNT)
    first = await open_desk(environment_on(database, world, exchange, high_water=mark))
    fresh = await open_desk(environment_on(others, world, exchange, high_water=mark))
    await confirm_recovery(fresh, await look_into_recovery(fresh), "operator")
    fresh = await open_desk(environment_on(others, world, exchange, high_water=mark))
    assert await condition_of(fresh) is AccountCondition.NORMAL
    running = Counter(first, exchange, world)
    with pytest.raises(StoreNotOursError, match="another database"):
        await running.submit(running.draft())
    assert exchange.entries == []
    assert await first.orders.live() == (), "nothing stays reserved"
    back = await open_desk(environment_on(database, world, exchange, high_water=mark))
    assert await condition_of(back) is AccountCondition.RECOVERY
    await confirm_recovery(back, await look_into_recovery(back), "operator")
    assert await condition_of(await open_desk(environment_on(database, world, exchange, high_water=mark))) is (
        AccountCondition.NORMAL
    )


async def test_without_a_mark_a_new_database_sees_by_the_orders_at_the_exchange_that_another_one_traded(
    database: Database, others: Database
) -> None:
    """Database and mark were both lost."""
    world = a_world()
    exchange = Asked(world, ACCOUNT)
    first = await open_desk(environment_on(database, world, exchange))
    await Counter(first, exchange, world).submit(Counter(first, exchange, world).draft("sent"))
    fresh = await open_desk(environment_on(others, world, exchange))
    assert await condition_of(fresh) is AccountCondition.RECOVERY
    assert "another database of mtf sent it" in (await fresh.orders.standing()).why
    await confirm_recovery(fresh, await look_into_recovery(fresh), "operator")
    assert await condition_of(await open_desk(environment_on(others, world, exchange))) is AccountCondition.NORMAL


async def test_a_lost_mark_is_made_again_where_the_database_knows_everything(database: Database) -> None:
    world, mark = a_world(), MemoryHighWater()
    exchange = Asked(world, ACCOUNT)
    first = await open_desk(environment_on(database, world, exchange))
    await Counter(first, exchange, world).submit(Counter(first, exchange, world).draft("sent"))
    again = await open_desk(environment_on(database, world, exchange, high_water=mark))
    assert await condition_of(again) is AccountCondition.NORMAL
    assert await mark.read(again.account_key) == evolve(again.mark, counter=1)


async def test_a_start_ends_no_recovery(database: Database) -> None:
    desk = await open_desk(environment(database))
    recovery = Standing(AccountCondition.RECOVERY, 5, "restored")
    await desk.orders.set_standing(recovery)
    await open_desk(environment(database))
    assert await desk.orders.standing() == recovery


async def test_where_executions_do_not_say_whether_they_close_nothing_is_traded(database: Database) -> None:
    """BitMart's one-way account: a close at exactly the entry price would be taken for an opening of the other side."""
    profile = eager()
    orders = evolve(profile.trading.orders, position_mode=PositionMode.ONE_WAY)
    one_way = evolve(profile, trading=evolve(profile.trading, orders=orders))
    world = a_world()
    exchange = Asked(world, ACCOUNT)
    await exchange.set_position_mode(PositionMode.ONE_WAY)
    elsewhere = environment_on(database, world, exchange, profile=one_way)
    error = await refused(evolve(elsewhere, venue=evolve(elsewhere.venue, capabilities=BITMART)))
    assert error.reason is Reason.TRADING_NOT_AVAILABLE
    assert "position_mode to hedge" in str(error)
    await open_desk(elsewhere)
    assert (await (await open_desk(elsewhere)).orders.standing()).condition is AccountCondition.NORMAL


async def test_the_position_mode_is_compared_never_set_and_once_it_fits_again_entries_go_on(
    database: Database,
) -> None:
    world = a_world()
    exchange = Asked(world, ACCOUNT)
    await exchange.set_position_mode(PositionMode.ONE_WAY)
    desk = await open_desk(environment_on(database, world, exchange))
    standing = await desk.orders.standing()
    assert standing.condition is AccountCondition.MODES_CHANGED
    assert "has the position mode one_way, and orders.position_mode is hedge" in standing.why
    assert (await exchange.sync()).position_mode is PositionMode.ONE_WAY
    await exchange.set_position_mode(PositionMode.HEDGE)
    await open_desk(environment_on(database, world, exchange))
    assert (await desk.orders.standing()).condition is AccountCondition.NORMAL
