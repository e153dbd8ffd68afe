"""An accelerated session: runs that really trade, supervised in between, in a world whose time is stepped.

One process, one account, one world. The same seed gives the same session: time, chance and names are the world's, and
nothing in it lasts longer because the machine is slow.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sandbox.world_loop import WorldLoop, pass_time
from mtf_core.execution.desk import Desk
from mtf_core.execution.supervisor import Supervisor
from mtf_core.inquiry.session import Outcome, read_outcome
from mtf_core.market import MINUTE_MS
from mtf_core.ports import Progress, no_progress
from mtf_core.records import OrderStatus, SymbolStatus
from mtf_core.run_request import RunRequest
from mtf_core.runs import Orchestrator, RunReport, SymbolResult
from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.venues import build_venue

MEMORY = "memory"
RUN_AFTER_MS = 2_000
"""How long after a minute's close its run begins, as `mtf run --every` does."""
_SHORTEST_PAUSE_MS = 100

Value = TypeVar("Value")


class UsedDatabaseError(Exception):
    """A session needs a database without orders and runs."""


@frozen
class SessionPlan:
    """How long a session enters, and how long it then waits until everything is flat, in minutes of its world."""

    seed: int
    start_ms: int
    minutes: int
    settle_minutes: int


@frozen
class Session:
    """What happened, and what came of it."""

    plan: SessionPlan
    profile: str
    market: str
    """In words."""
    runs: int
    ready: int
    """Decisions that were READY, over all runs."""
    refused: Mapping[str, int]
    """READY decisions that were not entered, by the reason."""
    errors: Mapping[str, int]
    """Symbols that ended in an error, by its message."""
    looks: int
    """Of the supervisor."""
    outcome: Outcome

    def to_json(self) -> dict[str, Any]:
        return {
            "profile": self.profile,
            "market": self.market,
            "seed": self.plan.seed,
            "runs": self.runs,
            "ready": self.ready,
            "refused": dict(self.refused),
            "errors": dict(self.errors),
            "looks": self.looks,
            **self.outcome.to_json(),
        }


def in_stepped_time(clock: SteppedClock, work: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
    """Carries out the work in a loop that waits by the clock."""
    with asyncio.Runner(loop_factory=lambda: WorldLoop(clock)) as runner:
        return runner.run(work())


@asynccontextmanager
async def opened_in_stepped_time(settings: Settings, clock: SteppedClock, seed: int) -> AsyncIterator[Container]:
    """A process whose time, chance and names follow from the clock and the seed, on a world of its own."""
    numbers, chance = count(1), random.Random(seed)

    def name() -> str:
        return hashlib.sha256(f"session {seed} {next(numbers)}".encode()).hexdigest()[:32]

    def timer() -> float:
        return clock.now_ms() / 1000

    machine = Machine(clock, timer=timer, random=chance.random)
    # Its orders are kept under the market's own name: there is one account, and who reads the database finds them.
    venue = evolve(build_venue(settings, machine), orders_kept_as="")
    async with opened(
        settings, wall_clock=clock, timer=timer, random=chance.random, new_run_id=name, venue=venue
    ) as container:
        await _refuse_a_used_database(container)
        yield container


async def trade(
    container: Container, clock: SteppedClock, plan: SessionPlan, request: RunRequest, progress: Progress = no_progress
) -> Session:
    """Runs each minute, supervised in between; then supervises until everything is flat, or the time is over."""
    orchestrator = container.orchestrator()
    desk = await orchestrator.desk()
    trader = _Trader(desk, Supervisor(desk), orchestrator, clock, request)
    reports = [await trader.minute(number, plan, progress) for number in range(plan.minutes)]
    for number in range(plan.settle_minutes):
        if not await desk.orders.live():
            break
        progress("until flat", number, plan.settle_minutes)
        await trader.supervise_until(plan.start_ms + (plan.minutes + number + 1) * MINUTE_MS)
    await trader.supervisor.end()
    outcome = await read_outcome(container.venue(), desk.orders, desk.trading, plan.start_ms)
    return Session(
        plan,
        reports[0].profile,
        container.venue().label,
        runs=len(reports),
        ready=sum(result.order is not None for report in reports for result in report.results.values()),
        refused=_counted(reports, _refusal),
        errors=_counted(reports, _error),
        looks=trader.looks,
        outcome=outcome,
    )


@define(eq=False)
class _Trader:
    """The two that work in turn, and the clock that moves them."""

    desk: Desk
    supervisor: Supervisor
    orchestrator: Orchestrator
    clock: SteppedClock
    request: RunRequest
    looks: int = field(default=0, init=False)

    async def minute(self, number: int, plan: SessionPlan, progress: Progress) -> RunReport:
        """A look, the run, and looks until the next minute."""
        progress("minutes", number, plan.minutes)
        begins_ms = plan.start_ms + number * MINUTE_MS
        await self.supervise_until(begins_ms + RUN_AFTER_MS)
        report = await self.orchestrator.run(self.request)
        await self.supervise_until(begins_ms + MINUTE_MS)
        return report

    async def supervise_until(self, until_ms: int) -> None:
        """Looks as often as they are due, the first at once."""
        while (now_ms := self.clock.now_ms()) < until_ms:
            self.looks += 1
            again_ms = max(_SHORTEST_PAUSE_MS, await self.supervisor.look())
            await pass_time(self.clock, min(again_ms, until_ms - now_ms))


def _counted(reports: Iterable[RunReport], told: Callable[[SymbolResult], str | None]) -> Mapping[str, int]:
    """How often each thing was told of a symbol, over all runs, in the order of their names."""
    said = [told(result) for report in reports for result in report.results.values()]
    return dict(sorted(Counter(text for text in said if text is not None).items()))


def _refusal(result: SymbolResult) -> str | None:
    order = result.order
    return str(order.reason) if order is not None and order.status is OrderStatus.SKIPPED else None


def _error(result: SymbolResult) -> str | None:
    if result.order is not None and result.order.status is OrderStatus.ERROR:
        return result.order.facts.get("message", str(result.order.reason))
    return str(result.reason) if result.status is SymbolStatus.ERROR else None


async def _refuse_a_used_database(container: Container) -> None:
    stores = container.stores()
    runs, intents = await stores.runs.history(1), await stores.orders.history(1)
    if runs.items or intents.items:
        raise UsedDatabaseError("the database holds runs or orders already; a session begins with an empty one")
