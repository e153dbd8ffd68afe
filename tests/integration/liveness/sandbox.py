"""A sandbox exchange of twenty generated contracts with a database in memory, at an instant that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count

from attrs import define, evolve

from mtf_adapters.local import MemoryActionJournal, MemoryHighWater
from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sql import Database, SqlLocks
from mtf_core.market import Candles, Position, Side, Timeframe
from mtf_core.ports import Environment, Venue
from mtf_core.runs import Orchestrator, RunReport, RunRequest
from mtf_core.settings.profile import Profile
from mtf_entrypoints.stores import build_stores
from tests.unit.settings.liveness.histories import MARKET, NOW_MS

BALANCE = Decimal(10_000)


class DyingLocks(SqlLocks):
    """Locks whose owners die before they give them back, once `dying` is set."""

    dying = False

    async def release(self, names: Iterable[str], owner: str) -> None:
        if not self.dying:
            await super().release(names, owner)


class BusyExchange(SandboxExchange):
    """Answers for candles only after everyone else had a turn, and knows how many waited at the same time."""

    waiting, most_waiting = 0, 0

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        return await super().candles(symbol, timeframe, first_open_ms, last_open_ms)


@define(eq=False)
class Sandbox:
    """One world and the runs of one profile in it."""

    profile: Profile
    clock: SandboxClock
    account: SandboxAccount
    exchange: BusyExchange
    locks: DyingLocks
    environment: Environment
    orchestrator: Orchestrator

    async def run(self, request: RunRequest | None = None) -> RunReport:
        return await self.orchestrator.run(request or RunRequest())

    def later(self, *, seconds: int = 0, minutes: int = 0) -> None:
        self.clock.advance((seconds + 60 * minutes) * 1000)

    def hold(self, symbol: str | None, unrealised_profit: int = 0) -> None:
        """The account holds a position in that symbol and in no other; none at all for None."""
        position = Position(symbol or "", Side.LONG, Decimal(1), Decimal(1), Decimal(5), Decimal(unrealised_profit))
        self.account.positions = (position,) if symbol else ()


@asynccontextmanager
async def sandbox(profile: Profile, **named: Profile) -> AsyncIterator[Sandbox]:
    """A fresh world in which every profile that is asked for is this one, but those named otherwise."""
    clock, account = SandboxClock(NOW_MS), SandboxAccount(BALANCE)
    used = BusyExchange(MARKET, clock, account)
    numbers = count(1)

    def as_of(at_ms: int) -> Venue:
        past = SandboxExchange(MARKET, SandboxClock(at_ms), account)
        return evolve(venue, market=past, account=past, clock=past.clock)

    venue = Venue("sandbox", "perpetual", "twenty contracts", "liveness", used, used, clock, CAPABILITIES, as_of)
    async with Database.open("memory") as database:
        locks = DyingLocks(database, clock)
        environment = Environment(
            venue=venue,
            stores=build_stores(database, venue.namespace),
            locks=locks,
            profiles=lambda name: named.get(name or "", profile),
            wall=clock,
            timer=lambda: 0.0,
            sleep=asyncio.sleep,
            new_run_id=lambda: f"run-{next(numbers)}",
            action_journal=MemoryActionJournal(),
            high_water=MemoryHighWater(),
        )
        yield Sandbox(profile, clock, account, used, locks, environment, Orchestrator(environment))


def in_a_sandbox(story: Callable[[Sandbox], Awaitable[object]]) -> Callable[[Profile], object]:
    """The story as a scenario: told in a fresh world for the profile that it is given."""

    async def told(profile: Profile) -> object:
        async with sandbox(profile) as world:
            return await story(world)

    return lambda profile: asyncio.run(told(profile))


def reasons(report: RunReport) -> dict[str, str | None]:
    """The final reason of every symbol; None where an order was simulated."""
    return {symbol: str(result.reason) if result.reason else None for symbol, result in report.results.items()}
