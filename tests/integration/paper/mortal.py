"""A process that trades on paper until it is killed: it moves the exchange's time itself, enters, and supervises."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import httpx

from mtf_adapters.paper.exchange import PaperTrading
from mtf_core.execution.supervisor import Supervisor
from mtf_core.runs import RunLockedError, RunRequest
from mtf_core.settings.profile import Profile
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings
from tests.integration.paper.trading import STEP_MS
from tests.integration.runs.world import eager


def main() -> None:
    """`CONTROL`: where the exchange's time is moved."""
    asyncio.run(trades(sys.argv[1]))


SETTINGS = {
    "trade_entry__risk__max_concurrent_positions": 12,
    "trading__locks__run_ttl_sec": 2,
    "trading__locks__symbol_ttl_sec": 2,
}
"""It enters whatever is READY, and a life that ended does not keep the next one waiting."""


def many(_: str | None) -> Profile:
    return eager(**SETTINGS)


async def trades(control: str) -> None:
    settings = read_settings(None, dict(os.environ), Path("no.env"))
    async with opened(settings, profiles=many) as container, httpx.AsyncClient(timeout=60) as client:
        orchestrator, venue = container.orchestrator(), container.venue()
        supervisor = Supervisor(await orchestrator.desk())
        assert isinstance(venue.trading, PaperTrading)
        watched = await venue.trading.desk.opened()
        while True:
            await supervisor.look()
            try:
                report = await orchestrator.run(RunRequest(dry_run=False))
                told = [f"{symbol} {result.status} {result.reason or ''}" for symbol, result in report.results.items()]
            except RunLockedError:
                told = ["the run of a life before has not ended"]
            sys.stdout.write(f"{', '.join(told)}\n")
            sys.stdout.flush()
            for _ in range(4):
                (await client.post(f"{control}/step", json={"ms": STEP_MS})).raise_for_status()
                for _ in range(2):  # the first look at a clock that was moved tells of the move
                    await venue.market.server_time_ms()
                await watched.look_around()
                await supervisor.look()


if __name__ == "__main__":
    main()
