"""A world to run in: generated contracts, a clock and an account that tests move, a real database, locks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from itertools import count

from attrs import define, evolve

from mtf_adapters.local import MemoryActionJournal, MemoryHighWater
from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sql import Database, SqlLocks
from mtf_core.market import (
    Candles,
    Capabilities,
    OpenOrder,
    OrderKind,
    Position,
    Quote,
    Side,
    Timeframe,
    parse_instant,
    to_ms,
)
from mtf_core.ports import Environment, ExchangeError, Locks, ProfileSource, Stores, Venue
from mtf_core.risk import Switch
from mtf_core.runs import Orchestrator, RunReport, RunRequest
from mtf_core.settings.profile import Profile
from mtf_entrypoints.stores import build_stores
from tests.unit.settings.liveness.worlds import content_with, profile_of

NOW_MS = to_ms(parse_instant("2026-03-02T12:00Z"))
MARKET = GeneratedMarket(seed=7, symbols=20)
BALANCE = Decimal(10_000)

TRADABLE = {
    "trade_entry.defaults.zone_max_deviation_pct": 0.5,
    "trade_entry.defaults.max_deviation_pct": 0.05,
    "trade_entry.defaults.implausible_pct": 0.05,
    "trade_entry.entry.entry_zone.w_min": 0.04,
    "trade_entry.entry.entry_zone.w_max": 0.05,
}
"""Entries far from the anchor are fine, so that a run ends in plans."""


def eager(**changes: object) -> Profile:
    """A small profile that finds many symbols to trade; settings are named with `__` for each dot."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return profile_of(content_with({**TRADABLE, **named}), warned=True)


class Watched:
    """A market that notes every call, gives way to other tasks during it, and how many are in flight."""

    def __init__(self, market: SandboxExchange) -> None:
        self._market = market
        self.calls: list[tuple[str, str]] = []
        self.ranges: list[tuple[str, Timeframe, int, int]] = []
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight = 0
        self.most_on_one_symbol = 0
        self.pause = 0.0

    async def server_time_ms(self) -> int:
        return await self._market.server_time_ms()

    async def contracts(self) -> tuple[object, ...]:
        return await self._market.contracts()

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        self.ranges.append((symbol, timeframe, first_open_ms, last_open_ms))
        async with self._call("candles", symbol):
            return await self._market.candles(symbol, timeframe, first_open_ms, last_open_ms)

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        async with AsyncExitStack() as calls:
            for symbol in symbols:
                await calls.enter_async_context(self._call("quotes", symbol))
            return await self._market.quotes(symbols)

    @asynccontextmanager
    async def _call(self, name: str, symbol: str) -> AsyncIterator[None]:
        self.calls.append((name, symbol))
        self.in_flight[symbol] += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight.total())
        self.most_on_one_symbol = max(self.most_on_one_symbol, *self.in_flight.values())
        try:
            await asyncio.sleep(self.pause)
            yield
        finally:
            self.in_flight[symbol] -= 1


@define(eq=False)
class World:
    """One exchange, one database, and runs of a profile in it."""

    clock: SandboxClock
    account: SandboxAccount
    exchange: SandboxExchange
    watched: Watched
    locks: Locks
    environment: Environment
    orchestrator: Orchestrator

    @property
    def stores(self) -> Stores:
        return self.environment.stores

    async def run(self, request: RunRequest | None = None) -> RunReport:
        return await self.orchestrator.run(request or RunRequest())

    def later(self, *, seconds: int = 0, minutes: int = 0) -> None:
        self.clock.advance((seconds + 60 * minutes) * 1000)

    def hold(self, *symbols: str, profit: int = 0) -> None:
        """The account holds these positions and no others; `profit` is unrealised, of the first."""
        self.account.positions = tuple(
            Position(symbol, Side.LONG, Decimal(1), Decimal(1), Decimal(5), Decimal(0 if at else profit))
            for at, symbol in enumerate(symbols)
        )

    def order(self, *symbols: str, reduce_only: bool = False) -> None:
        """The account has these open orders and no others."""
        self.account.open_orders = tuple(
            OpenOrder(one, f"id-{one}", "", OrderKind.LIMIT, Side.LONG, Decimal(1), Decimal(1), reduce_only)
            for one in symbols
        )

    async def switch_off(self, key: str, until_ms: int | None = None, reason: str = "operator") -> None:
        await self.stores.switches.put([Switch(key, False, until_ms, reason, self.clock.now_ms())])

    async def switches(self) -> dict[str, Switch]:
        return {switch.key: switch for switch in await self.stores.switches.all()}


def world_on(
    database: Database,
    profiles: Profile | ProfileSource,
    *,
    market: GeneratedMarket = MARKET,
    at_ms: int = NOW_MS,
    account: SandboxAccount | None = None,
    locks: Locks | None = None,
    prefix: str = "run",
    capabilities: Capabilities = CAPABILITIES,
) -> World:
    """A process of its own on a database: what others left there is found, what they had in memory is not."""
    clock, holdings = SandboxClock(at_ms), account or SandboxAccount(BALANCE)
    exchange = SandboxExchange(market, clock, holdings)
    watched = Watched(exchange)

    def as_of(instant_ms: int) -> Venue:
        past = SandboxExchange(market, SandboxClock(instant_ms), holdings, exchange.faults)
        return evolve(venue, market=past, account=past, clock=past.clock)

    venue = Venue("sandbox", "perpetual", "a market", "test", watched, exchange, clock, capabilities, as_of)  # type: ignore[arg-type]
    shared, numbers = locks or SqlLocks(database, clock), count(1)
    source: ProfileSource = (lambda _: profiles) if isinstance(profiles, Profile) else profiles
    environment = Environment(
        venue=venue,
        stores=build_stores(database, venue.namespace),
        locks=shared,
        profiles=source,
        wall=clock,
        timer=lambda: 0.0,
        sleep=asyncio.sleep,
        new_run_id=lambda: f"{prefix}-{next(numbers)}",
        action_journal=MemoryActionJournal(),
        high_water=MemoryHighWater(),
    )
    return World(clock, holdings, exchange, watched, shared, environment, Orchestrator(environment))


@asynccontextmanager
async def world(profiles: Profile | ProfileSource, *, at_ms: int = NOW_MS) -> AsyncIterator[World]:
    """A fresh world with a database in memory."""
    async with Database.open("memory") as database:
        yield world_on(database, profiles, at_ms=at_ms)


def reasons(report: RunReport) -> dict[str, str | None]:
    """The final reason of every symbol; None where an order was simulated."""
    return {symbol: str(one.reason) if one.reason else None for symbol, one in report.results.items()}


def simulated(report: RunReport) -> list[str]:
    return [symbol for symbol, reason in reasons(report).items() if reason is None]
