"""The one place where adapters meet ports."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from mtf_adapters.files.profiles import load_profile
from mtf_adapters.local import WallClock, give_memory_back
from mtf_adapters.sql import Database
from mtf_adapters.telemetry.metrics import Metrics
from mtf_core.ending import ended
from mtf_core.ports import Aside, Environment, LiveSwitches, ProfileSource, at_once
from mtf_core.settings.profile import Profile
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.keeping import build_action_journal, build_high_water
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.observing import ObservedOrchestrator
from mtf_entrypoints.scraping import Scrape
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.sharing import build_locks, open_redis
from mtf_entrypoints.storage import make_ready
from mtf_entrypoints.stores import build_stores
from mtf_entrypoints.tracing import build_traces, transactions_heard
from mtf_entrypoints.venues import build_venue

if TYPE_CHECKING:
    from mtf_adapters.sql.sqlite_threads import SqliteJobs

_TIDY_EVERY_S = 600.0


def profile_source(settings: Settings) -> ProfileSource:
    """Profiles of the configuration folder, each read once in the life of the process."""

    @cache
    def profile(name: str | None) -> Profile:
        return load_profile(name or settings.profile, settings.config_dir, EXCHANGES)

    return profile


def live_switches(settings: Settings) -> LiveSwitches:
    """What the operator said of real money."""
    return LiveSwitches(settings.live, settings.environment == "live")


def new_run_id() -> str:
    """An identifier that no other run of any process has."""
    return uuid.uuid4().hex


class Container(containers.DeclarativeContainer):
    """What a process consists of; every part is built when it is first asked for.

    Time, randomness and SQLite's threads are parts like others, so that a simulation can replace them.
    """

    settings = providers.Dependency(instance_of=Settings)
    sqlite_jobs: providers.Object[SqliteJobs | None] = providers.Object(None)
    """What carries out the transactions of an SQLite file (`SqliteJobs`); None: threads of the database's own."""
    metrics = providers.Singleton(Metrics)
    traces = providers.Singleton(build_traces, settings)
    database = providers.Singleton(
        Database.open,
        settings.provided.database_url,
        sqlite_jobs=sqlite_jobs,
        heard=providers.Singleton(transactions_heard, metrics, traces),
    )
    wall_clock = providers.Singleton(WallClock)
    timer = providers.Object(time.perf_counter)
    sleep = providers.Object(asyncio.sleep)
    random = providers.Object(random.random)
    new_run_id = providers.Object(new_run_id)
    give_memory_back = providers.Object(give_memory_back)
    """Returns to the system what the process has freed."""
    aside: providers.Object[Aside] = providers.Object(at_once)
    """Where long computing is done (`Aside`)."""
    redis = providers.Singleton(open_redis, settings)
    machine = providers.Singleton(
        Machine, wall=wall_clock, sleep=sleep, timer=timer, random=random, limited=metrics.provided.watch_limits
    )
    venue = providers.Singleton(build_venue, settings, machine, redis)
    stores = providers.Singleton(
        build_stores,
        database,
        venue.provided.namespace,
        aside,
        orders_namespace=venue.provided.orders_namespace,
        wall=wall_clock,
        new_id=new_run_id,
    )
    action_journal = providers.Singleton(build_action_journal, venue)
    high_water = providers.Singleton(build_high_water, venue, redis)
    locks = providers.Singleton(build_locks, database, wall_clock, redis)
    profiles = providers.Singleton(profile_source, settings)
    live = providers.Singleton(live_switches, settings)
    environment = providers.Singleton(
        Environment,
        venue=venue,
        stores=stores,
        locks=locks,
        profiles=profiles,
        wall=wall_clock,
        timer=timer,
        sleep=sleep,
        new_run_id=new_run_id,
        action_journal=action_journal,
        high_water=high_water,
        aside=aside,
        live=live,
        stays=settings.provided.stays,
    )
    orchestrator = providers.Singleton(ObservedOrchestrator, environment, metrics, traces)
    scrape = providers.Singleton(Scrape, environment, metrics)


@asynccontextmanager
async def opened(settings: Settings, *, ready: bool = True, **replaced: object) -> AsyncIterator[Container]:
    """A container whose database and venue are open until the block ends.

    `ready`: with the tables that this version needs. `replaced` are parts of the container by their names, to be taken
    instead of its own. A new SQLite file gets its tables by itself. Older tables, and PostgreSQL, wait for `mtf db
    upgrade`.
    """
    container = Container(settings=settings, **replaced)
    # What is wrong with the options is told before anything is created.
    venue, redis, traces = container.venue(), container.redis(), container.traces()
    database = container.database()
    tidying = asyncio.create_task(_tidied(container)) if settings.stays else None
    try:
        if ready:
            await make_ready(database)
        async with nullcontext() if venue.connection is None else venue.connection():
            yield container
    finally:
        if tidying is not None:
            await ended(tidying)
        if redis is not None:
            await redis.close()
        await database.close()
        if traces is not None:
            await asyncio.to_thread(traces.close)


async def _tidied(container: Container) -> None:
    """A process that stays gives back every few minutes what it has freed, until cancelled."""
    sleep, give_back = container.sleep(), container.give_memory_back()
    while True:
        await sleep(_TIDY_EVERY_S)
        await asyncio.to_thread(give_back)
