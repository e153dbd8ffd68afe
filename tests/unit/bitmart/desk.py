"""A client of the loopback exchange: its key, its clock, and no patience."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen

from mtf_adapters.bitmart.market_data import BitmartMarketData
from mtf_adapters.bitmart.rest import Addresses, RestClient, Timing
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.trading import BitmartTrading
from mtf_adapters.limits import Limiter, Unlimited
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.sandbox.clock import SandboxClock
from tests.unit.bitmart.loopback import Loopback, loopback

NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00Z, the sheet's instant."""
CREDENTIALS = Credentials("desk-key-4711", "simulator-secret-01", "desk-memo-77")
SECRETS = ("desk-key-4711", "simulator-secret-01", "desk-memo-77")
TIMING = Timing(attempt_s=0.25, read_s=2.0, attempts=3, pause_s=0.01, longest_pause_s=0.02, permit_s=0.5)


@frozen(eq=False)
class Desk:
    exchange: Loopback
    wall: SandboxClock
    clock: ExchangeClock
    rest: RestClient
    market: BitmartMarketData
    trading: BitmartTrading


@asynccontextmanager
async def desk(
    *, credentials: Credentials | None = CREDENTIALS, limiter: Limiter | None = None, timing: Timing = TIMING
) -> AsyncIterator[Desk]:
    async with loopback() as exchange:
        wall = SandboxClock(NOW_MS)
        clock = ExchangeClock(wall)
        clock.measured(NOW_MS, NOW_MS, NOW_MS)
        addresses = Addresses(exchange.url, exchange.url)
        rest = RestClient(
            addresses,
            credentials,
            clock,
            limiter or Unlimited(),
            timing=timing,
            random=lambda: 0.5,
            sleep=asyncio.sleep,
        )
        try:
            yield Desk(exchange, wall, clock, rest, BitmartMarketData(rest), BitmartTrading(rest, "desk"))
        finally:
            await rest.aclose()
