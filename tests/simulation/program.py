"""The program under test, as one process runs it: a desk, what decides, what supervises. Nothing else calls it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from mtf_adapters.files.profiles import load_profile
from mtf_adapters.local import FileActionJournal, FileHighWater
from mtf_adapters.sql import Database
from mtf_adapters.sql.locks import SqlLocks
from mtf_adapters.sql.sqlite_threads import SqliteJobs
from mtf_core.execution.desk import Desk
from mtf_core.execution.guarding import Ground, guards_for
from mtf_core.execution.losses import measure_losses
from mtf_core.execution.opening import open_desk
from mtf_core.execution.quality import MarketQuality
from mtf_core.execution.recovery import confirm_recovery, look_into_recovery
from mtf_core.execution.submit import submit
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import ArmsAt, MarginMode, PositionMode, Quote
from mtf_core.orders.planned import PlanUse, draft_of
from mtf_core.planning import Skip
from mtf_core.ports import Environment, PortError, Venue
from mtf_core.settings.profile import Profile
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.stores import build_stores
from tests.simulation import decisions
from tests.simulation.virtual import now_s

PROFILE = "scalper_micro"


class Role(StrEnum):
    """What a process does."""

    RUNNER = "runner"
    SUPERVISOR = "supervisor"
    BOTH = "both"


@frozen(kw_only=True, eq=False)
class Machine:
    """What a process finds around it."""

    name: str
    database_url: str
    sqlite_jobs: SqliteJobs
    folder: Path
    """Where marks and journals are kept; it outlives the process."""
    venue: Venue
    wall: Any
    timer: Callable[[], float]
    seed: int
    symbols: tuple[str, ...]
    position_mode: PositionMode
    margin_mode: MarginMode
    every_s: int
    """How often something is decided."""
    decides_until_s: float
    told: Callable[[str], None]
    """Hears what became of a decision."""


class Program:
    """One life of a process."""

    EXPECTED = (PortError,)
    """A process may end with these; it is started again."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._random = random.Random(f"{machine.seed} {machine.name}")

    async def run(self, role: Role) -> None:
        """Until the process ends."""
        async with self._at_desk() as desk, asyncio.TaskGroup() as group:
            if role is not Role.RUNNER:
                group.create_task(Supervisor(desk).run_until(asyncio.Event()))
            if role is not Role.SUPERVISOR:
                group.create_task(self.decides(desk))

    async def recovers(self) -> None:
        """What `mtf recover --confirm` does."""
        async with self._at_desk() as desk:
            found = await look_into_recovery(desk)
            if found.is_needed:
                await confirm_recovery(desk, found, "operator")

    @asynccontextmanager
    async def _at_desk(self) -> AsyncIterator[Desk]:
        database = Database.open(self.machine.database_url, sqlite_jobs=self.machine.sqlite_jobs)
        connection = self.machine.venue.connection
        try:
            async with nullcontext() if connection is None else connection():
                yield await open_desk(self._environment(database))
        finally:
            await database.close()

    def _environment(self, database: Database) -> Environment:
        machine = self.machine
        stores = build_stores(database, machine.venue.namespace, wall=machine.wall, new_id=self._new_id)
        return Environment(
            venue=machine.venue,
            stores=stores,
            locks=SqlLocks(database, machine.wall),
            profiles=lambda _: profile_of(machine.seed, machine.position_mode, machine.margin_mode),
            wall=machine.wall,
            timer=machine.timer,
            sleep=asyncio.sleep,
            new_run_id=self._new_id,
            action_journal=FileActionJournal(machine.folder / "actions.journal"),
            high_water=FileHighWater(machine.folder, _at_once),
        )

    def _new_id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    async def decides(self, desk: Desk) -> None:
        """What a run every so often would place."""
        while now_s() < self.machine.decides_until_s:
            number = int(now_s() // self.machine.every_s) + 1
            await asyncio.sleep(number * self.machine.every_s - now_s() + self._random.uniform(0, 0.5))
            may_rest = _may_rest(desk)
            for decision in decisions.decided(self.machine.seed, number, self.machine.symbols, may_rest=may_rest):
                try:
                    await self._places(desk, decision)
                except PortError:
                    continue

    async def _places(self, desk: Desk, decision: decisions.Decision) -> None:
        """As a run does: facts, plan, guards, one order."""
        venue, machine = desk.environment.venue, self.machine
        profile = profile_of(machine.seed, machine.position_mode, machine.margin_mode)
        account = await desk.trading.sync()
        contracts = {contract.symbol: contract for contract in await venue.market.contracts()}
        quote = (await venue.market.quotes([decision.symbol])).get(decision.symbol)
        contract = contracts.get(decision.symbol)
        if not isinstance(quote, Quote) or contract is None:
            return
        plan = decisions.planned(decision, contract, quote, profile.trade_entry, desk.now_ms)
        if plan is None:
            return
        use = PlanUse(
            profile=PROFILE,
            run_id=self.machine.name,
            now_ms=desk.now_ms,
            facts_ms=account.time_ms,
            namespace=desk.environment.stores.namespace,
        )
        draft = draft_of(plan, contract, profile.trade_entry, profile.trading, desk.capabilities, use)
        if isinstance(draft, Skip):
            self.machine.told(f"{decision.key} has no draft: {draft.reason} {draft.facts}")
            return
        losses = await measure_losses(desk.environment, profile.trade_entry.risk, PROFILE, account)
        guards = guards_for(desk, draft, profile, Ground(account, losses, contracts))
        done = await submit(desk, draft, guards, MarketQuality.of(quote), 0)
        if isinstance(done, Skip):
            self.machine.told(f"{decision.key} is refused: {done.reason} {done.facts}")


async def _at_once(work: Callable[..., None], *values: Any) -> None:
    """A loop of its own time has no threads."""
    work(*values)


def _may_rest(desk: Desk) -> bool:
    protection = desk.capabilities.entry_protection
    arms_early = protection is not None and protection.arms_at is ArmsAt.FIRST_FILL
    return arms_early or desk.settings.rest_where_stop_is_late


@cache
def profile_of(seed: int, position_mode: PositionMode, margin_mode: MarginMode) -> Profile:
    """The shipped profile with what the episode draws."""
    given = _shipped()
    trading = evolve(
        given.trading,
        switches=evolve(given.trading.switches, after_order_minutes=0),
        orders=evolve(
            given.trading.orders,
            rest_where_stop_is_late=random.Random(f"late {seed}").random() < 0.6,
            position_mode=position_mode,
        ),
    )
    entry = decisions.settings_of(seed, given.trade_entry, margin_mode)
    return evolve(given, trade_entry=entry, trading=trading)


@cache
def _shipped() -> Profile:
    return load_profile(PROFILE, None, EXCHANGES)
