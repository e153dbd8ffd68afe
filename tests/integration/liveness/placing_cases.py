"""Settings of runs that really place."""

from __future__ import annotations

import asyncio

from attrs import evolve

from mtf_adapters.sql import Database
from mtf_core.runs import Orchestrator, RunRequest
from mtf_core.settings.profile import Profile
from tests.integration.execution.counter import ACCOUNT, Asked, a_world, beat, environment_on
from tests.integration.runs.world import MARKET, NOW_MS, TRADABLE
from tests.unit.settings.liveness.case import Case


def switches_after_a_run_that_placed(profile: Profile) -> object:
    """For how long symbols are left alone once an order of them left."""
    return asyncio.run(_switches(profile))


async def _switches(profile: Profile) -> object:
    world = a_world(MARKET, NOW_MS)
    async with Database.open("memory") as database:
        made = environment_on(database, world, Asked(world, ACCOUNT), profile=profile, stays=True)
        environment = evolve(made, venue=evolve(made.venue, is_passing=True))
        orchestrator = Orchestrator(environment)
        await orchestrator.desk()
        await beat(environment)
        await orchestrator.run(RunRequest(dry_run=False))
        switches = await environment.stores.switches.all()
    assert switches
    return [(switch.key, switch.until_ms) for switch in switches]


CASES = (Case("trading.switches.after_order_minutes", 15, 4, switches_after_a_run_that_placed, TRADABLE, warned=True),)
