"""A process that trades on paper at the quotes of BitMart's face, whose time the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import define, field

from mtf_adapters.paper.exchange import PaperTrading
from mtf_adapters.paper.watched import Watched
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import MINUTE_MS
from mtf_core.orders import Alarm
from mtf_core.ports import Venue
from mtf_core.runs import RunReport, RunRequest
from mtf_core.settings.profile import Profile
from mtf_entrypoints.container import Container, opened
from tests.integration.bitmart.wire import settings_for
from tests.integration.faces.exchange import Exchange
from tests.integration.runs.world import eager

STEP_MS = 5_000


@define(eq=False)
class Trader:
    """One process: runs that place, and the supervisor beside them."""

    exchange: Exchange
    container: Container
    supervisor: Supervisor
    watched: Watched
    alarms: list[Alarm]
    reports: list[RunReport] = field(factory=list)

    @property
    def venue(self) -> Venue:
        return self.container.venue()

    async def run(self, **request: object) -> RunReport:
        report = await self.container.orchestrator().run(RunRequest(dry_run=False, **request))  # type: ignore[arg-type]
        self.reports.append(report)
        return report

    async def pass_by(self, milliseconds: int) -> None:
        """Time, with looks of the account and of the supervisor on the way."""
        for _ in range(milliseconds // STEP_MS):
            await self.exchange.step(STEP_MS)
            for _ in range(2):  # the first look at a clock that was moved tells of the move
                await self.venue.market.server_time_ms()
            await self.watched.look_around()
            await self.supervisor.look()

    async def minutes(self, count: int, **request: object) -> None:
        """So many minutes, each with its run."""
        for _ in range(count):
            await self.supervisor.look()
            await self.run(**request)
            await self.pass_by(MINUTE_MS)

    async def until_flat(self, minutes: int) -> None:
        for _ in range(minutes):
            if not await self.supervisor.desk.orders.live():
                return
            await self.pass_by(MINUTE_MS)


def ready(_: str | None) -> Profile:
    """A profile whose symbols are READY as soon as they are looked at."""
    return eager()


@asynccontextmanager
async def paper_trader(exchange: Exchange, folder: Path, **more: str) -> AsyncIterator[Trader]:
    """The process, from its start to its end; the database is a file of the folder."""
    database = f"sqlite:///{folder / 'mtf.db'}"
    settings = settings_for(exchange, MTF_PAPER="yes", DATABASE_URL=database, **more)
    async with opened(settings, profiles=ready) as container:
        desk = await container.orchestrator().desk()
        alarms: list[Alarm] = []
        trading = container.venue().trading
        assert isinstance(trading, PaperTrading)
        trader = Trader(exchange, container, Supervisor(desk, alarms.append), await trading.desk.opened(), alarms)
        yield trader
        await trader.supervisor.end()
