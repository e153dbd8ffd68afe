"""A run in progress: what it was asked and what it works with."""

from __future__ import annotations

from attrs import frozen

from mtf_core.ports import Environment, Progress
from mtf_core.risk import Switchboard
from mtf_core.run_request import RunRequest
from mtf_core.runs.leases import Leases
from mtf_core.runs.metering import MeteredExchange, Stopwatch
from mtf_core.settings.profile import Profile


@frozen(eq=False)
class ActiveRun:
    """What every stage is given. What a stage finds is the value that it returns; nothing is written here.

    `instant_ms` is the venue's time at which the run looks at the market.
    """

    request: RunRequest
    environment: Environment
    profile: Profile
    run_id: str
    started_ms: int
    instant_ms: int
    exchange: MeteredExchange
    watch: Stopwatch
    progress: Progress
    leases: Leases

    async def read_switchboard(self) -> Switchboard:
        """The switches as they are stored now, read at the run's instant."""
        return Switchboard.of(await self.environment.stores.switches.all(), self.instant_ms)

    def symbol_lock(self, symbol: str) -> str:
        """The name of the lock that keeps runs of any profile apart on one symbol."""
        return f"symbol:{self.environment.venue.namespace}:{symbol}"
