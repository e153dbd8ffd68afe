"""The main paths over BitMart's adapter, on real HTTP, against its face: every stop there is an order of its own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count

import pytest
from attrs import define, field

from mtf_adapters.bitmart.limits import BUCKETS
from mtf_adapters.limits import Limiter, Unlimited
from mtf_adapters.local import MemoryActionJournal, MemoryHighWater, WallClock
from mtf_adapters.sql import Database, SqlLocks
from mtf_core.execution import Desk, MarketQuality, Submitted, open_desk, submit
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import (
    MarginMode,
    OrderType,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    on_grid_at_or_below,
)
from mtf_core.orders import Alarm, Attempt, Draft, EntryState, Intent, PositionState, Wanted, WantedTarget
from mtf_core.ports import Environment, Priority
from mtf_entrypoints.stores import build_stores
from tests.integration.execution.counter import BOTH
from tests.integration.runs.world import eager
from tests.unit.orders.intents import terms
from tests.venues.stages import ODD, SYMBOL, Stage, bitmart

KEY = "key"
PROTECTED = (EntryState.DONE, PositionState.PROTECTED)


class Counting(Unlimited):
    """Counts the calls that the adapter makes, by the bucket that limits them."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    @asynccontextmanager
    async def permit(self, bucket: str, priority: Priority, *, timeout_s: float | None = None) -> AsyncIterator[None]:
        self.calls[bucket] += 1
        yield


@define(eq=False)
class Watch:
    stage: Stage
    desk: Desk
    alarms: list[Alarm] = field(factory=list)
    supervisor: Supervisor = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.supervisor = Supervisor(self.desk, self.alarms.append)

    def price(self, factor: str, symbol: str = SYMBOL) -> Decimal:
        contract = self.stage.world.engine.contract(symbol)
        assert contract is not None
        return on_grid_at_or_below(self.stage.world.quote(symbol).last * Decimal(factor), contract.tick_size)

    async def enter(self, size: int = 6, symbol: str = SYMBOL) -> Intent:
        """At once, with a limit above the market; its stop is an order of its own."""
        now_ms, contract = self.desk.now_ms, self.stage.world.engine.contract(symbol)
        assert contract is not None
        price = self.price("1.002", symbol)
        stop = on_grid_at_or_below(price * Decimal("0.97"), contract.tick_size)
        wanted = Wanted(
            symbol=symbol,
            side=Side.LONG,
            size=Decimal(size),
            leverage=Decimal(5),
            margin_mode=MarginMode.ISOLATED,
            stop=TriggerLevel(stop, TriggerPrice.MARK),
            targets=(WantedTarget(self.price("1.05", symbol), Decimal(1)),),
        )
        attempt = Attempt(
            number=1,
            size=Decimal(size),
            order_type=OrderType.LIMIT,
            price=price,
            time_in_force=TimeInForce.IOC,
            post_only=False,
            carries_stop=False,
            client_order_id="",
            created_ms=now_ms,
            not_after_ms=now_ms + 10_000,
        )
        planned = terms(
            planned_entry=price,
            contract_size=contract.contract_size,
            execution_timeframe=Timeframe.M5,
            order_timeout_ms=None,
            tick_size=contract.tick_size,
        )
        draft = Draft(
            decision_key=KEY if symbol == SYMBOL else symbol,
            wanted=wanted,
            terms=planned,
            attempt=attempt,
            planned_ms=now_ms,
            expires_ms=now_ms + 15_000,
            namespace=self.desk.environment.stores.namespace,
        )
        quality = MarketQuality(price, price, price, now_ms)
        done = await submit(self.desk, draft, BOTH, quality, switch_minutes=15)
        assert isinstance(done, Submitted), done
        return done.intent

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            await self.stage.step(1000)
            await self.supervisor.look()

    async def states(self) -> tuple[EntryState, PositionState]:
        intent = await self.desk.orders.intent(KEY)
        assert intent is not None
        return intent.entry, intent.position

    async def stops(self) -> int:
        live = await self.stage.trading.open_orders(SYMBOL)
        return sum(order.purpose is TriggerPurpose.STOP for order in live)

    async def held(self) -> Decimal:
        positions = (await self.stage.trading.sync()).positions
        return sum((position.size for position in positions), Decimal(0))


@asynccontextmanager
async def watch_on(
    url: str, quirks: str = "rate_limits: false", limiter: Limiter | None = None
) -> AsyncIterator[Watch]:
    async with bitmart(quirks, limiter) as stage, Database.open(url) as database:
        watch = Watch(stage, await desk_on(stage, database))
        yield watch
        await watch.supervisor.end()


async def desk_on(stage: Stage, database: Database) -> Desk:
    numbers = count(1)
    environment = Environment(
        venue=stage.venue,
        stores=build_stores(database, stage.venue.namespace, wall=WallClock()),
        locks=SqlLocks(database, WallClock()),
        profiles=lambda _: eager(),
        wall=WallClock(),
        timer=time.monotonic,
        sleep=asyncio.sleep,
        new_run_id=lambda: f"run-{next(numbers)}",
        action_journal=MemoryActionJournal(),
        high_water=MemoryHighWater(),
    )
    return await open_desk(environment)


@pytest.mark.parametrize("quirks", ["rate_limits: false", ODD])
async def test_a_position_gets_its_own_stop_and_leaves_by_its_target(migrated_sqlite_url: str, quirks: str) -> None:
    async with watch_on(migrated_sqlite_url, quirks) as watch:
        intent = await watch.enter()
        await watch.look(4)
        assert await watch.states() == PROTECTED
        assert (await watch.stops(), await watch.held()) == (1, Decimal(6))
        await watch.look(2)
        watch.stage.show(intent.wanted.targets[0].price + 10)
        await watch.look(8)
        assert await watch.states() == (EntryState.DONE, PositionState.CLOSED)
        assert (await watch.stops(), await watch.held()) == (0, Decimal(0))
        assert watch.alarms == []


async def test_a_stop_that_fires_ends_the_position(migrated_sqlite_url: str) -> None:
    async with watch_on(migrated_sqlite_url, "rate_limits: false") as watch:
        intent = await watch.enter()
        await watch.look(4)
        watch.stage.show(intent.wanted.stop.price - 10)
        await watch.look(8)
        assert await watch.states() == (EntryState.DONE, PositionState.CLOSED)
        assert (await watch.stops(), await watch.held()) == (0, Decimal(0))


async def test_an_entry_whose_answer_never_came_is_found_and_protected(migrated_sqlite_url: str) -> None:
    async with watch_on(migrated_sqlite_url, "rate_limits: false") as watch:
        watch.stage.break_calls("lost_answer", "submit-order", delay_ms=100)
        intent = await watch.enter()
        assert intent.entry is EntryState.UNKNOWN
        watch.stage.mend()
        await watch.look(5)
        assert await watch.states() == PROTECTED
        assert (await watch.stops(), await watch.held()) == (1, Decimal(6))


async def test_a_stop_that_the_exchange_refuses_three_times_closes_the_position(migrated_sqlite_url: str) -> None:
    async with watch_on(migrated_sqlite_url, "rate_limits: false") as watch:
        await watch.enter()
        watch.stage.break_calls("refused", "submit-tp-sl-order")
        await watch.look(15)
        assert await watch.held() == 0
        assert await watch.states() == (EntryState.DONE, PositionState.CLOSED)


@pytest.mark.parametrize(("pause_s", "share"), [(5, 0.25), (1, 1.0)])
async def test_four_positions_stay_within_the_rate_limits(migrated_sqlite_url: str, pause_s: int, share: float) -> None:
    """A minute of looks: every 5 s where all is quiet, every second where something is not protected yet.

    `how-to/supervise.md` shows this arithmetic.
    """
    counting = Counting()
    async with watch_on(migrated_sqlite_url, limiter=counting) as watch:
        for symbol in (SYMBOL, "ETHUSDT", "SOLUSDT", "BNBUSDT"):
            await watch.enter(symbol=symbol)
        await watch.look(6)
        assert {intent.position for intent in watch.supervisor.status.live} == {PositionState.PROTECTED}
        counting.calls.clear()
        for _ in range(60 // pause_s):
            watch.stage.world.advance(pause_s * 1000)
            await watch.stage.market.server_time_ms()
            await watch.supervisor.look()
        assert watch.alarms == []
        del counting.calls["time"]  # the clock of this test
        for bucket, calls in counting.calls.items():
            limit = BUCKETS.buckets[bucket]
            assert calls <= share * limit.limit * 60_000 / limit.window_ms, (bucket, calls)
