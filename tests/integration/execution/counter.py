"""A desk on the sandbox's own exchange with a real database, and what tests ask of it.

The market is stepped: nothing moves unless a test moves it. Whatever the exchange is asked to do is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

from attrs import define, evolve

from mtf_adapters.local import MemoryActionJournal, MemoryHighWater
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.matching.commands import OpenAccount
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sql import Database, SqlLocks
from mtf_adapters.sql.sqlite_threads import SqliteJobs
from mtf_core.execution import Desk, Guards, MarketQuality, Submitted, open_desk, submit
from mtf_core.execution.submit import Guard, GuardOfNow
from mtf_core.market import (
    AccountState,
    Contract,
    EntryOrder,
    MarginMode,
    OpenOrder,
    OrderType,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    WriteOutcome,
    on_grid_at_or_below,
    parse_instant,
    to_ms,
)
from mtf_core.orders import Attempt, Draft, Wanted, WantedTarget
from mtf_core.planning import Skip
from mtf_core.ports import Acquired, Environment, ExchangeWorld, HighWater, Trading, Venue
from mtf_core.risk import Books, Heartbeat
from mtf_core.settings.profile import Profile
from mtf_entrypoints.container import new_run_id
from mtf_entrypoints.stores import build_stores
from tests.integration.runs.world import eager
from tests.unit.orders.intents import terms

AT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
SYMBOL, ACCOUNT = "BTCUSDT", "account-1"
MARKET = GeneratedMarket(1, 15)


def yes(_: Books) -> None:
    """A guard that allows everything: whatever is refused is refused by what is tested."""


def always(guard: Guard) -> GuardOfNow:
    """The same guard at every moment."""
    return lambda: guard


BOTH = Guards(first=always(yes), again=always(yes))


class Asked(NativeExchange):
    """The exchange, which notes what it is asked to do, and can be made to fail on the way there or back."""

    def __init__(self, world: World, account: str) -> None:
        super().__init__(world, account)
        self.entries: list[EntryOrder] = []
        """Entries that reached it."""
        self.leverages = 0
        self.before: Callable[[], Awaitable[None]] | None = None
        """What happens on the way to the exchange; what it raises, the caller gets, and nothing arrived."""
        self.after: Callable[[WriteOutcome], Awaitable[WriteOutcome]] | None = None
        """What becomes of the answer on its way back."""
        self.at_leverage: Callable[[], Awaitable[WriteOutcome | None]] | None = None

    async def submit_entry(self, order: EntryOrder) -> WriteOutcome:
        if self.before is not None:
            await self.before()
        self.entries.append(order)
        outcome = await super().submit_entry(order)
        return outcome if self.after is None else await self.after(outcome)

    async def set_leverage(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> WriteOutcome:
        self.leverages += 1
        if self.at_leverage is not None and (answer := await self.at_leverage()) is not None:
            return answer
        return await super().set_leverage(symbol, leverage, margin_mode)


@define(eq=False)
class Counter:
    """One desk, its exchange and the world behind it."""

    desk: Desk
    exchange: Asked
    world: World

    @property
    def contract(self) -> Contract:
        contract = self.world.engine.contract(SYMBOL)
        assert contract is not None
        return contract

    def price(self, factor: str = "1", symbol: str = SYMBOL) -> Decimal:
        contract = self.world.engine.contract(symbol)
        assert contract is not None
        return on_grid_at_or_below(self.world.quote(symbol).last * Decimal(factor), contract.tick_size)

    def draft(self, key: str = "key", symbol: str = SYMBOL, *, price: str = "0.99", **changes: object) -> Draft:
        """A long limit entry of two contracts below the market."""
        contract = self.world.engine.contract(symbol)
        assert contract is not None
        entry, now_ms = self.price(price, symbol), self.desk.now_ms
        stop = TriggerLevel(on_grid_at_or_below(entry * Decimal("0.98"), contract.tick_size), TriggerPrice.MARK)
        target = on_grid_at_or_below(entry * Decimal("1.03"), contract.tick_size)
        attempt = Attempt(
            number=1,
            size=2 * contract.min_size,
            order_type=OrderType.LIMIT,
            price=entry,
            time_in_force=TimeInForce.GTC,
            post_only=False,
            carries_stop=True,
            client_order_id="",
            created_ms=now_ms,
            not_after_ms=now_ms + 10_000,
        )
        wanted = Wanted(
            symbol=symbol,
            side=Side.LONG,
            size=attempt.size,
            leverage=Decimal(5),
            margin_mode=MarginMode.ISOLATED,
            stop=stop,
            targets=(WantedTarget(target, Decimal(1)),),
        )
        draft = Draft(
            decision_key=key,
            wanted=wanted,
            terms=terms(planned_entry=entry, contract_size=contract.contract_size, execution_timeframe=Timeframe.M5),
            attempt=attempt,
            planned_ms=now_ms,
            expires_ms=now_ms + 15_000,
            namespace=self.desk.environment.stores.namespace,
        )
        return evolve(draft, **changes)

    def quality(self, symbol: str = SYMBOL) -> MarketQuality:
        tick = self.world.quote(symbol)
        return MarketQuality(tick.bids[0].price, tick.asks[0].price, tick.mark, self.desk.now_ms)

    async def submit(self, draft: Draft | None = None, guards: Guards = BOTH) -> Skip | Submitted:
        return await submit(self.desk, draft or self.draft(), guards, self.quality(), switch_minutes=15)

    async def account(self) -> AccountState:
        return await self.exchange.sync()

    async def at_the_exchange(self, symbol: str = SYMBOL) -> list[OpenOrder]:
        """Every entry order that the exchange ever had of the symbol."""
        live = await self.exchange.open_orders(symbol)
        ended = await self.exchange.order_history(symbol, 0, self.desk.now_ms)
        return [order for order in (*live, *ended) if order.may_open]

    async def story(self, key: str = "key") -> list[str]:
        return [str(stored.event.kind) for stored in await self.desk.orders.events(key)]


def a_world(market: GeneratedMarket = MARKET, at_ms: int = AT_MS, balance: int = 100_000) -> World:
    world = World(market, MatchingEngine(market.contracts(at_ms)), SteppedClock(at_ms))
    world.do(OpenAccount(ACCOUNT, Decimal(balance)))
    return world


async def beat(environment: Environment, at_ms: int | None = None) -> None:
    """Somebody supervises, or did then."""
    lock = (await environment.locks.acquire(["supervise"], "supervisor", 60_000))["supervise"]
    assert isinstance(lock, Acquired)
    when_ms = environment.venue.clock.now_ms() if at_ms is None else at_ms
    await environment.stores.orders.beat(Heartbeat("supervisor", when_ms, when_ms), lock)


def environment_on(
    database: Database,
    world: World,
    exchange: Trading,
    high_water: HighWater | None = None,
    profile: Profile | None = None,
    **changes: object,
) -> Environment:
    """A process on a database and a world."""
    venue = Venue(
        exchange="sandbox",
        market_type="perpetual",
        label="the sandbox",
        namespace="test",
        market=exchange,  # type: ignore[arg-type]
        account=exchange,  # type: ignore[arg-type]
        clock=world.clock,
        capabilities=CAPABILITIES,
        trading=exchange,
        world=ExchangeWorld.LOCAL,
    )
    environment = Environment(
        venue=venue,
        stores=build_stores(database, venue.namespace, wall=world.clock),
        locks=SqlLocks(database, world.clock),
        profiles=lambda _: profile or eager(),
        wall=world.clock,
        timer=lambda: 0.0,
        sleep=asyncio.sleep,
        new_run_id=new_run_id,
        action_journal=MemoryActionJournal(),
        high_water=high_water or MemoryHighWater(),
    )
    return evolve(environment, **changes)


@asynccontextmanager
async def counter_on(
    url: str,
    world: World | None = None,
    exchange: Asked | None = None,
    sqlite_jobs: SqliteJobs | None = None,
) -> AsyncIterator[Counter]:
    """A counter of its own process: what others left in the database and at the exchange is found."""
    world = world or a_world()
    exchange = exchange or Asked(world, ACCOUNT)
    async with Database.open(url, sqlite_jobs=sqlite_jobs) as database:
        desk = await open_desk(environment_on(database, world, exchange))
        yield Counter(desk, exchange, world)
