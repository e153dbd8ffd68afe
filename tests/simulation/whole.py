"""The whole application in the simulated world: contracts, candle stream, runs each minute, decisions, orders.

A generated market of some dozen contracts, the shipped profile, the real orchestrator; faults, laws and the rest are
those of the order path. Fewer minutes: a run looks at every symbol over several timeframes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox.depth import tick_around
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.market import Moment, Prices
from mtf_adapters.sandbox.matching.commands import Tick
from mtf_core.execution.desk import Desk
from mtf_core.market import Candles, Contract, Timeframe
from mtf_core.ports import PortError
from mtf_core.run_request import RunRequest
from mtf_core.runs import Orchestrator, RunLockedError
from mtf_core.upkeep import sync_contracts
from mtf_core.upkeep.streaming import CandleStreamer, StreamOptions
from tests.simulation.faults import FaultKind, Window
from tests.simulation.program import PROFILE, Machine, Program
from tests.simulation.virtual import now_s
from tests.simulation.world import Episode, Scenario, scenario

CONTRACTS = 60
RUN_AFTER_S = 2.0
START_MS = 1_770_000_000_000 // 60_000 * 60_000
_UNFIT = frozenset({FaultKind.CRASH, FaultKind.DRY_BOOK})
"""Kinds that need a market of the simulation's own."""


class LivingMarket:
    """The sandbox's generated `Market`; what an episode says of a contract holds from then on."""

    def __init__(self, seed: int) -> None:
        self._generated = GeneratedMarket(seed, CONTRACTS)
        self._changes: dict[str, dict[str, object]] = {}

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        listed = self._generated.contracts(now_ms)
        return tuple(evolve(contract, **self._changes.get(contract.symbol, {})) for contract in listed)

    def change(self, symbol: str, now_ms: int, **changes: object) -> Contract:
        """From now on the contract is listed like this."""
        self._changes.setdefault(symbol, {}).update(changes)
        return next(contract for contract in self.contracts(now_ms) if contract.symbol == symbol)

    def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int) -> Candles:
        return self._generated.candles(symbol, timeframe, first_open_ms, last_open_ms, now_ms)

    def book(self, contract: Contract, prices: Prices, now_ms: int, traded: Decimal) -> Tick:
        return tick_around(contract, prices, now_ms, traded)

    def prices(self, symbol: str, now_ms: int) -> Prices:
        return self._generated.prices(symbol, now_ms)

    def moment(self, symbol: str, now_ms: int) -> Moment:
        return self._generated.moment(symbol, now_ms)

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        return self._generated.funding_rate(symbol, settles_ms)


class WholeProgram(Program):
    """A process that keeps candles by the stream and runs each minute, as `mtf run --every` beside `mtf stream`."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        drawn = random.Random(f"whole {machine.seed} {machine.name}")
        self._has_stream = drawn.random() < 0.5
        # Without the context timeframes many more decisions are READY.
        self._request = RunRequest(profile=PROFILE, dry_run=False, workers=4, skip_context=drawn.random() < 0.6)

    async def decides(self, desk: Desk) -> None:
        environment = desk.environment
        while now_s() < self.machine.decides_until_s:
            try:
                await sync_contracts(environment)
                break
            except PortError:
                await asyncio.sleep(5)
        async with asyncio.TaskGroup() as group:
            streaming = group.create_task(self._streams(desk)) if self._has_stream else None
            await self._runs(desk)
            if streaming is not None:
                streaming.cancel()

    async def _streams(self, desk: Desk) -> None:
        async def choose() -> Sequence[str]:
            return self.machine.symbols

        options = StreamOptions(catch_up=60, workers=4, routine_pause_ms=60_000, doubted_at_start=0)
        while True:
            try:
                await CandleStreamer(desk.environment, choose, options).run(asyncio.Event())
            except PortError:
                await asyncio.sleep(5)

    async def _runs(self, desk: Desk) -> None:
        orchestrator = Orchestrator(desk.environment)
        while now_s() < self.machine.decides_until_s:
            wall_s = desk.now_ms / 1000
            await asyncio.sleep(60 - wall_s % 60 + RUN_AFTER_S + self._random.uniform(0, 0.5))
            try:
                report = await orchestrator.run(self._request)
            except (PortError, RunLockedError) as error:
                self.machine.told(f"no run: {type(error).__name__}: {error}")
                continue
            orders = [result.order for result in report.results.values() if result.order is not None]
            self.machine.told(f"run: {len(report.results)} symbols, orders {[str(one.status) for one in orders]}")


class WholeEpisode(Episode):
    """An episode of the whole application."""

    def make_market(self) -> LivingMarket:
        return LivingMarket(self.scene.seed)

    def make_program(self, machine: Machine) -> Program:
        return WholeProgram(machine)

    def symbol_of(self, window: Window) -> str:
        """One that is traded just now, where there is one."""
        live = sorted({row.symbol for row in self.books.intents.values() if row.is_live})
        symbols = live or [contract.symbol for contract in self.market.contracts(self.now_ms)]
        return symbols[window.number % len(symbols)]


def whole_scenario(seed: int, minutes: int = 30) -> Scenario:
    """As an order path's episode, on the native face."""
    drawn = scenario(seed, minutes)
    windows = tuple(window for window in drawn.plan.windows if window.kind not in _UNFIT)
    return evolve(drawn, face="native", plan=evolve(drawn.plan, windows=windows), step_ms=1000, start_ms=START_MS)
