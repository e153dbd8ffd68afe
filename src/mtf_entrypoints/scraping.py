"""What one process tells Prometheus: what it counted itself, and what the store holds at this moment."""

from __future__ import annotations

import asyncio

from attrs import define, field

from mtf_adapters.telemetry.metrics import Metrics
from mtf_adapters.telemetry.store_metrics import StoreSeen, store_text
from mtf_core.ending import ended
from mtf_core.ports import Environment, PortError
from mtf_core.settings.profile import Profile
from mtf_core.watching import StoreFigures, enabled_profiles, read_figures

PATIENT_S = 2.0
"""A store that takes longer is told as one that does not answer; what it said before is never told again."""


@define(eq=False)
class Scrape:
    """Answers Prometheus. However often it is asked, one reading of the store goes on at a time: a store that hangs is
    not held up by those who wait for it."""

    environment: Environment
    metrics: Metrics
    patient_s: float = PATIENT_S
    _profiles: tuple[Profile, ...] | None = field(default=None, init=False)
    _reading: asyncio.Task[StoreFigures] | None = field(default=None, init=False)

    async def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return self.metrics.text() + store_text(await self._seen())

    async def prepare(self) -> None:
        """Reads the configuration aside, as long as nobody waits for this process."""
        if self._profiles is None:
            self._profiles = await asyncio.to_thread(enabled_profiles, self.environment)

    async def close(self) -> None:
        """Ends a reading that a store has not answered."""
        if self._reading is not None:
            await ended(self._reading)

    async def _seen(self) -> StoreSeen | None:
        await self.prepare()
        try:
            async with asyncio.timeout(self.patient_s):
                while self._reading is not None and not self._reading.done():
                    await asyncio.wait([self._reading])  # of an earlier question: its answer would be old
                started = self.environment.timer()
                self._reading = asyncio.create_task(read_figures(self.environment, self._profiles or ()))
                self._reading.add_done_callback(_heard)
                figures = await asyncio.shield(self._reading)
        except (PortError, TimeoutError):
            return None
        venue = self.environment.venue
        return StoreSeen(venue.exchange, venue.world, figures, self.environment.timer() - started)


def _heard(reading: asyncio.Task[StoreFigures]) -> None:
    """What came too late, or failed when nobody waited any more, is nobody's business."""
    if not reading.cancelled():
        reading.exception()
