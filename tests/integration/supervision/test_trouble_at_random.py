"""What can go wrong between the loop, its store and its exchange, drawn from a seed; then it ends, and all is well."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from decimal import Decimal
from random import Random

import pytest
from attrs import define, evolve, field

from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world import World
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import ExitOrder, ProtectiveOrder
from mtf_core.orders import EntryState, PositionState
from tests.integration.execution.counter import ACCOUNT, SYMBOL, a_world
from tests.integration.supervision.shift import Counted, Shift, shift_on

# A process that dies leaves its connections to the garbage collector, which says so.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SEEDS = range(int(os.environ.get("TROUBLE_SEEDS", "5")))
STEPS = 40


@define(eq=False)
class Process:
    """The one that supervises now, and how to end it."""

    stack: AsyncExitStack
    shift: Shift


@define(eq=False)
class Trouble:
    """One life: what happens is drawn, what must hold is looked at after every step."""

    url: str
    random: Random
    world: World
    exchange: Counted
    process: Process | None = None
    happened: list[str] = field(factory=list)

    @property
    def shift(self) -> Shift:
        assert self.process is not None
        return self.process.shift

    async def begin(self) -> None:
        stack = AsyncExitStack()
        wait_ms = self.random.choice([10, 50])
        shift = await stack.enter_async_context(shift_on(self.url, self.world, self.exchange, exit_wait_ms=wait_ms))
        if self.process is not None:  # the same machine: its notes are there
            shift.desk = evolve(shift.desk, journal=self.process.shift.desk.journal)
            shift.supervisor = Supervisor(shift.desk, shift.alarms.append)
        self.process = Process(stack, shift)

    async def die(self) -> None:
        """The process ends at any await; another one takes its place once the lock has ended."""
        assert self.process is not None
        await self.shift.die()
        await self.process.stack.aclose()
        self.exchange.blind = False  # a process begins once it has read the account
        self.world.advance(11_000)
        await self.begin()

    async def step(self) -> None:
        happens = self.random.choice(
            [
                *(self.move, self.move, self.mend, self.mend, self.fail, self.hang, self.lose_answers, self.be_blind),
                *(self.lose_stop, self.close_a_part, self.die, self.die_in_a_look, self.lose_orders, self.nothing),
            ]
        )
        self.happened.append(happens.__name__)
        await happens()
        await self.look()

    async def nothing(self) -> None:
        return

    async def mend(self) -> None:
        self.shift.store.mend()
        self.exchange.blind, self.exchange.at_protection = False, None

    async def fail(self) -> None:
        self.shift.store.mend()
        self.shift.store.failing = {self.random.choice(["*", "save", "view", "beat", "live_versions"])}

    async def hang(self) -> None:
        self.shift.store.mend()
        self.shift.store.hanging, self.shift.store.let_go = {self.random.choice(["*", "save", "view"])}, asyncio.Event()

    async def lose_answers(self) -> None:
        self.shift.store.mend()
        self.shift.store.losing = {"save"}

    async def be_blind(self) -> None:
        self.exchange.blind = True

    async def lose_orders(self) -> None:
        self.exchange.at_protection = _lost

    async def lose_stop(self) -> None:
        for stop in await self.shift.stops():
            await NativeExchange.cancel(self.exchange, SYMBOL, stop.order_id, stop.kind)

    async def close_a_part(self) -> None:
        if await self.shift.position() is not None:
            await self.shift.by_hand(1)

    async def die_in_a_look(self) -> None:
        self.world.advance(1000)
        looking = asyncio.ensure_future(self.shift.supervisor.look())
        for _ in range(self.random.randrange(1, 60)):
            await asyncio.sleep(0)
        await self.die()
        await asyncio.gather(looking, return_exceptions=True)

    async def move(self) -> None:
        intent = await self.shift.intent()
        entry = intent.attempt.price
        assert entry is not None
        target, stop = intent.wanted.targets[0].price, intent.wanted.stop.price
        tick = self.shift.counter.contract.tick_size
        price = self.random.choice(
            [entry - tick, entry - tick, entry + 20 * tick, target - tick, target + tick, stop - tick]
        )
        self.shift.show(price, depth=self.random.choice([1, 2, 1000]))

    async def look(self) -> None:
        self.world.advance(self.random.choice([300, 1000, 5000]))
        await self.shift.supervisor.look()
        await self.check()

    async def check(self) -> None:
        """What holds at every moment."""
        position = await self.shift.position()
        assert position is None or position.size <= Decimal(4), self.happened
        assert position is None or position.side is (await self.shift.intent()).side, self.happened
        for orders in (self.exchange.protections, self.exchange.exits):
            _each_id_for_one_order(orders)

    async def end(self) -> None:
        """Nothing goes wrong any more."""
        self.shift.store.mend()
        self.exchange.blind, self.exchange.at_protection = False, None
        self.world.advance(11_000)
        for _ in range(60):
            self.world.advance(2000)
            await self.shift.supervisor.look()
        entry, state = await self.shift.states()
        position, stops = await self.shift.position(), await self.shift.stops()
        status = self.shift.supervisor.status
        told = (self.happened, entry, state, position, stops, status.state, status.holder, status.alarms)
        assert entry in {EntryState.DONE, EntryState.REJECTED}, told
        if position is None:
            assert state in {PositionState.NONE, PositionState.CLOSED}, told
            assert await self.shift.live() == (), told
        else:
            assert (state, len(stops)) == (PositionState.PROTECTED, 1), told
        assert self.shift.desk.journal.noted() == (), told
        assert not self.shift.supervisor.status.store_is_behind, told
        stored = {fill.fill_id for fill in await self.shift.counter.desk.orders.fills(SYMBOL, 0)}
        shown = {fill.fill_id for fill in await NativeExchange.fills(self.exchange, SYMBOL, 0, self.world.now_ms)}
        assert stored == shown, told


async def _lost() -> None:
    """The order never arrives, and nobody says so: the look breaks off."""
    raise ConnectionError("lost on the way")


def _each_id_for_one_order(orders: list[ProtectiveOrder] | list[ExitOrder]) -> None:
    by_id: dict[str, object] = {}
    for order in orders:
        assert by_id.setdefault(order.client_order_id, order) == order


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_any_trouble_everything_is_protected_or_flat_and_stored(
    migrated_sqlite_url: str, seed: int
) -> None:
    world = a_world()
    trouble = Trouble(migrated_sqlite_url, Random(seed), world, Counted(world, ACCOUNT))
    await trouble.begin()
    await trouble.shift.enter()
    try:
        for _ in range(STEPS):
            await trouble.step()
        await trouble.end()
    finally:
        assert trouble.process is not None
        trouble.shift.store.mend()
        await trouble.process.stack.aclose()
