"""Supervisors as processes of their own that are killed at some moment, on BitMart's face over HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

from mtf_adapters.bitmart.hosts import Hosts
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.venue import bitmart_venue
from mtf_adapters.limits import Unlimited
from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.faces.bitmart.opening import BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.script import parse_script
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.world_clock import FlowingClock
from mtf_adapters.sql import Database
from mtf_entrypoints.served_sandbox import mtf_command, own_environment, variables_for
from tests.integration.supervision.test_on_bitmart import PROTECTED, Watch, desk_on
from tests.venues.stages import AT_MS, BALANCE, PATIENCE, TIMING, Stage

LIVES_S = float(os.environ.get("KILLED_AFTER", "3"))
"""When the first one is killed: while it begins, before its stop is sent, or after."""


@asynccontextmanager
async def exchange() -> AsyncIterator[tuple[Stage, Mapping[str, str]]]:
    """BitMart's face in real time, and how another process reaches it."""
    script = parse_script("quirks: {rate_limits: false}")
    sandbox = BitmartSandbox.of(GeneratedMarket(1, 15), FlowingClock(AT_MS), balance=BALANCE, script=script)
    async with sandbox.beating(), served(sandbox) as address:
        ready = sandbox.addresses(address)
        key = Credentials(ready["key"], ready["secret"], ready["memo"])
        hosts = Hosts(ready["rest"], ready["rest"], ready["ws_public"], ready["ws_private"])
        venue = bitmart_venue("demo", hosts, key, WallClock(), Unlimited(), timing=TIMING, patience=PATIENCE)
        assert venue.connection is not None
        async with venue.connection():
            await venue.market.server_time_ms()
            yield Stage(venue, sandbox.world, sandbox.face), variables_for(ready)


def a_supervisor(variables: Mapping[str, str], url: str) -> subprocess.Popen[bytes]:
    environment = {**own_environment(), **variables, "DATABASE_URL": url}
    return subprocess.Popen(
        mtf_command("supervise", "--json"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


async def test_after_a_kill_the_next_one_protects_with_one_stop(database_url: str) -> None:
    async with exchange() as (stage, variables), Database.open(database_url) as database:
        desk = await desk_on(stage, database)
        watch = Watch(stage, desk)
        await watch.enter()
        first = a_supervisor(variables, database_url)
        await asyncio.sleep(LIVES_S)
        first.send_signal(signal.SIGKILL)
        first.wait()
        last_sign = await desk.orders.heartbeat()
        second = a_supervisor(variables, database_url)
        try:
            for _ in range(400):
                await asyncio.sleep(0.1)
                has_taken_over = await desk.orders.heartbeat() != last_sign
                if has_taken_over and await watch.states() == PROTECTED and await watch.stops() == 1:
                    break
            assert await desk.orders.heartbeat() != last_sign
            assert (await watch.states(), await watch.stops(), await watch.held()) == (PROTECTED, 1, Decimal(6))
        finally:
            second.terminate()
            second.wait(timeout=30)
        assert second.returncode == 0
