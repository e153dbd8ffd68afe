"""What a look goes by beside the exchange: the account's standing, switches, locks of the day, the operator's wishes.

All of it is the store's. Where that does not answer, what it said last is gone by: nothing here opens anything.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from attrs import define, field, frozen

from mtf_core.execution.desk import Desk
from mtf_core.execution.waiting import Patience
from mtf_core.ports import PortError, Request
from mtf_core.risk import AccountCondition, Standing, Switchboard


@frozen
class Ground:
    """As the store said last."""

    standing: Standing = field(factory=Standing)
    switches: Switchboard = field(factory=lambda: Switchboard({}, 0))
    requests: tuple[Request, ...] = ()

    @property
    def in_recovery(self) -> bool:
        """Nothing but protection leaves, and nothing is cancelled."""
        return self.standing.condition is AccountCondition.RECOVERY

    def asked_of(self, symbol: str) -> tuple[Request, ...]:
        """What an operator asked of the symbol, in order."""
        return tuple(request for request in self.requests if request.symbol == symbol)


@define(eq=False)
class GroundReader:
    """Reads it for one look after the other."""

    desk: Desk
    last: Ground = field(factory=Ground, init=False)
    _reading: Patience[Ground] = field(factory=Patience, init=False)

    async def read(self, wait_ms: float) -> Ground:
        """Waits no longer than given; where the store says nothing, what it said before."""
        with suppress(PortError):
            self.last = await self._reading.result_of(self._read(), wait_ms) or self.last
        return self.last

    async def end(self) -> None:
        await self._reading.end()

    async def _read(self) -> Ground:
        orders, switches = self.desk.orders, self.desk.environment.stores.switches
        standing, stored, requests = await asyncio.gather(orders.standing(), switches.all(), orders.requests())
        return Ground(standing, Switchboard.of(stored, self.desk.now_ms), requests)
