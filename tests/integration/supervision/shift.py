"""A supervisor at work on the sandbox's own exchange and a real database, with everything that can go wrong between.

The market stands still unless a test moves it, so that each situation is reached on purpose.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

from attrs import define, evolve, field

from mtf_adapters.sandbox.matching.commands import Level, Tick
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world import World
from mtf_adapters.sql.sqlite_threads import SqliteJobs
from mtf_core.execution import Submitted
from mtf_core.execution.desk import Desk
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import (
    EntryOrder,
    ExitOrder,
    MarginMode,
    OpenOrder,
    OrderType,
    Position,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders import Alarm, AlarmKind, Draft, EntryState, Intent, PositionState
from mtf_core.ports import ExchangeUnavailableError, OrderStore, StoreUnavailableError
from tests.integration.execution.counter import ACCOUNT, SYMBOL, Asked, Counter, a_world, counter_on

KEY = "key"
PROTECTED = (EntryState.DONE, PositionState.PROTECTED)
OTHER = "ETHUSDT"
"""A symbol in which nothing is entered by itself."""


class Shaky:
    """A store of orders that a test can make fail, or hang: everything else is the real one."""

    def __init__(self, orders: OrderStore) -> None:
        self._orders = orders
        self.failing: set[str] = set()
        """Methods that raise, before anything is stored; `*` is all."""
        self.hanging: set[str] = set()
        """Methods that never answer, unless they are let go."""
        self.losing: set[str] = set()
        """Methods that store, and whose answer is lost."""
        self.let_go = asyncio.Event()
        self.takes_s = 0.0
        """How long every method takes."""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._orders, name)

        async def called(*values: object, **named: object) -> Any:
            if self.hanging & {name, "*"}:
                await self.let_go.wait()
            if self.failing & {name, "*"}:
                raise StoreUnavailableError("the store is away")
            if self.takes_s:
                await asyncio.sleep(self.takes_s)
            answer = await method(*values, **named)
            if self.losing & {name, "*"}:
                raise StoreUnavailableError("the answer was lost")
            return answer

        return called

    def break_off(self) -> None:
        self.failing = {"*"}

    def hang(self) -> None:
        self.hanging, self.let_go = {"*"}, asyncio.Event()

    def mend(self) -> None:
        self.failing, self.hanging, self.losing = set(), set(), set()
        self.let_go.set()


class Counted(Asked):
    """The exchange, which counts its reads and can refuse them."""

    def __init__(self, world: World, account: str) -> None:
        super().__init__(world, account)
        self.protections: list[ProtectiveOrder] = []
        self.exits: list[ExitOrder] = []
        self.cancelled: list[str] = []
        self.reads: list[str] = []
        self.blind = False
        """Reads fail."""
        self.forgets = False
        """Its history shows no execution that closed."""
        self.forgotten: set[str] = set()
        """Executions that its history does not show."""
        self.deaf: set[str] = set()
        """Writes of these kinds are refused."""
        self.at_protection: Any = None
        """What happens on the way of a protective order; what it raises, the caller gets, and nothing arrived."""

    async def sync(self, **named: Any) -> Any:
        self._read("sync")
        return await super().sync(**named)

    async def order_history(self, *values: Any, **named: Any) -> Any:
        self._read("order_history")
        return await super().order_history(*values, **named)

    async def fills(self, *values: Any, **named: Any) -> Any:
        self._read("fills")
        fills = await super().fills(*values, **named)
        known = tuple(fill for fill in fills if fill.fill_id not in self.forgotten)
        return tuple(fill for fill in known if fill.opens) if self.forgets else known

    async def cash_flows(self, *values: Any, **named: Any) -> Any:
        self._read("cash_flows")
        return await super().cash_flows(*values, **named)

    async def submit_protection(self, order: ProtectiveOrder) -> Any:
        if self.at_protection is not None:
            await self.at_protection()
        self.protections.append(order)
        return await super().submit_protection(order)

    async def submit_exit(self, order: ExitOrder) -> Any:
        self.exits.append(order)
        return await super().submit_exit(order)

    async def cancel(self, symbol: str, order_id: str, *values: Any, **named: Any) -> Any:
        self.cancelled.append(order_id)
        return await super().cancel(symbol, order_id, *values, **named)

    def _read(self, name: str) -> None:
        self.reads.append(name)
        if self.blind:
            raise ExchangeUnavailableError("the exchange does not answer")


@define(eq=False)
class Shift:
    """One process that supervises."""

    counter: Counter
    exchange: Counted
    store: Shaky
    desk: Desk
    supervisor: Supervisor
    alarms: list[Alarm] = field(factory=list)
    is_dead: bool = field(default=False, init=False)

    async def die(self) -> None:
        """The process is no more: nothing of it goes on, and nothing is given back."""
        self.is_dead = True
        going_on = asyncio.all_tasks() - {asyncio.current_task()}
        for task in going_on:
            task.cancel()
        await asyncio.gather(*going_on, return_exceptions=True)

    @property
    def world(self) -> World:
        return self.counter.world

    @property
    def mark(self) -> Decimal:
        return self.counter.price()

    def show(self, price: Decimal, depth: int = 100_000, symbol: str = SYMBOL) -> None:
        """The market is at this price, with so many contracts on each side, until time passes."""
        contract = self.world.engine.contract(symbol)
        assert contract is not None
        self.world.quote(symbol)
        tick, size = contract.tick_size, Decimal(depth)
        levels = (Level(price - tick, size),), (Level(price + tick, size),)
        self.world.happen(Tick(symbol, *levels, last=price, mark=price))

    async def enter(self, draft: Draft | None = None) -> Intent:
        submitted = await self.counter.submit(draft or self.counter.draft())
        assert isinstance(submitted, Submitted), submitted
        return submitted.intent

    async def look(self, times: int = 1, pause_ms: int = 1000) -> None:
        """Looks, each time after so much time has passed."""
        for _ in range(times):
            self.world.advance(pause_ms)
            await self.supervisor.look()

    async def intent(self, key: str = KEY) -> Intent:
        found = await self.counter.desk.orders.intent(key)
        assert found is not None
        return found

    async def states(self, key: str = KEY) -> tuple[EntryState, PositionState]:
        intent = await self.intent(key)
        return intent.entry, intent.position

    async def position(self, symbol: str = SYMBOL) -> Position | None:
        return next((one for one in await self._positions() if one.symbol == symbol), None)

    async def stops(self, symbol: str = SYMBOL) -> list[OpenOrder]:
        return [one for one in await self.live(symbol) if one.purpose is TriggerPurpose.STOP]

    async def live(self, symbol: str = SYMBOL) -> Sequence[OpenOrder]:
        return await NativeExchange.open_orders(self.exchange, symbol)

    def raised(self) -> set[AlarmKind]:
        """Every kind of alarm that was ever told."""
        return {alarm.kind for alarm in self.alarms}

    async def standing_alarms(self) -> set[AlarmKind]:
        return {stored.alarm.kind for stored in await self.counter.desk.orders.alarms()}

    async def by_hand(self, size: int, *, symbol: str = SYMBOL, side: Side = Side.LONG) -> None:
        """A person closes a part of a position."""
        order = ExitOrder(symbol, side, Decimal(size), OrderType.MARKET, None, TimeInForce.IOC, f"hand-{uuid4().hex}")
        assert (await NativeExchange.submit_exit(self.exchange, order)).is_done

    async def enter_past_the_store(
        self, client_order_id: str, *, symbol: str = OTHER, price: str | None = "0.9", side: Side = Side.LONG
    ) -> None:
        """An entry that the store knows nothing of: it rests below the market, or takes where there is no price."""
        order = EntryOrder(
            symbol=symbol,
            side=side,
            size=Decimal(2),
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            price=None if price is None else self.counter.price(price, symbol),
            time_in_force=TimeInForce.IOC if price is None else TimeInForce.GTC,
            post_only=False,
            leverage=Decimal(5),
            margin_mode=MarginMode.ISOLATED,
            client_order_id=client_order_id,
            not_after_ms=self.desk.now_ms + 10_000,
        )
        assert (await NativeExchange.submit_entry(self.exchange, order)).is_done

    async def stop_by_hand(self, price: Decimal, *, symbol: str = SYMBOL, client_order_id: str = "hand-stop") -> None:
        level = TriggerLevel(price, TriggerPrice.MARK)
        order = ProtectiveOrder(symbol, Side.LONG, TriggerPurpose.STOP, level, None, client_order_id)
        assert (await NativeExchange.submit_protection(self.exchange, order)).is_done

    async def _positions(self) -> Sequence[Position]:
        return (await NativeExchange.sync(self.exchange)).positions


async def protected(shift: Shift) -> None:
    """An entry has filled, and its stop and its target stand."""
    intent = await shift.enter()
    assert intent.attempt.price is not None
    shift.show(intent.attempt.price - 1)
    await shift.look(3)
    assert await shift.states() == PROTECTED


async def lose_the_stop(shift: Shift) -> None:
    """The owner cancels it."""
    (stop,) = await shift.stops()
    await shift.exchange.cancel(SYMBOL, stop.order_id, stop.kind)


@asynccontextmanager
async def shift_on(
    url: str,
    world: World | None = None,
    exchange: Counted | None = None,
    sqlite_jobs: SqliteJobs | None = None,
    **settings: object,
) -> AsyncIterator[Shift]:
    """A process that supervises: what others left in the database and at the exchange is found."""
    world = world or a_world()
    exchange = exchange or Counted(world, ACCOUNT)
    async with counter_on(url, world, exchange, sqlite_jobs) as counter:
        store = Shaky(counter.desk.orders)
        environment = evolve(counter.desk.environment, new_run_id=lambda: uuid4().hex)
        changed = evolve(counter.desk.settings, **settings)
        desk = evolve(counter.desk, environment=environment, orders=store, settings=changed)
        heard: list[Alarm] = []
        supervisor = Supervisor(desk, heard.append)
        shift = Shift(counter, exchange, store, desk, supervisor, heard)
        yield shift
        store.mend()
        if not shift.is_dead:
            await shift.supervisor.end()
